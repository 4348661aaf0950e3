"""Where a request's instructions and time go."""

from __future__ import annotations

import dataclasses

import pytest

from benchmarks.reporting import results, shares
from benchmarks.reporting.results import Benchmark, Figure, Measured
from benchmarks.reporting.targets import Shape


@pytest.fixture
def overhead(measured: Measured) -> Measured:
    """A commit before and one now that measured the parts of a request."""
    counts, times = shares.OVERHEAD
    shape = Shape(["part"], [["'route'", "'parse'", "'whole'"]], "instructions")

    def figures(route: float) -> dict[results.Key, Figure]:
        return {
            (counts, ("'route'",)): Figure(route),
            (counts, ("'parse'",)): Figure(600.0),
            (counts, ("'whole'",)): Figure(1000.0),
            (times, ("'route'",)): Figure(5e-6),
            (times, ("'parse'",)): Figure(6e-6),
            (times, ("'whole'",)): Figure(10e-6),
        }

    before, now = measured.commits[-2:]
    return dataclasses.replace(
        measured,
        benchmarks={name: Benchmark(name, "track", shape, True) for name in shares.OVERHEAD},
        commits=[
            dataclasses.replace(before, figures=figures(250.0)),
            dataclasses.replace(now, figures=figures(300.0)),
        ],
    )


def test_the_optimisation_targets_are_the_parts_by_their_share_of_the_instructions(overhead: Measured) -> None:
    found = shares.table(overhead, overhead.commits, overhead.commits[0])
    assert found.columns == [
        "Rank",
        "Part",
        "Instructions",
        "Share",
        "Since the baseline",
        "Time",
        "Share of time",
        "History",
    ]
    assert [list(row) for row in found.rows] == [
        ["1", "parse", "600", "60 %", "no change", "6 us", "60 %", "▄▄"],
        ["2", "route", "300", "30 %", "+20 % from 250", "5 us", "50 %", "▁█"],
        ["-", "sum of the parts", "900", "90 %", "-", "11 us", "110 %", "-"],
        ["-", "whole", "1,000", "100 %", "no change", "10 us", "100 %", "▄▄"],
        ["-", "residual", "100", "10 %", "-", "-1 us", "-10 %", "-"],
    ]


def test_the_json_ranks_the_parts_and_the_sums_have_no_rank(overhead: Measured) -> None:
    found = shares.as_json(overhead, overhead.commits[-1])
    assert [(one["part"], one["rank"]) for one in found] == [
        ("parse", 1),
        ("route", 2),
        ("sum of the parts", None),
        ("whole", None),
        ("residual", None),
    ]
    assert found[0] == {"part": "parse", "rank": 1, "instructions": 600.0, "seconds": 6e-6, "share": 0.6}
