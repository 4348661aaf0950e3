"""The rules by which a benchmark is called slower."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.judging.comparison import Verdict
from benchmarks.judging.deciding import (
    LEVEL,
    LOOKS,
    Gate,
    discoveries,
    judge_counts,
    judge_samples,
    noise_floor,
    open_keys,
    proven,
    worse,
)
from benchmarks.judging.errors import WrongUse

GATE = Gate()
FAIL, ALERT, SLOWER, OK, FASTER = Verdict.FAIL, Verdict.ALERT, Verdict.SLOWER, Verdict.OK, Verdict.FASTER
INCONCLUSIVE, UNJUDGED = Verdict.INCONCLUSIVE, Verdict.UNJUDGED


def pairs_of(ratio: float, count: int = LOOKS[-1], spread: float = 0.02, seed: int = 1) -> list[tuple[float, float]]:
    """Pairs whose sides drift together by half, and differ by *ratio* give or take *spread*."""
    chance = np.random.default_rng(seed)
    bases, between = np.exp(chance.normal(0, 0.5, count)), ratio * np.exp(chance.normal(0, spread, count))
    return list(zip(bases.tolist(), (bases * between).tolist(), strict=True))


def verdict_of(pairs: list[tuple[float, float]], gate: Gate = GATE, *, last: bool = True) -> Verdict:
    return judge_samples({"x": pairs}, {"x": gate}, last=last)["x"].verdict


@pytest.mark.parametrize(
    ("base", "head", "verdict"),
    [
        (10_000, 10_000, OK),
        (10_000, 10_100, OK),  # 1 % is not above 1 %
        (10_000, 10_101, SLOWER),
        (10_000, 10_500, SLOWER),
        (10_000, 10_501, ALERT),
        (10_000, 15_000, ALERT),
        (10_000, 15_001, FAIL),
        (10_000, 9_900, OK),
        (10_000, 9_899, FASTER),
        (100, 130, OK),  # 30 % of nearly nothing: 30 instructions
        (100, 131, ALERT),
        (100, 69, FASTER),
    ],
)
def test_counts_are_shown_above_one_percent_alert_above_five_and_fail_above_fifty(
    base: float, head: float, verdict: Verdict
) -> None:
    assert judge_counts(base, head, GATE).verdict is verdict


def test_a_benchmark_that_says_so_has_its_own_thresholds_of_counts() -> None:
    assert judge_counts(1000, 1400, Gate(counts_alert=1.5, counts_fail=2)).verdict is SLOWER


@pytest.mark.parametrize(
    ("ratio", "verdict"),
    [(1.0, OK), (1.1, OK), (1.3, ALERT), (1.6, FAIL), (0.95, OK), (0.7, FASTER)],
)
def test_pairs_that_drift_together_are_judged_by_their_ratio(ratio: float, verdict: Verdict) -> None:
    assert verdict_of(pairs_of(ratio)) is verdict


def test_more_requests_per_second_are_better() -> None:
    rate = Gate(less_is_better=False)
    assert verdict_of(pairs_of(1 / 1.6), rate) is FAIL
    assert verdict_of(pairs_of(1.6), rate) is FASTER


def test_the_ratio_of_a_rate_is_that_of_its_cost() -> None:
    judged = judge_samples({"x": pairs_of(0.5)}, {"x": Gate(less_is_better=False)}, last=True)["x"]
    assert judged.ratio == pytest.approx(2, rel=0.05)


def test_pairs_that_lie_far_apart_are_inconclusive_and_ask_for_more() -> None:
    judged = judge_samples({"x": pairs_of(1.15, 8, spread=0.4)}, {"x": GATE}, last=False)
    assert judged["x"].verdict is INCONCLUSIVE
    assert open_keys(judged) == ["x"]


def test_an_interval_that_begins_too_low_does_not_alert_however_large_the_ratio() -> None:
    judged = judge_samples({"x": pairs_of(1.4, spread=0.6)}, {"x": GATE}, last=True)["x"]
    assert judged.ratio is not None
    assert judged.ratio > 1.2
    assert judged.low is not None
    assert judged.low < proven(1.2)
    assert judged.verdict is INCONCLUSIVE


def test_one_true_regression_among_three_hundred_is_flagged_at_the_last_look_and_could_not_be_at_the_first() -> None:
    def judged(count: int) -> dict[Any, Any]:
        pairs = {at: pairs_of(1.0, count, seed=at) for at in range(300)} | {0: pairs_of(1.6, count)}
        return judge_samples(pairs, dict.fromkeys(pairs, GATE), last=count == LOOKS[-1])

    assert judged(LOOKS[0])[0].verdict is INCONCLUSIVE
    last = judged(LOOKS[-1])
    assert [at for at, found in last.items() if found.verdict.gates] == [0]


def test_a_change_below_what_the_benchmark_calls_least_is_no_alert() -> None:
    tiny = [(base * 1e-9, head * 1e-9) for base, head in pairs_of(1.6)]
    assert verdict_of(tiny, Gate(least=1e-6)) is OK
    assert verdict_of(tiny, Gate(least=1e-12)) is FAIL


def test_an_error_that_base_had_once_does_not_hide_those_that_head_always_has() -> None:
    assert verdict_of([(1.0, 3.0), *[(0.0, 3.0)] * 15]) is FAIL
    assert verdict_of([(1.0, 3.0), *[(0.0, 3.0)] * 8, *[(2.0, 0.0)] * 7]) is UNJUDGED


@pytest.mark.parametrize(
    ("heads", "less", "verdict"),
    [
        ([0.0] * 16, True, OK),
        ([2.0] * 9 + [0.0] * 7, True, FAIL),
        ([2.0] * 3 + [0.0] * 13, True, INCONCLUSIVE),
        ([2.0] * 9 + [0.0] * 7, False, FASTER),
    ],
)
def test_errors_where_there_were_none_fail_though_they_have_no_ratio(
    heads: list[float], less: bool, verdict: Verdict
) -> None:
    assert verdict_of([(0.0, head) for head in heads], Gate(less_is_better=less)) is verdict


@pytest.mark.parametrize("pair", [(-1.0, 1.0), (1.0, 0.0), (math.nan, 1.0), (1.0, math.inf)])
def test_a_figure_that_has_no_logarithm_is_not_judged(pair: tuple[float, float]) -> None:
    assert verdict_of([(1.0, 1.0)] * 15 + [pair]) is UNJUDGED


@given(st.dictionaries(st.integers(), st.floats(0, 1), min_size=1, max_size=40), st.floats(0.001, 0.2))
def test_discoveries_are_the_largest_set_below_the_line_of_benjamini_and_hochberg(
    p_values: dict[int, float], level: float
) -> None:
    found = discoveries(p_values, level)
    ordered = sorted(p_values.values())
    sizes = [size for size in range(len(ordered) + 1) if size == 0 or ordered[size - 1] <= level * size / len(ordered)]
    assert len(found) == max(sizes)
    assert sorted(p_values[key] for key in found) == ordered[: len(found)]


@given(st.floats(0.3, 3), st.integers(0, 1000))
def test_turning_the_sides_over_turns_the_verdict_over(ratio: float, seed: int) -> None:
    there = pairs_of(ratio, spread=0.1, seed=seed)
    back = [(head, base) for base, head in there]
    judged = [judge_samples({"x": pairs}, {"x": GATE}, last=True)["x"] for pairs in (there, back)]
    assert judged[0].ratio == pytest.approx(1 / judged[1].ratio)  # type: ignore[operator]
    assert (judged[0].verdict.gates) <= (judged[1].verdict is FASTER)


def test_a_benchmark_that_was_lost_after_a_few_pairs_is_not_judged_and_the_others_are() -> None:
    judged = judge_samples({"lost": pairs_of(1.0, 3), "kept": pairs_of(1.6)}, {"lost": GATE, "kept": GATE}, last=True)
    assert judged["lost"].verdict is UNJUDGED
    assert judged["kept"].verdict is FAIL


def test_the_looks_share_the_error() -> None:
    assert LEVEL * len(LOOKS) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("counts", "samples", "verdict"),
    [
        (OK, INCONCLUSIVE, OK),  # counts settle what times cannot tell
        (FASTER, INCONCLUSIVE, FASTER),
        (ALERT, OK, ALERT),
        (ALERT, INCONCLUSIVE, ALERT),
        (OK, FAIL, FAIL),
        (SLOWER, FASTER, SLOWER),
        (FASTER, OK, FASTER),
    ],
)
def test_of_counts_and_times_the_worse_one_stands(counts: Verdict, samples: Verdict, verdict: Verdict) -> None:
    assert worse(counts, samples) is verdict


def test_the_noise_floor_is_what_ninety_five_of_a_hundred_controls_stay_below_either_way() -> None:
    ratios = [1.01] * 94 + [1 / 1.3] + [2.0] * 5
    assert noise_floor(ratios) == pytest.approx(1.3)
    assert noise_floor([]) is None


@pytest.mark.parametrize(
    ("written", "fault"),
    [({"alrt": 1.3}, "alrt"), ({"alert": 1.6, "fail": 1.5}, "alert <= fail"), ({"alert": 0.9}, "1 < alert")],
)
def test_a_gate_that_makes_no_sense_names_the_benchmark_and_the_fault(written: dict[str, float], fault: str) -> None:
    with pytest.raises(ValueError, match=f"micro.x.Y.time_z.*{fault}"):
        Gate.of({"name": "micro.x.Y.time_z", "gate": written})


def test_a_rate_is_better_when_more_without_being_told() -> None:
    assert not Gate.of({"name": "load.x.Y.track_rate"}).less_is_better
    assert Gate.of({"name": "load.x.Y.track_cost"}).less_is_better


def test_a_malformed_gate_is_wrong_use_and_names_the_benchmark() -> None:
    with pytest.raises(WrongUse, match=r"micro\.x\.X\.time_y: gate"):
        Gate.of({"name": "micro.x.X.time_y", "gate": {"alrt": 2}})
