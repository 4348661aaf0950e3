"""A comparison as JUnit XML, read as other programs read it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from junitparser import JUnitXml, xunit2

from benchmarks.judging.comparison import Comparison, Verdict
from benchmarks.reporting import junit
from tests.benchmarks.comparisons import comparison, comparisons, one_of_each, row, timed


def cases_of(text: str) -> dict[str, xunit2.TestCase]:
    suites = JUnitXml.fromstring(text.encode())
    return {f"{case.classname}.{case.name}": xunit2.TestCase.fromelem(case) for suite in suites for case in suite}


def properties(of: Any) -> dict[str, str]:
    return {one.name: one.value for one in of.properties()}


def test_what_fails_or_alerts_fails_and_what_cannot_be_told_is_skipped() -> None:
    cases = cases_of(junit.xml(one_of_each()))
    outcome = {
        name.split(".")[1]: "failure" if case.is_failure else "skipped" if case.is_skipped else "passed"
        for name, case in cases.items()
    }
    assert outcome == {
        "same": "passed",
        "parsing": "failure",
        "publishes": "failure",
        "gtype": "passed",  # accepted
        "hooks": "passed",
        "pipeline": "skipped",
        "queue": "skipped",
        "contexts": "passed",
        "writing": "failure",
    }
    assert "not at BASE: no such method" in cases["micro.queue.Queue.time_put"].result[0].message


def test_a_case_has_its_figures_and_why_it_was_accepted() -> None:
    cases = cases_of(junit.xml(one_of_each()))
    head = cases["micro.parsing.Head.time_read('GET')"]
    assert properties(head) == {
        "verdict": "FAIL",
        "base instructions": "20406.5",
        "head instructions": "31000.0",
        "unit": "seconds",
        "base": "1e-05",
        "head": repr(10e-6 * 1.56),
        "ratio": repr(10e-6 * 1.56 / 10e-6),
        "low": "1.51",
        "high": repr(1.56 + 0.05),
    }
    assert head.result[0].type == "FAIL"
    assert "+56 % [+51, +61]" in head.result[0].message
    assert properties(cases["micro.gtype.Compile.time_compile"])["accepted"] == "checks one more rule"


def test_the_suite_has_the_totals_and_what_it_was_measured_on() -> None:
    (suite,) = JUnitXml.fromstring(junit.xml(one_of_each()).encode())
    assert (suite.name, suite.tests, suite.failures, suite.skipped, suite.errors) == ("bbbbbbbb..aaaaaaaa", 9, 3, 2, 0)
    assert suite.timestamp == "2026-01-05T12:00:00"
    about = properties(suite)
    assert about["machine"].startswith("Toy CPU, 2 cores")
    assert about["command"] == "python -m benchmarks compare main"


def test_nothing_fails_by_a_comparison_that_gates_nothing() -> None:
    cases = cases_of(junit.xml(comparison(timed(Verdict.FAIL, 1.6), advisory="a stored baseline")))
    (case,) = cases.values()
    assert not case.is_failure
    assert "a stored baseline" in case.result[0].message


@given(comparisons())
def test_every_row_is_a_case_and_the_failures_are_what_gates(found: Comparison) -> None:
    cases = [case for suite in JUnitXml.fromstring(junit.xml(found).encode()) for case in suite]
    assert len(cases) == len(found.rows)
    assert sum(case.is_failure for case in cases) == (0 if found.advisory else sum(one.gates for one in found.rows))


def test_text_that_xml_cannot_hold_is_replaced() -> None:
    found = comparison(row(Verdict.FAIL, reason="\x1b[31mred\x00 & <b>\ufffe"))
    (case,) = cases_of(junit.xml(found)).values()
    assert "\ufffd[31mred\ufffd & <b>\ufffd" in case.result[0].message
