"""What a benchmark is called, and how it is found by a part of that."""

from __future__ import annotations

import pytest

from benchmarks.harness import names

TIME, COUNT = "micro.a.A.time_x", "micro.a.A.instr_x"


def test_a_label_has_the_parameters_where_there_are_any() -> None:
    assert names.label(TIME, ["10", "'static'"]) == f"{TIME}(10, 'static')"
    assert names.label(TIME, []) == TIME


def test_twins_differ_by_their_kind_and_what_has_none_is_its_own() -> None:
    assert (names.as_count(TIME), names.as_time(COUNT)) == (COUNT, TIME)
    assert (names.as_count(COUNT), names.as_time(TIME)) == (COUNT, TIME)
    for other in ("micro.a.A.track_x", "micro.a.A.timeraw_x"):
        assert (names.is_time(other), names.as_count(other), names.as_time(other)) == (False, other, other)


def test_a_parameter_that_looks_like_a_kind_stays() -> None:
    assert names.as_count(f"{TIME}('b.B.time_y')") == f"{COUNT}('b.B.time_y')"


@pytest.mark.parametrize("label", [f"{TIME}(10)", f"{COUNT}(10)"])
@pytest.mark.parametrize(("regex", "found"), [("time_x", True), (r"instr_x\(10\)$", True), ("", True), ("^A", False)])
def test_a_benchmark_is_found_by_its_own_name_or_its_twins(label: str, regex: str, found: bool) -> None:
    assert names.matches(regex, label) is found


def test_more_is_better_of_rates_unless_they_say_otherwise() -> None:
    assert names.less_is_better({"name": "a.A.track_cost"})
    assert not names.less_is_better({"name": "a.A.track_rate"})
    assert names.less_is_better({"name": "a.A.track_rate", "less_is_better": True})
