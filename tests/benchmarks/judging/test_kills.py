"""Killed at any moment, a comparison leaves every file readable, no process, and no build that is half made."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.judging import sides
from benchmarks.judging.leash import Leash
from tests.benchmarks.conftest import git
from tests.benchmarks.judging.commits import Commits
from tests.benchmarks.judging.strays import Strays
from tests.benchmarks.test_asv import CONFIGURATION, Project, configuration
from tests.benchmarks.toy import lay_out

ROOT = Path(__file__).parents[3]
WRITES = """
import itertools, json, sys
from pathlib import Path
from benchmarks.harness.atomic import write_whole
from benchmarks.judging.leash import Leash

with Leash() as leash:
    print("up", flush=True)
    for number in itertools.count():
        leash.run([sys.executable, "-I", "-S", "-c", sys.argv[2]])
        write_whole(Path(sys.argv[1]) / f"{number % 3}.json", json.dumps([number] * 100_000).encode())
"""
BUILDS = """
import sys
from pathlib import Path
from benchmarks.judging import sides
from benchmarks.judging.leash import Leash

with Leash() as leash:
    print("up", flush=True)
    for copy in "abc":
        sides.build(Path(sys.argv[1]), sys.argv[2], leash, copy=copy)
"""
BENCH = """
import sys
from pathlib import Path
from benchmarks.judging import history

print("up", flush=True)
sys.exit(not history.bench(Path(sys.argv[1]), print))
"""
FORKS = """
import os, signal, time
if os.fork() == 0:
    os.fork()  # two more with each turn, whose parent has ended
    signal.pause()
family = os.fork()
if family == 0:
    os.setpgid(0, 0)
    os.fork()
    signal.pause()
try:
    os.setpgid(family, family)
except OSError:
    pass
time.sleep(0.02)
os.killpg(family, signal.SIGKILL)
"""


def kill_at_random(code: str, *arguments: str, within_s: float, **environment: str) -> None:
    """Run it, kill it at some moment, and look for what it left running."""
    strays, moment = Strays(), random.uniform(0, within_s)
    command = [sys.executable, "-c", code, *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=strays.environment | environment, stdout=subprocess.PIPE) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == b"up\n"
        try:
            victim.wait(moment)
        except subprocess.TimeoutExpired:
            victim.kill()
    assert strays.left() == [], f"after {moment:.3f} s"


@pytest.mark.parametrize(("child", "kills"), [("pass", 10), (FORKS, 32)], ids=["alone", "with children"])
def test_a_kill_leaves_every_file_readable_and_no_process(child: str, kills: int, tmp_path: Path) -> None:
    for _ in range(kills):
        kill_at_random(WRITES, str(tmp_path), child, within_s=0.4)
        for path in tmp_path.glob("*.json"):
            assert len(set(json.loads(path.read_text()))) == 1
    assert list(tmp_path.glob("*.json"))


def test_a_kill_while_a_commit_is_built_leaves_no_half_made_build(tmp_path: Path) -> None:
    commits = Commits(tmp_path / "project")
    commit = commits.begin(7)
    for _ in range(8):
        kill_at_random(BUILDS, str(commits.root), commit, within_s=3)
        assert imported(commits.root) <= {"7\n"}
    with Leash() as leash:
        for copy in "abc":
            sides.build(commits.root, commit, leash, copy=copy)
    left = sorted(path.name[-1] for path in (commits.root / sides.FOLDER).iterdir() if path.is_dir())
    assert left == ["a", "b", "c"]
    assert imported(commits.root) == {"7\n"}


def imported(root: Path) -> set[str]:
    """What the builds that are marked whole print when they import what they should have."""
    code = "import pyrt, asv_runner, pympler; print(pyrt.NUMBER)"
    pythons = [whole.parent / "bin/python" for whole in (root / sides.FOLDER).glob(f"*/{sides.WHOLE}")]
    done = [subprocess.run([python, "-I", "-c", code], capture_output=True, text=True) for python in pythons]
    return {one.stdout + one.stderr for one in done}


def test_a_kill_of_make_bench_leaves_no_child_of_asv_and_its_results_readable(tmp_path: Path) -> None:
    # asv puts its children into process groups of their own.
    project = Project(tmp_path / "project")
    lay_out(project.root, "cli", "judging", "peers", "reporting")
    plugins = {"plugins": configuration()["plugins"]}
    (project.root / "asv.conf.json").write_text(json.dumps(configuration() | CONFIGURATION | plugins))
    for name in ("constraints.txt", "pyproject.toml"):
        (project.root / name).touch()
    git(project.root, "add", "constraints.txt", "pyproject.toml")
    git(project.root, "commit", "--quiet", "-m", "Pins")
    for _ in range(3):
        kill_at_random(BENCH, str(project.root), within_s=6, HOME=str(tmp_path))
        for path in tmp_path.rglob("*.json"):
            json.loads(path.read_text())
    command = [sys.executable, "-c", BENCH, str(project.root)]
    done = subprocess.run(command, cwd=ROOT, env=project.environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    head = git(project.root, "rev-parse", "--short=8", "HEAD")
    assert list((project.root / "results").glob(f"*/{head}-*.json"))
