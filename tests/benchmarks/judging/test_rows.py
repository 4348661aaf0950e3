"""What becomes of a benchmark whose counts and samples do not say the same, or that one side cannot give."""

from __future__ import annotations

import pytest

from benchmarks.judging.comparison import Verdict
from benchmarks.judging.deciding import Gate, judge_counts
from benchmarks.judging.pairs import Key
from benchmarks.judging.rows import Chosen, Lost, make

MATCH = Chosen(Key("micro.x.X.time_match", 0), {}, "seconds", Gate(), counted=True)


@pytest.mark.parametrize(
    ("lost", "verdict", "reason"),
    [
        (("base", "error", "its process died"), Verdict.FAIL, "it fails at BASE: its process died"),
        (("base", "skipped", "not in this pyrt"), Verdict.FAIL, "not at BASE: not in this pyrt"),
        (("head", "error", "its process died"), Verdict.FAIL, "it fails at HEAD: its process died"),
    ],
)
def test_a_time_that_one_side_cannot_give_hides_no_count(lost: Lost, verdict: Verdict, reason: str) -> None:
    counts = {MATCH.twin: judge_counts(1000, 2000, Gate())}
    (row,) = make([MATCH], counts, {}, {MATCH.key: lost})
    assert (row.verdict, row.reason) == (verdict, reason)


@pytest.mark.parametrize(
    ("lost", "verdict"),
    [(("base", "error", "it died"), Verdict.UNJUDGED), (("head", "error", "it died"), Verdict.FAIL)],
)
def test_what_has_neither_count_nor_time_fails_where_head_broke_it_and_is_not_judged_else(
    lost: Lost, verdict: Verdict
) -> None:
    (row,) = make([MATCH], {}, {}, {MATCH.key: lost})
    assert row.verdict is verdict
