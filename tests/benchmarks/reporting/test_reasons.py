"""Why a figure stepped, where somebody wrote it down."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from benchmarks.judging import accepted
from benchmarks.reporting import reasons
from benchmarks.reporting.results import Benchmark, Commit
from benchmarks.reporting.steps import Step
from benchmarks.reporting.targets import Shape
from tests.benchmarks.conftest import git as run_git

NAME, CHOSEN = "micro.routing.Match.instr_match", ("10", "'static'")
SHAPE = Shape(["routes", "path"], [["10"], ["'static'"]], "instructions")
DAY = datetime.datetime(2026, 1, 5, tzinfo=datetime.UTC)


def step(before: float, after: float, commit: str = "ab" * 20) -> Step:
    names = dict(zip(SHAPE.names, CHOSEN, strict=True))
    one, other = (Commit(name, DAY, "3.11", {}) for name in (commit, "cd" * 20))
    return Step(Benchmark(NAME, "instructions", SHAPE, True), names, one, other, before, after)


LINE = (
    "| 2026-01-05 | walked: `routing.Match.match (10, static)` / `(10, miss)` | 1,353 / 2 | 1,504 / 3 | yes: tidy |\n"
)
OTHER = "| 2026-01-05 | what abababa did | - | - | no |\n"


@pytest.mark.parametrize(
    ("log", "one", "reason"),
    [
        (LINE, step(1353.2, 1504.4), "walked (kept: yes: tidy)"),
        (LINE, step(1353.2, 1600.0), ""),  # another change of the same benchmark
        (LINE.replace("static", "dynamic"), step(1353.2, 1504.4), ""),
        (OTHER, step(1.0, 2.0), "what abababa did (kept: no)"),
        (OTHER, step(1.0, 2.0, "12" * 20), ""),
        ("", step(1.0, 2.0), ""),
    ],
)
def test_a_line_of_the_log_explains_the_change_or_the_commit_that_it_names(
    tmp_path: Path, log: str, one: Step, reason: str
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "perf-log.md").write_text(f"# Log\n\n| date | what |\n|---|---|\n{log}")
    assert reasons.load(tmp_path).of(one) == reason


def acceptance(entry: str) -> str:
    twin = "micro.routing.Match.time_match"
    return f'[[accepted]]\nbenchmark = "{twin}"\nreason = "worth it"\ndate = 2026-01-05\n{entry}\n'


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ('commit = "abababab"\nup_to = 2.0', "Accepted: worth it"),
        ('commit = "12121212"\nup_to = 2.0', ""),
        ('commit = "abababab"\nup_to = 1.9', ""),
        ('commit = "abababab"\nup_to = 2.0\nparameters = { path = "static" }', "Accepted: worth it"),
        ('commit = "abababab"\nup_to = 2.0\nparameters = { path = "miss" }', ""),
    ],
)
def test_an_accepted_regression_is_explained_by_its_reason(tmp_path: Path, entry: str, reason: str) -> None:
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / accepted.FILE).write_text(acceptance(entry))
    assert reasons.load(tmp_path).of(step(1000.0, 2000.0)) == reason


@pytest.mark.parametrize(("at", "reason"), [(2, "Accepted: worth it"), (1, ""), (3, "")])
def test_an_acceptance_that_names_no_commit_speaks_of_the_one_that_brought_it(
    tmp_path: Path, at: int, reason: str
) -> None:
    root = tmp_path / "project"
    root.mkdir()
    texts = ["", "", acceptance("up_to = 2.0"), acceptance("up_to = 2.0")]
    commits = commit_each(root, texts)
    one = step(1000.0, 2000.0, commits[at])
    assert reasons.load(root).of(one._replace(previous=Commit(commits[at - 1], DAY, "3.11", {}))) == reason


def commit_each(root: Path, texts: list[str]) -> list[str]:
    commits = []
    run_git(root, "init", "--quiet")
    for day, text in enumerate(texts, 1):
        (root / "benchmarks").mkdir(exist_ok=True)
        (root / accepted.FILE).write_text(text)
        run_git(root, "add", ".")
        run_git(root, "commit", "--quiet", "--allow-empty", "-m", "more", day=day)
        commits.append(run_git(root, "rev-parse", "HEAD"))
    return commits
