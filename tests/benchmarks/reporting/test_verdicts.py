"""In which order rows stand."""

from __future__ import annotations

from benchmarks.judging.comparison import Verdict
from benchmarks.reporting import verdicts
from tests.benchmarks.comparisons import counted, timed

FAIL, ALERT, SLOWER, OK, FASTER = Verdict.FAIL, Verdict.ALERT, Verdict.SLOWER, Verdict.OK, Verdict.FASTER


def test_rows_stand_by_verdict_and_then_by_how_sure_the_change_is() -> None:
    wide = timed(ALERT, 1.45, half=0.3, name="x.wide.X.time_x")
    sure = timed(ALERT, 1.3, half=0.05, name="x.sure.X.time_x")
    counts = counted(SLOWER, 1000, 1040, name="x.counts.X.instr_x")
    fail = timed(FAIL, 1.6, name="x.fail.X.time_x")
    names = [one.name.split(".")[1] for one in verdicts.ordered([counts, wide, sure, fail])]
    assert names == ["fail", "sure", "wide", "counts"]


def test_of_what_became_faster_the_surest_stands_first() -> None:
    little, much = timed(FASTER, 0.7, name="x.little.X.time_x"), timed(FASTER, 0.4, name="x.much.X.time_x")
    assert verdicts.ordered([little, much]) == [much, little]
