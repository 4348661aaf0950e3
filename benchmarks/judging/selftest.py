"""What this machine can see: the working commit against itself, made slower by a known amount.

The slowdown is exact: of a benchmark that is to be 10 % slower, head runs 110 calls where it owns up to 100, when its
instructions are counted and when its time is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from . import deciding
from .comparison import Counts, PairedSamples, Verdict
from .judge import Judge
from .pairs import Key, Pairs
from .rows import Chosen

SLOWDOWNS = (0.0, 0.10, 0.25, 0.60)
BENCH = r"^micro\.(contexts|hooks)\..*time_|^micro\.routing\.Match\.time_match\(10, '(static|one|two)"


@dataclass(frozen=True)
class Detection:
    """What became of one known slowdown: verdicts by benchmark, of counts and of times."""

    slowdown: float
    counts: Mapping[Key, Counts]
    times: Mapping[Key, PairedSamples]

    def found(self, verdicts: Mapping[Key, Counts] | Mapping[Key, PairedSamples]) -> int:
        """How many alert or fail."""
        return sum(one.verdict.gates for one in verdicts.values())

    def shown(self) -> int:
        """How many counts show it, though it may be too small to alert."""
        return sum(one.verdict is Verdict.SLOWER or one.verdict.gates for one in self.counts.values())

    def as_json(self) -> dict[str, Any]:
        """By benchmark `name-choice`: what was found by counts and by times, raw pairs too."""
        both = {"counts": self.counts, "times": self.times}
        named = {how: {f"{key.name}-{key.choice}": one for key, one in found.items()} for how, found in both.items()}
        return {"slowdown": self.slowdown} | {how: msgspec.to_builtins(found) for how, found in named.items()}


def detect(judge: Judge, chosen: Sequence[Chosen]) -> list[Detection]:
    """Inject each slowdown into the head, and judge as `compare` does, without the confirmation."""
    gates = {one.key: one.gate for one in chosen}
    found = []
    for slowdown in SLOWDOWNS:
        judge.say(f"self-test: {100 * slowdown:.0f} % slower")
        counted = judge.count_once(chosen, work=1 + slowdown)
        counts = {key: one for key, one in counted.items() if isinstance(one, Counts)}
        pairs = Pairs({side: built.python for side, built in judge.built.items()}, judge.leash, seed=judge.seed)
        pairs.more_work["head"] = 1 + slowdown
        pairs.take(list(gates), deciding.LOOKS[-1])
        found.append(Detection(slowdown, counts, deciding.judge_samples(pairs.taken, gates, last=True)))
    return found
