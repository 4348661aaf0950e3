"""Did this change make it slower? Counts first, then pairs of processes, then once more what alerts."""

from __future__ import annotations

import math
import random
import re
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from ..harness.counting import Outcome
from . import accepted, deciding, fingerprint, looking, rows, sides
from .comparison import Comparison, Control, Counts, PairedSamples, Row, Side, Verdict, now
from .counts import count_commit, need_valgrind
from .errors import WrongUse
from .leash import Leash
from .paired import estimate
from .pairs import Key, MeasuringError, Pairs, ask
from .rows import Chosen, Lost
from .sides import Say


@dataclass
class Judge:
    """Compares two commits that are built.

    Attributes:
        built: "base", "head", and "again", a second copy of the base for the controls.
        seed: of the order, hash seeds and environments; the same seed asks the same in the same order.
    """

    built: Mapping[str, sides.Built]
    leash: Leash
    say: Say
    seed: int = field(default_factory=lambda: random.SystemRandom().randrange(2**32))

    def chosen(self, regex: str) -> list[Chosen]:
        """What *regex* selects of today's suite.

        Raises:
            WrongUse: nothing, or a benchmark's attribute `gate` is malformed.
        """
        described = ask(self.built["head"].python, self.leash, {"verb": "describe"})
        found = rows.choose(described, regex)
        if not found:
            names = ", ".join(sorted({one["name"].rsplit(".", 2)[0] for one in described}))
            raise WrongUse(f"no benchmark matches {regex!r}; the suite has: {names}")
        return found

    def count(self, chosen: Sequence[Chosen]) -> dict[Key, Counts | Lost]:
        """Exact instructions on both sides; what alerts is counted once more, alone, and that count stands."""
        found = self.count_once(chosen)
        flagged = [one for one in chosen if isinstance(it := found.get(one.twin), Counts) and it.verdict.gates]
        return found | self.count_once(flagged)

    def count_once(self, chosen: Sequence[Chosen], *, work: float = 1.0) -> dict[Key, Counts | Lost]:
        """The counts of those that have any. A self-test lets head do more *work* for each call."""
        wanted = [one for one in chosen if one.counted]
        if not wanted:
            return {}
        regex = "|".join(f"^{re.escape(one.label)}$" for one in wanted)
        outcomes = {}
        for side in ("base", "head"):
            self.say(f"counting instructions at {side.upper()}: {len(wanted)} benchmarks")
            outcomes[side] = count_commit(self.built[side], regex, self.leash, work if side == "head" else 1.0)
        return {one.twin: _both_counts(one, outcomes) for one in wanted}

    def sample(self, chosen: Sequence[Chosen]) -> tuple[Pairs, dict[Key, PairedSamples]]:
        """Pairs in looks, and what they say; nothing is confirmed yet."""
        pairs = self._pairs(self.seed)
        return pairs, looking.look(pairs, {one.key: one.gate for one in chosen}, self.say)

    def confirm(
        self, judged: Mapping[Key, PairedSamples], gates: Mapping[Key, deciding.Gate]
    ) -> dict[Key, PairedSamples]:
        """What alerts, measured afresh: the second measurement is the one that is reported."""
        return looking.confirm(judged, self._pairs(self.seed + 1, controls=False), gates, self.say)

    def lost_twice(self, lost: Mapping[Key, Lost]) -> dict[Key, Lost]:
        """The same, where what failed at HEAD was tried once more: one process that died says nothing of a commit."""
        broken = [key for key, (side, how, _) in lost.items() if (side, how) == ("head", "error")]
        again = self._pairs(self.seed + 2, controls=False)
        again.take(broken, 1)
        once = {key: ("head", "skipped", f"it failed once and then not: {lost[key][2]}") for key in broken}
        return {key: lost[key] if key in again.lost else once.get(key, lost[key]) for key in lost}

    def _pairs(self, seed: int, *, controls: bool = True) -> Pairs:
        pythons = {side: built.python for side, built in self.built.items() if controls or side != "again"}
        return Pairs(pythons, self.leash, seed=seed, say=self.say)


