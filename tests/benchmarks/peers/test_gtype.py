"""Peers: fair turns, honest entries, the same work by each library, and the verb that tells of it."""

from __future__ import annotations

import os

import pytest

from benchmarks.harness.counting import Outcome
from benchmarks.peers import gtype, validators
from tests.benchmarks.peers.toys import SECONDS, compared, peer


def test_a_count_is_shown_beside_the_time_or_why_there_is_none() -> None:
    counts = {
        ("one", "pyrt"): Outcome({}, 1234.4),
        ("one", "half"): Outcome({}, error="not steady: 1.0, 2.0 instructions per call"),
        ("one", "five-times"): Outcome({}, skipped="valgrind is not installed"),
    }
    done = compared(*map(peer, SECONDS), counts=counts)
    assert [row[4] for row in done.tables()[0].rows] == ["1,234", "not steady", "-"]
    assert "Instructions: valgrind is not installed." in done.markdown()


def test_each_count_is_the_one_of_its_case_and_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYRT_BENCH_WORKING_COPY", "1")
    monkeypatch.setenv("PATH", os.devnull)
    for (case, library), outcome in gtype.counts().items():
        assert outcome.params == {"library": repr(library), "case": repr(case)}
        assert outcome.skipped.startswith("valgrind is not installed")


def test_what_is_told_of_the_libraries_and_cases_is_of_all_of_them() -> None:
    assert list(gtype.HOW) == list(validators.LIBRARIES)
    assert list(gtype.TITLES) == list(validators.CASES)
