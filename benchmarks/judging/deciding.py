"""Whether a benchmark became slower: the rules, pure.

Counts are exact, so their size decides. Sampled figures come in pairs of processes that ran one after the other; the
paired log ratio decides, by Hodges and Lehmann's estimate and Wilcoxon's exact interval (paired.py), in looks
at a growing number of pairs. One run judges hundreds of benchmarks, so Benjamini and Hochberg's procedure holds the
share of false alarms: it takes a p-value of a few millionths to flag one benchmark among 300, which 16 pairs can give
and 10 cannot. Each look gets its part of the error, so that looking often does not add up.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from ..harness import names
from .comparison import Counts, PairedSamples, Verdict
from .errors import WrongUse
from .paired import Interval, estimate, least_pairs, p_at_most

LOOKS = (8, 12, 16)
CONFIRMING = 12  # pairs of the second, fresh measurement; its level is that of one look
ERROR = 0.05
LEVEL = ERROR / len(LOOKS)
HARDLY = 1.05  # a ratio that nobody would act on: the p-value is that of lying below
SHOWN_SHARE, SHOWN_INSTRUCTIONS = 0.01, 30  # of counts: unrelated code moves them by 0.2 %, unrelated imports by 0.8 %
NOISY = 1.2  # a noise floor above which times are not judged

Pairs = Sequence[tuple[float, float]]
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Gate:
    """From which ratio on a benchmark alerts and fails, and which way is worse.

    Written as attributes of the benchmark's function: `less_is_better`, and `gate`, a dict with `alert` and `fail`
    (ratios of sampled costs), `counts_alert` and `counts_fail` (ratios of counts), `least` (a change of the sampled
    figure, in its unit, below which nothing is said), or `judged`: False.
    """

    less_is_better: bool = True
    alert: float = 1.2
    fail: float = 1.5
    counts_alert: float = 1.05
    counts_fail: float = 1.5
    least: float = 0.0
    judged: bool = True

    def __post_init__(self) -> None:
        if not (1 < self.alert <= self.fail and 1 < self.counts_alert <= self.counts_fail and self.least >= 0):
            raise ValueError(f"a gate wants 1 < alert <= fail, the same of counts, and least >= 0, got {self}")

    @classmethod
    def of(cls, benchmark: Mapping[str, Any]) -> Gate:
        """The gate of a benchmark as asv describes it. Raises WrongUse."""
        written = benchmark.get("gate", {})
        try:
            return cls(less_is_better=names.less_is_better(benchmark), **written)
        except (TypeError, ValueError) as error:
            raise WrongUse(f"{benchmark['name']}: gate = {written!r}: {error}") from error


def proven(threshold: float) -> float:
    """Where the interval has to begin for a ratio above *threshold* to count: 1.08 for 1.2, and 1.2 for 1.5.

    To ask for the threshold itself would miss half of the changes that lie a little above it.
    """
    return 1 + 0.4 * (threshold - 1)


def judge_counts(base: float, head: float, gate: Gate) -> Counts:
    """What exact instructions per call say."""
    change = head - base
    if abs(change) <= max(SHOWN_INSTRUCTIONS, SHOWN_SHARE * base):
        verdict = Verdict.OK
    elif change < 0:
        verdict = Verdict.FASTER
    elif head > gate.counts_fail * base:
        verdict = Verdict.FAIL
    else:
        verdict = Verdict.ALERT if head > gate.counts_alert * base else Verdict.SLOWER
    return Counts(base=base, head=head, verdict=verdict)


def judge_samples(
    pairs: Mapping[Key, Pairs], gates: Mapping[Key, Gate], *, last: bool, level: float = LEVEL
) -> dict[Key, PairedSamples]:
    """What the pairs so far say of each benchmark; all of a run together, since each is one of many.

    Args:
        last: no more pairs will come. Before that, whatever is not decided is INCONCLUSIVE.
        level: the error that this look may make, over all benchmarks.
    """
    enough = {key: some for key, some in pairs.items() if len(some) >= least_pairs(1 - level)}  # a side may have failed
    ratios = {key: found for key, some in enough.items() if (found := log_ratios(some, gates[key])) is not None}
    slower = {key: p_at_most(found, HARDLY) for key, found in ratios.items()}
    faster = {key: p_at_most([-one for one in found], HARDLY) for key, found in ratios.items()}
    flagged = discoveries(slower, level), discoveries(faster, level)
    judged = {}
    for key, some in pairs.items():
        if key not in ratios:
            judged[key] = _without_ratio(list(some), gates[key])
            continue
        ratio, low, high = interval = estimate(ratios[key], 1 - level)
        verdict = _verdict(interval, gates[key], (key in flagged[0], key in flagged[1]), last)
        p = slower[key] if ratio >= 1 else faster[key]
        judged[key] = _spared(
            PairedSamples(pairs=list(some), verdict=verdict, ratio=ratio, low=low, high=high, p=p), gates[key]
        )
    return judged


def log_ratios(pairs: Pairs, gate: Gate) -> list[float] | None:
    """The logarithm of head's cost by base's, pair by pair; None where a figure is not above zero."""
    if any(not figure > 0 or not math.isfinite(figure) for pair in pairs for figure in pair):
        return None
    sign = 1 if gate.less_is_better else -1
    return [sign * math.log(head / base) for base, head in pairs]


def discoveries(p_values: Mapping[Key, float], level: float) -> set[Key]:
    """Those that stand out among all, with a share of at most *level* false (Benjamini and Hochberg, 1995)."""
    ordered = sorted(p_values, key=lambda key: p_values[key])
    passing = [rank for rank, key in enumerate(ordered, 1) if p_values[key] <= level * rank / len(ordered)]
    return set(ordered[: max(passing, default=0)])


def open_keys(judged: Mapping[Key, PairedSamples]) -> list[Key]:
    """What more pairs could still decide."""
    return [key for key, found in judged.items() if found.verdict is Verdict.INCONCLUSIVE and found.ratio is not None]


def noise_floor(ratios: Sequence[float]) -> float | None:
    """The ratio that 95 of 100 controls stay below, either way (nearest rank); None without controls."""
    if not ratios:
        return None
    either = sorted(max(ratio, 1 / ratio) for ratio in ratios)
    return either[math.ceil(0.95 * len(either)) - 1]


def worse(one: Verdict, other: Verdict) -> Verdict:
    """The verdict of a row with counts and samples: the worse, but counts settle what samples cannot tell."""
    if other is Verdict.INCONCLUSIVE:
        return one
    order = [Verdict.FAIL, Verdict.ALERT, Verdict.SLOWER, Verdict.FASTER, Verdict.OK, Verdict.UNJUDGED]
    return min(one, other, key=order.index)


def _spared(judged: PairedSamples, gate: Gate) -> PairedSamples:
    """The same, without an alert about a change that is too small to speak of."""
    small = judged.verdict.gates and abs(judged.head - judged.base) < gate.least
    return msgspec.structs.replace(judged, verdict=Verdict.OK) if small else judged


def _verdict(interval: Interval, gate: Gate, flagged: tuple[bool, bool], last: bool) -> Verdict:
    """*flagged*: whether it stands out among all as slower, as faster."""
    ratio, low, high = interval
    slower, faster = flagged
    for threshold, verdict in ((gate.fail, Verdict.FAIL), (gate.alert, Verdict.ALERT)):
        if slower and ratio >= threshold and low >= proven(threshold):
            return verdict
    if faster and ratio <= 1 / gate.alert and high <= 1 / proven(gate.alert):
        return Verdict.FASTER
    # What looks faster, and could still be shown to be, is not closed as unchanged before the last look.
    if high < gate.alert and (last or ratio > 1 / gate.alert):
        return Verdict.OK
    return Verdict.INCONCLUSIVE


def _without_ratio(pairs: list[tuple[float, float]], gate: Gate) -> PairedSamples:
    """Errors are such figures: from none to some has no ratio, and is the worst change there is."""
    bases, heads = zip(*pairs, strict=True)
    sound = all(0 <= figure < math.inf for figure in (*bases, *heads))
    if not sound or 2 * sum(figure > 0 for figure in bases) >= len(bases):
        return PairedSamples(pairs=pairs, verdict=Verdict.UNJUDGED)
    appeared = sum(figure > 0 for figure in heads)
    if appeared == 0:
        verdict = Verdict.OK
    elif not gate.less_is_better:
        verdict = Verdict.FASTER if 2 * appeared > len(pairs) else Verdict.INCONCLUSIVE
    else:
        verdict = Verdict.FAIL if 2 * appeared > len(pairs) else Verdict.INCONCLUSIVE
    return PairedSamples(pairs=pairs, verdict=verdict)
