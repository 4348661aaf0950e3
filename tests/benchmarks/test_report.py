"""The report: what it reads from asv's results, and how it speaks of figures."""

from __future__ import annotations

import dataclasses
import json
import math
import shutil
from pathlib import Path

import pytest

from benchmarks.reporting import report, results, tables, targets
from benchmarks.reporting.results import Benchmark, Figure, Measured
from benchmarks.reporting.targets import Shape


@pytest.fixture(scope="module")
def measured(project: Path) -> Measured:
    return results.load(results.configuration(project))


@pytest.fixture(scope="module")
def done(measured: Measured) -> report.Report:
    return report.make(measured, targets.load())


def benchmark(unit: str, *, less_is_better: bool = True) -> Benchmark:
    return Benchmark("micro.x.X.time_x", "time", Shape([], [], unit), less_is_better)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (2.5e-8, "seconds", "25 ns"),
        (9.999e-4, "s", "1 ms"),
        (1.2345e-3, "seconds", "1.23 ms"),
        (72.0, "seconds", "72 s"),
        (0.0, "seconds", "0 ns"),
        (100e6, "bytes", "100 MB"),
        (34117.0, "instructions", "34,117"),
        (2115.5, "instructions", "2,115.5"),
        (1.5, "ratio", "1.5x"),
        (0.002, "ratio", "0.2 %"),
        (11600.0, "1/s", "11,600/s"),
        (104.26, "us/request", "104 us/request"),
        (None, "seconds", "failed"),
        (math.nan, "seconds", "n/a"),
    ],
)
def test_figures_are_shown_with_three_digits_and_a_fitting_unit(value: float | None, unit: str, text: str) -> None:
    assert tables.human(value, unit) == text


@pytest.mark.parametrize(
    ("current", "baseline", "unit", "less_is_better", "text"),
    [
        (1.0, 1.31, "seconds", True, "1.31x faster"),
        (1.04, 1.0, "seconds", True, "4.0 % slower"),
        (1.0, 1.0, "seconds", True, "no change"),
        (200.0, 100.0, "1/s", False, "2x faster"),
        (100.0, 200.0, "1/s", False, "2x slower"),
        (76.0, 100.0, "instructions", True, "24 % fewer"),
        (30001.0, 30000.0, "instructions", True, "0.003 % more"),
        (250.0, 100.0, "bytes", True, "2.5x as much"),
        (90.0, 100.0, "bytes", True, "10 % smaller"),
        (0.0, 5.0, "collections", True, "was 5 collections"),
    ],
)
def test_a_change_is_spelled_out(current: float, baseline: float, unit: str, less_is_better: bool, text: str) -> None:
    about = benchmark(unit, less_is_better=less_is_better)
    assert report.change(Figure(current), Figure(baseline), about) == text


def test_figures_whose_intervals_touch_have_not_changed() -> None:
    current, baseline = Figure(1.2, 1.0, 1.4), Figure(1.1, 0.9, 1.3)
    assert report.change(current, baseline, benchmark("seconds")) == "no change (within noise)"


def test_a_failure_is_never_a_speed() -> None:
    works, fails, absent = Figure(1.0), Figure(None), Figure(math.nan)
    assert report.change(fails, works, benchmark("seconds")) == "fails now"
    assert report.change(works, fails, benchmark("seconds")) == "works again"
    assert report.change(works, absent, benchmark("seconds")) == tables.NOTHING


def test_commits_stand_in_the_order_of_history_with_the_one_before_as_baseline(done: report.Report) -> None:
    assert [commit.subject[:6] for commit in done.measured.commits] == [
        "Plain ",
        "Hooks ",
        "Flat h",
        "Trie o",
        "Tidy",
    ]
    assert done.head.subject == "Tidy"
    assert done.base is not None
    assert done.base.subject.startswith("Trie")


def test_a_commit_can_be_chosen_by_the_start_of_its_hash(measured: Measured) -> None:
    first, third = measured.commits[0], measured.commits[2]
    done = report.make(measured, [], head=third.short, base=first.hash)
    assert (done.head, done.base) == (third, first)


def test_the_first_commit_has_no_baseline(measured: Measured) -> None:
    done = report.make(measured, [], head=measured.commits[0].hash)
    assert done.base is None
    assert "none: no earlier commit is measured" in done.markdown()


def test_an_unmeasured_commit_is_refused_with_those_that_are(measured: Measured) -> None:
    with pytest.raises(results.ResultsError, match=measured.commits[0].short):
        report.make(measured, [], head="feedbeef")


def test_a_failed_figure_is_none_and_a_skipped_one_nan(measured: Measured) -> None:
    name = "micro.gtype.Validate.time_validate"
    assert measured.commits[-1].value(name, ("'nested'", "'valid'")) is None
    assert math.isnan(measured.commits[0].value(name, ("'small'", "'valid'")) or 0.0)
    assert math.isnan(measured.commits[0].value("micro.unknown") or 0.0)


def test_the_figure_is_the_median_with_its_interval(measured: Measured) -> None:
    figure = measured.commits[-1].figures["micro.contexts.Local.time_create", ()]
    assert figure.value == pytest.approx(6e-7)
    assert figure.low is not None
    assert figure.high is not None
    assert figure.low < 6e-7 < figure.high


