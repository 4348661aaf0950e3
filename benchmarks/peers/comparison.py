"""The same work done by pyrt and by its peers, measured side by side: what was found, and how it is told."""

from __future__ import annotations

import datetime
import importlib.metadata
import math
import os
import platform
import statistics
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from asv.machine import Machine

from ..harness.counting import Outcome
from ..harness.paired import Interval, estimate
from ..harness.results import ROOT
from ..harness.tables import NOTHING, Table, digits, human, markdown
from .rounds import Measure, Work, alternate

CONFIDENCE = 0.95
INTERVAL = f"{100 * CONFIDENCE:.0f} % interval"
NOISE = (
    "A ratio is of two times from one round, so what slows the whole machine down cancels; its interval is what the "
    "rounds of this run leave open. Times are of this run alone, and another machine or another build of a library has "
    "other ratios."
)
QUICK = "Quick: this shows that it works, and no more."


@dataclass(frozen=True)
class Peer:
    """A library that does the work; the first of several is what the others are compared with.

    Attributes:
        name: of its distribution.
        how: it does the work, in a few words.
        check: does its work once, in the case of that name; raises where it cannot, or where the answer is wrong.
            Returns a note where it does less than the others, or nothing.
    """

    name: str
    how: str
    check: Callable[[str], str]

    @property
    def module(self) -> str:
        """By which it is imported."""
        return self.name.replace("-", "_")

    @property
    def version(self) -> str:
        """Empty where it is not installed."""
        try:
            return importlib.metadata.version(self.name)
        except importlib.metadata.PackageNotFoundError:
            return ""


@dataclass(frozen=True)
class Entry:
    """What became of one peer in one case.

    Attributes:
        reason: why it was skipped, or has failed.
        samples: seconds per call, one of each round.
        ratio: to the first peer's, round by round; None for the first itself, and where it has none.
        count: its instructions per call, where they were counted.
    """

    peer: str
    status: Literal["ok", "skipped", "failed"]
    reason: str = ""
    note: str = ""
    samples: Sequence[float] = ()
    ratio: Interval | None = None
    count: Outcome | None = None

    @property
    def seconds(self) -> float | None:
        return statistics.median(self.samples) if self.samples else None

    def cells(self) -> list[str]:
        if self.seconds is None:
            return [self.peer, self.status, NOTHING, NOTHING, NOTHING, self.reason]
        ratio = [times(self.ratio.ratio), spread(self.ratio)] if self.ratio else [NOTHING, NOTHING]
        return [self.peer, human(self.seconds, "seconds"), *ratio, self._counted(), self.note]

    def _counted(self) -> str:
        if self.count is None or self.count.skipped:
            return NOTHING
        if self.count.instructions is None:
            return self.count.error.partition(":")[0]
        return human(round(self.count.instructions), "instructions")

    def as_json(self) -> dict[str, Any]:
        return {
            "peer": self.peer,
            "status": self.status,
            "reason": self.reason,
            "note": self.note,
            "seconds": self.seconds,
            "ratio": self.ratio._asdict() if self.ratio else None,
            "instructions": self.count.instructions if self.count else None,
            "not_counted": (self.count.error or self.count.skipped) if self.count else "",
            "samples": list(self.samples),
        }


