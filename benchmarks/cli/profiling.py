"""The verb `profile`: where a benchmark's cost goes, and what grew."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from ..judging.errors import WrongUse
from ..judging.git import ROOT
from .options import EXIT_CODES, FOLDER, json_option, say, to_output, write_json

if TYPE_CHECKING:
    from ..judging.leash import Leash
    from ..profiling.subject import Subject


@click.command(epilog=EXIT_CODES)
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
    from ..judging.leash import Leash
    from ..profiling import profiles
    from ..reporting import documents, tables

    try:
        with Leash() as leash:
            sides = _sides(commits, leash)
            made = profiles.profile(name, sides, leash, folder=output, root=ROOT, seconds=seconds, say=say)
    except OSError as error:
        raise WrongUse(f"cannot write {error.filename}: {error.strerror}") from error
    write_json(json_file, {"folder": str(made.folder), **msgspec.to_builtins(made.shown.of)})
    if to_output(json_file):
        return
    if sys.stdout.isatty():
        tables.show(made.shown.heading(), "\n".join(made.shown.notes()), made.shown.sections())
    else:
        click.echo(documents.markdown(made.shown))
    click.echo(str(made.page))


def _sides(commits: Sequence[str], leash: Leash) -> list[Subject]:
    """The working copy, or the commits in environments of their own, base first."""
    from ..judging import running, sides
    from ..profiling.subject import Subject, working_copy

    if len(commits) > 2:
        raise WrongUse(f"one benchmark is profiled, at most at two commits; {len(commits)} are named")
    if not commits:
        running.mind_what_is_installed()
        return [working_copy()]
    found = sides.resolve(ROOT, commits[0], commits[-1])[: len(commits)]
    for one in found:
        say(f"building {one.short}, unless it is built already")
    return [Subject(built.python, built.commit) for built in (sides.build(ROOT, one.commit, leash) for one in found)]
