"""python -m benchmarks run: figures of the working copy, by name and parameters."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.toy import Project

SUITE = """
import pyrt
from ..harness.kinds import counted
from ..harness.skipping import need

@counted
class Match:
    version = "1"
    params = ["/a", "/a/b"]
    param_names = ["path"]

    def time_match(self, path):
        pyrt.Router().match(path)

class Others:
    version = "1"
    params = ["/a", "/a/b"]
    param_names = ["path"]

    def time_failing(self, path):
        raise LookupError("no such route")

    def track_future(self, path):
        need("Unheard")

    def track_parts(self, path):
        return len(pyrt.Router().match(path))

    track_parts.unit = "parts"
"""
RUN = """
import json, sys
from benchmarks.judging import errors, running
try:
    done = running.run({arguments}, progress=False)
except (errors.WrongUse, errors.Invalid) as error:
    sys.exit(f"{{type(error).__name__}}: {{error}}")
print("\\n" + json.dumps(done.as_json()))
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("p"), SUITE)


def run(project: Project, arguments: str) -> dict[str, Any]:
    done = project.run(f"exec({RUN.format(arguments=arguments)!r})")
    assert done.returncode == 0, done.stderr
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def refusal(project: Project, arguments: str) -> str:
    done = project.run(f"exec({RUN.format(arguments=arguments)!r})")
    assert done.returncode == 1
    return done.stderr


def files(root: Path) -> set[Path]:
    return {path for path in root.rglob("*") if not {".venv", "__pycache__"} & set(path.parts)}


def test_figures_are_keyed_by_name_and_parameters_and_nothing_is_saved(project: Project) -> None:
    before = files(project.root)
    done = run(project, "'time_match|track_parts', quick=True")
    timed, tracked = (done["results"][f"micro.routing.{name}"] for name in ("Match.time_match", "Others.track_parts"))
    assert timed["unit"] == "seconds"
    assert [row["params"] for row in timed["results"]] == [{"path": "'/a'"}, {"path": "'/a/b'"}]
    assert all(0 < row["value"] < 0.1 and row["samples"] for row in timed["results"])
    assert (tracked["unit"], [row["value"] for row in tracked["results"]]) == ("parts", [1, 2])
    assert files(project.root) == before


def test_a_failed_benchmark_has_its_error_and_a_skipped_one_its_reason(project: Project) -> None:
    done = run(project, "'failing|future', quick=True")
    assert done["failed"] == ["micro.routing.Others.time_failing"]
    failed, skipped = (done["results"][f"micro.routing.Others.{name}"] for name in ("time_failing", "track_future"))
    assert {row["status"] for row in failed["results"]} == {"failed"}
    assert "LookupError: no such route" in failed["results"][0]["reason"]
    assert {row["status"] for row in skipped["results"]} == {"skipped"}


def test_only_the_parameters_that_match_are_in_the_figures(project: Project) -> None:
    done = run(project, """r"track_parts\\('/a/b'\\)", quick=True""")
    assert done["results"]["micro.routing.Others.track_parts"]["results"][0]["params"] == {"path": "'/a/b'"}
    assert len(done["results"]["micro.routing.Others.track_parts"]["results"]) == 1


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
def test_counts_are_of_what_matches_and_nothing_else(project: Project) -> None:
    done = run(project, "'time_match', counts=True")
    assert list(done["results"]) == ["micro.routing.Match.instr_match"]
    one, two = done["results"]["micro.routing.Match.instr_match"]["results"]
    assert (one["status"], one["params"]) == ("ok", {"path": "'/a'"})
    assert one["value"] < two["value"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("'nonsense'", "WrongUse: no benchmark that is measured matches 'nonsense'"),
        ("'time_failing', counts=True", "WrongUse: no benchmark that is counted matches"),
        ("'('", "WrongUse: --bench '(' is not a regular expression"),
    ],
)
def test_a_name_that_selects_nothing_is_wrong_use(project: Project, arguments: str, said: str) -> None:
    assert said in refusal(project, arguments)


def test_a_suite_that_cannot_be_imported_is_an_invalid_measurement(tmp_path: Path) -> None:
    broken = Project(tmp_path / "p", "import nothing_of_that_name")
    assert "Invalid: " in refusal(broken, "quick=True")


def test_another_pyrt_than_the_working_copy_is_refused(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", SUITE)
    (packages,) = (project.root / ".venv/lib").glob("python3*/site-packages")
    shutil.copytree(project.root / "pyrt", packages / "pyrt")
    said = refusal(project, "'time_match'")
    assert f"imports it from {packages.resolve()}/pyrt" in said
    assert "pip install -e ." in said
