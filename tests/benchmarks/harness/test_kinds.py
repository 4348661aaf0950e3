"""Kinds of our own: twins that are counted, and times per call."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from benchmarks.harness.counting import CountingError
from benchmarks.harness.kinds import Instructions, PerCallTime, counted


def test_a_benchmark_that_was_not_selected_for_counting_says_so() -> None:
    with pytest.raises(CountingError, match="PYRT_BENCH_ONLY does not select it"):
        Instructions("instr_work", lambda: None, []).run({})


class Suite:
    version = "1"

    def time_work(self) -> None:
        pass

    time_work.inner, time_work.rounds = 50, 3  # type: ignore[attr-defined]


def test_a_twin_has_the_same_code_and_attributes_of_its_own() -> None:
    twin: Any = vars(counted(Suite))["instr_work"]
    assert twin.__code__ is Suite.time_work.__code__
    assert vars(twin) == {"inner": 50}
    twin.inner = 1
    assert vars(Suite.time_work)["inner"] == 50


@pytest.mark.parametrize("unfit", ["setup", "setup_cache"])
def test_a_suite_with_a_setup_is_not_counted(unfit: str) -> None:
    suite = type("Fresh", (), {"time_work": lambda self: None, unfit: lambda self: None})
    with pytest.raises(TypeError, match=rf"Fresh\.time_work has {unfit}"):
        counted(suite)


def test_times_are_per_call_and_asv_keeps_its_own_number_of_repetitions() -> None:
    ticks = itertools.count()
    options = type("Options", (), {"timer": lambda: next(ticks), "number": 4, "repeat": 2, "warmup_time": 0})
    work = Suite().time_work
    result = PerCallTime("x", work, [work, options]).run()
    # One tick for four repetitions of fifty calls.
    assert result == {"samples": [1 / 200, 1 / 200], "number": 4}
