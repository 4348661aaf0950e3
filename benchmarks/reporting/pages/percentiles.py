"""The page of percentiles by scenario over the history, with their intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from ..report import Report
from ..results import Commit, Figure
from ..scenarios import PERCENTILES, Scenario
from .frame import Html, Page, Source, asv_show, details, grid, per_machine, printed_by
from .svg import lines, spread


def _machine(source: Source, report: Report) -> str:
    figures = "".join(_scenario(source, report, scenario) for scenario in report.scenarios())
    if not figures:
        return ""
    return (
        "<p>Medians with their 99 % intervals as upright bars, on a logarithmic scale, of each commit that was "
        "measured. A dashed line is a change of pinned dependencies. A point leads to its commit, and so does the "
        f"line to the commit that changed them.</p>\n{figures}"
    )


def _scenario(source: Source, report: Report, scenario: Scenario) -> str:
    benchmark = scenario.benchmark
    commits = _measured(report.measured.commits, scenario)
    series = {one.upper(): [_figure(commit, scenario, one) for commit in commits] for one in PERCENTILES}
    drawing = lines(source, commits, series, benchmark.unit, label=f"{scenario.label}: percentiles over commits")
    if not drawing:
        return ""
    rows = [
        [Html(source.described(commit)), *(spread(figures[at], benchmark.unit) for figures in series.values())]
        for at, commit in reversed(list(enumerate(commits)))
    ]
    graph = escape(f"index.html#view=explore&bench={quote(benchmark.name)}")
    return (
        f'<figure><figcaption><b>{escape(scenario.label)}</b> <a href="{graph}">graph</a></figcaption>\n{drawing}'
        f"{details(f'Figures of {len(commits)} commits', grid(('Commit', *series), rows))}"
        f"{printed_by(asv_show(report.measured.name, benchmark.name))}</figure>\n"
    )


def _measured(commits: Sequence[Commit], scenario: Scenario) -> list[Commit]:
    return [one for one in commits if any(_figure(one, scenario, name).measured for name in PERCENTILES)]


def _figure(commit: Commit, scenario: Scenario, percentile: str) -> Figure:
    chosen = {**scenario.parameters, "percentile": repr(percentile)}
    key = scenario.benchmark.name, tuple(chosen.get(name, "") for name in scenario.benchmark.shape.names)
    return commit.figures.get(key, Figure(math.nan))


PAGE = Page("percentiles.html", "Percentiles", "percentiles over the history", per_machine(_machine))
