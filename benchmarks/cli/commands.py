"""The verbs of `python -m benchmarks`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from pathlib import Path
from typing import Any, TypeVar

import click

from ..judging import git
from ..judging.git import ROOT
from ..reporting import report as reports
from ..reporting import results, tables, targets
from . import judging as judges
from .options import (
    EXIT_CODES,
    FILE_OR_OUTPUT,
    FOLDER,
    Invalid,
    Missed,
    WrongUse,
    json_option,
    markdown_option,
    write,
    write_json,
)

Result = TypeVar("Result")


@click.group(epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Measure pyrt, report against the targets, publish the site.

    The history is asv's: `asv run`, `asv continuous`, `asv preview` work beside these.
    """


@main.command(epilog=EXIT_CODES)
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

    try:
        done = running.run(bench=bench, counts=counts, quick=quick, progress=True)
    except running.UsageError as error:
        raise WrongUse(str(error)) from error
    if json_file is not None:
        write_json(json_file, done.as_json())
    if str(json_file) != "-":
        click.echo(json.dumps(done.as_json(), indent=2))
    if done.failed:
        raise Invalid(f"{len(done.failed)} failed: {', '.join(map(str, done.failed))}")


@main.command(epilog=EXIT_CODES)
@json_option
def bench(json_file: Path | None) -> None:
    """Measure HEAD and one earlier commit that changed pyrt/, publish the site, print the report.

    Measures only what is not measured yet, under this machine's own name. This is `make bench`.
    """
    from ..judging import history

    code = history.bench()
    if code == WrongUse.exit_code:
        sys.exit(code)
    from ..profiling import attaching

    measured = _report(None, None, None)
    for one in attaching.profile_missed(measured, ROOT, lambda text: click.echo(f"==> {text}", err=True)):
        click.echo(f"==> {one.benchmark}: {one.first or one.note}", err=True)
    index = _publish(None)
    _show(_report(None, None, None), json_file)
    click.echo(str(index))
    sys.exit(code)


@main.command(name="history", epilog=EXIT_CODES)
@click.argument("span", metavar="[BASE..HEAD]", default="HEAD")
@json_option
def history_(span: str, json_file: Path | None) -> None:
    """Measure all commits that changed pyrt/ or the pins and are not measured yet, or those of a range alone.

    They go under the machine name `reference`; the results are meant to be committed.
    This is `make history`, or `make history RANGE=BASE..HEAD`.
    """
    from ..judging import history

    code = history.history(span=span)
    if json_file is not None:
        write_json(json_file, _report(results.REFERENCE, None, None).as_json())
    sys.exit(code)


@main.command(epilog=EXIT_CODES)
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

    done = _report(machine, base, head)
    if json_file is None and markdown_file is None and html_file is None:
        folder = ROOT / ".asv" / "report"
        json_file, markdown_file, html_file = (folder / f"report.{kind}" for kind in ("json", "md", "html"))
    if "-" not in map(str, (json_file, markdown_file, html_file)):
        _show(done, None)
    if json_file is not None:
        write_json(json_file, done.as_json())
    if markdown_file is not None:
        write(markdown_file, done.markdown())
    if html_file is not None:
        write(html_file, standalone.html(done))
    if strict and done.missed:
        raise Missed(f"{len(done.missed)} of {len(done.verdicts)} targets missed")


@main.command(epilog=EXIT_CODES)
@click.option(
    "--html",
    metavar="FOLDER",
    type=FOLDER,
    help="Where to; by default html/. What stands there is replaced.",
)
@json_option
def publish(html: Path | None, json_file: Path | None) -> None:
    """Build the site from the stored results. It needs no network.

    asv's graphs, and a page each for targets, percentiles, components, regressions, peers, profiles, the log and
    commits, as far as there is something to show.

    Open index.html as a file, or serve the folder with `asv preview` or any web server.
    """
    index = _publish(html)
    if json_file is not None:
        write_json(json_file, {"index": str(index)})
    if str(json_file) != "-":
        click.echo(str(index))


@main.command(epilog=EXIT_CODES)
@click.argument("subject", type=click.Choice(["gtype", "http"]))
@json_option
@markdown_option
@click.option(
    "--svg",
    "svg_file",
    metavar="FILE",
    type=FILE_OR_OUTPUT,
    help="Draw the ratios into FILE (- for standard output).",
)
@click.option("--quick", is_flag=True, help="A few short rounds and no counts: shows that it works, no more.")
@click.option("--only", metavar="NAME", multiple=True, help="Only this one, beside pyrt; may be given several times.")
@click.option("--save", is_flag=True, help="Keep the run in results/peers/, for git and for the site.")
def peers(
    subject: str,
    json_file: Path | None,
    markdown_file: Path | None,
    svg_file: Path | None,
    quick: bool,
    only: tuple[str, ...],
    save: bool,
) -> None:
    """Measure the same work on other libraries, side by side in this one run.

    SUBJECT gtype: validation of JSON by pyrt, msgspec, pydantic, jsonschema-rs and fastjsonschema. Takes most of a
    minute, of which counting instructions (with valgrind) is half.

    SUBJECT http: three routes on other web servers, each on one core under the same load; `make peers` installs them.
    Takes some eight minutes for all, and half a minute with --quick.

    Each has to give the right answers first. One that does not has failed, one that is not installed is skipped.
    """
    from ..harness.counting import CountingError
    from ..peers import gtype, http, stored
    from ..peers.entries import UnknownPeer
    from ..peers.plot import plot

    compare = {"gtype": gtype.compare, "http": http.compare}[subject]
    if save:
        _require_keepable(quick=quick, only=only)
    try:
        done = compare(lambda text: click.echo(f"==> {text}", err=True), quick=quick, only=only)
    except UnknownPeer as error:
        raise WrongUse(str(error)) from error
    except (CountingError, BrokenExecutor) as error:
        raise Invalid(str(error)) from error
    if "-" not in map(str, (json_file, markdown_file, svg_file)):
        _print(done, " ".join(done.notes))
    if markdown_file is not None:
        write(markdown_file, done.markdown())
    if svg_file is not None:
        write(svg_file, plot(done))
    if json_file is not None:
        write_json(json_file, done.as_json())
    if done.failed:
        raise Invalid(f"{len(done.failed)} failed: {', '.join(done.failed)}")
    if save:
        click.echo(f"kept in {stored.save(done, ROOT).relative_to(ROOT)}", err=True)