def compare(root: Path, base: Side, head: Side, *, bench: str = "", counts_only: bool = False, say: Say) -> Comparison:
    """Compare two commits of the project at *root*.

    Raises:
        WrongUse: a commit cannot be built, no benchmark matches, or a gate or an acceptance is malformed.
        CountingError, pairs.MeasuringError: nothing could be counted, or nothing measured at the base.
    """
    if counts_only:
        need_valgrind()
    acceptances = accepted.holding(root, base.commit, head.commit)
    with judging(root, base, head, say=say, control=not counts_only) as judge:
        found = judge_all(judge, judge.chosen(bench), counts_only=counts_only)
        facts = fingerprint.here(judge.built["head"])
        pins = fingerprint.changed_pins(judge.built["base"], judge.built["head"])
    return Comparison(
        command=command(),
        date=now(),
        base=base,
        head=head,
        fingerprint=facts,
        rows=accepted.accept(found.rows, acceptances),
        controls=found.controls,
        noise_floor=found.noise_floor,
        too_noisy=found.too_noisy,
        seed=judge.seed,
        looks=list(deciding.LOOKS),
        notes=[*sides.notes(root, base, head), *(f"other pins: {one}" for one in pins)],
    )


def command() -> str:
    """What was typed, to be typed again."""
    return shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]])


@contextmanager
def judging(root: Path, base: Side, head: Side, *, say: Say, control: bool = True) -> Iterator[Judge]:
    """Both commits built, and a second copy of the base; nothing that was started outlives it."""
    with Leash() as leash:
        say(f"building {base.short} and {head.short}")
        built = {"base": sides.build(root, base.commit, leash), "head": sides.build(root, head.commit, leash)}
        if base.commit == head.commit:
            built["head"] = sides.build(root, head.commit, leash, copy="b")
        if control:
            built["again"] = sides.build(root, base.commit, leash, copy="c")
        yield Judge(built, leash, say)


@dataclass(frozen=True)
class Judgement:
    """What one run found, before anybody accepts anything."""

    rows: list[Row]
    controls: list[Control] = field(default_factory=list)
    noise_floor: float | None = None
    too_noisy: bool = False


def judge_all(judge: Judge, chosen: Sequence[Chosen], *, counts_only: bool = False) -> Judgement:
    """Counts, pairs, controls, confirmation."""
    if counts_only and not (chosen := [one for one in chosen if one.counted]):
        raise WrongUse("none of the benchmarks that match has an instruction count; leave --counts out")
    counts = judge.count(chosen)
    if counts_only:
        return Judgement(rows.make(chosen, counts, {}, {}))
    sampled = [one for one in chosen if one.sampled and one.gate.judged]
    gates = {one.key: one.gate for one in sampled}
    pairs, judged = judge.sample(sampled)
    if not judged and pairs.lost and not any(isinstance(one, Counts) for one in counts.values()):
        _mind_the_base(pairs.lost)
    controls = [_control(one, pairs.controls[one.key]) for one in sampled if one.key in pairs.controls]
    floor = deciding.noise_floor([one.ratio for one in controls])
    noisy = floor is not None and floor > deciding.NOISY
    if noisy:
        kinds = {one.key: one.unit for one in sampled}
        times = [key for key, found in judged.items() if kinds[key] != "bytes" and found.ratio is not None]
        judged |= {key: replace(judged[key], verdict=Verdict.INCONCLUSIVE) for key in times}
    judged = judge.confirm(judged, gates)
    judged = {key: replace(found, disturbed=pairs.disturbed.get(key, 0)) for key, found in judged.items()}
    return Judgement(rows.make(chosen, counts, judged, judge.lost_twice(pairs.lost)), controls, floor, noisy)


def _mind_the_base(lost: Mapping[Key, Lost]) -> None:
    """Raises MeasuringError where all that there is to compare with failed: the measurement is broken, not green."""
    reasons = [f"{key.name}: {reason}" for key, (side, how, reason) in lost.items() if (side, how) == ("base", "error")]
    if len(reasons) == len(lost):
        raise MeasuringError(f"nothing could be measured at BASE; {reasons[0]}")


def _both_counts(one: Chosen, outcomes: Mapping[str, Mapping[Key, Outcome]]) -> Counts | Lost:
    found: dict[str, float] = {}
    for side, counts in outcomes.items():
        outcome = counts.get(one.twin) or Outcome({}, error="it was not counted")
        if outcome.instructions is None:
            return side, "error" if outcome.error else "skipped", outcome.error or outcome.skipped
        found[side] = outcome.instructions
    return deciding.judge_counts(found["base"], found["head"], one.gate)


def _control(one: Chosen, pairs: list[tuple[float, float]]) -> Control:
    ratios = deciding.log_ratios(pairs, one.gate) or [0.0]
    ratio = estimate(ratios, 0.5).ratio if len(ratios) > 1 else math.exp(ratios[0])
    return Control(name=one.key.name, parameters=dict(one.parameters), pairs=pairs, ratio=ratio)
