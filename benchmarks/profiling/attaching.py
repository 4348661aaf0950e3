"""Profiles that nobody asked for: of what fails or alerts in a comparison, and of what misses its target."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from ..harness import names
from ..judging import sides
from ..judging.comparison import Comparison, Row
from ..judging.errors import Invalid, WrongUse
from ..judging.leash import Leash
from ..judging.sides import Built, Say
from ..reporting import stored_profiles
from ..reporting.report import Report
from ..reporting.targets import TargetVerdict
from ..reporting.verdicts import ordered
from . import profiles
from .subject import Subject, working_copy

MOST = 20


class Attached(msgspec.Struct, frozen=True):
    """What became of the profile of a benchmark that was pointed at: where it is, or why there is none."""

    benchmark: str
    folder: str = ""
    first: str = ""
    note: str = ""


def attach(found: Comparison, root: Path, say: Say) -> Comparison:
    """The comparison, and in each row that fails or alerts what grew and where the profile of both commits lies.

    Nothing that goes wrong with a profile is an error of the comparison: the row says why it has none.
    """
    wanted = gating(found)
    if not wanted:
        return found
    attached = _profiled(wanted, [found.base.commit, found.head.commit], root, say)
    made = {one.benchmark: one for one in attached}
    rows = [_with(row, made.get(row.label), root) for row in found.rows]
    return msgspec.structs.replace(found, rows=rows)


def profile_missed(report: Report, root: Path, say: Say) -> list[Attached]:
    """Profile every benchmark that misses its target at the report's commit and is not profiled there yet."""
    commit = report.head.hash
    there = {one.profile.benchmark for one in stored_profiles.load(root) if one.profile.commit == commit}
    wanted = [name for name in missing_target(report.missed) if name not in there]
    return _profiled(wanted, [commit], root, say) if wanted else []


def _profiled(wanted: Sequence[str], commits: Sequence[str], root: Path, say: Say) -> list[Attached]:
    """What became of each; also where a commit cannot be built, or the disk is full."""
    with Leash() as leash:
        try:
            built = [sides.build(root, commit, leash) for commit in commits]
        except (sides.SideError, OSError) as error:
            return [Attached(name, note=f"not profiled: {error}") for name in wanted]
        return profile_flagged(wanted, built, leash, root=root, say=say)


def _with(row: Row, made: Attached | None, root: Path) -> Row:
    if made is None:
        return row
    page = Path(made.folder, "index.html")
    where = f"{made.first} Profile: {page.relative_to(root) if page.is_relative_to(root) else page}".strip()
    return msgspec.structs.replace(row, profile=where if made.folder else made.note)


def profile_flagged(
    wanted: Sequence[str], built: Sequence[Built], leash: Leash, *, root: Path = Path(), say: Say = lambda _: None
) -> list[Attached]:
    """Profile what was pointed at, the worst first, at most MOST; nothing that goes wrong is an error.

    Args:
        wanted: names as asv writes them, see `gating` and `missing_target`.
        built: base and head of a comparison; one commit; or none for the working copy.
    """
    subjects = [Subject(one.python, one.commit) for one in built] or [working_copy()]
    unique = list(dict.fromkeys(wanted))
    found = []
    for name in unique[:MOST]:
        say(f"profiling {name}")
        try:
            made = profiles.profile(name, subjects, leash, root=root)
            found.append(Attached(name, str(made.folder), made.shown.notes()[0]))
        except (WrongUse, Invalid, OSError) as error:
            found.append(Attached(name, note=f"not profiled: {error}"))
    left = f"not profiled: {MOST} worse ones were"
    return [*found, *(Attached(name, note=left) for name in unique[MOST:])]


def gating(comparison: Comparison) -> list[str]:
    """What fails or alerts in a comparison, accepted or not, the worst first."""
    return [row.label for row in ordered([row for row in comparison.rows if row.verdict.gates])]


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
