"""A comparison for other programs: each file is whole or not there."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..harness import names
from ..harness.atomic import write_whole
from ..judging.comparison import Comparison, PairedSamples, Row
from . import junit, standalone
from .comparison_report import ComparisonReport
from .tables import digits

# Values of one unit each, whatever their size: github-action-benchmark divides the number by that of the last run.
UNITS = {"seconds": (1e6, "us")}
SIGNIFICANT = 6


def write(found: Comparison, folder: Path) -> list[Path]:
    """Write all files, those for people and those for programs. Raises OSError.

    github-action-benchmark refuses a file without entries, such as gha-bigger.json where no rate was compared.
    """
    shown = ComparisonReport(found)
    found.save(folder / "comparison.json")
    texts: dict[str, Callable[[], str]] = {
        "report.md": shown.markdown,
        "report.html": lambda: standalone.html(shown),
        "gha-smaller.json": lambda: gha(found, less_is_better=True),
        "gha-bigger.json": lambda: gha(found, less_is_better=False),
        "junit.xml": lambda: junit.xml(found),
    }
    for name, text in texts.items():
        write_whole(folder / name, text().encode())
    return [folder / name for name in ("comparison.json", *texts)]


def gha(found: Comparison, *, less_is_better: bool) -> str:
    """The entries as github-action-benchmark reads them."""
    return (
        json.dumps(entries(found, less_is_better=less_is_better), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    )


def entries(found: Comparison, *, less_is_better: bool) -> list[dict[str, Any]]:
    """What head measured, as github-action-benchmark reads customSmallerIsBetter or customBiggerIsBetter."""
    return [entry for row in found.rows for entry in _entries(found, row, less_is_better)]


def _entries(found: Comparison, row: Row, less_is_better: bool) -> Iterator[dict[str, Any]]:
    about = [f"verdict {row.verdict}", f"commit {found.head.short}, against {found.base.short}"]
    if row.counts is not None and less_is_better and math.isfinite(row.counts.head):
        yield _entry(names.as_count(row.label), row.counts.head, "instructions", 0.0, ["exact", *about])
    sampled = row.sampled
    if sampled is None or row.less_is_better is not less_is_better or not sampled.pairs:
        return
    if not math.isfinite(sampled.head):
        return
    if found.noise_floor is not None:
        about.append(f"noise floor {digits(found.noise_floor)}x")
    scale, unit = UNITS.get(row.unit, (1.0, row.unit))
    texts = [f"{len(sampled.pairs)} pairs", *about]
    yield _entry(row.label, sampled.head * scale, unit, _uncertainty(sampled) * scale, texts)


def _entry(name: str, value: float, unit: str, around: float, about: list[str]) -> dict[str, Any]:
    return {
        "name": name,
        "unit": unit,
        "value": float(f"{value:.{SIGNIFICANT}g}"),
        "range": f"± {around:.3g}",
        "extra": "\n".join(about),
    }


def _uncertainty(sampled: PairedSamples) -> float:
    """Half the width of the interval of the ratio, of head's figure; without a ratio, half the range of head's."""
    heads = [head for _, head in sampled.pairs]
    if sampled.ratio and sampled.low is not None and sampled.high is not None:
        return (sampled.high - sampled.low) / 2 / sampled.ratio * sampled.head
    around = (max(heads) - min(heads)) / 2
    return around if math.isfinite(around) else 0.0
