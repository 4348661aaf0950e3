"""The course of a figure, as small as a word."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.reporting.spark import BLOCKS, LENGTH, Spark


def test_a_sparkline_has_a_gap_where_a_commit_has_no_figure_and_none_before_the_first() -> None:
    assert Spark([None, 1.0, math.nan, 2.0]) == "▁·█"


@pytest.mark.parametrize("values", [[], [1.0], [None, 2.0, None]])
def test_one_figure_has_no_course(values: list[float | None]) -> None:
    assert Spark(values) == "-"
    assert Spark(values).svg() == ""


def test_a_tenth_of_a_percent_is_no_cliff() -> None:
    assert set(Spark([10_000.0, 10_010.0, 9_990.0, 10_000.0])) == {"▄"}


@given(st.lists(st.none() | st.floats(1, 1e6), max_size=2 * LENGTH))
def test_a_sparkline_rises_and_falls_as_its_figures_do(values: list[float | None]) -> None:
    spark = Spark(values)
    last = [value for value in values[-LENGTH:] if value is not None]
    if len(last) < 2:
        assert spark == "-"
        return
    levels = [BLOCKS.index(block) for block in spark if block in BLOCKS]
    assert len(levels) == len(last)
    for (one, level), (other, another) in itertools.pairwise(zip(last, levels, strict=True)):
        assert (one - other) * (level - another) >= 0
    assert len(spark) <= LENGTH


def test_the_line_of_a_sparkline_says_what_it_shows() -> None:
    svg = Spark([1.0, None, 3.0], "time of <x>").svg()
    assert 'aria-label="time of &lt;x&gt;"' in svg
    assert svg.count(",") == 2
