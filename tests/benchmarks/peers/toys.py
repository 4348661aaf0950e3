"""Peers whose work takes as long as is written down, and what comes of measuring them."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Sequence

from benchmarks.harness.counting import Outcome
from benchmarks.peers import gtype
from benchmarks.peers.entries import Entry, Peer, Yardstick, measure
from benchmarks.peers.rounds import Work
from benchmarks.peers.runs import PeerRun

SECONDS = {"pyrt": 1e-6, "half": 0.5e-6, "five-times": 5e-6}
CASES = {"one": "the first", "two": "the second <of> them"}


def peer(name: str, answer: str | Exception = "") -> Peer:
    def check(case: str) -> str:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Peer(name, "calls it", check)


class Machine:
    """Measures what SECONDS says, ever slower: each measurement takes 1 % longer than the one before."""

    def __init__(self) -> None:
        self.asked: list[list[Work]] = []
        self.slowness = itertools.accumulate(itertools.repeat(1.01), initial=1.0, func=lambda one, other: one * other)

    def __call__(self, works: Sequence[Work]) -> list[float]:
        self.asked.append(list(works))
        return [SECONDS[peer] * next(self.slowness) for _, peer in works]


def compared(*peers: Peer, counts: dict[Work, Outcome] | None = None, yardstick: Yardstick = gtype.TIME) -> PeerRun:
    counted = counts or {}
    entries = measure(peers, CASES, 12, Machine(), lambda work: gtype.Count(counted.get(work)))
    return PeerRun("toy", yardstick, peers, CASES, entries, 12, "toys", remarks=gtype.uncounted(counted))


def entry(name: str, answer: str | Exception) -> Entry:
    """What becomes of a peer beside pyrt."""
    return compared(peer("pyrt"), peer(name, answer)).entries["one"][1]


def run_of_peers(date: str, commit: str) -> PeerRun:
    peers = [Peer("pyrt", "calls <it>", lambda case: "", "1.0"), Peer("other", "calls it", lambda case: "", "2.0")]
    counts = {("one", "pyrt"): Outcome({}, 4321.0)}
    entries = measure(peers, {"one": "the first"}, 12, lambda works: [1e-6, 2e-6], lambda w: gtype.Count(counts.get(w)))
    about = {"Machine": "toy", "Python": "CPython 3.11", "Libraries": "other 2.0", "Commit": commit, "Measured": date}
    return PeerRun(
        "gtype",
        gtype.TIME,
        peers,
        {"one": "the first"},
        entries,
        12,
        "toys",
        remarks=["A remark."],
        date=datetime.datetime.fromisoformat(f"{date}T12:00:00+00:00"),
        recorded=about,
    )
