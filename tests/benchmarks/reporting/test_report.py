"""The report: what it reads from asv's results, and how it speaks of figures."""

from __future__ import annotations

import dataclasses
import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.judging.comparison import Row, Side, Verdict
from benchmarks.judging.errors import WrongUse
from benchmarks.reporting import criteria, report, tables, targets
from benchmarks.reporting.results import Benchmark, Commit, Figure, Measured
from benchmarks.reporting.targets import Shape
from tests.benchmarks.comparisons import comparison, timed


@pytest.fixture(scope="module")
def done(measured: Measured) -> report.Report:
    return report.make(measured, targets.load())


def table(done: report.Report, title: str) -> tables.Table:
    return next(one for one in done.tables() if one.title == title)


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
    with pytest.raises(WrongUse, match=measured.commits[0].short):
        report.make(measured, [], head="feedbeef")


def test_the_report_has_the_three_tables_the_criteria_and_the_optimisation_targets(done: report.Report) -> None:
    assert [one.title for one in done.tables()] == [
        "Components",
        "Scenarios",
        "Load tests",
        "Success criteria",
        "Targets: mvp",
        "Targets: production",
        "Targets: stretch",
        "Targets: moonshot",
        "Optimisation targets",
        "Profiles",
        "Integration in process",
        "Other figures",
    ]
    assert [tuple(one.columns) for one in done.tables()[:4]] == [
        ("Component", "Current", "Baseline", "Change", "Instructions", "Verdict", "History"),
        ("Scenario", "P50", "P95", "P99", "Target", "Status", "Since the baseline", "Verdict", "History"),
        ("Test", "RPS", "P95", "Errors", "Status"),
        ("Tier", "Met", "Missed", "Not measured", "Of"),
    ]


def test_the_headline_says_how_many_became_faster_and_slower_and_how_many_targets_are_missed(
    done: report.Report,
) -> None:
    assert done.base is not None
    assert done.headline() == (
        f"Against {done.base.short}: 9 faster, 5 slower, 5 unchanged, 2 not comparable; 4 of 54 targets missed."
    )
    assert done.markdown().index(done.headline()) < done.markdown().index("## Components")


def test_every_row_is_as_long_as_its_head(done: report.Report) -> None:
    for table in done.tables():
        assert {len(row) for row in table.rows} <= {len(table.columns)}


def test_a_scenario_shows_its_percentiles_with_intervals_its_target_and_what_became_of_it(done: report.Report) -> None:
    assert table(done, "Scenarios").rows[0] == [
        "loopback.Loopback: simple",
        "720 us [706, 734]",
        "1.37 ms [1.34, 1.4]",
        "1.43 ms [1.4, 1.45]",
        "P95 < 5 ms",
        "met",
        "-10 % [-14, -6] from 1.52 ms",
        "✅ FASTER",
        "█▆▄▃▁",
    ]


def test_each_tier_has_a_line_of_totals(done: report.Report) -> None:
    rows = {row[0]: [int(cell) for cell in row[1:]] for row in table(done, "Success criteria").rows}
    assert list(rows) == list(targets.TIERS)
    for tier, (*counts, total) in rows.items():
        statuses = [one.status for one in done.verdicts if one.target.tier == tier]
        assert counts == [statuses.count(status) for status in ("met", "missed", "not measured")]
        assert total == sum(counts)
    assert rows["mvp"] == [6, 1, 10, 17]


def test_load_tests_are_listed_as_not_measured_until_something_measures_them(done: report.Report) -> None:
    load = table(done, "Load tests")
    assert {row[-1] for row in load.rows} == {"not measured"}
    assert [row[0] for row in load.rows][:3] == [
        "Sustained 1,000 requests/s",
        "Spike from 100 to 5,000 requests/s",
        "Stress",
    ]


def test_the_written_verdicts_follow_the_figures(done: report.Report) -> None:
    hook = next(one for one in done.verdicts if one.target.title == "One hook")
    assert criteria.outcome(hook) == "missed: 2x the limit, 1 ms too much"
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
    nested = [row for row in raw["components"] if row["parameters"] == {"shape": "nested", "input": "valid"}]
    assert nested[0]["current"] == {"value": None, "state": "failed"}
    assert {row["status"] for row in raw["targets"]} == {"met", "missed", "not measured"}
    assert raw["load"][0]["status"] == "not measured"


def compare(measured: Measured, folder: Path, *rows: Row, **more: Any) -> report.Report:
    """The report beside a comparison of the last two commits."""
    base, head = measured.commits[-2:]
    sides = {"base": Side(commit=base.hash), "head": Side(commit=head.hash)}
    comparison(*rows, **{**sides, **more}).save(folder / report.COMPARED)
    return report.make(measured, [], project=folder)


