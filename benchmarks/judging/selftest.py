"""What this machine can see: the working commit against itself, made slower by a known amount.

The slowdown is exact: of a benchmark that is to be 10 % slower, head runs 110 calls where it owns up to 100. Counts of
two builds of one commit are taken too: as they are the same, a slowdown moves them by its own size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..reporting.tables import Table, percent
from . import deciding
from .compare import Judge
from .comparison import Counts, Sampled, Verdict
from .pairs import Key, Pairs
from .rows import Chosen

SLOWDOWNS = (0.0, 0.10, 0.25, 0.60)
BENCH = r"^micro\.(contexts|hooks)\..*time_|^micro\.routing\.Match\.time_match\(10, '(static|one|two)"


@dataclass(frozen=True)
class Detection:
    """What became of one known slowdown: verdicts by benchmark, of counts and of times."""

    slowdown: float
    counts: Mapping[Key, Counts]
    times: Mapping[Key, Sampled]

    def found(self, verdicts: Mapping[Key, Counts] | Mapping[Key, Sampled]) -> int:
        """How many alert or fail."""
        return sum(one.verdict.gates for one in verdicts.values())

    def shown(self) -> int:
        """How many counts show it, though it may be too small to alert."""
        return sum(one.verdict is Verdict.SLOWER or one.verdict.gates for one in self.counts.values())

    def cells(self) -> list[str]:
        ratios = [one.ratio for one in self.times.values() if one.ratio is not None]
        spread = f"{min(ratios):.3f} to {max(ratios):.3f}" if ratios else "none"
        told = f"{self.found(self.times)} of {len(self.times)}"
        counted = (
            f"{self.found(self.counts)} of {len(self.counts)}, shown {self.shown()}" if self.counts else "no valgrind"
        )
        return [percent(self.slowdown) if self.slowdown else "none", counted, told, spread]


def detect(judge: Judge, chosen: Sequence[Chosen]) -> list[Detection]:
    """Inject each slowdown into the head, and judge as `compare` does, without the confirmation."""
    counted = {key: one for key, one in judge.count(chosen).items() if isinstance(one, Counts)}
    gates = {one.key: one.gate for one in chosen}
    found = []
    for slowdown in SLOWDOWNS:
        judge.say(f"self-test: {percent(slowdown)} slower")
        counts = {key: _slowed(one, slowdown) for key, one in counted.items()}
        pairs = Pairs({side: built.python for side, built in judge.built.items()}, judge.leash, seed=judge.seed)
        pairs.more_work["head"] = 1 + slowdown
        pairs.take(list(gates), deciding.LOOKS[-1])
        found.append(Detection(slowdown, counts, deciding.judge_samples(pairs.taken, gates, last=True)))
    return found


def table(found: Sequence[Detection]) -> Table:
    """For people: by slowdown how many benchmarks were flagged."""
    columns = ("Slower by", "Alerts by counts", "Alerts by times", "Measured ratios of times")
    rows = [one.cells() for one in found]
    return Table(
        "What this machine detects", columns, rows, note="The commit against itself, head made to do more work."
    )


def _slowed(counts: Counts, slowdown: float) -> Counts:
    return deciding.judge_counts(counts.base, counts.head * (1 + slowdown), deciding.Gate())
