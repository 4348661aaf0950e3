"""A small project with a history: a pyrt of one function, today's harness, and a suite of four benchmarks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks.conftest import git
from tests.benchmarks.toy import lay_out

PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "pyrt"
version = "1"

[project.optional-dependencies]
bench = ["asv_runner==0.3.2"]

[tool.hatch.build.targets.wheel]
packages = ["pyrt"]
"""
PYRT = """
class Router:
    def match(self):
        return sum(range({work}))
{more}
"""
SUITE = """
import pyrt
from ..harness.kinds import counted
from ..harness.samples import samples
from ..harness.skipping import need

@counted
class Match:
    version = "1"

    def time_match(self):
        pyrt.Router().match()

class Load:
    version = "1"

    def track_rate(self):
        need("Router.rate")
        return samples([pyrt.Router().rate()] * 8)
    track_rate.unit = "requests/s"
    track_rate.less_is_better = False

    def track_errors(self):
        need("Router.errors")
        return float(pyrt.Router().errors())
    track_errors.unit = "errors"
    track_errors.less_is_better = True

    def track_failing(self):
        return pyrt.Router().fail()
"""
WORK = 3000


class Judged:
    """The project's repository; each commit is a pyrt with a Router."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        git(root, "init", "--quiet", "--initial-branch=main")
        lay_out(root, "cli", "harness", "judging", "peers", "profiling", "reporting", routing=SUITE)
        (root / "pyproject.toml").write_text(PYPROJECT)
        (root / "constraints.txt").write_text("asv_runner==0.3.2\n")
        (root / ".gitignore").write_text(".asv/\n__pycache__/\n")
        (root / "pyrt").mkdir()

    def commit(self, subject: str, *, work: int = WORK, more: str = "", **files: str) -> str:
        """Commit a Router whose match does so much work, with more methods; and other files by their names."""
        indented = "".join(f"    {line}\n" for line in more.splitlines())
        (self.root / "pyrt/__init__.py").write_text(PYRT.format(work=work, more=indented))
        for name, text in files.items():
            (self.root / name.replace("__", "/").replace("_toml", ".toml")).write_text(text)
        git(self.root, "add", "--all")
        git(self.root, "commit", "--quiet", "-m", subject)
        return git(self.root, "rev-parse", "HEAD")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`python -m benchmarks` with these arguments."""
        command = [sys.executable, "-m", "benchmarks", *arguments]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYRT_BENCH")}
        return subprocess.run(
            command, cwd=self.root, env=environment, capture_output=True, text=True, check=False, timeout=280
        )

    def comparison(self, folder: str = ".asv/compare") -> dict[str, Any]:
        """What the last comparison wrote, rows by name."""
        found: dict[str, Any] = json.loads((self.root / folder / "comparison.json").read_text())
        return found | {"rows": {row["name"].rpartition(".")[2]: row for row in found["rows"]}}
