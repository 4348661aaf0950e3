"""Making profiles: of one benchmark as it is asked for, and of all that a comparison or the targets point at."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from ..harness import names
from ..judging.comparison import Comparison
from ..judging.leash import Leash
from ..judging.sides import Built
from ..reporting.targets import TargetVerdict
from ..reporting.verdicts import argument, ordered
from . import differential, showing, single, writing
from .subject import Choice, Job, ProfilingError, Subject, UnknownBenchmark, choose, working_copy

FOLDER = Path(".asv", "profiles")  # where the site looks; results/ is asv's
SECONDS = 3.0
MOST = 20
Shown = showing.ShownProfile | showing.ShownDifferential


class Profiled(NamedTuple):
    """A profile that was made: its folder, its page, and what stands in both."""

    folder: Path
    page: Path
    shown: Shown


class Attached(msgspec.Struct, frozen=True):
    """What became of the profile of a benchmark that was pointed at: where it is, or why there is none."""

    benchmark: str
    folder: str = ""
    first: str = ""
    note: str = ""


def profile(
    wanted: str,
    sides: Sequence[Subject],
    leash: Leash,
    *,
    folder: Path | None = None,
    root: Path = Path(),
    seconds: float | None = None,
    say: single.Say = lambda _: None,
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


def profile_flagged(
    names: Sequence[str], built: Sequence[Built], leash: Leash, *, root: Path = Path(), say: single.Say = lambda _: None
) -> list[Attached]:
    """Profile what was pointed at, the worst first, at most MOST; nothing that goes wrong is an error.

    Args:
        names: as asv writes them, see `gating` and `missing_target`.
        built: base and head of a comparison; one commit; or none for the working copy.
    """
    sides = [Subject(one.python, one.commit) for one in built] or [working_copy()]
    unique = list(dict.fromkeys(names))
    found = []
    for name in unique[:MOST]:
        say(f"profiling {name}")
        try:
            made = profile(name, sides, leash, root=root)
            found.append(Attached(name, str(made.folder), made.shown.notes()[0]))
        except (UnknownBenchmark, ProfilingError, OSError) as error:
            found.append(Attached(name, note=f"not profiled: {error}"))
    left = f"not profiled: {MOST} worse ones were"
    return [*found, *(Attached(name, note=left) for name in unique[MOST:])]


def gating(comparison: Comparison) -> list[str]:
    """What fails or alerts in a comparison, accepted or not, the worst first."""
    rows = ordered([row for row in comparison.rows if row.verdict.gates])
    return [row.label for row in rows]


def missing_target(verdicts: Sequence[TargetVerdict]) -> list[str]:
    """What misses its target, the farthest first."""
    missed = [one for one in verdicts if one.status == "missed" and one.target.benchmark]
    worst = sorted(missed, key=lambda one: -_distance(one))
    return [names.label(one.target.benchmark or "", one.at.values()) for one in worst]


def _distance(one: TargetVerdict) -> float:
    """By what factor a value lies on the wrong side of its limit."""
    if not one.factor:
        return float("inf")
    return one.factor if one.target.less_is_better else 1 / one.factor


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
