"""What commits say of themselves, and what they change in the pins."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from benchmarks.reporting import commits as histories
from benchmarks.reporting.results import Commit
from tests.benchmarks.conftest import start_project

DAY = datetime.datetime(2026, 1, 5, tzinfo=datetime.UTC)


def test_pins_change_at_the_commit_that_changed_a_version(tmp_path: Path) -> None:
    pins = ["a==1\nb==1\n", "a==1\nb==1\n# words\n", "a==2\nc==1 ; x\n", "a==2\nc==1\n"]
    commits = start_project(
        tmp_path / "project", {at: {"constraints.txt": text, "f": str(at)} for at, text in enumerate(pins)}
    )
    (found,) = histories.pin_changes(tmp_path / "project")
    assert (found.commit, found.words()) == (commits[2], ["a 1 -> 2", "b 1 removed", "c 1 added"])


@pytest.mark.parametrize(("known", "at"), [([0, 1, 2, 3, 4], [2]), ([0, 1, 3], [2]), ([2, 3], []), ([0, 1], [])])
def test_a_change_of_pins_is_marked_at_the_first_measured_commit_that_has_it(known: list[int], at: list[int]) -> None:
    history = [f"{number:040x}" for number in range(5)]
    commits = [Commit(history[number], DAY, "3.11", {}) for number in known]
    changes = [histories.PinChange(history[2], {"a": ("1", "2")})]
    assert [position for position, _ in histories.marks(changes, history, commits)] == at


def test_a_message_keeps_its_subject_and_body_apart(tmp_path: Path) -> None:
    commits = start_project(tmp_path / "project")
    told = histories.messages(tmp_path / "project")
    assert list(told) == commits
    assert (told[commits[0]].subject, told[commits[0]].body, told[commits[0]].date) == (
        "Plain routes",
        "",
        "2026-01-01",
    )
