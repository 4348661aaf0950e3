"""Two commits of a pyrt of a few lines, of which the second has one function that was made slower."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import asv_runner

from tests.benchmarks import toy

PYRT = """
class Router:
    def match(self, path):
        return [_clean(part) for part in _split(path) if part]


def _split(path):
    return path.split("/")


def _clean(part):
    {work}
    return part.strip()
"""
BASE, HEAD = PYRT.format(work="pass"), PYRT.format(work="sum(range(400))")
SUITE = """
import os
import pyrt
from ..harness.kinds import counted
from ..harness.skipping import need

class Node:
    pass

def leave_a_cycle():
    node = Node()
    node.itself = node

@counted
class Match:
    version = "1"
    params = (["/a/b", "/a/b/c/d"], [1, 2])
    param_names = ["path", "times"]

    def time_match(self, path, times):
        match = pyrt.Router().match
        for _ in range(100):
            match(path)
    time_match.inner = 100

class Other:
    version = "1"

    def time_cycles(self):
        for _ in range(100):
            leave_a_cycle()

    def time_asking(self):
        for _ in range(50):
            os.getppid()
            _dear(30)

    def time_failing(self):
        raise LookupError("no such route")

    def time_future(self):
        need("Router.fly")

    def timeraw_start(self):
        return "pass"

class Prepared:
    version = "1"

    def setup_cache(self):
        return [_dear(n) for n in range(200)]

    def track_figure(self, prepared):
        return len(prepared)
    track_figure.unit = "1"

def _dear(n):
    return sum(range(n * 10))
"""
PROFILE = """
import json, sys
from pathlib import Path
from benchmarks.judging.leash import Leash
from benchmarks.profiling import profiles
from benchmarks.profiling.subject import Subject
sides = [Subject(Path(python), commit) for python, commit in json.loads(sys.argv[2])]
with Leash() as leash:
    made = profiles.profile(sys.argv[1], sides, leash, root=Path("."), seconds=float(sys.argv[3]))
print(made.folder)
"""


class Commit:
    """An environment that holds one commit's pyrt, as `judging.sides.build` makes them."""

    def __init__(self, root: Path, number: str, pyrt: str) -> None:
        self.commit, self.python = number * 40, root / number / "bin/python"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", root / number], check=True)
        (packages,) = (root / number / "lib").glob("python3*/site-packages")
        (packages / "pyrt").mkdir()
        (packages / "pyrt/__init__.py").write_text(pyrt)
        (packages / "tools.pth").write_text(f"{Path(asv_runner.__file__).parents[1]}\n")


class Project(toy.Project):
    """A toy project whose suite is profiled at its commits, or as it is."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, SUITE)
        toy.lay_out(root, "profiling", "reporting")
        (root / "pyrt/__init__.py").write_text(BASE)
        self.base, self.head = Commit(root, "b", BASE), Commit(root, "c", HEAD)

    def profile(self, wanted: str, *commits: Commit, seconds: float = 0.3, path: str = "") -> Path:
        """The folder of a profile: of the working copy, of a commit, or of what grew between two."""
        done = self.attempt(wanted, *commits, seconds=seconds, path=path)
        assert done.returncode == 0, done.stderr
        return self.root / done.stdout.strip()

    def attempt(
        self, wanted: str, *commits: Commit, seconds: float = 0.3, path: str = ""
    ) -> subprocess.CompletedProcess[str]:
        sides = [(str(one.python), one.commit) for one in commits] or [(str(self.python), "")]
        # py-spy stands beside the Python that runs the tests.
        tools = path or f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            [str(self.python), "-c", PROFILE, wanted, json.dumps(sides), str(seconds)],
            cwd=self.root,
            env={"PATH": tools, "PYTHONPATH": str(self.root)},
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )


def figures(folder: Path) -> dict[str, Any]:
    """What stands in the profile."""
    found: dict[str, Any] = json.loads((folder / "profile.json").read_text())
    return found
