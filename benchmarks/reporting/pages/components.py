"""The page of a request's parts over the history: instructions, which add up, and times where they are measured."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from ..report import Report
from ..results import Benchmark, Commit
from ..shares import OVERHEAD, WHOLE
from ..tables import human
from .frame import Html, Page, Source, asv_show, details, grid, per_machine, printed_by
from .svg import areas

TITLES = ("Instructions by part of a request", "Time by part of a request")
ABOUT = (
    "Each part is measured by itself, and so is the whole, which is the line. Where it lies above the areas, they "
    "leave so much unexplained; where below, the parts cost less within a request. Counts are exact: read them first.",
    "One call of each part in turn, so that each finds the caches as a request leaves them. Times swing on a machine "
    "that runs other work.",
)


def _machine(source: Source, report: Report) -> str:
    known = report.measured.benchmarks
    return "".join(
        _figure(source, report, known[name], title, about)
        for name, title, about in zip(OVERHEAD, TITLES, ABOUT, strict=True)
        if name in known
    )


def _figure(source: Source, report: Report, benchmark: Benchmark, title: str, about: str) -> str:
    names = [value for value in benchmark.shape.values[0] if value != WHOLE]
    commits = [one for one in report.measured.commits if all(_finite(one, benchmark, name) for name in names)]
    parts = {name.strip("'"): [_value(one, benchmark, name) for one in commits] for name in names}
    whole = [_value(one, benchmark, WHOLE) for one in commits]
    drawing = areas(source, commits, parts, whole, benchmark.unit)
    if not drawing:
        return ""
    table = _table(source, commits, {**parts, "whole": whole}, benchmark.unit)
    return (
        f"<figure><figcaption><b>{title}</b></figcaption>\n<p>{escape(about)}</p>{drawing}"
        f"{details(f'Figures of {len(commits)} commits', table)}"
        f"{printed_by(asv_show(report.measured.name, benchmark.name))}</figure>\n"
    )


def _table(source: Source, commits: Sequence[Commit], columns: Mapping[str, Sequence[float]], unit: str) -> str:
    rows = [
        [Html(source.described(commit)), *(human(values[at], unit) for values in columns.values())]
        for at, commit in reversed(list(enumerate(commits)))
    ]
    return grid(("Commit", *columns), rows)


def _value(commit: Commit, benchmark: Benchmark, part: str) -> float:
    value = commit.value(benchmark.name, (part,))
    return math.nan if value is None else value


def _finite(commit: Commit, benchmark: Benchmark, part: str) -> bool:
    return math.isfinite(_value(commit, benchmark, part))


PAGE = Page("components.html", "Components", "CPU by component over the history", per_machine(_machine))
