"""Counts that are remembered are those that would be counted again, and nothing else."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.toy import PYRT, SUITE, Project

COUNT = """
import json
from benchmarks.harness import remembering
print(json.dumps([[name, index, *outcome] for (name, index), outcome in remembering.count().items()]))
"""
ONLY = r"time_match\('/a/b', 1\)"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project")


def counts(project: Project, only: str = ONLY, path: str = "/nowhere") -> dict[str, Any]:
    """Without valgrind, which would take most of the time: what is skipped for a reason is remembered, too."""
    done = project.run(f"exec({COUNT!r})", PYRT_BENCH_ONLY=only, PATH=path)
    assert done.returncode == 0, done.stderr
    return {f"{name.rpartition('.')[2]}-{index}": outcome for name, index, *outcome in json.loads(done.stdout)}


def kept(project: Project) -> list[Path]:
    return sorted((project.root / ".venv/instructions").glob("*"))


def test_the_same_again_is_not_counted_again_but_for_a_file_that_is_broken(project: Project) -> None:
    first = counts(project)
    assert list(first) == ["instr_match-0"]
    (path,) = kept(project)
    path.write_text(path.read_text().replace("not installed", "remembered"))
    assert "remembered" in counts(project)["instr_match-0"][3]
    path.write_text("[[")
    assert counts(project) == first
    assert "not installed" in path.read_text()


@pytest.mark.parametrize("changed", ["pyrt", "suite", "workloads", "harness", "packages", "selection", "valgrind"])
def test_what_a_count_depends_on_makes_it_counted_again(project: Project, tmp_path: Path, changed: str) -> None:
    counts(project)
    only, path = ONLY, "/nowhere"
    if changed == "pyrt":
        (project.root / "pyrt/__init__.py").write_text(PYRT.replace("if part", "if part and len(part) < 99"))
    elif changed == "suite":
        (project.root / "benchmarks/micro/routing.py").write_text(SUITE.replace("range(20)", "range(25)", 1))
    elif changed in ("workloads", "harness"):
        with (project.root / "benchmarks" / changed / "samples.py").open("a") as file:
            file.write("# more\n")
    elif changed == "packages":
        (packages,) = (project.root / ".venv/lib").glob("python3*/site-packages")
        (packages / "other-1.0.dist-info").mkdir()
        (packages / "other-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    elif changed == "selection":
        only = ONLY.replace("1", "2")
    else:
        path = counts_nothing(tmp_path)
        assert "no count" in counts(project, path=path)["instr_match-0"][2]
        return
    counts(project, only, path)
    assert len(kept(project)) == 2


def test_what_counts_nothing_may_change(project: Project) -> None:
    counts(project)
    (project.root / "benchmarks/targets.toml").touch()
    for path in (project.root / "benchmarks").rglob("*.py"):
        if path.parent.name in ("cli", "judging", "reporting", "pages"):
            path.write_text("# A better text of --help.\n")
    counts(project)
    assert len(kept(project)) == 1


def counts_nothing(folder: Path) -> str:
    """A PATH with a valgrind on it that runs the program and counts nothing."""
    fake = folder / "valgrind"
    fake.write_text('#!/bin/sh\nwhile [ "${1#-}" != "$1" ]; do shift; done\nexec "$@"\n')
    fake.chmod(0o755)
    return f"{folder}{os.pathsep}{os.defpath}"


def test_what_failed_is_not_remembered(project: Project, tmp_path: Path) -> None:
    assert counts(project, path=counts_nothing(tmp_path))["instr_match-0"][2]
    assert kept(project) == []
