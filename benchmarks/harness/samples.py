"""Samples for `track_` benchmarks: what asv takes as several measurements of one thing."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

LEAST = 8  # of 6 on each side asv's test never tells a difference, whatever it is; of 8 it does
PERCENTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}


def samples(values: Iterable[float]) -> dict[str, Any]:
    """Measurements as asv stores them with an interval; a value that is not finite would break `asv publish`.

    Raises:
        ValueError: fewer than 8 values, or one that is not finite.
    """
    kept = [float(value) for value in values]
    if len(kept) < LEAST or not all(map(math.isfinite, kept)):
        raise ValueError(f"a figure wants {LEAST} measurements or more, all finite, got {kept}")
    return {"samples": [float(f"{value:.6g}") for value in kept], "number": 1}


def percentile(values: Iterable[float], fraction: float) -> float:
    """The smallest value with at least *fraction* of all values at or below it (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(fraction * len(ordered)) - 1)]


def summary(latencies_s: Sequence[float], elapsed_s: float) -> dict[str, float]:
    """One window of a run: percentiles in seconds, microseconds per item, items per second."""
    count = len(latencies_s)
    return {name: percentile(latencies_s, fraction) for name, fraction in PERCENTILES.items()} | {
        "us_each": elapsed_s / count * 1e6,
        "rate": count / elapsed_s,
    }


def seconds_per_call(work: Callable[[], object], calls: int, clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds for one of *calls* that `work()` makes."""
    start = clock()
    work()
    return (clock() - start) / calls
