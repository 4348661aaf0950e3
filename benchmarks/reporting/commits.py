"""What the history says beside the figures: the messages of commits, and what they changed in the pins."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ..judging import git
from .results import Commit

PINS = "constraints.txt"
_PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)==([^\s;#]+)", re.MULTILINE)


class Message(NamedTuple):
    """What a commit says of itself. `date` is the author's, as YYYY-MM-DD."""

    hash: str
    date: str
    subject: str
    body: str


class PinChange(NamedTuple):
    """What one commit changed in the pins: by package the version before and after, empty where there is none."""

    commit: str
    versions: Mapping[str, tuple[str, str]]

    def words(self) -> list[str]:
        """`msgspec 0.19 -> 0.20`, `h11 0.16.0 added`, `h2 4.4.1 removed`."""
        return [_words(name, *versions) for name, versions in self.versions.items()]


def messages(root: Path, revision: str = "HEAD") -> dict[str, Message]:
    """By hash, of all commits of a revision, oldest first. Raises WrongUse."""
    text = git.log(root, "--date-order", "--reverse", "--format=%H%x1f%as%x1f%s%x1f%b%x1e", revision, "--")
    found = [Message(*entry.strip("\n").split("\x1f")) for entry in text.split("\x1e") if entry.strip()]
    return {one.hash: one._replace(body=one.body.strip()) for one in found}


def pin_changes(root: Path, revision: str = "HEAD") -> list[PinChange]:
    """What each commit changed in constraints.txt, oldest first; nothing of the one that began it."""
    commits = git.log(root, "--date-order", "--reverse", "--format=%H", revision, "--", PINS).split()
    pins = [_pins(root, commit) for commit in commits]
    changed = [PinChange(commit, _differing(*pair)) for commit, *pair in zip(commits[1:], pins, pins[1:], strict=False)]
    return [one for one in changed if one.versions]


def marks(changes: Sequence[PinChange], history: Sequence[str], commits: Sequence[Commit]) -> Iterator[tuple[int, str]]:
    """Where changes fall among measured commits, as a position in `commits` and the commit that made the change.

    That is the first commit of them that has it; one that all of them have is no change to these curves.
    """
    order = {commit: at for at, commit in enumerate(history)}
    for change in changes:
        later = [at for at, one in enumerate(commits) if order[one.hash] >= order[change.commit]]
        if later and later[0] > 0:
            yield later[0], change.commit


def _pins(root: Path, commit: str) -> dict[str, str]:
    return dict(_PIN.findall(git.file_at(root, commit, PINS)))


def _differing(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    names = sorted(old.keys() | new.keys(), key=str.lower)
    pairs = {name: (old.get(name, ""), new.get(name, "")) for name in names}
    return {name: (before, after) for name, (before, after) in pairs.items() if before != after}


def _words(name: str, before: str, after: str) -> str:
    if before and after:
        return f"{name} {before} -> {after}"
    return f"{name} {after} added" if after else f"{name} {before} removed"
