"""Profiles that nobody asked for: of what fails or alerts in a comparison, and of what misses its target."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from ..judging import sides
from ..judging.comparison import Comparison, Row
from ..judging.leash import Leash
from ..reporting import stored_profiles
from ..reporting.report import Report
from . import profiles
from .profiles import Attached
from .single import Say


def attach(found: Comparison, root: Path, say: Say) -> Comparison:
    """The comparison, and in each row that fails or alerts what grew and where the profile of both commits lies.

    Nothing that goes wrong with a profile is an error of the comparison: the row says why it has none.
    """
    names = profiles.gating(found)
    if not names:
        return found
    attached = _profiled(names, [found.base.commit, found.head.commit], root, say)
    made = {one.benchmark: one for one in attached}
    rows = [_with(row, made.get(row.label), root) for row in found.rows]
    return msgspec.structs.replace(found, rows=rows)


def profile_missed(report: Report, root: Path, say: Say) -> list[Attached]:
    """Profile every benchmark that misses its target at the report's commit and is not profiled there yet."""
    commit = report.head.hash
    there = {one.profile.benchmark for one in stored_profiles.load(root) if one.profile.commit == commit}
    names = [name for name in profiles.missing_target(report.missed) if name not in there]
    return _profiled(names, [commit], root, say) if names else []


def _profiled(names: Sequence[str], commits: Sequence[str], root: Path, say: Say) -> list[Attached]:
    """What became of each; also where a commit cannot be built, or the disk is full."""
    with Leash() as leash:
        try:
            built = [sides.build(root, commit, leash) for commit in commits]
        except (sides.SideError, OSError) as error:
            return [Attached(name, note=f"not profiled: {error}") for name in names]
        return profiles.profile_flagged(names, built, leash, root=root, say=say)


def _with(row: Row, made: Attached | None, root: Path) -> Row:
    if made is None:
        return row
    page = Path(made.folder, "index.html")
    where = f"{made.first} Profile: {page.relative_to(root) if page.is_relative_to(root) else page}".strip()
    return msgspec.structs.replace(row, profile=where if made.folder else made.note)
