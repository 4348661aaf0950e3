"""The same work done by pyrt and by its peers, measured side by side: what was found, and how it is told."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from asv.machine import Machine

from ..judging import git
from ..judging.git import ROOT
from ..judging.paired import Interval
from ..reporting.tables import Table, markdown
from .entries import CONFIDENCE, Entry, Peer, Yardstick, spread, times

NOISE = (
    "A ratio is of two figures from one round, so what slows the whole machine down cancels; its interval is what the "
    "rounds of this run leave open. Figures are of this run alone, and another machine or another build of a library "
    "has other ratios."
)
MEASURED = ("pyrt", "benchmarks", "constraints.txt", "pyproject.toml")
QUICK = "Quick: this shows that it works, and no more."


class Headline(NamedTuple):
    """The first peer as a multiple of another, by what is compared."""

    beside: str
    ratios: Mapping[str, Interval]

    def cells(self) -> list[str]:
        return [self.beside, *(text for ratio in self.ratios.values() for text in (times(ratio.ratio), spread(ratio)))]


@dataclass(frozen=True)
class PeerRun:
    """All peers in all cases.

    Attributes:
        subject: what is compared.
        cases: what is done in each, by name.
        entries: by case.
        conditions: under which it was measured, in words.
        confidence: of the intervals.
        also: versions of what takes part and is no peer.
        remarks: what has to be said beside the figures.
        headlines: what matters most, in `headline_case`; their ratios are of the same things.
        recorded: the heading of a run that was kept; one of just now has its own made.
    """

    subject: str
    yardstick: Yardstick
    peers: Sequence[Peer]
    cases: Mapping[str, str]
    entries: Mapping[str, Sequence[Entry]]
    rounds: int
    conditions: str
    quick: bool = False
    confidence: float = CONFIDENCE
    also: Mapping[str, str] = field(default_factory=dict)
    remarks: Sequence[str] = ()
    headlines: Sequence[Headline] = ()
    headline_case: str = ""
    recorded: Mapping[str, str] = field(default_factory=dict)
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
        return [NOISE, *([QUICK] if self.quick else []), *self.remarks]

    @property
    def interval(self) -> str:
        """What the bounds of a ratio are."""
        return f"{100 * self.confidence:.0f} % interval"

    @property
    def versions(self) -> dict[str, str]:
        return {peer.name: peer.version for peer in self.peers} | dict(self.also)

    def heading(self) -> list[tuple[str, str]]:
        """Machine, Python, libraries, rounds, date."""
        if self.recorded:
            return list(self.recorded.items())
        machine = Machine.get_defaults()
        about = ", ".join(text for text in (machine["cpu"], f"{os.cpu_count()} cores", platform.system()) if text)
        return [
            ("Machine", about),
            ("Python", f"{platform.python_implementation()} {platform.python_version()}"),
            ("Libraries", ", ".join(f"{name} {version}" for name, version in self.versions.items() if version)),
            ("Commit", commit()),
            ("Rounds", f"{self.rounds}; {self.conditions}"),
            ("Measured", f"{self.date:%Y-%m-%d %H:%M} UTC"),
        ]

    def tables(self) -> list[Table]:
        """The headlines, one for each case, and one of how each peer does it."""
        rod = self.yardstick
        columns = (rod.peer, rod.name, f"Ratio to {self.peers[0].name}", self.interval, *rod.beside, "Note")
        how = [[peer.name, peer.how] for peer in self.peers]
        return [
            *self._headlines(),
            *(
                Table(f"{case}: {title}", columns, [entry.cells(rod) for entry in self.entries[case]])
                for case, title in self.cases.items()
            ),
            Table("How each does it", (rod.peer, rod.how), how),
        ]

    def _headlines(self) -> list[Table]:
        if not self.headlines:
            return []
        columns = ("Beside", *(text for name in self.headlines[0].ratios for text in (name, self.interval)))
        title = f"{self.peers[0].name} as a multiple of others, {self.cases[self.headline_case]}"
        return [Table(title, columns, [line.cells() for line in self.headlines])]

    def markdown(self) -> str:
        """The whole of it as GitHub-flavoured Markdown."""
        return markdown(f"{self.subject} beside its peers", self.heading(), self.notes, self.tables())

    def as_json(self) -> dict[str, Any]:
        """The same for machines: plain units, and every round's figure."""
        return {
            "subject": self.subject,
            "date": self.date.isoformat(),
            "heading": dict(self.heading()),
            "versions": {name: version or None for name, version in self.versions.items()},
            "quick": self.quick,
            "rounds": self.rounds,
            "confidence": self.confidence,
            "cases": [
                {"case": case, "title": title, "peers": [one.as_json(self.yardstick) for one in self.entries[case]]}
                for case, title in self.cases.items()
            ],
            "headlines": [
                {"beside": line.beside, "ratios": {name: ratio._asdict() for name, ratio in line.ratios.items()}}
                for line in self.headlines
            ],
            "failed": self.failed,
        }


def commit(root: Path = ROOT) -> str:
    """The commit of the working copy, and whether what is measured has changes beside."""
    found = git.commit(root, "HEAD")[:8] or "unknown"
    return f"{found}, with changes that are not committed" if changes(root) else found


def changes(root: Path = ROOT) -> list[str]:
    """What is measured, or measures, and is not as it is in the commit."""
    return git.changes(root, *MEASURED)
