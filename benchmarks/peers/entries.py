"""What became of each peer in each case: checked first, then measured in rounds beside the first of them."""

from __future__ import annotations

import importlib.metadata
import math
import statistics
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from ..judging.errors import WrongUse
from ..judging.paired import Interval, estimate
from ..reporting.tables import NOTHING, digits, human
from .rounds import Figure, Measure, Work, alternate

CONFIDENCE = 0.95


class NotInstalled(Exception):
    """A peer is not on this machine; the message says how to get it."""


@dataclass(frozen=True)
class Yardstick:
    """What is measured of each peer.

    Attributes:
        name: of the figure, as a heading.
        what: it is, in a sentence.
        unit: as `tables.human` has it.
        key: of the figure in JSON.
        more_is_faster: whether the larger figure is the better one.
        peer: what a peer is, as a heading.
        how: what a peer does, as a heading.
        beside: headings of what else is known of a peer.
    """

    name: str
    what: str
    unit: str
    key: str
    more_is_faster: bool
    peer: str
    how: str
    beside: Sequence[str]


class Beside(Protocol):
    """What else is known of a peer in a case: a cell for each of the yardstick's headings."""

    def cells(self) -> Sequence[str]: ...
    def as_json(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Peer:
    """Who does the work; the first of several is what the others are compared with.

    Attributes:
        how: it does the work, in a few words.
        check: does its work once, in the case of that name; raises `NotInstalled`, or anything else where it cannot or
            where the answer is wrong. Returns a note where it does less than the others, or nothing.
        version: empty where it is not installed.
    """

    name: str
    how: str
    check: Callable[[str], str]
    version: str = ""


@dataclass(frozen=True)
class Entry:
    """What became of one peer in one case.

    Attributes:
        reason: why it was skipped, or has failed.
        samples: a figure of each round.
        ratio: to the first peer's, round by round; None for the first itself, and where it has none.
    """

    peer: str
    status: Literal["ok", "skipped", "failed"]
    reason: str = ""
    note: str = ""
    samples: Sequence[float] = ()
    ratio: Interval | None = None
    beside: Beside | None = None

    @property
    def figure(self) -> float | None:
        """The middle one of the rounds'."""
        return statistics.median(self.samples) if self.samples else None

    def cells(self, yardstick: Yardstick) -> list[str]:
        if self.figure is None:
            return [self.peer, self.status, NOTHING, NOTHING, *(NOTHING for _ in yardstick.beside), self.reason]
        ratio = [times(self.ratio.ratio), spread(self.ratio)] if self.ratio else [NOTHING, NOTHING]
        beside = self.beside.cells() if self.beside else [NOTHING for _ in yardstick.beside]
        return [self.peer, human(self.figure, yardstick.unit), *ratio, *beside, self.note]

    def as_json(self, yardstick: Yardstick) -> dict[str, Any]:
        return {
            "peer": self.peer,
            "status": self.status,
            "reason": self.reason,
            "note": self.note,
            yardstick.key: self.figure,
            "ratio": self.ratio._asdict() if self.ratio else None,
            **(self.beside.as_json() if self.beside else {}),
            "samples": list(self.samples),
        }


def measure(
    peers: Sequence[Peer],
    cases: Iterable[str],
    rounds: int,
    once: Measure,
    beside: Callable[[Work], Beside | None] = lambda work: None,
    confidence: float = CONFIDENCE,
) -> dict[str, list[Entry]]:
    """What becomes of every peer, by case, in so many rounds of *once*.

    Args:
        beside: what else is known of a work; asked when all rounds are over.
    """
    checked = {(case, peer.name): _checked(peer, case) for case in cases for peer in peers}
    works = [work for work, entry in checked.items() if entry.status == "ok"]
    figures = alternate(works, rounds, once) if works else {}
    entries: dict[str, list[Entry]] = {}
    for (case, peer), entry in checked.items():
        first = [] if peer == peers[0].name else figures.get((case, peers[0].name), [])
        measured = _measured(entry, figures.get((case, peer), []), first, confidence)
        entries.setdefault(case, []).append(replace(measured, beside=beside((case, peer))))
    return entries


def chosen(peers: Sequence[Peer], only: Collection[str]) -> list[Peer]:
    """Those of the names *only*, or all without names, and always the first.

    Raises:
        WrongUse: nobody has one of the names.
    """
    names = [peer.name for peer in peers]
    if unknown := [name for name in only if name not in names]:
        raise WrongUse(f"there is no {', '.join(unknown)}: choose from {', '.join(names)}")
    return [peer for peer in peers if not only or peer.name in only or peer is peers[0]]


def ratio_of(samples: Iterable[float], others: Iterable[float], confidence: float = CONFIDENCE) -> Interval:
    """How many times as much the first are as the others, from pairs of one round each."""
    return estimate([math.log(one / other) for one, other in zip(samples, others, strict=True)], confidence)


def _checked(peer: Peer, case: str) -> Entry:
    try:
        return Entry(peer.name, "ok", note=peer.check(case))
    except NotInstalled as absent:
        return Entry(peer.name, "skipped", str(absent))
    except Exception as error:  # whatever a peer raises is its failure and nobody else's
        return Entry(peer.name, "failed", f"{type(error).__name__}: {error}")


def _measured(entry: Entry, figures: Sequence[Figure], first: Sequence[Figure], confidence: float) -> Entry:
    samples, others = _numbers(figures), _numbers(first)
    if len(samples) < len(figures):
        reason = next(why for why in figures if isinstance(why, str))
        return replace(entry, status="failed", reason=reason)
    ratio = ratio_of(samples, others, confidence) if samples and len(samples) == len(others) else None
    return replace(entry, samples=samples, ratio=ratio)


def _numbers(figures: Iterable[Figure]) -> list[float]:
    return [figure for figure in figures if not isinstance(figure, str)]


def times(ratio: float) -> str:
    """A ratio for people: `4.9x`."""
    return f"{digits(ratio)}x"


def spread(ratio: Interval) -> str:
    """The bounds of a ratio for people: `4.7 to 5.1`."""
    return f"{digits(ratio.low)} to {digits(ratio.high)}"


def installed(distribution: str) -> str:
    """The version of a Python library; empty where it is not there."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""
