"""Where a request's instructions and time go: the parts by their share, the largest first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .changes import plain
from .components import reading
from .results import Benchmark, Commit, Measured
from .tables import NOTHING, Table, human, percent

# What measures a request's parts, each by itself, and the whole: in instructions, and in seconds.
OVERHEAD = ("integration.overhead.Overhead.instr_part", "integration.overhead.Rotation.track_part")
UNITS = ("instructions", "seconds")
WHOLE = "'whole'"
TOTALS = ("sum of the parts", "whole", "residual")


def overhead(measured: Measured, commit: Commit) -> dict[str, list[float]]:
    """By part, sum, whole and residual: the figure of each benchmark in OVERHEAD, NaN where there is none.

    The parts stand by their instructions, the most first; where those were not counted, by time.
    """
    benchmarks = [measured.benchmarks[name] for name in OVERHEAD if name in measured.benchmarks]
    if len(benchmarks) < len(OVERHEAD):
        return {}
    found = {
        part: [_number(commit.value(name, (part,))) for name in OVERHEAD] for part in benchmarks[0].shape.values[0]
    }
    whole = found.pop(WHOLE)
    total = [sum(column) for column in zip(*found.values(), strict=True)]
    residual = [entire - parts for entire, parts in zip(whole, total, strict=True)]
    by = 0 if math.isfinite(total[0]) else 1
    ranked = sorted(found.items(), key=lambda pair: -pair[1][by] if math.isfinite(pair[1][by]) else math.inf)
    named = {plain(part): figures for part, figures in ranked}
    return {**named, **dict(zip(TOTALS, (total, whole, residual), strict=True))}


def table(measured: Measured, commits: Sequence[Commit], base: Commit | None) -> Table:
    """The optimisation targets: the components by their share of the pipeline's instructions."""
    columns = ("Rank", "Part", "Instructions", "Share", "Since the baseline", "Time", "Share of time", "History")
    note = (
        "Where a request's instructions go, the most first: each part measured by itself, as a share of the whole. "
        "The residual is what the parts leave unexplained; it is below zero where they share work within a request."
    )
    rows = _rows(measured, commits, base)
    return Table("Optimisation targets", columns, rows, note=note).trimmed()


def as_json(measured: Measured, commit: Commit) -> list[dict[str, Any]]:
    """The same for machines: rank 1 is the largest part; sum, whole and residual have none."""
    found = overhead(measured, commit)
    return [
        {
            "part": part,
            "rank": None if part in TOTALS else rank,
            **{kind: figure if math.isfinite(figure) else None for kind, figure in zip(UNITS, figures, strict=True)},
            "share": _share(figures[0], found["whole"][0]),
        }
        for rank, (part, figures) in enumerate(found.items(), 1)
    ]


def _rows(measured: Measured, commits: Sequence[Commit], base: Commit | None) -> list[list[str]]:
    found = overhead(measured, commits[-1])
    rows = []
    for rank, (part, figures) in enumerate(found.items(), 1):
        count, count_share, time, time_share = (
            text
            for figure, unit, whole in zip(figures, UNITS, found["whole"], strict=True)
            for text in _figure(figure, unit, whole)
        )
        since, history = _course(measured.benchmarks[OVERHEAD[0]], part, commits, base)
        number = NOTHING if part in TOTALS else str(rank)
        rows.append([number, part, count, count_share, since, time, time_share, history])
    return rows


def _figure(figure: float, unit: str, whole: float) -> tuple[str, str]:
    share = _share(figure, whole)
    return human(figure, unit) if math.isfinite(figure) else NOTHING, NOTHING if share is None else percent(share)


def _course(counts: Benchmark, part: str, commits: Sequence[Commit], base: Commit | None) -> tuple[str, str]:
    """Since the baseline, and over the commits; a sum has neither."""
    if repr(part) not in counts.shape.values[0]:
        return NOTHING, NOTHING
    one = reading(counts, (repr(part),), commits, base)
    change = one.change()
    return (f"{change} from {human(one.baseline.value, UNITS[0])}" if "%" in change else change), one.spark()


def _share(figure: float, whole: float) -> float | None:
    return figure / whole if math.isfinite(figure / whole) else None


def _number(value: float | None) -> float:
    return math.nan if value is None else value
