"""Instruction counts: exact, and a clear reason where there is none."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.toy import Project

needs_valgrind = pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
COUNT = """
import json
from benchmarks.harness import counting
found = counting.count({regex!r}, {module!r}, {work})
print(json.dumps({{f"{{name}}-{{index}}": outcome._asdict() for (name, index), outcome in found.items()}}))
"""
BESIDE = """
from ..harness.kinds import counted

@counted
class Sum:
    version = "1"

    def time_sum(self):
        sum(range(1000))
"""


def count(
    project: Project, regex: str | None = None, *, module: str = "benchmarks", work: float = 1.0, **environment: str
) -> dict[str, Any]:
    done = project.run(f"exec({COUNT.format(regex=regex, module=module, work=work)!r})", **environment)
    assert done.returncode == 0, done.stderr
    outcomes: dict[str, Any] = json.loads(done.stdout)
    return {name.removeprefix("micro.routing."): outcome for name, outcome in outcomes.items()}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("p"))


@pytest.fixture(scope="module")
def counts(project: Project) -> dict[str, Any]:
    return count(project)


@needs_valgrind
def test_a_count_does_not_depend_on_where_the_clone_is_nor_on_what_else_is_counted(
    counts: dict[str, Any], tmp_path: Path
) -> None:
    elsewhere = Project(tmp_path / "a folder with a considerably longer name" / "clone")
    alone = count(elsewhere, r"time_match\('/a/b/c/d', 2\)", HOME="/nowhere", EXTRA="x" * 999)
    assert list(alone) == ["Match.instr_match-3"]
    assert alone["Match.instr_match-3"]["instructions"] == counts["Match.instr_match-3"]["instructions"]


@needs_valgrind
def test_more_work_than_is_owned_up_to_counts_as_just_that_much_slower(
    project: Project, counts: dict[str, Any]
) -> None:
    slowed = count(project, r"time_match\('/a/b', 1\)", work=1.25)
    more = slowed["Match.instr_match-0"]["instructions"]
    assert more == pytest.approx(1.25 * counts["Match.instr_match-0"]["instructions"], rel=1e-3)


@needs_valgrind
def test_a_count_is_per_call_and_grows_with_the_work(counts: dict[str, Any]) -> None:
    once, twice = (counts[f"Match.instr_match-{index}"] for index in (0, 1))
    assert once["params"] == {"path": "'/a/b'", "times": "1"}
    # Without the division by `inner` it would be twenty times as much.
    assert 1_000 < once["instructions"] < twice["instructions"] < 2.1 * once["instructions"] < 20_000


@needs_valgrind
def test_an_event_that_comes_once_is_not_taken_for_unsteady_work(counts: dict[str, Any]) -> None:
    outcome = counts["Rare.instr_event-0"]
    assert outcome["error"] == ""
    assert 1000 < outcome["instructions"] < 20_000


@needs_valgrind
@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("growing", "not steady: "),
        ("failing", "LookupError: no such route"),
        ("leaving", "SystemExit: 4"),
        ("dying", "its process died"),
    ],
)
def test_what_cannot_be_counted_fails_alone_and_says_why(counts: dict[str, Any], name: str, part: str) -> None:
    outcome = counts[f"Odd.instr_{name}-0"]
    assert part in outcome["error"]
    assert outcome["instructions"] is None


@needs_valgrind
def test_what_this_pyrt_lacks_is_skipped_by_name(counts: dict[str, Any]) -> None:
    assert counts["Odd.instr_future-0"]["skipped"] == "this pyrt has no Router.fly"


@needs_valgrind
def test_a_module_that_discovery_passes_over_is_counted_where_it_is_named(project: Project) -> None:
    beside = project.root / "benchmarks/beside"
    beside.mkdir()
    (beside / "work.py").write_text(BESIDE)
    assert list(count(project, module="benchmarks.beside.work")) == ["beside.work.Sum.instr_sum-0"]
    assert count(project, "instr_sum") == {}


def test_without_valgrind_all_is_skipped_with_the_reason(project: Project) -> None:
    found = count(project, PATH=str(project.root))
    assert {outcome["skipped"].partition(",")[0] for outcome in found.values()} == {"valgrind is not installed"}


def test_a_valgrind_that_counts_nothing_is_an_error(project: Project, tmp_path: Path) -> None:
    fake = tmp_path / "valgrind"
    fake.write_text('#!/bin/sh\nwhile [ "${1#-}" != "$1" ]; do shift; done\nexec "$@"\n')
    fake.chmod(0o755)
    found = count(project, "instr_match", PATH=f"{tmp_path}{os.pathsep}{os.defpath}")
    assert found
    assert all("no count was printed" in outcome["error"] for outcome in found.values())


def test_a_working_copy_is_not_counted_by_accident(project: Project) -> None:
    done = project.run(f"exec({COUNT.format(regex=None, module='benchmarks', work=1)!r})", PYRT_BENCH_WORKING_COPY="")
    assert done.returncode != 0
    assert "not from the measured environment" in done.stderr
