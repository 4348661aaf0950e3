"""Imports in benchmarks/ go one way; what runs in the measured environment imports what is there, and nothing else."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
# A folder may import itself and those of the lines above its own, never those of the lines below.
FLOORS = (
    ("workloads", "harness"),
    ("judging",),
    ("reporting",),
    ("profiling",),
    ("peers",),
    ("cli",),
)
LEVEL = {folder: level for level, floor in enumerate(FLOORS) for folder in floor}
SUITES = ("micro", "integration", "concurrency", "footprint")
# Scripts of profiling that the measured environment runs, as it runs all of harness, workloads and the suites.
SCRIPTS = [BENCHMARKS / "profiling" / name for name in ("driver.py", "instructions.py", "marking.py")]
THERE = sys.stdlib_module_names | {"pyrt", "asv_runner", "benchmarks"}
PERHAPS_THERE = {"bytecode", "memray", "msgspec", "uvloop"}  # imported where they are needed, never at the top


def files(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in (BENCHMARKS / folder).rglob("*.py")]
    return sorted(path for path in found if not {"servers", "node"} & set(path.parts))


def imports(path: Path, *, everywhere: bool = True) -> Iterator[tuple[str, ...]]:
    """What a file imports at run time, as dotted names in parts; *everywhere*, or at the top alone."""
    package = path.relative_to(BENCHMARKS.parent).parts[:-1]
    tree = ast.parse(path.read_text())
    guarded = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree) if everywhere else tree.body:
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and id(node) not in guarded:
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = (*base, *(node.module.split(".") if node.module else ()))
            yield from ((*module, alias.name) for alias in node.names)


def folders(path: Path) -> set[str]:
    """The folders of benchmarks/ that a file imports from, but for its own."""
    own = path.relative_to(BENCHMARKS).parts[0]
    return {name[1] for name in imports(path) if name[0] == "benchmarks"} - {own}


def test_every_folder_of_benchmarks_has_its_place() -> None:
    known = {path.name for path in BENCHMARKS.iterdir() if path.is_dir() and files(path.name)}
    assert known == {*LEVEL, *SUITES}


@pytest.mark.parametrize("path", files(*LEVEL), ids=lambda path: "/".join(path.parts[-2:]))
def test_imports_go_one_way(path: Path) -> None:
    level = LEVEL[path.relative_to(BENCHMARKS).parts[0]]
    assert {folder for folder in folders(path) if LEVEL.get(folder, len(FLOORS)) >= level} == set()


@pytest.mark.parametrize("path", files(*SUITES), ids=lambda path: "/".join(path.parts[-2:]))
def test_suites_import_workloads_and_the_harness_alone(path: Path) -> None:
    assert folders(path) <= {"workloads", "harness"}


@pytest.mark.parametrize("path", [*files("harness", "workloads", *SUITES), *SCRIPTS], ids=lambda path: path.stem)
def test_what_the_measured_environment_runs_imports_what_is_there(path: Path) -> None:
    assert {name[0] for name in imports(path, everywhere=False)} <= THERE
    assert {name[0] for name in imports(path)} <= THERE | PERHAPS_THERE