def test_a_single_sample_has_no_interval(measured: Measured) -> None:
    name, parameters = "integration.pipeline.Pipeline.instr_request", ("'simple'",)
    assert measured.commits[-1].figures[name, parameters].low is None


def test_the_report_has_the_three_tables_the_targets_by_tier_and_the_counts(done: report.Report) -> None:
    titles = [table.title for table in done.tables()]
    assert titles[:3] == ["Microbenchmarks", "Integration", "Load tests"]
    assert titles[3:7] == ["Targets: mvp", "Targets: production", "Targets: stretch", "Targets: moonshot"]
    assert titles[7:9] == ["Pipeline overhead", "Instruction counts"]
    columns = [tuple(table.columns) for table in done.tables()[:3]]
    assert columns == [
        ("Component", "Current", "Baseline", "Change"),
        ("Scenario", "P50", "P95", "P99", "Target", "Status"),
        ("Test", "RPS", "P95", "Errors", "Status"),
    ]


def test_every_row_is_as_long_as_its_head(done: report.Report) -> None:
    for table in done.tables():
        assert {len(row) for row in table.rows} <= {len(table.columns)}


def test_load_tests_are_listed_as_not_measured(done: report.Report) -> None:
    load = done.tables()[2]
    assert {row[-1] for row in load.rows} == {"not measured"}
    assert len(load.rows) == 3


def test_a_scenario_shows_its_percentiles_beside_its_target(done: report.Report) -> None:
    simple = done.tables()[1].rows[0]
    assert simple == ["loopback.Loopback: simple", "720 us", "1.37 ms", "1.43 ms", "P95 < 5 ms", "met"]


def test_the_written_verdicts_follow_the_figures(done: report.Report) -> None:
    hook = next(one for one in done.verdicts if one.target.title == "One hook")
    assert report.outcome(hook) == "missed: 2x the limit, 1 ms too much"
    assert hook in done.missed


def test_the_markdown_names_machine_commits_python_and_the_noise(done: report.Report) -> None:
    text = done.markdown()
    for part in ("reference (Toy CPU, 2 cores, Linux)", done.head.short, "Python: 3.11", report.NOISE):
        assert part in text


def test_the_markdown_lets_no_commit_subject_break_out(done: report.Report) -> None:
    text = done.markdown()
    assert "<script" not in text
    assert r"\| a" in text


def test_the_json_is_strict_and_says_why_a_value_is_null(done: report.Report) -> None:
    raw = json.loads(json.dumps(done.as_json(), allow_nan=False))
    nested = [row for row in raw["microbenchmarks"] if row["parameters"] == {"shape": "nested", "input": "valid"}]
    assert nested[0]["current"] == {"value": None, "state": "failed"}
    assert {row["status"] for row in raw["targets"]} == {"met", "missed", "not measured"}
    assert raw["load"][0]["status"] == "not measured"


def test_without_results_the_message_says_what_to_do(empty_project: Path) -> None:
    with pytest.raises(results.NothingMeasured, match="make bench"):
        results.load(results.configuration(empty_project))


def test_an_unknown_machine_is_refused_with_those_known(project: Path) -> None:
    with pytest.raises(results.NothingMeasured, match=r"lab; .*reference"):
        results.load(results.configuration(project), "lab")


def test_results_of_commits_that_are_gone_are_left_out(project: Path) -> None:
    history = list(results.subjects(project, "HEAD").items())
    measured = results.load(results.configuration(project), history=dict(history[:2]))
    assert [commit.hash for commit in measured.commits] == [commit for commit, _ in history[:2]]


def test_a_second_python_is_not_mixed_into_the_same_curve(project: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(project, copy, symlinks=True)
    one = next(iter(sorted((copy / "results" / "reference").glob("*-virtualenv-py3.11.json"))))
    other = json.loads(one.read_text())
    other["env_name"], other["python"] = "virtualenv-py3.13", "3.13"
    one.with_name(one.name.replace("3.11", "3.13")).write_text(json.dumps(other))
    measured = results.load(results.configuration(copy))
    assert len(measured.commits) == 5
    assert {commit.python for commit in measured.commits} == {"3.11"}


def test_the_overhead_adds_up_to_the_whole_and_shows_what_is_left(measured: Measured) -> None:
    counts, times = report.OVERHEAD
    shape = Shape(["part"], [["'parse'", "'route'", "'whole'"]], "")
    figures = {
        (counts, ("'parse'",)): Figure(600.0),
        (counts, ("'route'",)): Figure(300.0),
        (counts, ("'whole'",)): Figure(1000.0),
        (times, ("'parse'",)): Figure(6e-6),
        (times, ("'route'",)): Figure(5e-6),
        (times, ("'whole'",)): Figure(10e-6),
    }
    one = dataclasses.replace(
        measured,
        benchmarks={name: Benchmark(name, "track", shape, True) for name in report.OVERHEAD},
        commits=[dataclasses.replace(measured.commits[-1], figures=figures)],
    )
    table = next(each for each in report.make(one, []).tables() if each.title == "Pipeline overhead")
    assert [row[:3] for row in table.rows] == [
        ["parse", "600", "60 %"],
        ["route", "300", "30 %"],
        ["sum of the parts", "900", "90 %"],
        ["whole", "1,000", "100 %"],
        ["residual", "100", "10 %"],
    ]
    assert [row[3] for row in table.rows] == ["6 us", "5 us", "11 us", "10 us", "-1 us"]
