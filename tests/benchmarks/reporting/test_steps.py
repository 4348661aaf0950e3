"""Steps of figures along the history, the reasons written down for them, and what git says of pins."""

from __future__ import annotations

import datetime

import pytest

from benchmarks.reporting import steps
from benchmarks.reporting.results import Benchmark, Commit, Figure, Measured
from benchmarks.reporting.targets import Shape

DAY = datetime.datetime(2026, 1, 5, tzinfo=datetime.UTC)
NAME, CHOSEN = "micro.routing.Match.instr_match", ("10", "'static'")
SHAPE = Shape(["routes", "path"], [["10"], ["'static'"]], "instructions")


def measured(values: list[float | None], unit: str = "instructions", *, less: bool = True) -> Measured:
    shape = Shape(SHAPE.names, SHAPE.values, unit)
    commits = [
        Commit(f"{at:040x}", DAY, "3.11", {(NAME, CHOSEN): Figure(value)} if value != -1 else {})
        for at, value in enumerate(values)
    ]
    return Measured({"machine": "toy"}, {NAME: Benchmark(NAME, "instructions", shape, less)}, commits)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([10_000, 10_101], [(1, True)]),
        ([10_000, 9_899], [(1, False)]),
        ([10_000, 10_100], []),  # not more than 1 %
        ([1_000, 1_030], []),  # not more than 30
        ([1_000, 1_031], [(1, True)]),
        ([10_000, None, -1, 12_000], [(3, True)]),  # failed, then not measured: the neighbour is the one before
        ([10_000, 10_060, 10_120], []),  # each by itself
    ],
)
def test_a_step_of_counts_is_more_than_a_percent_and_thirty(
    values: list[float | None], found: list[tuple[int, bool]]
) -> None:
    assert [(int(one.commit.hash, 16), one.worse) for one in steps.count_steps(measured(values))] == found


def test_a_level_of_times_must_last_and_be_a_fifth_away() -> None:
    times = [1.0, 1.01, 0.99, 1.0, 9.0, 1.0, 1.3, 1.31, 1.29, 1.3]
    (found,) = steps.level_steps(measured([*times], "seconds"))
    assert (int(found.commit.hash, 16), found.before, found.after) == (6, pytest.approx(1.0), pytest.approx(1.3))
    assert found.worse


def test_a_rate_that_rises_is_for_the_better() -> None:
    (found,) = steps.level_steps(measured([100.0] * 4 + [150.0] * 4, "requests/s", less=False))
    assert not found.worse
    assert found.reading.change() == "+50 %"
