"""Ratios from pairs: against published tables, and against every case there is where the pairs are few."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.judging.paired import Interval, TooFewPairs, estimate, least_pairs, p_at_most

# Of so many pairs, the greatest sum of signed ranks that is significant at 5 %, two-sided: Wilcoxon's table.
CRITICAL = {6: 0, 7: 2, 8: 3, 9: 5, 10: 8, 11: 10, 12: 13, 13: 17, 14: 21, 15: 25, 16: 29, 20: 52, 25: 89, 30: 137}
FINITE = st.floats(-4, 4)
# Whole numbers leave averages equal; distinct powers leave none.
TIED = st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=8)
DISTINCT = st.lists(st.integers(1, 40).map(lambda at: 1.1**at), min_size=6, max_size=8, unique=True)


def averages(logs: list[float]) -> list[float]:
    return sorted((one + other) / 2 for one, other in itertools.combinations_with_replacement(logs, 2))


def flips(sizes: list[float]) -> list[list[float]]:
    """Every way in which differences of these sizes can have signs; each as likely where the ratio is 1."""
    signs = itertools.product((1, -1), repeat=len(sizes))
    return [[sign * size for sign, size in zip(one, sizes, strict=True)] for one in signs]


@pytest.mark.parametrize(("pairs", "critical"), CRITICAL.items())
def test_the_interval_lies_where_the_table_says(pairs: int, critical: int) -> None:
    logs = [1.03**at for at in range(pairs)]
    expected = averages(logs)
    found = estimate(logs)
    assert math.log(found.low) == pytest.approx(expected[critical])
    assert math.log(found.high) == pytest.approx(expected[-1 - critical])


def test_the_ratio_is_the_middle_of_all_averages_and_no_outlier_moves_it_far() -> None:
    logs = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    assert math.log(estimate(logs).ratio) == pytest.approx(0.35)
    assert math.log(estimate([*logs[:-1], 60.0]).ratio) < 0.5


@settings(deadline=None)
@given(DISTINCT)
def test_the_p_value_is_the_share_of_signs_that_say_as_much(sizes: list[float]) -> None:
    above = {tuple(logs): sum(average > 0 for average in averages(logs)) for logs in flips(sizes)}
    for logs, count in itertools.islice(above.items(), 0, None, 7):
        share = sum(other >= count for other in above.values()) / len(above)
        assert p_at_most(list(logs), 1.0) == share


@settings(deadline=None)
@given(TIED)
def test_a_p_value_is_never_reached_more_often_than_it_says(sizes: list[float]) -> None:
    found = [p_at_most(logs, 1.0) for logs in flips(sizes)]
    for p in set(found):
        assert sum(other <= p for other in found) <= p * len(found)


@settings(deadline=None)
@given(st.lists(st.integers(0, 3).map(float), min_size=6, max_size=8), st.sampled_from([0.8, 0.9, 0.95]))
def test_an_interval_holds_at_least_as_often_as_it_says(sizes: list[float], confidence: float) -> None:
    found = [estimate(logs, confidence) for logs in flips(sizes)]
    assert sum(one.low <= 1 <= one.high for one in found) >= confidence * len(found)


@settings(deadline=None)
@given(st.lists(FINITE, min_size=6, max_size=20))
def test_interval_and_p_value_agree_on_what_lies_below(logs: list[float]) -> None:
    low = estimate(logs).low
    assert p_at_most(logs, low * (1 - 1e-9)) <= 0.025 < p_at_most(logs, low * (1 + 1e-9))


@settings(deadline=None)
@given(st.lists(FINITE, min_size=6, max_size=20), FINITE)
def test_ratios_scale_with_the_pairs_and_turn_over_with_their_sides(logs: list[float], shift: float) -> None:
    found = estimate(logs)
    assert estimate([log + shift for log in logs]) == pytest.approx([each * math.exp(shift) for each in found])
    turned = Interval(1 / found.ratio, 1 / found.high, 1 / found.low)
    assert estimate([-log for log in logs]) == pytest.approx(turned)


@pytest.mark.parametrize(("confidence", "pairs"), [(0.5, 2), (0.95, 6), (0.96875, 6), (0.983, 7), (0.99, 8)])
def test_the_fewest_pairs_are_those_whose_widest_interval_holds_often_enough(confidence: float, pairs: int) -> None:
    assert least_pairs(confidence) == pairs
    logs = [1.0 + at for at in range(pairs)]
    assert math.log(estimate(logs, confidence).low) == pytest.approx(1.0)
    with pytest.raises(TooFewPairs, match=rf"{pairs - 1} pairs cannot give a [\d.]+ % interval: it takes {pairs}"):
        estimate(logs[1:], confidence)


@pytest.mark.parametrize("logs", [[], [math.nan] * 6, [0.0] * 6 + [math.inf]])
def test_what_is_no_number_is_refused(logs: list[float]) -> None:
    for read in (lambda: estimate(logs), lambda: p_at_most(logs, 1.0)):
        with pytest.raises(ValueError, match="log ratios must be finite numbers, at least one"):
            read()


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0])
def test_a_confidence_is_a_share(confidence: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        estimate([0.0] * 8, confidence)


def test_a_ratio_is_held_against_one_above_zero_only() -> None:
    with pytest.raises(ValueError, match="above 0"):
        p_at_most([0.1], 0.0)
