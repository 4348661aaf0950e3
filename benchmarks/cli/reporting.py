"""The verbs that tell what is stored: `report`, `publish`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..judging import git
from ..judging.git import ROOT
from .options import (
    EXIT_CODES,
    FILE_OR_OUTPUT,
    FOLDER,
    Missed,
    answer,
    json_option,
    markdown_option,
    show,
    to_output,
    write,
    write_json,
)

if TYPE_CHECKING:
    from ..reporting.report import Report


@click.command(epilog=EXIT_CODES)
@json_option
@markdown_option
@click.option(
    "--html",
    "html_file",
    metavar="FILE",
    type=FILE_OR_OUTPUT,
    help="Write the report as one HTML file that needs no other to FILE (- for standard output).",
)
@click.option("--machine", metavar="NAME", help="Whose results; by default this machine's, else `reference`.")
@click.option("--base", metavar="COMMIT", help="The baseline; by default the commit measured before.")
@click.option("--head", metavar="COMMIT", help="Report this commit; by default the newest one measured.")
@click.option("--strict", is_flag=True, help="Exit with 1 when a target is missed (not when it is not measured).")
def report(
    json_file: Path | None,
    markdown_file: Path | None,
    html_file: Path | None,
    machine: str | None,
    base: str | None,
    head: str | None,
    strict: bool,
) -> None:
    """Report the stored figures against a baseline and the written targets.

    Writes report.md, report.json and report.html in .asv/report/, or the files given, and prints the report.
    Verdicts and intervals are those of .asv/compare/comparison.json where it compares these two commits.
    A missed target is news and no error of the report: the exit code is 0, except with --strict.
    """
    from ..reporting import standalone

    done = reported(machine, base, head)
    if json_file is None and markdown_file is None and html_file is None:
        folder = ROOT / ".asv" / "report"
        json_file, markdown_file, html_file = (folder / f"report.{kind}" for kind in ("json", "md", "html"))
    if not to_output(json_file, markdown_file, html_file):
        show_report(done)
    write_json(json_file, done.as_json())
    write(markdown_file, done.markdown())
    write(html_file, standalone.html(done))
    if strict and done.missed:
        raise Missed(f"{len(done.missed)} of {len(done.verdicts)} targets missed")


@click.command(epilog=EXIT_CODES)
@click.option(
    "--html", metavar="FOLDER", type=FOLDER, help="Where to; by default html/. What stands there is replaced."
)
@json_option
def publish(html: Path | None, json_file: Path | None) -> None:
    """Build the site from the stored results. It needs no network.

    asv's graphs, and a page each for targets, percentiles, components, regressions, peers, profiles, the log and
    commits, as far as there is something to show.

    Open index.html as a file, or serve the folder with `asv preview` or any web server.
    """
    index = str(published(html))
    answer(json_file, {"index": index}, index)


def reported(machine: str | None = None, base: str | None = None, head: str | None = None) -> Report:
    """The report on what a machine measured; commits by any name that git knows."""
    from ..reporting import report, results, targets

    measured = results.load(results.configuration(), machine)
    head, base = (one and (git.commit(ROOT, one) or one) for one in (head, base))
    return report.make(measured, targets.load(), head=head, base=base)


def published(html: Path | None = None) -> Path:
    """The index.html of the site, which is built anew."""
    from . import site

    click.echo("Building the site ...", err=True)
    return site.build(html)


def show_report(done: Report) -> None:
    headline, noise, tally = done.notes()
    show(done.heading(), noise, done.tables(), done.markdown(), f"{headline} {tally}")
