"""Targets: what the file may say, and when a target is met, missed or not measured."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.judging.errors import WrongUse
from benchmarks.reporting import targets
from benchmarks.reporting.targets import Shape, Target, TargetVerdict, judge

SHAPE = Shape(["routes", "path"], [["10", "10000"], ["'static'", "'miss'"]], "seconds")
FIGURES = {
    ("10", "'static'"): 1.0,
    ("10", "'miss'"): 2.0,
    ("10000", "'static'"): 3.0,
    ("10000", "'miss'"): 8.0,
}
SHAPES = {"match": SHAPE}


def target(compare: str = "<", limit: float = 5.0, **more: object) -> Target:
    return Target("mvp", "Components", "Match", compare, limit, "s", **{"benchmark": "match", **more})  # type: ignore[arg-type]


def verdict(one: Target, **figures: float | None) -> TargetVerdict:
    known: dict[tuple[str, ...], float | None] = dict(FIGURES.items())
    if "worst" in figures:
        known["10000", "'miss'"] = figures["worst"]
    return judge(one, SHAPES, lambda _, parameters: known[parameters])


def test_a_target_without_a_choice_is_judged_at_its_worst() -> None:
    found = verdict(target())
    assert (found.status, found.value) == ("missed", 8.0)
    assert found.at == {"routes": "10000", "path": "'miss'"}


def test_the_worst_of_a_rate_is_the_smallest() -> None:
    assert verdict(target(">", 1.5)).value == 1.0


def test_a_missed_target_says_by_which_ratio_and_by_how_much() -> None:
    found = verdict(target(limit=5.0))
    assert (found.factor, found.excess) == (1.6, 3.0)
    rate = verdict(target(">=", 4.0))
    assert (rate.factor, rate.excess) == (0.25, 3.0)


def test_a_limit_of_zero_has_no_ratio() -> None:
    assert verdict(target("<=", 0.0)).factor is None


@pytest.mark.parametrize(("compare", "status"), [("<", "missed"), ("<=", "met"), (">", "missed"), (">=", "met")])
def test_a_value_on_the_limit_meets_only_the_comparisons_that_include_it(compare: str, status: str) -> None:
    chosen = {"routes": 10, "path": "static"}
    assert verdict(target(compare, 1.0, parameters=chosen)).status == status


def test_a_choice_of_one_parameter_leaves_the_other_at_its_worst() -> None:
    found = verdict(target(parameters={"routes": 10}))
    assert (found.status, found.value) == ("met", 2.0)


def test_a_relative_target_divides_by_the_same_benchmark_at_another_choice() -> None:
    found = verdict(target(limit=3.5, parameters={"routes": 10000}, relative_to={"routes": 10}))
    assert (found.value, found.at["path"]) == (4.0, "'miss'")


def test_scale_turns_the_benchmarks_unit_into_the_targets() -> None:
    assert verdict(target(scale=1e-6)).value == pytest.approx(8e-6)


@pytest.mark.parametrize(("value", "reason"), [(None, "failed"), (math.nan, "not available"), (math.inf, "not")])
def test_a_target_is_not_met_while_one_of_its_figures_is_absent(value: float | None, reason: str) -> None:
    found = verdict(target(limit=100.0), worst=value)
    assert found.status == "not measured"
    assert found.value is None
    assert reason in found.reason


def test_one_figure_over_the_limit_is_a_miss_even_while_others_are_absent() -> None:
    assert verdict(target(limit=2.5), worst=None).status == "missed"


def test_a_target_without_a_benchmark_or_a_result_is_not_measured() -> None:
    assert verdict(target(benchmark=None)).status == "not measured"
    absent = verdict(target(benchmark="other"))
    assert (absent.status, absent.reason) == ("not measured", "no result of other")
    assert verdict(target(parameters={"routes": 77})).status == "not measured"


def test_the_written_targets_are_valid_and_in_every_tier() -> None:
    tiers = Counter(one.tier for one in targets.load())
    assert set(tiers) == set(targets.TIERS)


def test_every_tier_of_the_project_asks_for_rate_latency_memory_and_scaling() -> None:
    for tier, rate in [("mvp", 1000), ("production", 5000), ("stretch", 10_000)]:
        scaling = [one for one in targets.load() if (one.tier, one.group) == (tier, "Scaling")]
        assert [one.unit for one in scaling] == ["1/s", "s", "bytes", "ratio"]
        assert scaling[0].limit == rate


VALID = '[[target]]\ntier = "mvp"\ngroup = "G"\ntitle = "T"\ncompare = "<"\nlimit = 1\nunit = "s"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (VALID.replace('unit = "s"', ""), "unit missing"),
        (VALID.replace('"mvp"', '"alpha"'), "expected one of mvp"),
        (VALID.replace('"<"', '"about"'), "expected one of <"),
        (VALID.replace('"s"', '"ms"'), "expected one of s"),
        (VALID.replace("limit = 1", 'limit = "1"'), "wrong type"),
        (VALID.replace("limit = 1", "limit = nan"), "finite"),
        (VALID + "benchmrk = 'x'\n", "unknown field benchmrk"),
        (VALID + "parameters = {a = 1}\n", "without a benchmark"),
        (VALID + VALID, "written twice"),
        ("", "no [[target]]"),
        ("target = 1", "[[target]]"),
        ("limit =", "Invalid value"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_reason(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "targets.toml"
    path.write_text(text)
    with pytest.raises(WrongUse) as caught:
        targets.load(path)
    assert message in str(caught.value)


def test_a_missing_file_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match=r"absent\.toml"):
        targets.load(tmp_path / "absent.toml")
