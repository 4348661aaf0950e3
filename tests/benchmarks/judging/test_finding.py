"""python -m benchmarks find: the commit with the step is named, on a real history with real counts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.conftest import git
from tests.benchmarks.judging.commits import FILES
from tests.benchmarks.judging.project import Judged

NAME = "micro.routing.Match.time_call"
SUITE = """
import pyrt
from ..harness.kinds import counted
from ..harness.skipping import need

@counted
class Match:
    version = "1"
    calls = 40
    params = ["idle", "match"]
    param_names = ["method"]

    def time_call(self, method):
        getattr(pyrt.Router(), method)()

@counted
class Future:
    version = "1"

    def time_fly(self):
        need("Router.fly")

class Load:
    version = "1"

    def track_rate(self):
        return 1.0
"""
IDLE = "def idle(self):\n    return sum(range(300))\n"
PYPROJECT = (
    FILES["pyproject.toml"]
    + """
[project.optional-dependencies]
bench = ["asv_runner==0.3.2"]
"""
)
BROKEN = {"pyproject_toml": PYPROJECT + "[broken"}
MENDED = {"pyproject_toml": PYPROJECT}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    if shutil.which("valgrind") is None:
        pytest.skip("valgrind is not installed")
    project = Judged(tmp_path_factory.mktemp("find") / "p")
    (project.root / "benchmarks/micro/routing.py").write_text(SUITE)
    (project.root / "backend.py").write_text(FILES["backend.py"])
    history: list[tuple[str, dict[str, Any]]] = [
        ("plain", {"work": 300, "more": IDLE, **MENDED}),
        ("tidy", {"work": 300, "more": IDLE + "# tidy\n"}),
        ("twice", {"work": 600, "more": IDLE}),
        ("docs", {"work": 600, "more": IDLE, "README_md": "Twice the work."}),
        ("tidier", {"work": 600, "more": IDLE + "# tidier\n"}),
        ("broken", {"work": 1800, "more": IDLE, **BROKEN}),
        ("mended", {"work": 1800, "more": IDLE, **MENDED}),
    ]
    for tag, change in history:
        project.commit(f"Make it {tag}", **change)
        git(project.root, "tag", tag)
    return project


def test_the_commit_with_the_step_is_named_with_its_size(project: Judged, tmp_path: Path) -> None:
    done = project.run("find", "plain..tidier", NAME, "--json", str(tmp_path / "found.json"))
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "found.json").read_text())
    assert [commit["subject"] for commit in found["commits"]] == ["Make it twice"]
    assert found["commits"][0]["commit"] == git(project.root, "rev-parse", "twice")
    assert found["benchmark"] == f"{NAME}('match')", "of the two choices the one that changed"
    assert found["after"] > 1.9 * found["before"]
    assert (found["among"], found["counted"], found["skipped"]) == (3, 3, [])
    assert "Make it twice" in done.stdout
    assert "of its 2 choices of parameters the one that changed most was followed" in done.stdout
    assert "counting at" in done.stderr


def test_where_a_commit_cannot_be_built_several_are_named_with_the_reason(project: Judged, tmp_path: Path) -> None:
    done = project.run("find", "tidier..HEAD", f"{NAME}('match')".replace("time_", "instr_"), "--json", "-")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [commit["subject"] for commit in found["commits"]] == ["Make it broken", "Make it mended"]
    assert [skipped["commit"]["subject"] for skipped in found["skipped"]] == ["Make it broken"]
    assert "cannot be built" in found["skipped"][0]["reason"]


def test_ends_that_are_equal_have_nothing_to_find_and_that_is_fine(project: Judged) -> None:
    done = project.run("find", "tidier..mended", f"{NAME}('idle')")
    assert done.returncode == 0, done.stderr
    assert "nothing to find" in done.stdout


@pytest.mark.parametrize(
    ("span", "name", "told"),
    [
        ("plain", NAME, "plain is no range; say BASE..HEAD"),
        ("plain...twice", NAME, "is no range"),
        ("slow..twice", NAME, "slow is no commit"),
        ("twice..plain", NAME, "is not before"),
        ("twice..docs", NAME, "changed pyrt/, its pins or its build"),
        ("plain..broken", NAME, "cannot be built"),
        ("plain..twice", "micro.routing.Match.time_cal", f"did you mean {NAME}"),
        ("plain..twice", f"{NAME}('fly')", f"did you mean {NAME}"),
        ("plain..twice", "micro.routing.Load.track_rate", "no benchmark with an instruction count"),
        ("plain..twice", "micro.routing.Future.time_fly", "has no count at BASE"),
    ],
)
def test_what_cannot_be_looked_for_is_wrong_use(project: Judged, span: str, name: str, told: str) -> None:
    done = project.run("find", span, name)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_without_valgrind_there_is_no_measurement_and_it_says_how_to_get_it(
    project: Judged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = project.run("find", "plain..twice", NAME)
    assert done.returncode == 3
    assert "apt-get install valgrind" in done.stderr
