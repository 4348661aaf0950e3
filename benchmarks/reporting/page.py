"""Our own page of the site: targets by tier, percentiles over commits, and the report, as one HTML file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from urllib.parse import quote

from .report import (
    NOISE,
    PERCENTILES,
    Report,
    Scenario,
    describe,
    tally,
)
from .results import Commit
from .tables import Table, human

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 240, 76, 48, 14, 34
OPEN_ROWS = 30
WHOLE = 16

STYLE = """
:root { color-scheme: light dark; --back: #fff; --text: #1c2024; --soft: #5b6470; --line: #d9dee4;
  --raised: #f5f7f9; --good: #116329; --bad: #b3261e; --p50: #1f6feb; --p95: #9a5b00; --p99: #b02a6b; }
@media (prefers-color-scheme: dark) { :root { --back: #14171a; --text: #e6e9ec; --soft: #9aa4af;
  --line: #343b42; --raised: #1c2126;
  --good: #57c278; --bad: #ff8a80; --p50: #6cb0ff; --p95: #f0b45a; --p99: #f58ac0; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 68rem; background: var(--back); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; }
a { color: var(--p50); }
h1 { font-size: 1.6rem; margin: .5rem 0; } h2 { margin: 2.5rem 0 .5rem; } h3 { margin: 1.8rem 0 .4rem; }
.note, dt, figcaption { color: var(--soft); }
.tally { font-size: 1.15rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; }
dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: .4rem; margin: .4rem 0; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .92rem; }
th, td { text-align: left; padding: .35rem .7rem; border-top: 1px solid var(--line); vertical-align: top; }
th { background: var(--raised); border-top: 0; white-space: nowrap; }
td:first-child { min-width: 9rem; overflow-wrap: anywhere; }
.met { color: var(--good); font-weight: 600; } .missed { color: var(--bad); font-weight: 600; }
.unmeasured { color: var(--soft); } .whole { white-space: nowrap; }
figure { margin: 1.2rem 0; } figcaption { margin-bottom: .2rem; } figcaption b { color: var(--text); }
svg { width: 100%; height: auto; max-width: 45rem; display: block; font-size: 12px; }
svg text { fill: var(--soft); } .grid { stroke: var(--line); }
.p50 { stroke: var(--p50); fill: var(--p50); } .p95 { stroke: var(--p95); fill: var(--p95); }
.p99 { stroke: var(--p99); fill: var(--p99); }
svg text.p50, svg text.p95, svg text.p99 { stroke: none; font-weight: 600; }
svg text.p50 { fill: var(--p50); } svg text.p95 { fill: var(--p95); } svg text.p99 { fill: var(--p99); }
polyline { fill: none !important; stroke-width: 2; } polyline.p95 { stroke-dasharray: 7 3; }
polyline.p99 { stroke-dasharray: 2 3; }
summary { cursor: pointer; padding: .3rem 0; }
@media (max-width: 34rem) { body { padding: .7rem; } dl { display: block; } dd { margin-bottom: .4rem; }
  svg { font-size: 20px; } thead { display: none; }
  table, tbody, tr { display: block; } tr { padding: .4rem 0; }
  tr + tr { border-top: 1px solid var(--line); }
  td { display: grid; grid-template-columns: 5.5rem minmax(0, 1fr); gap: .5rem;
    border: 0; padding: .1rem .6rem; overflow-wrap: anywhere; }
  td::before { content: attr(data-column); color: var(--soft); font-weight: 400; } }
"""


def render(project: str, reports: Sequence[Report], message: str = "") -> str:
    """The page as HTML that needs no other file. Without reports it says `message`."""
    title = escape(f"{project}: targets and percentiles")
    body = "".join(_machine(report) for report in reports) or f"<p class=tally>{escape(message)}</p>"
    jumps = [f'<a href="#{escape(_anchor(one))}">{escape(one.measured.name)}</a>' for one in reports]
    machines = f"<p>Machines: {', '.join(jumps)}</p>" if len(jumps) > 1 else ""
    return (
        "<!doctype html>\n"
        f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{STYLE}</style></head>\n<body>\n"
        f'<p><a href="index.html">&larr; All graphs</a></p>\n<h1>{title}</h1>\n{machines}{body}\n'
        "</body></html>\n"
    )


def _machine(report: Report) -> str:
    heading = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in report.heading())
    tables = report.tables()
    targets = [_table(table) for table in tables if table.title.startswith("Targets")]
    rest = [_table(table) for table in tables if not table.title.startswith("Targets")]
    return (
        f'<section id="{escape(_anchor(report))}"><h2>Machine {escape(report.measured.name)}</h2>\n'
        f"<dl>{heading}</dl>\n<p class=tally>{escape(tally(report.verdicts))}</p>\n"
        f"{''.join(targets)}\n<h2>Percentiles over commits</h2>\n{_percentiles(report)}\n"
        f"<h2>Report</h2>\n<p class=note>{escape(NOISE)}</p>\n{''.join(rest)}</section>\n"
    )


def _anchor(report: Report) -> str:
    return f"machine-{report.measured.name}".replace(" ", "-")


def _table(table: Table) -> str:
    note = f"<p class=note>{escape(table.note)}</p>" if table.note else ""
    if not table.rows:
        return f"<h3>{escape(table.title)}</h3>{note}<p class=unmeasured>Nothing measured yet.</p>\n"
    grid = _grid(table.columns, table.rows)
    if len(table.rows) > OPEN_ROWS:
        grid = f"<details><summary>{len(table.rows)} rows</summary>{grid}</details>"
    return f"<h3>{escape(table.title)}</h3>{note}{grid}\n"


def _grid(columns: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th scope=col>{escape(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(map(_cell, columns, row))}</tr>" for row in rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f"<div class=scroll tabindex=0>{table}</div>"


def _cell(column: str, text: str) -> str:
    kinds = [kind for word, kind in _KINDS if text.startswith(word)] + ["whole"] * (len(text) <= WHOLE)
    return f'<td data-column="{escape(column)}" class="{" ".join(kinds)}">{escape(text)}</td>'


_KINDS = (("met", "met"), ("missed", "missed"), ("not measured", "unmeasured"), ("failed", "missed"))


def _percentiles(report: Report) -> str:
    figures = [_scenario(report.measured.commits, scenario) for scenario in report.scenarios()]
    return "".join(figures) or "<p class=unmeasured>No benchmark with percentiles is measured yet.</p>"


def _scenario(commits: Sequence[Commit], scenario: Scenario) -> str:
    benchmark = scenario.benchmark
    series = {one: [_value(commit, scenario, one) for commit in commits] for one in PERCENTILES}
    rows = [
        [describe(commit), *(human(series[one][at], benchmark.unit) for one in PERCENTILES)]
        for at, commit in reversed(list(enumerate(commits)))
    ]
    table = _grid(("Commit", "P50", "P95", "P99"), rows)
    graph = escape(f"index.html#view=explore&bench={quote(benchmark.name)}")
    return (
        f'<figure><figcaption><b>{escape(scenario.label)}</b> <a href="{graph}">graph</a></figcaption>\n'
        f"{plot(series, [commit.short for commit in commits], benchmark.unit)}"
        f"<details><summary>Figures of {len(commits)} commits</summary>{table}</details></figure>\n"
    )


def _value(commit: Commit, scenario: Scenario, percentile: str) -> float | None:
    chosen = {**scenario.parameters, "percentile": repr(percentile)}
    return commit.value(scenario.benchmark.name, tuple(chosen[name] for name in scenario.benchmark.shape.names))


def plot(series: dict[str, list[float | None]], labels: Sequence[str], unit: str) -> str:
    """An inline SVG of lines by name over the labels, from zero; a point without a figure is left out.

    Values are in `unit`. A line carries its name at its end and a dash of its own, so colour is not needed.
    """
    known = [value for values in series.values() for value in values if value is not None and math.isfinite(value)]
    if not known:
        return "<p class=unmeasured>Nothing measured yet.</p>"
    top = _round_up(max(known)) or 1.0
    bottom = HEIGHT - BOTTOM
    step = (WIDTH - LEFT - RIGHT) / max(1, len(labels) - 1)

    def place(at: int, value: float) -> tuple[float, float]:
        return LEFT + at * step, bottom - value / top * (bottom - TOP)

    parts = [_axis(place(0, share * top)[1], human(share * top, unit) if share else "0") for share in (0, 0.5, 1)]
    parts.append(f'<text x="{LEFT}" y="{HEIGHT - 8}">{escape(labels[0])}</text>')
    if len(labels) > 1:
        parts.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 8}" text-anchor="end">{escape(labels[-1])}</text>')
    for name, values in series.items():
        points = [(*place(at, value), at, value) for at, value in _finite(values)]
        parts.append(_line(name, [(x, y) for x, y, _, _ in points]))
        parts += [_dot(name, x, y, f"{labels[at]}: {name.upper()} {human(value, unit)}") for x, y, at, value in points]
    names = [(place(*last)[1], name) for name, values in series.items() for last in _finite(values)[-1:]]
    parts += _names(names)
    frame = f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Percentiles over commits"'
    return f"<svg {frame}>{''.join(parts)}</svg>"


def _finite(values: Iterable[float | None]) -> list[tuple[int, float]]:
    return [(at, value) for at, value in enumerate(values) if value is not None and math.isfinite(value)]


def _round_up(value: float) -> float:
    """The next 1, 2, 3, 4, 6 or 8 times a power of ten, so that half of it reads well too."""
    size = 10.0 ** math.floor(math.log10(value)) if value > 0 else 0.0
    return next((size * step for step in (1, 2, 3, 4, 6, 8, 10) if size * step >= value * 0.999), value)


def _axis(y: float, label: str) -> str:
    grid = f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
    return f'{grid}<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{escape(label)}</text>'


def _line(name: str, points: Iterable[tuple[float, float]]) -> str:
    return f'<polyline class="{name}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>'


def _dot(name: str, x: float, y: float, title: str) -> str:
    return f'<circle class="{name}" cx="{x:.1f}" cy="{y:.1f}" r="3"><title>{escape(title)}</title></circle>'


def _names(ends: Iterable[tuple[float, str]]) -> list[str]:
    """The names beside the ends of the lines, moved apart upwards where they would lie on each other."""
    placed, limit = [], float(HEIGHT)
    for y, name in sorted(ends, reverse=True):
        limit = min(y + 4, limit - 14)
        placed.append(f'<text class="{name}" x="{WIDTH - RIGHT + 8}" y="{limit:.1f}">{name.upper()}</text>')
    return placed