def test_verdicts_figures_and_noise_floor_are_those_of_the_comparison_where_there_is_one(
    measured: Measured, tmp_path: Path
) -> None:
    slow = timed(Verdict.ALERT, 1.3, name="micro.contexts.Local.time_create")
    p95 = {"scenario": "'simple'", "percentile": "'p95'"}
    open_ = timed(
        Verdict.INCONCLUSIVE, 1.1, half=0.2, name="integration.loopback.Loopback.track_latency", parameters=p95
    )
    done = compare(measured, tmp_path, slow, open_)
    rows = {row[0]: row for row in table(done, "Components").rows}
    assert rows["contexts.Local.time_create"][1:6] == ["13 us", "10 us", "+30 % [+25, +35]", "-", "⚠️ ALERT"]
    assert table(done, "Scenarios").rows[0][-3:-1] == ["+10 % [-10, +30] from 10 us", "INCONCLUSIVE"]
    about = dict(done.heading())
    assert about["Noise"].startswith("floor 1.04x")
    assert about["Compared"].startswith("by python -m benchmarks compare main on Toy CPU")
    assert done.as_json()["noise_floor"] == 1.04
    assert "1 inconclusive" in done.headline()


@pytest.mark.parametrize("other", [{"base": Side(commit="c" * 40)}, {"head": Side(commit="c" * 40)}])
def test_a_comparison_of_other_commits_is_left_aside_with_the_command_that_makes_one(
    measured: Measured, tmp_path: Path, other: dict[str, Side]
) -> None:
    done = compare(measured, tmp_path, timed(Verdict.FAIL, 2.0, name="micro.contexts.Local.time_create"), **other)
    assert done.comparison is None
    base, head = measured.commits[-2:]
    assert f"python -m benchmarks compare {base.short} {head.short}" in dict(done.heading())["Compared"]


def test_a_comparison_that_cannot_be_read_is_named_and_no_reason_to_stop(measured: Measured, tmp_path: Path) -> None:
    path = tmp_path / report.COMPARED
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    assert (
        f"none: {path} holds no comparison" in dict(report.make(measured, [], project=tmp_path).heading())["Compared"]
    )


def test_with_counts_alone_the_components_are_those_of_the_counts(measured: Measured) -> None:
    counts = [
        dataclasses.replace(
            commit, figures={key: figure for key, figure in commit.figures.items() if ".instr_" in key[0]}
        )
        for commit in measured.commits
    ]
    done = report.make(dataclasses.replace(measured, commits=counts), [])
    found = table(done, "Components")
    assert found.rows[0] == [
        "routing.Match.instr_match (routes 10, path static)",
        "1,504 instr",
        "1,353 instr",
        "+11 %",
        "⚠️ ALERT",
        "███▁█",
    ]
    assert "have no figure at either commit" in found.note
    assert "time_" not in "".join(row[0] for row in found.rows)


def test_a_commit_with_counts_alone_names_the_command_that_shows_the_last_times(measured: Measured) -> None:
    *earlier, last = measured.commits
    assert "Times" not in dict(report.make(measured, []).heading())
    counts = {key: figure for key, figure in last.figures.items() if ".instr_" in key[0]}
    commits = [*earlier, dataclasses.replace(last, figures=counts)]
    done = report.make(dataclasses.replace(measured, commits=commits), [])
    command = f"python -m benchmarks report --machine reference --head {earlier[-1].short}"
    assert dict(done.heading())["Times"].endswith(command)


def test_the_history_goes_up_to_the_commit_that_is_reported(measured: Measured) -> None:
    third = report.make(measured, [], head=measured.commits[2].hash).as_json()
    points = third["components"][0]["history"]["points"]
    assert [point["commit"] for point in points] == [commit.short for commit in measured.commits[:3]]


def test_a_target_without_a_figure_shows_the_newest_that_there_was_and_stays_unmeasured() -> None:
    target = targets.Target("mvp", "Components", "One hook", "<", 1e-3, "s", benchmark="micro.x.X.time_y")
    shape = Shape([], [], "seconds")
    day = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    figures = ({("micro.x.X.time_y", ()): Figure(2e-3)}, {("micro.x.X.time_y", ()): Figure(5e-4)}, {})
    commits = [Commit(f"{at}" * 40, day, "3.11", found) for at, found in enumerate(figures)]
    known = {"micro.x.X.time_y": Benchmark("micro.x.X.time_y", "time", shape, True)}
    done = report.make(Measured({"machine": "toy"}, known, commits), [target])
    assert [(one.status, one.last) for one in done.verdicts] == [("not measured", "500 us at 11111111: met")]
    assert table(done, "Targets: mvp").rows[0][3] == "500 us at 11111111: met"
