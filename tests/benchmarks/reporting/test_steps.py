"""Steps of figures along the history, the reasons written down for them, and what git says of pins."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from benchmarks.judging import accepted
from benchmarks.reporting import commits as histories
from benchmarks.reporting import reasons, steps
from benchmarks.reporting.results import Benchmark, Commit, Figure, Measured
from benchmarks.reporting.steps import Step
from benchmarks.reporting.targets import Shape
from tests.benchmarks.conftest import git as run_git
from tests.benchmarks.conftest import start_project

DAY = datetime.datetime(2026, 1, 5, tzinfo=datetime.UTC)
NAME, CHOSEN = "micro.routing.Match.instr_match", ("10", "'static'")
SHAPE = Shape(["routes", "path"], [["10"], ["'static'"]], "instructions")


def measured(values: list[float | None], unit: str = "instructions", *, less: bool = True) -> Measured:
    shape = Shape(SHAPE.names, SHAPE.values, unit)
    commits = [
        Commit(f"{at:040x}", DAY, "3.11", {(NAME, CHOSEN): Figure(value)} if value != -1 else {})
        for at, value in enumerate(values)
    ]
    return Measured({"machine": "toy"}, {NAME: Benchmark(NAME, "instructions", shape, less)}, commits)


def step(before: float, after: float, commit: str = "ab" * 20) -> Step:
    names = dict(zip(SHAPE.names, CHOSEN, strict=True))
    one, other = (Commit(name, DAY, "3.11", {}) for name in (commit, "cd" * 20))
    return Step(Benchmark(NAME, "instructions", SHAPE, True), names, one, other, before, after)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([10_000, 10_101], [(1, True)]),
        ([10_000, 9_899], [(1, False)]),
        ([10_000, 10_100], []),  # not more than 1 %
        ([1_000, 1_030], []),  # not more than 30
        ([1_000, 1_031], [(1, True)]),
        ([10_000, None, -1, 12_000], [(3, True)]),  # failed, then not measured: the neighbour is the one before
        ([10_000, 10_060, 10_120], []),  # each by itself
    ],
)
def test_a_step_of_counts_is_more_than_a_percent_and_thirty(
    values: list[float | None], found: list[tuple[int, bool]]
) -> None:
    assert [(int(one.commit.hash, 16), one.worse) for one in steps.count_steps(measured(values))] == found


def test_a_level_of_times_must_last_and_be_a_fifth_away() -> None:
    times = [1.0, 1.01, 0.99, 1.0, 9.0, 1.0, 1.3, 1.31, 1.29, 1.3]
    (found,) = steps.level_steps(measured([*times], "seconds"))
    assert (int(found.commit.hash, 16), found.before, found.after) == (6, pytest.approx(1.0), pytest.approx(1.3))
    assert found.worse


def test_a_rate_that_rises_is_for_the_better() -> None:
    (found,) = steps.level_steps(measured([100.0] * 4 + [150.0] * 4, "requests/s", less=False))
    assert not found.worse
    assert found.reading.change() == "+50 %"


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