def _require_keepable(*, quick: bool, only: tuple[str, ...]) -> None:
    """What is kept is a whole run of a commit."""
    from ..peers import stored

    if quick or only:
        raise WrongUse("--save keeps whole runs: leave --quick and --only away")
    try:
        stored.require_commit(ROOT)
    except stored.NotCommitted as error:
        raise WrongUse(str(error)) from error


main.add_command(judges.compare)
main.add_command(judges.baseline)
main.add_command(judges.find)


def _known(work: Callable[[], Result]) -> Result:
    """Run it; what can go wrong for reasons outside this program becomes an error with its exit code."""
    from ..reporting import site

    try:
        return work()
    except (results.ResultsError, targets.TargetsError, git.GitError) as error:
        raise WrongUse(str(error)) from error
    except site.SiteError as error:
        raise Invalid(str(error)) from error


def _report(machine: str | None, base: str | None, head: str | None) -> reports.Report:
    def work() -> reports.Report:
        measured = results.load(results.configuration(), machine)
        head_hash, base_hash = (one and (git.commit(ROOT, one) or one) for one in (head, base))
        return reports.make(measured, targets.load(), head=head_hash, base=base_hash)

    return _known(work)


def _publish(html: Path | None) -> Path:
    from ..reporting import site

    click.echo("Building the site ...", err=True)
    return _known(lambda: site.build(html))


def _show(done: reports.Report, json_file: Path | None) -> None:
    if json_file is not None:
        write_json(json_file, done.as_json())
    _print(done, reports.NOISE, f"{done.headline()} {reports.tally(done.verdicts)}")


def _print(done: Any, note: str, last: str = "") -> None:
    """A report for people: coloured tables on a terminal, Markdown in a pipe."""
    if sys.stdout.isatty():
        tables.show(done.heading(), note, done.tables(), last)
    else:
        click.echo(done.markdown(), nl=False)


@main.command(epilog=EXIT_CODES)
@click.argument("name", metavar="NAME")
@click.argument("commits", metavar="[BASE HEAD]", nargs=-1)
@click.option(
    "--seconds", type=click.FloatRange(0.1, 60), help="How long to sample: 3; of two commits each of 10 runs, 1."
)
@click.option(
    "--output",
    metavar="FOLDER",
    type=FOLDER,
    help="Where to; by default a folder below .asv/profiles/, where `publish` finds it. What stands there is replaced.",
)
@json_option
def profile(
    name: str, commits: tuple[str, ...], seconds: float | None, output: Path | None, json_file: Path | None
) -> None:
    """Say where a benchmark's time, instructions and memory go; of two commits, which functions grew.

    NAME is as asv writes it, `micro.routing.Match.time_match(10, 'static')`; without parameters it is the first choice
    of them. Without a commit the working copy is profiled; with one, that commit; with two, what grew between them.
    """
    import msgspec

    from ..judging.leash import Leash
    from ..judging.sides import SideError
    from ..profiling import profiles
    from ..profiling.subject import ProfilingError, UnknownBenchmark
    from ..reporting import documents

    def say(text: str) -> None:
        click.echo(f"==> {text}", err=True)

    try:
        with Leash() as leash:
            sides = _profiled_sides(commits, leash, say)
            made = profiles.profile(name, sides, leash, folder=output, root=ROOT, seconds=seconds, say=say)
    except (UnknownBenchmark, SideError) as error:
        raise WrongUse(str(error)) from error
    except ProfilingError as error:
        raise Invalid(str(error)) from error
    except OSError as error:
        raise WrongUse(f"cannot write {error.filename}: {error.strerror}") from error
    if json_file is not None:
        write_json(json_file, {"folder": str(made.folder), **msgspec.to_builtins(made.shown.of)})
    if str(json_file) == "-":
        return
    if sys.stdout.isatty():
        tables.show(made.shown.heading(), "\n".join(made.shown.notes()), made.shown.sections())
    else:
        click.echo(documents.markdown(made.shown))
    click.echo(str(made.page))


def _profiled_sides(commits: tuple[str, ...], leash: Any, say: Callable[[str], None]) -> list[Any]:
    """The working copy, or the commits in environments of their own, base first."""
    from ..judging import running, sides
    from ..profiling.subject import Subject, working_copy

    if len(commits) > 2:
        raise WrongUse(f"one benchmark is profiled, at most at two commits; {len(commits)} are named")
    if not commits:
        try:
            running.mind_what_is_installed()
        except running.UsageError as error:
            raise WrongUse(str(error)) from error
        return [working_copy()]
    found = sides.resolve(ROOT, commits[0], commits[-1])[: len(commits)]
    for one in found:
        say(f"building {one.short}, unless it is built already")
    return [Subject(built.python, built.commit) for built in (sides.build(ROOT, one.commit, leash) for one in found)]
