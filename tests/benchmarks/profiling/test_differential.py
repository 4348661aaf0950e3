"""What grew between two commits, and what only seems to."""

from __future__ import annotations

import pytest

from benchmarks.profiling import differential
from benchmarks.profiling.differential import Change


@pytest.mark.parametrize(
    ("base", "head", "expected"),
    [
        ([1.0, 1.1, 1.2, 1.0, 1.1], [1.3, 1.4, 1.5, 1.3, 1.4], Change.GROWN),
        ([1.0, 1.1, 1.4, 1.0, 1.1], [1.3, 1.4, 1.5, 1.3, 1.4], Change.SAME),
        ([1.3, 1.4, 1.5, 1.3, 1.4], [1.0, 1.1, 1.2, 1.0, 1.1], Change.SHRUNK),
        ([0.0] * 5, [0.1, 0.2, 0.1, 0.1, 0.1], Change.NEW),
        ([0.1, 0.2, 0.1, 0.1, 0.1], [0.0] * 5, Change.GONE),
        ([0.0] * 5, [0.1, 0.0, 0.1, 0.1, 0.1], Change.SAME),
    ],
)
def test_time_has_grown_where_the_runs_of_both_sides_lie_apart(
    base: list[float], head: list[float], expected: Change
) -> None:
    assert differential.change_of_runs(base, head) is expected


@pytest.mark.parametrize(
    ("base", "head", "expected"),
    [
        (1000.0, 1011.0, Change.GROWN),
        (1000.0, 1009.0, Change.SAME),
        (10.0, 14.0, Change.SAME),
        (1000.0, 900.0, Change.SHRUNK),
        (0.0, 90.0, Change.NEW),
        (90.0, 0.0, Change.GONE),
    ],
)
def test_instructions_have_grown_above_what_unrelated_code_does_to_them(
    base: float, head: float, expected: Change
) -> None:
    assert differential.change_of_counts(base, head) is expected
