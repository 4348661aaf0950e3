"""Making the profile of one benchmark, at one commit or at two."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from ..judging.leash import Leash
from ..judging.sides import Say
from ..reporting.stored_profiles import FOLDER
from ..reporting.verdicts import argument
from . import differential, showing, single, writing
from .subject import Choice, Job, Subject, choose

SECONDS = 3.0
Shown = showing.ShownProfile | showing.ShownDifferential


class Profiled(NamedTuple):
    """A profile that was made: its folder, its page, and what stands in both."""

    folder: Path
    page: Path
    shown: Shown


def profile(
    wanted: str,
    sides: Sequence[Subject],
    leash: Leash,
    *,
    folder: Path | None = None,
    root: Path = Path(),
    seconds: float | None = None,
    say: Say = lambda _: None,
) -> Profiled:
    """Profile a benchmark at one commit, or what grew from one to another, into a folder; what stood there goes.

    Args:
        wanted: a name as asv writes it, with or without parameters.
        sides: one or two.
        seconds: to sample, by default 3; of two sides of each of the runs, by default 1.
        folder: by default one below *root*, by benchmark and commits, where the site finds it.

    Raises:
        UnknownBenchmark, ProfilingError, OSError.
    """
    choice = choose(wanted, sides[-1], leash)
    jobs = [Job(side, choice, leash) for side in sides]
    whole = folder or root / FOLDER / name_of(choice, sides)
    commits = [side.commit[:8] for side in sides if side.commit]
    command = " ".join(["python -m benchmarks profile", argument(choice.label), *commits])
    with _replacing(whole) as part:
        shown: Shown
        if len(jobs) == 2:
            differing = differential.make(*jobs, command=command, say=say, seconds=seconds or differential.SECONDS)
            page = writing.write_differential(differing, part)
            shown = showing.ShownDifferential(differing.differential)
        else:
            made = single.make(jobs[0], part, seconds=seconds or SECONDS, command=command, say=say)
            page, shown = writing.write_single(made, part), showing.ShownProfile(made.profile)
    return Profiled(whole, whole / page.name, shown)


def name_of(choice: Choice, sides: Sequence[Subject]) -> str:
    """The folder's name: the benchmark in letters, digits, dots and dashes, and its commit or commits."""
    commits = "..".join(side.commit[:8] or "working-copy" for side in sides)
    return f"{re.sub(r'[^A-Za-z0-9_.]+', '-', choice.label).strip('-')}@{commits}"


@contextmanager
def _replacing(whole: Path) -> Iterator[Path]:
    """A new folder, which takes its place when all is written; not directly beside it, where the site would see it."""
    part = whole.parent / ".part" / whole.name
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
        shutil.rmtree(whole, ignore_errors=True)
        part.rename(whole)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        with suppress(OSError):  # another profile is being written
            part.parent.rmdir()
