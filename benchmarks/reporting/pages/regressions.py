"""The page of steps: where a figure went up or down, at which commit, by how much, and why."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from .. import reasons, steps
from ..report import Report
from ..steps import Step
from ..tables import NOTHING, human
from .frame import Html, Page, Source, asv_show, details, grid, per_machine, printed_by

RULE = (
    "Instruction counts are exact. A step is a change by more than 1 % and more than 30 instructions against the "
    "commit measured before. The explanation is the reason for which it was accepted, or a line of docs/perf-log.md "
    "that names the commit, or the benchmark with this change; a commit leads to its own message."
)
LEVELS = (
    "Where asv's step detection finds a new level of times, sizes and rates: 1.2 times the level before or more, for "
    "three measured commits or more. On a machine that runs other work such a level may be the machine's."
)
COLUMNS = ("Benchmark", "Before", "After", "Change")


def _machine(source: Source, report: Report) -> str:
    counted, levels = steps.count_steps(report.measured), steps.level_steps(report.measured)
    known = reasons.load(source.root)
    sections = "".join(_commit(source, known, found) for found in _by_commit(report, counted))
    counts = f"<h3>Instruction counts</h3>\n<p>{RULE}</p>\n{_tally(counted, known)}{sections}" if sections else ""
    command = asv_show(report.measured.name, "NAME")
    return f"{counts}{_levels(source, levels)}{printed_by(command)}" if counted or levels else ""


def _tally(found: Sequence[Step], known: reasons.Reasons) -> str:
    worse = [step for step in found if step.worse]
    explained = sum(bool(known.of(step)) for step in worse)
    return (
        f"<p class=tally>{len(worse)} steps for the worse, {explained} of them explained, and "
        f"{len(found) - len(worse)} for the better, at {len({step.commit.hash for step in found})} commits.</p>\n"
    )


def _by_commit(report: Report, found: Sequence[Step]) -> list[list[Step]]:
    """The steps of each commit that has any, the newest commit first, the worst step first."""
    grouped = [[step for step in found if step.commit is commit] for commit in reversed(report.measured.commits)]
    return [sorted(group, key=lambda step: -step.cost) for group in grouped if group]


def _commit(source: Source, known: reasons.Reasons, found: Sequence[Step]) -> str:
    worse, better = [step for step in found if step.worse], [step for step in found if not step.worse]
    commit = found[0].commit
    pins = "; ".join(source.pins_of[commit.hash].words()) if commit.hash in source.pins_of else ""
    parts = [
        f"<section><h4>{source.described(commit)}</h4>",
        f"<p class=note>Pins changed: {escape(pins)}</p>" if pins else "",
        _table(worse, known) if worse else "",
        details(f"{len(better)} for the better", _table(better, known)) if better else "",
    ]
    return "".join(parts) + "</section>\n"


def _table(found: Sequence[Step], known: reasons.Reasons) -> str:
    told = [known.of(step) for step in found]
    if not any(told):
        return grid(COLUMNS, map(_cells, found))
    return grid(
        (*COLUMNS, "Explanation"), [[*_cells(step), why or NOTHING] for step, why in zip(found, told, strict=True)]
    )


def _cells(step: Step) -> list[str]:
    unit, reading = step.benchmark.unit, step.reading
    kind = "worse" if step.worse else "better"
    return [
        reading.label,
        human(step.before, unit),
        human(step.after, unit),
        Html(f"<span class={kind}>{escape(reading.change())}</span>"),
    ]


def _levels(source: Source, found: Sequence[Step]) -> str:
    if not found:
        return ""
    worse, better = [step for step in found if step.worse], [step for step in found if not step.worse]
    tables = [
        details(f"{len(chosen)} for the {kind}", _level_table(source, chosen))
        for kind, chosen in (("worse", worse), ("better", better))
        if chosen
    ]
    return f"<h3>Levels of times, sizes and rates</h3>\n<p>{LEVELS}</p>\n{''.join(tables)}\n"


def _level_table(source: Source, found: Sequence[Step]) -> str:
    rows = [
        [*_cells(step), Html(source.described(step.commit))]
        for step in sorted(found, key=lambda step: -max(step.cost, 1 / step.cost))
    ]
    return grid((*COLUMNS, "Since"), rows)


PAGE = Page("regressions.html", "Regressions", "where figures went up or down, and why", per_machine(_machine))
