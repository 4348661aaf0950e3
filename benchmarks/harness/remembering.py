"""Counts of the installed pyrt, remembered in its environment: counted again they would come out the same.

`asv continuous` asks anew for each commit in each round, and has the whole suite counted for the sake of one
benchmark. What is remembered is found by a digest of all that a count depends on: pyrt's own code, the suite's, what
is installed, the build of Python, valgrind. Nothing is taken from elsewhere, and what failed is not remembered.

Imports with asv_runner and the standard library alone: it runs in the measured environment.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from . import counting
from .atomic import replacing
from .counting import Outcome

FOLDER = "instructions"  # in the environment
ONLY = "PYRT_BENCH_ONLY"  # a regular expression as `--bench` has it, by which `make continuous` spares the others


def count() -> dict[tuple[str, int], Outcome]:
    """What `counting.count` returns of the benchmarks that PYRT_BENCH_ONLY selects, all by default; raises the same."""
    regex = os.environ.get(ONLY, "")
    kept = Path(sys.prefix) / FOLDER / f"{_digest(regex)}.json"
    try:
        rows = json.loads(kept.read_text())
    except (OSError, ValueError):
        found = counting.count(regex)
        if not any(outcome.error for outcome in found.values()):
            _keep(kept, [[*key, *outcome] for key, outcome in found.items()])
        return found
    return {(name, index): Outcome(*outcome) for name, index, *outcome in rows}


def _keep(path: Path, rows: list[list[object]]) -> None:
    """Whole or not at all; where the environment cannot be written, it is counted again next time."""
    try:
        path.parent.mkdir(exist_ok=True)
        with replacing(path) as beside:
            beside.write_text(json.dumps(rows))
    except OSError as error:
        print(f"counts are not remembered: {error}", file=sys.stderr)


def _digest(regex: str) -> str:
    """Of all that a count depends on."""
    digest = hashlib.sha256()
    for part in (regex.encode(), *_sources(), *map(str.encode, _surroundings())):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:32]


def _sources() -> Iterator[bytes]:
    # Of the folders beside this one only the suites and their workloads are packages: the others count nothing.
    packages = sorted(path.parent for path in counting.SUITE.glob("*/__init__.py"))
    for folder in (counting.measured_pyrt(), counting.SUITE / "harness", *packages):
        for path in sorted(folder.rglob("*.py")):
            yield os.fsencode(path)
            yield path.read_bytes()


def _surroundings() -> Iterator[str]:
    yield repr(sorted((one.metadata["Name"], one.version) for one in metadata.distributions()))
    yield sys.version
    for program in (getattr(sys, "_base_executable", sys.executable), shutil.which("valgrind")):
        if program is not None:
            facts = os.stat(program)
            yield f"{os.path.realpath(program)} {facts.st_size} {facts.st_mtime_ns}"
