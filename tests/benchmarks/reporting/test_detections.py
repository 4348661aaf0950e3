"""How many benchmarks a known slowdown is found in."""

from __future__ import annotations

import pytest

from benchmarks.judging.comparison import PairedSamples, Verdict
from benchmarks.judging.deciding import Gate, judge_counts
from benchmarks.judging.pairs import Key
from benchmarks.judging.selftest import Detection
from benchmarks.reporting.detections import table

KEYS = [Key("micro.x.X.time_a", 0), Key("micro.x.X.time_b", 0)]


def detection(slowdown: float, verdicts: tuple[Verdict, Verdict]) -> Detection:
    counts = {key: judge_counts(10_000, 10_000 * (1 + slowdown), Gate()) for key in KEYS}
    pairs = [(1.0, 1.0 + slowdown)] * 8
    times = {
        key: PairedSamples(pairs=pairs, verdict=verdict, ratio=1 + slowdown)
        for key, verdict in zip(KEYS, verdicts, strict=True)
    }
    return Detection(slowdown, counts, times)


@pytest.mark.parametrize(
    ("slowdown", "verdicts", "cells"),
    [
        (0.0, (Verdict.OK, Verdict.OK), ["none", "0 of 2, shown 0", "0 of 2", "1.000 to 1.000"]),
        (0.03, (Verdict.OK, Verdict.OK), ["3.0 %", "0 of 2, shown 2", "0 of 2", "1.030 to 1.030"]),
        (0.25, (Verdict.ALERT, Verdict.OK), ["25 %", "2 of 2, shown 2", "1 of 2", "1.250 to 1.250"]),
        (0.60, (Verdict.FAIL, Verdict.ALERT), ["60 %", "2 of 2, shown 2", "2 of 2", "1.600 to 1.600"]),
    ],
)
def test_each_slowdown_says_how_many_benchmarks_it_was_found_in(
    slowdown: float, verdicts: tuple[Verdict, Verdict], cells: list[str]
) -> None:
    (row,) = table([detection(slowdown, verdicts)]).rows
    assert list(row) == cells
