"""The verb `peers`: the same work on other libraries and servers."""

from __future__ import annotations

from concurrent.futures import BrokenExecutor
from pathlib import Path

import click

from ..judging.errors import Invalid, WrongUse
from ..judging.git import ROOT
from .options import EXIT_CODES, FILE_OR_OUTPUT, json_option, markdown_option, say, show, to_output, write, write_json


@click.command(epilog=EXIT_CODES)
@click.argument("subject", type=click.Choice(["gtype", "http"]))
@json_option
@markdown_option
@click.option(
    "--svg", "svg_file", metavar="FILE", type=FILE_OR_OUTPUT, help="Draw the ratios into FILE (- for standard output)."
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
    from ..peers import gtype, http, stored
    from ..peers.plot import plot

    if save and (quick or only):
        raise WrongUse("--save keeps whole runs: leave --quick and --only away")
    if save:
        stored.require_commit(ROOT)
    compare = {"gtype": gtype.compare, "http": http.compare}[subject]
    try:
        done = compare(say, quick=quick, only=only)
    except BrokenExecutor as error:
        raise Invalid(str(error)) from error
    if not to_output(json_file, markdown_file, svg_file):
        show(done.heading(), " ".join(done.notes), done.tables(), done.markdown())
    write(markdown_file, done.markdown())
    if svg_file is not None:
        write(svg_file, plot(done))
    write_json(json_file, done.as_json())
    if done.failed:
        raise Invalid(f"{len(done.failed)} failed: {', '.join(done.failed)}")
    if save:
        click.echo(f"kept in {stored.save(done, ROOT).relative_to(ROOT)}", err=True)
