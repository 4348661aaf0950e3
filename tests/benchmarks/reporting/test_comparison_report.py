"""A comparison for people: the headline, the order of the rows, what is marked, and what fits into a comment."""

from __future__ import annotations

import re
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.judging.comparison import Comparison, Row, Verdict
from benchmarks.reporting import comparison_report, documents, standalone, tables, verdicts
from benchmarks.reporting.comparison_report import LIMIT, ComparisonReport
from tests.benchmarks.comparisons import comparison, comparisons, counted, one_of_each, row, sampled, timed

FAIL, ALERT, SLOWER, OK, FASTER = Verdict.FAIL, Verdict.ALERT, Verdict.SLOWER, Verdict.OK, Verdict.FASTER
INCONCLUSIVE, UNJUDGED = Verdict.INCONCLUSIVE, Verdict.UNJUDGED


def text_of(*rows: Row, **more: Any) -> str:
    return ComparisonReport(comparison(*rows, **more)).markdown()


def test_the_headline_counts_every_verdict_and_those_accepted() -> None:
    first = ComparisonReport(one_of_each()).notes()[0]
    assert first == (
        "2 FAIL, 2 ALERT, 1 SLOWER, 1 INCONCLUSIVE, 1 FASTER, 1 OK (unchanged), 1 UNJUDGED. "
        "Accepted, of those that fail or alert: 1."
    )


def test_the_heading_names_commits_machine_noise_floor_and_pairs() -> None:
    about = dict(ComparisonReport(one_of_each()).heading())
    assert about["Base"] == "bbbbbbbb, Plain routes"
    assert about["Machine"] == "Toy CPU, 2 cores, kernel 6.1, Python 3.11.7 main GCC 12.2.0"
    assert about["Noise"].startswith("floor 1.04x")
    assert about["Pairs"] == "12 pairs of processes for each benchmark"


@pytest.mark.parametrize(
    ("found", "title", "step"),
    [
        (comparison(timed(FAIL, 1.6)), "1 fail or alert", "profile micro.a.B.time_c bbbbbbbb aaaaaaaa"),
        (
            comparison(timed(FAIL, 1.6, parameters={"routes": "10", "path": "'one parameter'"})),
            "1 fail or alert",
            """profile "micro.a.B.time_c(10, 'one parameter')" bbbbbbbb aaaaaaaa""",
        ),
        (comparison(row(FAIL, "x.X.time_x", reason="it fails at HEAD")), "1 fail or alert", "see why x.X.time_x fails"),
        (comparison(row(FAIL), timed(ALERT, 1.3)), "2 fail or alert", "profile micro.a.B.time_c"),
        (comparison(timed(FAIL, 1.6), advisory="a stored baseline"), "does not gate", "which can gate"),
        (comparison(timed(FAIL, 1.6, accepted="more checks")), "nothing fails", "nothing has to be done"),
        (comparison(timed(OK, 1.0), too_noisy=True), "cannot be judged", "on a quieter machine; counts"),
        (comparison(counted(SLOWER, 1000, 1040)), "nothing fails", "is meant to"),
        (comparison(timed(INCONCLUSIVE, 1.1, half=0.2)), "nothing fails", "may tell what is inconclusive"),
        (comparison(timed(OK, 1.0)), "nothing fails", "Next: nothing has to be done."),
    ],
)
def test_one_sentence_says_what_to_do_next(found: Comparison, title: str, step: str) -> None:
    shown = ComparisonReport(found)
    assert title in shown.title
    assert step in next(text for text in shown.notes() if text.startswith("Next: "))


def test_a_row_has_both_figures_the_interval_the_count_and_why() -> None:
    fail = next(one for one in one_of_each().rows if "parsing" in one.name)
    assert verdicts.cells(fail) == [
        "❌ FAIL",
        "micro.parsing.Head.time_read (request GET)",
        "10 us",
        "15.6 us",
        "+56 % [+51, +61]",
        "20,406.5 → 31,000 (+52 %)",
        "by instructions and times",
    ]


def test_a_rate_that_falls_is_shown_falling() -> None:
    rate = next(one for one in one_of_each().rows if one.unit == "1/s")
    assert verdicts.cells(rate)[2:5] == ["8,000/s", "5,000/s", "-38 % [-41, -33]"]


def test_a_row_of_counts_alone_shows_instructions_on_both_sides() -> None:
    assert verdicts.cells(counted(SLOWER, 10_000, 10_300))[2:6] == ["10,000 instr", "10,300 instr", "+3.0 %", "-"]


@given(comparisons())
def test_what_may_be_nothing_bears_no_mark(found: Comparison) -> None:
    for one in found.rows:
        exact = one.counts is not None and one.counts.verdict is one.verdict
        if one.sampled and one.sampled.low is not None and one.sampled.low <= 1 <= one.sampled.high and not exact:
            assert verdicts.cells(one)[0] == str(one.verdict)


