"""Bisection by a figure: where it changed most of the way."""

from __future__ import annotations

import math
from collections.abc import Callable


def bisect(ends: tuple[float, float], last: int, value: Callable[[int], float | None]) -> tuple[int, int]:
    """The two points of 0 to *last* between which the value crosses the middle of its ends, on the logarithm.

    They are neighbours, but for those between that tell nothing.

    Args:
        value: of a point between; None where it tells nothing.
    """
    low, high, untold = 0, last, set[int]()
    halfway, rises = sum(map(math.log, ends)) / 2, ends[1] > ends[0]
    while (middle := _middle(low, high, untold)) is not None:
        found = value(middle)
        if found is None:
            untold.add(middle)
        elif (math.log(found) > halfway) == rises:
            high = middle
        else:
            low = middle
    return low, high


def _middle(low: int, high: int, untold: set[int]) -> int | None:
    between = (at for at in range(low + 1, high) if at not in untold)
    return min(between, key=lambda at: abs(2 * at - low - high), default=None)