@dataclass(frozen=True)
class Comparison:
    """All peers in all cases.

    Attributes:
        subject: what is compared.
        cases: what is done in each, by name.
        entries: by case.
        conditions: under which it was measured, in words.
    """

    subject: str
    peers: Sequence[Peer]
    cases: Mapping[str, str]
    entries: Mapping[str, Sequence[Entry]]
    rounds: int
    conditions: str
    quick: bool = False
    date: datetime.datetime = field(default_factory=lambda: datetime.datetime.now(datetime.UTC))

    @property
    def failed(self) -> list[str]:
        """Who has failed, and in which case."""
        return [
            f"{one.peer} ({case})" for case, found in self.entries.items() for one in found if one.status == "failed"
        ]

    @property
    def notes(self) -> list[str]:
        """How to read the figures, and what is not among them."""
        counts = [one.count for found in self.entries.values() for one in found if one.count]
        uncounted = sorted({f"Instructions: {count.skipped}." for count in counts if count.skipped})
        return [NOISE, *([QUICK] if self.quick else []), *uncounted]

    def heading(self) -> list[tuple[str, str]]:
        """Machine, Python, libraries, rounds, date."""
        machine = Machine.get_defaults()
        about = ", ".join(text for text in (machine["cpu"], f"{os.cpu_count()} cores", platform.system()) if text)
        versions = ", ".join(f"{peer.name} {peer.version}" for peer in self.peers if peer.version)
        return [
            ("Machine", about),
            ("Python", f"{platform.python_implementation()} {platform.python_version()}"),
            ("Libraries", versions),
            ("Commit", commit()),
            ("Rounds", f"{self.rounds}; {self.conditions}"),
            ("Measured", f"{self.date:%Y-%m-%d %H:%M} UTC"),
        ]

    def tables(self) -> list[Table]:
        """One for each case, and one of how each library does it."""
        columns = ("Library", "Time", f"Ratio to {self.peers[0].name}", INTERVAL, "Instructions", "Note")
        how = [[peer.name, peer.how] for peer in self.peers]
        return [
            *(
                Table(f"{case}: {title}", columns, [entry.cells() for entry in self.entries[case]])
                for case, title in self.cases.items()
            ),
            Table("How each does it", ("Library", "Calls"), how),
        ]

    def markdown(self) -> str:
        """The whole of it as GitHub-flavoured Markdown."""
        return markdown(f"{self.subject} beside its peers", self.heading(), self.notes, self.tables())

    def as_json(self) -> dict[str, Any]:
        """The same for machines: seconds and instructions per call, and every round's figure."""
        return {
            "subject": self.subject,
            "date": self.date.isoformat(),
            "heading": dict(self.heading()),
            "versions": {peer.name: peer.version or None for peer in self.peers},
            "quick": self.quick,
            "rounds": self.rounds,
            "confidence": CONFIDENCE,
            "cases": [
                {"case": case, "title": title, "peers": [one.as_json() for one in self.entries[case]]}
                for case, title in self.cases.items()
            ],
            "failed": self.failed,
        }


def times(ratio: float) -> str:
    """A ratio for people: `4.9x`."""
    return f"{digits(ratio)}x"


def spread(ratio: Interval) -> str:
    """The bounds of a ratio for people: `4.7 to 5.1`."""
    return f"{digits(ratio.low)} to {digits(ratio.high)}"


def commit() -> str:
    """The commit of the working copy, and whether it has changes beside."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=8", "--exclude=*"]
    found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return found.replace("-dirty", ", with changes that are not committed") or "unknown"


def measure(
    peers: Sequence[Peer], cases: Iterable[str], rounds: int, once: Measure, counts: Mapping[Work, Outcome]
) -> dict[str, list[Entry]]:
    """What becomes of every peer, by case, in so many rounds of *once*; `counts` are instructions of some works."""
    found = {(case, peer.name): _checked(peer, case) for case in cases for peer in peers}
    works = [work for work, entry in found.items() if entry.status == "ok"]
    samples = alternate(works, rounds, once) if works else {}
    entries: dict[str, list[Entry]] = {}
    for (case, peer), entry in found.items():
        measured, first = samples.get((case, peer), []), samples.get((case, peers[0].name), [])
        ratio = _ratio(measured, first) if measured and first and peer != peers[0].name else None
        entry = replace(entry, samples=measured, ratio=ratio, count=counts.get((case, peer)))
        entries.setdefault(case, []).append(entry)
    return entries


def _ratio(samples: Iterable[float], first: Iterable[float]) -> Interval:
    return estimate([math.log(one / other) for one, other in zip(samples, first, strict=True)], CONFIDENCE)


def _checked(peer: Peer, case: str) -> Entry:
    try:
        return Entry(peer.name, "ok", note=peer.check(case))
    except Exception as error:  # whatever a library raises is its failure and nobody else's
        if isinstance(error, ModuleNotFoundError) and error.name == peer.module:
            return Entry(peer.name, "skipped", f"not installed: `make setup`, or `pip install {peer.name}`")
        return Entry(peer.name, "failed", f"{type(error).__name__}: {error}")
