"""Regressions that are accepted: by whom they hold, for what, and how far."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.judging.accepted import FILE, accept, holding, load, parse
from benchmarks.judging.comparison import Counts, Row, Verdict
from benchmarks.judging.errors import WrongUse
from tests.benchmarks.conftest import git

ENTRY = """
[[accepted]]
benchmark = "micro.routing.Match.time_match"
up_to = 1.3
reason = "Checks came before speed."
date = 2026-11-25
"""


def row(ratio: float = 1.2, verdict: Verdict = Verdict.ALERT, **parameters: str) -> Row:
    counts = Counts(base=1000, head=1000 * ratio, verdict=verdict)
    name = "micro.routing.Match.time_match"
    return Row(name=name, parameters=parameters, unit="seconds", verdict=verdict, counts=counts)


def accepted(text: str, *rows: Row) -> list[str]:
    return [one.accepted for one in accept(rows, parse(text))]


def test_a_regression_that_is_accepted_does_not_gate_and_has_its_reason() -> None:
    (found,) = accept([row()], parse(ENTRY))
    assert found.accepted == "Checks came before speed."
    assert found.verdict is Verdict.ALERT
    assert not found.gates


def test_an_acceptance_holds_as_far_as_it_says() -> None:
    assert accepted(ENTRY, row(1.3), row(1.31)) == ["Checks came before speed.", ""]


def test_an_acceptance_of_one_choice_of_parameters_covers_no_other() -> None:
    entry = ENTRY + 'parameters = { routes = 10, path = "static" }\n'
    rows = [row(routes="10", path="'static'"), row(routes="10", path="'miss'"), row(routes="100", path="'static'")]
    assert accepted(entry, *rows) == ["Checks came before speed.", "", ""]


def test_what_does_not_alert_needs_no_acceptance() -> None:
    assert accepted(ENTRY, row(1.02, Verdict.SLOWER)) == [""]


@pytest.mark.parametrize("name", ["micro.routing.Match.instr_match", "micro.routing.Match.time_match"])
def test_an_acceptance_may_name_either_twin(name: str) -> None:
    assert accepted(ENTRY.replace("micro.routing.Match.time_match", name), row()) != [""]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[accepted]\n", "accepted.toml: Expected"),
        (ENTRY + "limit = 3\n", "unknown field"),
        (ENTRY.replace("up_to = 1.3\n", ""), "missing required field `up_to`"),
        (ENTRY.replace("1.3", "0.9"), "up_to above 1"),
        (ENTRY.replace("1.3", "inf"), "up_to above 1"),
        (ENTRY.replace("Checks came before speed.", " "), "and a reason"),
    ],
)
def test_a_malformed_file_says_where(text: str, told: str) -> None:
    with pytest.raises(WrongUse, match=told):
        parse(text)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Four commits: nothing, the change, its acceptance, and something later."""
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    (tmp_path / "benchmarks").mkdir()
    for name, text in (("before", ""), ("slower", ""), ("accepted", ENTRY), ("later", ENTRY)):
        (tmp_path / FILE).write_text(text)
        (tmp_path / "at").write_text(name)
        git(tmp_path, "add", "--all")
        git(tmp_path, "commit", "--quiet", "-m", name)
        git(tmp_path, "tag", name)
    return tmp_path


@pytest.mark.parametrize(
    ("base", "head", "holds"),
    [
        ("before", "accepted", True),
        ("slower", "later", True),
        ("accepted", "later", False),
        ("before", "slower", False),  # it is not in there yet
    ],
)
def test_an_acceptance_holds_between_commits_that_bring_it_along_and_never_again(
    project: Path, base: str, head: str, holds: bool
) -> None:
    assert bool(holding(project, git(project, "rev-parse", base), git(project, "rev-parse", head))) is holds


def test_an_acceptance_can_be_tried_before_it_is_committed(project: Path) -> None:
    (project / FILE).write_text(ENTRY + ENTRY.replace("1.3", "1.4"))
    (found,) = holding(project, git(project, "rev-parse", "accepted"), git(project, "rev-parse", "HEAD"))
    assert found.up_to == 1.4


def test_an_acceptance_holds_for_the_commit_that_it_names(project: Path) -> None:
    commit = git(project, "rev-parse", "later")[:10]
    (project / FILE).write_text(ENTRY + f'commit = "{commit}"\n')
    git(project, "commit", "--quiet", "-am", "Name the commit")
    git(project, "tag", "named")
    (project / "at").write_text("last")
    git(project, "commit", "--quiet", "-am", "last")
    assert holding(project, "accepted", "later")
    assert not holding(project, "named", "HEAD")


def test_a_project_without_the_file_accepts_nothing(tmp_path: Path) -> None:
    assert load(tmp_path) == []
