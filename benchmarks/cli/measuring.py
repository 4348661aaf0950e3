"""The verbs that measure: `run`, `bench`, `history`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from ..judging.errors import Invalid
from ..judging.git import ROOT
from .options import EXIT_CODES, json_option, say, to_output, write_json
from .reporting import published, reported, show_report


@click.command(epilog=EXIT_CODES)
@click.option("--bench", metavar="REGEX", help="Only benchmarks whose name and parameters match.")
@click.option("--counts", is_flag=True, help="Only instruction counts: exact, needs valgrind.")
@click.option("--quick", is_flag=True, help="Run each benchmark once: shows that it works, no more.")
@click.option("--dry-run", is_flag=True, help="Save nothing. Always so: this verb never saves, `asv run` does.")
@json_option
def run(bench: str | None, counts: bool, quick: bool, dry_run: bool, json_file: Path | None) -> None:
    """Measure the working copy, with all that is not committed, and save nothing.

    Figures go to the terminal, or to --json FILE keyed by benchmark name and parameters.
    """
    del dry_run  # spelled out by callers who want to be sure; there is no other way to run
    from ..judging import running

    done = running.run(bench=bench, counts=counts, quick=quick, progress=True)
    write_json(json_file, done.as_json())
    if not to_output(json_file):
        click.echo(json.dumps(done.as_json(), indent=2))
    if done.failed:
        raise Invalid(f"{len(done.failed)} failed: {', '.join(map(str, done.failed))}")


@click.command(epilog=EXIT_CODES)
@json_option
def bench(json_file: Path | None) -> None:
    """Measure HEAD and one earlier commit that changed pyrt/, publish the site, print the report.

    Measures only what is not measured yet, under this machine's own name. This is `make bench`.
    """
    from ..judging import history
    from ..profiling import attaching

    fine = history.bench(ROOT, say)
    for one in attaching.profile_missed(reported(), ROOT, say):
        say(f"{one.benchmark}: {one.first or one.note}")
    index = published()
    done = reported()
    write_json(json_file, done.as_json())
    if not to_output(json_file):
        show_report(done)
        click.echo(str(index))
    sys.exit(0 if fine else 3)


@click.command(epilog=EXIT_CODES)
@click.argument("span", metavar="[BASE..HEAD]", default="HEAD")
@json_option
def history(span: str, json_file: Path | None) -> None:
    """Measure all commits that changed pyrt/ or the pins and are not measured yet, or those of a range alone.

    They go under the machine name `reference`; the results are meant to be committed.
    This is `make history`, or `make history RANGE=BASE..HEAD`.
    """
    from ..judging import history as histories

    fine = histories.history(ROOT, say, span=span)
    if json_file is not None:
        write_json(json_file, reported(histories.REFERENCE).as_json())
    sys.exit(0 if fine else 3)
