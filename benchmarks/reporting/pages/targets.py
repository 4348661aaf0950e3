"""The page of targets by tier, with the rest of the report below it."""

from __future__ import annotations

from html import escape

from ..criteria import tally
from ..report import NOISE, Report
from .frame import Page, Source, per_machine, printed_by, titled


def _body(source: Source) -> str:
    return per_machine(_machine)(source) or f"<p class=tally>{escape(source.message)}</p>"


def _machine(source: Source, report: Report) -> str:
    tables = report.tables()
    targets = [titled(table) for table in tables if table.title.startswith("Targets")]
    rest = [titled(table) for table in tables if not table.title.startswith("Targets")]
    commits = {"Current": report.head, "Baseline": report.base}
    heading = "".join(
        f"<dt>{escape(name)}</dt><dd>{source.described(commit) if (commit := commits.get(name)) else escape(text)}</dd>"
        for name, text in report.heading()
    )
    command = f"python -m benchmarks report --machine {report.measured.name} --head {report.head.short}"
    return (
        f"<dl>{heading}</dl>\n{printed_by(command)}<p class=tally>{escape(tally(report.verdicts))}</p>\n"
        f"{''.join(targets)}\n<h2>Report</h2>\n"
        f"<p class=tally>{escape(report.headline())}</p>\n<p class=note>{escape(NOISE)}</p>\n{''.join(rest)}"
    )


PAGE = Page("targets.html", "Targets", "targets by tier", _body)
