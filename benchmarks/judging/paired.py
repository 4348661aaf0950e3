"""How many times as long one thing takes as another, from pairs: both were measured in each of several rounds.

What the machine does in a round meets both sides of its pair, so the ratio stays where the times do not. The estimate
is Hodges and Lehmann's, its interval and the p-value are those of Wilcoxon's signed ranks: all three read the Walsh
averages, the means of every two log ratios (and of each with itself), and ask for no normal distribution, only for
rounds that do not depend on each other and log ratios that lie alike on both sides of their middle. The distribution
of the signed ranks is counted out, not approximated. Where averages are equal, the interval is closed and the p-value
takes those on the bound for no evidence, so both err on the safe side.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class TooFewPairs(ValueError):
    """So few pairs have no interval at this confidence, however far apart they are; the message says how many have."""


class Interval(NamedTuple):
    """A ratio (1: as long as the other) between its bounds."""

    ratio: float
    low: float
    high: float


def estimate(log_ratios: Sequence[float], confidence: float = 0.95) -> Interval:
    """The ratio and its interval, from the natural logarithm of each pair's ratio.

    Raises:
        TooFewPairs: see `least_pairs`.
        ValueError: a logarithm is not finite, or the confidence does not lie between 0 and 1.
    """
    averages, least = _walsh(log_ratios), least_pairs(confidence)
    if len(log_ratios) < least:
        raise TooFewPairs(f"{len(log_ratios)} pairs cannot give a {100 * confidence:.4g} % interval: it takes {least}")
    beyond = np.searchsorted(_chances(len(log_ratios)), (1 - confidence) / 2, side="right")
    return Interval(*np.exp([np.median(averages), averages[beyond - 1], averages[-beyond]]).tolist())


def p_at_most(log_ratios: Sequence[float], bound: float) -> float:
    """The p-value of "the ratio is at most *bound*", one-sided and exact: small where the ratio lies above it.

    For "at least", turn both over: negate the logarithms, and take 1 / bound.

    Raises:
        ValueError: no pairs, a logarithm that is not finite, or a bound that is not above 0.
    """
    if not bound > 0:
        raise ValueError(f"a ratio lies above 0, so it cannot be held against {bound}")
    averages = _walsh(log_ratios)
    at_most = np.count_nonzero(averages <= math.log(bound))
    return float(_chances(len(log_ratios))[at_most])


def least_pairs(confidence: float) -> int:
    """How many pairs an interval takes: with fewer, even the widest there is holds less often.

    Raises:
        ValueError: the confidence does not lie between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies between 0 and 1, not at {confidence}")
    return math.ceil(math.log2(2 / (1 - confidence)))


def _walsh(log_ratios: Sequence[float]) -> Floats:
    """The averages of every two log ratios and of each with itself, in order."""
    values: Floats = np.asarray(log_ratios, dtype=np.float64)
    if values.ndim != 1 or not values.size or not np.isfinite(values).all():
        raise ValueError(f"log ratios must be finite numbers, at least one, got {list(log_ratios)}")
    first, second = np.triu_indices(len(values))
    averages: Floats = np.sort((values[first] + values[second]) / 2)
    return averages


@functools.cache
def _chances(pairs: int) -> Floats:
    """The chance that the ranks of one sign sum up to at most 0, 1, 2 ..., where each sign is a toss of a coin."""
    chances = np.ones(1)
    for rank in range(1, pairs + 1):
        # A rank is added or it is not. Halves are exact, so up to 53 pairs nothing is rounded.
        grown = np.zeros(len(chances) + rank)
        grown[:-rank] += chances / 2
        grown[rank:] += chances / 2
        chances = grown
    summed: Floats = np.minimum(chances.cumsum(), 1.0)
    return summed
