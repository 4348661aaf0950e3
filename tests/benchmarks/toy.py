"""A project as small as can be: a pyrt of a few lines, a suite, and a virtual environment that imports both."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import asv_runner

ROOT = Path(__file__).parents[2]

PYRT = """
class Router:
    def match(self, path):
        return [part for part in path.split("/") if part]
"""

SUITE = """
import functools, itertools, os
import pyrt
from ..harness.kinds import counted
from ..harness.skipping import need

GROWING, CALLS = [], itertools.count()
LOOP = range(20)

@functools.cache
def _match():
    match = pyrt.Router().match
    assert match("/a/b") == ["a", "b"]
    return match

@counted
class Match:
    version = "1"
    params = (["/a/b", "/a/b/c/d"], [1, 2])
    param_names = ["path", "times"]

    def time_match(self, path, times):
        match = _match()
        for _ in LOOP:
            for _ in range(times):
                match(path)
    time_match.inner = len(LOOP)

@counted
class Odd:
    version = "1"
    calls = 40

    def time_growing(self):
        GROWING.extend(range(20))
        sorted(GROWING)

    def time_failing(self):
        raise LookupError("no such route")

    def time_leaving(self):
        raise SystemExit(4)

    def time_dying(self):
        os.kill(os.getpid(), 9)

    def time_future(self):
        need("Router", "Router.fly")

@counted
class Rare:
    version = "1"
    calls = 1000

    def time_event(self):
        sum(range(1_000_000 if next(CALLS) == 5000 else 100))
"""


def lay_out(root: Path, *folders: str, **suites: str) -> None:
    """Put today's *folders* of benchmarks/ into a project, and suites of its own, by their names in micro/."""
    for folder in folders:
        ignored = shutil.ignore_patterns("__pycache__", "node_modules")
        shutil.copytree(ROOT / "benchmarks" / folder, root / "benchmarks" / folder, ignore=ignored)
    for name in ("__init__.py", "__main__.py"):
        shutil.copy(ROOT / "benchmarks" / name, root / "benchmarks")
    for name, suite in suites.items():
        (root / "benchmarks/micro").mkdir(exist_ok=True)
        (root / "benchmarks/micro/__init__.py").touch()
        (root / "benchmarks/micro" / f"{name}.py").write_text(suite)


class Project:
    """A folder with `pyrt/`, `benchmarks/` and `.venv/`, where pyrt is installed as an editable project is."""

    def __init__(self, root: Path, suite: str = SUITE) -> None:
        self.root = root
        self.python = root / ".venv/bin/python"
        (root / "pyrt").mkdir(parents=True)
        (root / "pyrt/__init__.py").write_text(PYRT)
        lay_out(root, "cli", "harness", "judging", "workloads", routing=suite)
        shutil.copy(ROOT / "asv.conf.json", root)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", root / ".venv"], check=True)
        (packages,) = (root / ".venv/lib").glob("python3*/site-packages")
        (packages / "project.pth").write_text(f"{Path(asv_runner.__file__).parents[1]}\n{root}\n")

    def run(self, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run *code* in the project's environment, with its folder on the path as `python -m benchmarks` has it."""
        command = [str(self.python), "-c", f"import sys; sys.path.insert(0, ''); {code}"]
        return subprocess.run(
            command,
            cwd=self.root,
            env=os.environ | {"PYRT_BENCH_WORKING_COPY": "1"} | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
