"""asv's files are whole, old or new, whatever happens while they are written."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LOADED = """
import os, signal, sys
from asv.plugin_manager import plugin_manager
from asv import util
plugin_manager.import_plugin(".benchmarks.cli.asv_plugin")

class Killing(list):
    def __iter__(self):
        yield "x" * 100_000
        os.kill(os.getpid(), signal.SIGKILL)

class Failing(list):
    def __iter__(self):
        yield "x" * 100_000
        raise OSError("no space left")

"""


def asv(code: str, path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", LOADED + code, str(path)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    path = tmp_path / "results.json"
    path.write_text('{"old": true}')
    return path


def test_asv_loads_the_plugin_by_the_name_in_its_configuration() -> None:
    assert '"plugins": [".benchmarks.cli.asv_plugin"]' in (ROOT / "asv.conf.json").read_text()


def test_a_file_is_replaced_as_asv_writes_it(results: Path) -> None:
    done = asv('util.write_json(sys.argv[1], {"new": 1}, api_version=2)', results)
    assert done.returncode == 0, done.stderr
    assert json.loads(results.read_text()) == {"new": 1, "version": 2}
    assert [path.name for path in results.parent.iterdir()] == ["results.json"]


def test_a_new_folder_is_made_as_asv_makes_it(tmp_path: Path) -> None:
    done = asv('util.write_json(sys.argv[1], {"new": 1}, compact=True)', tmp_path / "machine/results.json")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "machine/results.json").read_text() == '{"new": 1}'


def test_a_process_killed_while_it_writes_leaves_the_old_file(results: Path) -> None:
    done = asv('util.write_json(sys.argv[1], {"new": Killing([1])})', results)
    assert done.returncode == -signal.SIGKILL
    assert results.read_text() == '{"old": true}'
    # What it leaves is no .json, which asv would read as a result.
    assert [path.name for path in results.parent.glob("*.json")] == ["results.json"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(results: Path) -> None:
    done = asv('util.write_json(sys.argv[1], {"new": Failing([1])})', results)
    assert "no space left" in done.stderr
    assert results.read_text() == '{"old": true}'
    assert [path.name for path in results.parent.iterdir()] == ["results.json"]