@given(comparisons())
def test_no_percentage_stands_without_both_figures(found: Comparison) -> None:
    for one in found.rows:
        _, _, base, head, change, instructions, _ = verdicts.cells(one)
        assert "%" not in change or tables.NOTHING not in (base, head)
        assert "%" not in instructions or "→" in instructions


def test_an_accepted_regression_shows_its_reason() -> None:
    assert "accepted: checks one more rule" in ComparisonReport(one_of_each()).markdown()


def test_errors_that_appeared_are_shown_as_figures_without_a_ratio() -> None:
    found = sampled(0.0, 3.0, FAIL)
    cells = verdicts.cells(row(FAIL, unit="errors", sampled=found))
    assert cells[:1] + cells[2:5] == ["❌ FAIL", "0 errors", "3 errors", "-"]


def test_only_what_became_slower_is_open_and_the_inconclusive_are_listed() -> None:
    text = ComparisonReport(one_of_each()).markdown()
    before = text.partition("<details>")[0]
    assert "## Slower" in before
    assert "time_same" not in before
    assert re.findall(r"<summary>(\w+[^(]*) \(", text) == [
        "Faster",
        "Inconclusive",
        "Not judged",
        "Unchanged",
        "Controls",
        "Environment",
    ]
    assert "integration.pipeline.Handle.time_handle" in text


def test_a_terminal_shows_what_changed_or_is_open_and_no_unchanged_row(capsys: pytest.CaptureFixture[str]) -> None:
    shown = ComparisonReport(one_of_each())
    tables.show(shown.heading(), "", shown.tables())
    text = capsys.readouterr().out
    assert "Inconclusive" in text
    assert "Unchanged" not in text


def test_without_a_regression_it_says_so() -> None:
    assert "## Slower\n\nNothing was found to be slower." in text_of(timed(OK, 1.0))


def test_a_comment_fits_and_loses_unchanged_rows_first() -> None:
    same = [timed(OK, 1.0, name=f"micro.same.Same.time_{at}", reason="x" * 200) for at in range(400)]
    text = text_of(timed(FAIL, 1.6), timed(INCONCLUSIVE, 1.1, half=0.2, name="x.open.X.time_x"), *same)
    assert len(text.encode()) <= LIMIT
    found = re.search(r"(\d+) of 400 rows; the others do not fit here, and are in comparison.json", text)
    assert found
    assert text.count("micro.same.Same") == int(found[1]) > 100
    assert "x.open.X.time_x" in text


def test_a_comment_of_regressions_alone_fits_too_and_keeps_the_worst() -> None:
    slow = [timed(FAIL, 1.5 + at / 1000, name=f"x.x.X.time_{at}", reason="x" * 300) for at in range(600)]
    text = text_of(*slow)
    assert len(text.encode()) <= LIMIT
    assert "time_599 " in text
    assert "time_0 " not in text


@given(comparisons(), st.integers(4_000, 8_000))
def test_whatever_is_compared_fits_where_its_heading_does(found: Comparison, limit: int) -> None:
    shown = ComparisonReport(found)
    bare = documents.markdown(shown, [comparison_report.shorter(table, 0) for table in shown.sections()])
    assert len(shown.markdown(limit).encode()) <= max(limit, len(bare.encode()))


@given(comparisons())
def test_no_text_of_a_commit_breaks_out_of_its_cell(found: Comparison) -> None:
    shown = ComparisonReport(found)
    for line in shown.markdown(sys.maxsize).splitlines():
        if line.startswith("| ") and "---" not in line:
            assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) in range(3, len(verdicts.COLUMNS) + 2)


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "[x](http://x)", "a\\| b", "@somebody", "a\nb"])
def test_what_others_wrote_is_shown_and_does_nothing(text: str) -> None:
    shown = tables.escaped(text)
    assert not re.search(r"<script|\]\(|(?<!\\)\||@s|\n", shown.replace("\\\\", ""))


def test_the_folder_of_a_profile_can_be_copied_from_a_comment() -> None:
    page = ".asv/profiles/micro.a.B.time_c@bbbbbbbb..aaaaaaaa/index.html"
    assert f"Profile: {page} |" in ComparisonReport(comparison(timed(FAIL, 1.6, profile=f"Profile: {page}"))).markdown()


def test_the_page_is_one_file_with_every_row_and_escapes_what_it_shows() -> None:
    text = standalone.html(ComparisonReport(one_of_each()))
    assert not re.search(r"<link|<img|<script|@import|url\(|https?:", text)
    assert "&lt;b&gt;no&lt;/b&gt;" in text
    assert "micro.same.Same.time_same" in text
    assert 'class="missed whole">FAIL<' in text
