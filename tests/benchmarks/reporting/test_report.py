"""The report: what it reads from asv's results, and how it speaks of figures."""

from __future__ import annotations

import dataclasses
import datetime
import json
import math
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from benchmarks.judging.comparison import Row, Side, Verdict
from benchmarks.judging.errors import WrongUse
from benchmarks.reporting import comparison_report, criteria, report, results, shares, standalone, tables, targets
from benchmarks.reporting.results import Benchmark, Commit, Figure, Measured
from benchmarks.reporting.spark import Spark
from benchmarks.reporting.targets import Shape
from tests.benchmarks.browser import needs_browser, tab
from tests.benchmarks.comparisons import comparison, one_of_each, timed


@pytest.fixture(scope="module")
def measured(project: Path) -> Measured:
    return results.load(results.configuration(project))


@pytest.fixture(scope="module")
def done(measured: Measured) -> report.Report:
    return report.make(measured, targets.load())


def table(done: report.Report, title: str) -> tables.Table:
    return next(one for one in done.tables() if one.title == title)


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


def test_a_load_test_has_its_figures_in_one_row_and_the_worst_of_its_outcomes() -> None:
    def verdict(title: str, unit: str, value: float, status: targets.Status) -> targets.TargetVerdict:
        target = targets.Target("mvp", "Load", title, "<=" if unit != "1/s" else ">=", 1.0, unit)
        return targets.TargetVerdict(target, status, value)

    verdicts = [
        verdict("Sustained: P95", "s", 0.018, "met"),
        verdict("Sustained: rate", "1/s", 1000.0, "met"),
        verdict("Sustained: errors", "requests", 3.0, "missed"),
    ]
    assert criteria.load_rows(verdicts) == [
        ["Sustained", "1,000/s", "18 ms", "3 requests", "missed: 3x the limit, 2 requests too much"]
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
    found = table(report.make(overhead, []), "Optimisation targets")
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
    found = report.make(overhead, []).as_json()["optimisation_targets"]
    assert [(one["part"], one["rank"]) for one in found] == [
        ("parse", 1),
        ("route", 2),
        ("sum of the parts", None),
        ("whole", None),
        ("residual", None),
    ]
    assert found[0] == {"part": "parse", "rank": 1, "instructions": 600.0, "seconds": 6e-6, "share": 0.6}


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


def test_the_page_has_every_table_a_line_for_each_history_and_needs_no_other_file(done: report.Report) -> None:
    text = standalone.html(done)
    assert not re.search(r"<link|<img|<script|@import|url\(|https?:", text)
    assert text.count("<h2>") + text.count("<summary>") == len(done.tables())
    assert text.count('<svg class="spark"') == sum(
        isinstance(c, Spark) and c != "-" for t in done.tables() for r in t.rows for c in r
    )
    assert "over 5 commits, from" in text


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_are_no_wider_than_a_phone_and_follow_the_colour_scheme(
    done: report.Report, tmp_path: Path, scheme: str
) -> None:
    shown = {
        "report": standalone.html(done),
        "compared": standalone.html(comparison_report.ComparisonReport(one_of_each())),
    }
    with tab(tmp_path / "profile") as page:
        for name, text in shown.items():
            file = tmp_path / f"{name}.html"
            file.write_text(text)
            page.open(file.as_uri(), width=400, scheme=scheme)
            assert page.ask("document.documentElement.scrollWidth") <= 400
            background = page.ask("getComputedStyle(document.body).backgroundColor")
            assert background == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 26)"}[scheme]
            page.open(file.as_uri(), width=1280, scheme=scheme)
            assert page.ask("document.documentElement.scrollWidth") <= 1280
            assert page.complaints == []
            assert page.asked == [file.as_uri()]


def test_a_target_without_a_figure_shows_the_newest_that_there_was_and_stays_unmeasured() -> None:
    target = targets.Target("mvp", "Components", "One hook", "<", 1e-3, "s", benchmark="micro.x.X.time_y")
    shapes = {"micro.x.X.time_y": Shape([], [], "seconds")}
    day = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    figures = ({("micro.x.X.time_y", ()): Figure(2e-3)}, {("micro.x.X.time_y", ()): Figure(5e-4)}, {})
    commits = [Commit(f"{at}" * 40, day, "3.11", found) for at, found in enumerate(figures)]
    verdict = targets.judge(target, shapes, commits[-1].value)
    found = report._with_last(verdict, shapes, commits[:-1])
    assert (found.status, found.last) == ("not measured", "500 us at 11111111: met")
    assert criteria._target_cells(found)[3] == "500 us at 11111111: met"
