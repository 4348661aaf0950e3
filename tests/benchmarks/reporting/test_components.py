"""What became of a stored figure: by exact counts, else by intervals that do not touch."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from benchmarks.judging.comparison import Verdict
from benchmarks.reporting.components import Component, Reading
from benchmarks.reporting.results import Benchmark, Figure
from benchmarks.reporting.targets import Shape

FASTER, SLOWER, OK, UNJUDGED = Verdict.FASTER, Verdict.SLOWER, Verdict.OK, Verdict.UNJUDGED
FAILED, ABSENT = Figure(None), Figure(math.nan)


def reading(
    now: Figure,
    before: Figure,
    unit: str = "seconds",
    *,
    less: bool = True,
    series: Sequence[float | None] = (1.0, 1.0),
) -> Reading:
    benchmark = Benchmark("micro.x.X.time_x", "time", Shape([], [], unit), less)
    return Reading(benchmark, {}, now, before, [("abcdef01", value) for value in series])


@pytest.mark.parametrize(
    ("now", "before", "unit", "text"),
    [
        (Figure(1.0), Figure(1.0), "seconds", "no change"),
        (Figure(1.3, 1.2, 1.4), Figure(1.0, 0.9, 1.1), "seconds", "+30 % [+9, +56]"),
        (Figure(76.0), Figure(100.0), "instructions", "-24 %"),
        (Figure(30_001.0), Figure(30_000.0), "instructions", "+0.003 %"),
        (Figure(90.0), Figure(100.0), "bytes", "-10 %"),
        (Figure(0.0), Figure(5.0), "collections", "was 5 collections"),
        (FAILED, Figure(1.0), "seconds", "fails now"),
        (Figure(1.0), FAILED, "seconds", "works again"),
        (Figure(1.0), ABSENT, "seconds", "-"),
    ],
)
def test_a_change_is_a_percentage_with_the_interval_of_both_figures(
    now: Figure, before: Figure, unit: str, text: str
) -> None:
    assert reading(now, before, unit).change() == text


@pytest.mark.parametrize(
    ("now", "before", "unit", "less", "verdict"),
    [
        (Figure(1.2, 1.0, 1.4), Figure(1.1, 0.9, 1.3), "seconds", True, OK),  # the intervals touch
        (Figure(1.4, 1.3, 1.5), Figure(1.0, 0.9, 1.1), "seconds", True, SLOWER),
        (Figure(1.4, 1.3, 1.5), Figure(1.0, 0.9, 1.1), "1/s", False, FASTER),
        (Figure(0.5, 0.4, 0.6), Figure(1.0, 0.9, 1.1), "1/s", False, SLOWER),
        (Figure(1.4), Figure(1.0), "bytes", True, UNJUDGED),  # no interval, no verdict
        (Figure(1.0), Figure(1.0), "bytes", True, OK),
        (Figure(10_100.0), Figure(10_000.0), "instructions", True, OK),
        (Figure(10_300.0), Figure(10_000.0), "instructions", True, SLOWER),
        (Figure(10_600.0), Figure(10_000.0), "instructions", True, Verdict.ALERT),
        (Figure(9_000.0), Figure(10_000.0), "instructions", True, FASTER),
        (FAILED, Figure(1.0), "seconds", True, Verdict.FAIL),
        (FAILED, FAILED, "seconds", True, UNJUDGED),
        (Figure(1.0), ABSENT, "seconds", True, UNJUDGED),
    ],
)
def test_a_verdict_is_by_exact_counts_and_else_by_intervals_that_do_not_touch(
    now: Figure, before: Figure, unit: str, less: bool, verdict: Verdict
) -> None:
    assert reading(now, before, unit, less=less).verdict() is verdict


def test_counts_decide_where_times_say_something_else() -> None:
    slower = reading(Figure(1.4, 1.3, 1.5), Figure(1.0, 0.9, 1.1))
    same = reading(Figure(10_000.0), Figure(10_000.0), "instructions")
    assert Component(slower).verdict is SLOWER
    assert Component(slower, same).verdict is OK


def test_the_history_is_that_of_the_figure_that_more_commits_have() -> None:
    time = reading(Figure(1.0), Figure(1.0), series=(1.0, None, 1.0))
    count = reading(Figure(2.0), Figure(1.0), "instructions", series=(1.0, 1.0, 2.0))
    assert Component(time, count).cells()[-1] == "▁▁█"
