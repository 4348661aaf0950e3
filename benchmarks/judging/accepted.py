"""Regressions that somebody accepted, each with the reason: `benchmarks/accepted.toml`.

An acceptance speaks of one change. It holds where the commits compared bring it along (it is in the file at the head
and was not at the base), or where they hold the commit that it names; so it covers nothing that came before it, or
comes later. Where the head is checked out, the file of the working copy counts: an entry can be tried uncommitted.
"""

from __future__ import annotations

import datetime
import math
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from ..harness import names
from . import git
from .comparison import Row
from .errors import WrongUse

FILE = "benchmarks/accepted.toml"


class Acceptance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry.

    Attributes:
        benchmark: its name, `time_` or `instr_` alike.
        parameters: those it speaks of, by name; all where it names none.
        up_to: the ratio, of costs or of counts, up to which it is accepted; above 1.
        commit: the start of the hash of the commit that it speaks of, where that is known.
    """

    benchmark: str
    up_to: float
    reason: str
    date: datetime.date
    parameters: dict[str, str | int | float | bool] = {}
    commit: str = ""

    def covers(self, row: Row) -> bool:
        """Whether it speaks of this row, and the row is no worse than what it accepts."""
        same = row.name == names.as_time(self.benchmark)
        chosen = {name: repr(value) for name, value in self.parameters.items()}
        ratios = [found.ratio for found in (row.counts, row.sampled) if found and found.verdict.gates]
        small = all(ratio is not None and ratio <= self.up_to for ratio in ratios)
        return same and chosen.items() <= row.parameters.items() and bool(ratios) and small


class _File(msgspec.Struct, forbid_unknown_fields=True):
    accepted: list[Acceptance] = []


def parse(text: str, where: str = FILE) -> list[Acceptance]:
    """The entries of a file's text. Raises WrongUse."""
    try:
        found = msgspec.convert(tomllib.loads(text), _File).accepted
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise WrongUse(f"{where}: {error}") from error
    for one in found:
        if not 1 < one.up_to < math.inf or not one.reason.strip():
            raise WrongUse(f"{where}: {one.benchmark}: an acceptance has up_to above 1, and a reason")
    return found


def load(root: Path) -> list[Acceptance]:
    """All entries of the working copy; none where there is no file. Raises WrongUse."""
    path = root / FILE
    return parse(path.read_text(encoding="utf-8")) if path.exists() else []


def holding(root: Path, base: str, head: str) -> list[Acceptance]:
    """The entries that hold between two commits. Raises WrongUse."""
    now, known = load(root), _at(root, base)
    then = now if git.commit(root, "HEAD") == head else _at(root, head)
    between = git.ask(root, "rev-list", f"{base}..{head}").split()
    return [one for one in then if one not in known] + [one for one in now if _names(one, between)]


def accept(rows: Iterable[Row], acceptances: Sequence[Acceptance]) -> list[Row]:
    """The rows, those that are accepted with the reason."""
    return [_accepted(row, acceptances) if row.verdict.gates else row for row in rows]


def _accepted(row: Row, acceptances: Sequence[Acceptance]) -> Row:
    reasons = [one.reason for one in acceptances if one.covers(row)]
    return msgspec.structs.replace(row, accepted=reasons[0]) if reasons else row


def _at(root: Path, commit: str) -> list[Acceptance]:
    return parse(git.file_at(root, commit, FILE), f"{FILE} at {commit[:8]}")


def _names(one: Acceptance, commits: Sequence[str]) -> bool:
    return bool(one.commit) and any(commit.startswith(one.commit) for commit in commits)
