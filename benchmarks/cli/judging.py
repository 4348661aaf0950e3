"""The verbs that judge: `compare`, `baseline`, `find`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from ..harness import names
from ..judging.errors import Invalid, WrongUse
from ..judging.git import ROOT
from .options import (
    EXIT_CODES,
    FILE,
    FOLDER,
    answer,
    json_option,
    markdown_option,
    progress,
    to_output,
    write,
    write_json,
    writing,
)

if TYPE_CHECKING:
    from ..judging.comparison import Comparison
    from ..judging.judge import Judge

GATES = """\b
Exit codes:
  0  fine: nothing fails or alerts, or somebody accepted it with a reason
  1  something fails or alerts
  2  wrong use: an unknown or unbuildable commit, nothing to measure, another machine's baseline
  3  the machine was too noisy to judge times, and counts saw nothing
"""


def _expression(_: click.Context, __: click.Parameter, regex: str) -> str:
    """Refuse a malformed one at once, and not when both commits are built."""
    try:
        re.compile(regex)
    except re.error as error:
        raise click.BadParameter(f"{regex!r} is not a regular expression: {error}") from error
    return regex


bench_option = click.option(
    "--bench",
    metavar="REGEX",
    default="",
    callback=_expression,
    help="Only benchmarks whose name and parameters match; all by default.",
)


@click.command(epilog=GATES)
@click.argument("base", required=False)
@click.argument("head", required=False)
@bench_option
@click.option("--counts", is_flag=True, help="Only instruction counts: exact, minutes instead of a quarter of an hour.")
@click.option("--baseline", "stored", metavar="FILE", type=FILE, help="Compare with what `baseline` saved.")
@click.option("--advisory", is_flag=True, help="With --baseline: also another machine's, as advice that gates nothing.")
@click.option("--self-test", is_flag=True, help="Show which slowdowns this machine detects: 10, 25 and 60 %.")
@click.option("--record", metavar="FILE", type=FILE, help="Record pairs of HEAD with itself, raw; see --pairs.")
@click.option("--pairs", type=click.IntRange(1), default=200, show_default=True, help="How many pairs --record takes.")
@click.option("--profile/--no-profile", default=True, help="Profile what fails or alerts at both commits; the default.")
@click.option(
    "--output", metavar="FOLDER", type=FOLDER, help="Where comparison, report and exports go; by default .asv/compare/."
)
@json_option
@markdown_option
def compare(
    base: str | None,
    head: str | None,
    bench: str,
    counts: bool,
    stored: Path | None,
    advisory: bool,
    self_test: bool,
    record: Path | None,
    pairs: int,
    profile: bool,
    output: Path | None,
    json_file: Path | None,
    markdown_file: Path | None,
) -> None:
    """Compare two commits: did the change make it slower?

    BASE is by default where HEAD left main, or on main the commit before; HEAD is the working commit. Exact
    instruction counts decide first. Times come from pairs of processes, base and head in turning order; what fails or
    alerts is measured a second time. A regression that is meant is accepted in benchmarks/accepted.toml.
    """
    from ..judging import baseline as baselines
    from ..judging import judge as comparing
    from ..judging import sides
    from ..profiling import attaching

    one_commit = self_test or record is not None
    _refuse(
        {
            "--self-test and --record are two things; take one": self_test and record is not None,
            "--self-test and --record measure one commit against itself: name no HEAD": one_commit and head is not None,
            "--self-test and --record have no baseline": one_commit and stored is not None,
            "--self-test and --record have no report: leave --markdown out": one_commit and markdown_file is not None,
            "--record writes FILE, which is JSON: leave --json out": record is not None and json_file is not None,
            "--counts is for two commits: leave out --baseline, --self-test and --record": counts
            and (one_commit or stored is not None),
            "--advisory is advice on a stored baseline: name it with --baseline FILE": advisory and stored is None,
            "with --baseline name HEAD alone: the file is the base": stored is not None and head is not None,
        }
    )
    say, folder = progress(), output or ROOT / ".asv" / "compare"
    with kept():
        if one_commit:
            if record is not None:
                _record(base or "HEAD", bench, record, pairs)
            else:
                _self_test(base or "HEAD", bench, json_file)
            return
        if stored is not None:
            _, side = sides.resolve(ROOT, base or "HEAD", base or "HEAD")
            known = baselines.load(stored)
            done = baselines.compare(ROOT, known, side, bench=bench, advisory=advisory, say=say)
        else:
            one, other = sides.resolve(ROOT, base, head)
            done = comparing.compare(ROOT, one, other, bench=bench, counts_only=counts, say=say)
            if profile and any(row.verdict.gates for row in done.rows):
                _keep(done, folder)  # profiles take minutes, and whoever stops them has the comparison
                done = attaching.attach(done, ROOT, say)
    _finish(done, folder, json_file, markdown_file)


@click.command(epilog=EXIT_CODES)
@click.argument("commit", default="HEAD")
@bench_option
@click.option("-o", "--output", metavar="FILE", type=FILE, help="By default .asv/baselines/COMMIT.json.")
@json_option
def baseline(commit: str, bench: str, output: Path | None, json_file: Path | None) -> None:
    """Save the raw figures of one commit, with the fingerprint of this machine.

    `compare --baseline FILE` compares with them. Counts gate then; times of another hour are shown and gate nothing.
    """
    from ..judging import baseline as baselines
    from ..judging import sides

    with kept():
        _, side = sides.resolve(ROOT, commit, commit)
        found = baselines.measure(ROOT, side, bench=bench, say=progress())
    path = output or ROOT / ".asv" / "baselines" / f"{side.short}.json"
    with writing(path):
        found.save(path)
    answer(json_file, {"baseline": str(path), "benchmarks": len(found.benchmarks)}, str(path))


@click.command(epilog=EXIT_CODES)
@click.argument("span", metavar="BASE..HEAD")
@click.argument("name")
@json_option
def find(span: str, name: str, json_file: Path | None) -> None:
    """Find the commit of a range that made a benchmark slower or faster, by its instruction count.

    NAME is as the report has it: micro.routing.Match.time_match, or with one choice of its parameters
    "micro.routing.Match.time_match(10, 'static')"; else the choice that changed most is followed.

    Goes over the first-parent commits that changed pyrt/, constraints.txt or pyproject.toml, some ten seconds for each
    one counted; of a hundred it takes nine. Those that cannot be built, or lack what the benchmark needs, are skipped:
    where that hides the step, several are named. The exit code is 0 whether a step was found or there is none.
    """
    from ..judging import finding

    with kept():
        found = finding.find(ROOT, span, name, say=progress())
    answer(json_file, found.as_json(), found.text())


def _self_test(commit: str, bench: str, json_file: Path | None) -> None:
    """What this machine detects of a commit that is made slower than itself."""
    from ..judging import selftest
    from ..reporting import detections, tables

    with _itself(commit) as judge:
        timed = [one for one in judge.chosen(bench or selftest.BENCH) if names.is_time(one.key.name)]
        found = selftest.detect(judge, timed)
    write_json(json_file, [one.as_json() for one in found])
    if not to_output(json_file):
        table = detections.table(found)
        tables.show([], table.note, [table])


def _record(commit: str, bench: str, path: Path, pairs: int) -> None:
    """Raw pairs of a commit with itself, to try the rules on."""
    from ..judging import fingerprint, recording, selftest
    from ..judging import judge as comparing
    from ..judging.comparison import now

    with _itself(commit) as judge:
        chosen = judge.chosen(bench or selftest.BENCH)
        found = recording.Recording(
            command=comparing.command(),
            date=now(),
            commit=judge.built["head"].commit,
            fingerprint=fingerprint.here(judge.built["head"]),
            pairs=recording.record(judge, chosen, pairs),
            less_is_better={each.label: each.gate.less_is_better for each in chosen},
        )
    with writing(path):
        found.save(path)
    click.echo(str(path))


def _itself(commit: str) -> AbstractContextManager[Judge]:
    """Two copies of one commit."""
    from ..judging import judge as comparing
    from ..judging import sides

    one, other = sides.resolve(ROOT, commit, commit)
    return comparing.judging(ROOT, one, other, say=progress(), control=False)


def _refuse(wrong: Mapping[str, bool]) -> None:
    """Raises WrongUse with the first reason that is so."""
    for reason, so in wrong.items():
        if so:
            raise WrongUse(reason)


def _keep(done: Comparison, folder: Path) -> None:
    from ..reporting import exports

    with writing(folder):
        exports.write(done, folder)


def _finish(done: Comparison, folder: Path, json_file: Path | None, markdown_file: Path | None) -> None:
    """Write everything, then say it, then end with the code: whoever reads a red result finds its reasons."""
    from ..reporting import tables
    from ..reporting.comparison_report import ComparisonReport

    report = ComparisonReport(done)
    _keep(done, folder)
    write(markdown_file, report.markdown())
    write_json(json_file, msgspec.to_builtins(done))
    if not to_output(json_file, markdown_file):
        tally, *notes = report.notes()
        tables.show(report.heading(), " ".join(notes), report.tables(), tally)
        click.echo(f"wrote {folder}", err=True)
    sys.exit(done.exit_code)


@contextmanager
def kept() -> Iterator[None]:
    """Say what is left of the work where it is cut off, or cannot be written."""
    try:
        yield
    except OSError as error:
        raise Invalid(f"{error.strerror}: {error.filename}; nothing that was measured before is lost") from error
    except KeyboardInterrupt:
        raise Invalid(
            "interrupted; what is built is kept, and so is a comparison that lacks its profiles alone"
        ) from None
