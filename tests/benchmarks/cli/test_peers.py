"""The verb `peers`."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import xml.etree.ElementTree as xml
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from benchmarks.cli.main import main
from benchmarks.peers import validators
from benchmarks.peers.http import TITLES
from benchmarks.peers.roster import ROSTER

ROOT = Path(__file__).parents[3]


def peers(*options: str, prelude: str = "") -> subprocess.CompletedProcess[str]:
    """`python -m benchmarks peers gtype --quick`, after some lines of Python."""
    code = f"{prelude}\nfrom benchmarks.cli.main import main\nmain()"
    command = [sys.executable, "-c", code, "peers", "gtype", "--quick", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_the_verb_works_where_no_peer_is_installed() -> None:
    absent = ["pydantic", "jsonschema_rs", "fastjsonschema"]
    done = peers("--json", "-", prelude=f"import sys; sys.modules.update(dict.fromkeys({absent}))")
    assert done.returncode == 0, done.stderr
    raw = json.loads(done.stdout)
    states = [[one["status"] for one in case["peers"]] for case in raw["cases"]]
    assert states == [["ok", "ok", "skipped", "skipped", "skipped"]] * len(validators.CASES)


def test_the_verb_measures_those_that_are_named_and_knows_no_others() -> None:
    done = peers("--only", "msgspec", "--json", "-")
    assert [one["peer"] for one in json.loads(done.stdout)["cases"][0]["peers"]] == ["pyrt", "msgspec"]
    wrong = peers("--only", "nobody")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "there is no nobody: choose from pyrt, msgspec," in wrong.stderr


def test_the_verb_writes_what_it_is_asked_for_and_fails_where_a_peer_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "fastjsonschema.py").write_text(
        "class JsonSchemaValuesException(Exception): pass\ndef compile(schema, fast_fail): return lambda value: value"
    )
    files = {name: tmp_path / f"peers.{name}" for name in ("json", "svg", "markdown")}
    options = itertools.chain.from_iterable((f"--{name}", str(path)) for name, path in files.items())
    done = peers(*options, prelude=f"import sys; sys.path.insert(0, {str(tmp_path)!r})")
    assert done.returncode == 3
    assert "4 failed: fastjsonschema (small), fastjsonschema (list)" in done.stderr
    assert done.stdout == files["markdown"].read_text()
    assert "| fastjsonschema | failed | - | - | - | WrongAnswer: an invalid body is not refused |" in done.stdout
    raw: dict[str, Any] = json.loads(files["json"].read_text())
    assert raw["failed"][0] == "fastjsonschema (small)"
    assert xml.fromstring(files["svg"].read_text()).get("role") == "img"


def peers_http(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", "peers", "http", "--quick", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_the_verb_measures_those_that_are_named_round_by_round() -> None:
    done = peers_http("--only", "constant", "--json", "-")
    assert done.returncode == 0, done.stderr
    raw = json.loads(done.stdout)
    assert [case["case"] for case in raw["cases"]] == list(TITLES)
    pyrt, constant = raw["cases"][1]["peers"]
    assert (pyrt["peer"], pyrt["status"], constant["note"]) == ("pyrt", "ok", "reads nothing")
    assert len(pyrt["windows"]) == len(pyrt["samples"]) == raw["rounds"] == 2
    assert [line["beside"] for line in raw["headlines"]] == ["constant: the limit"]
    turns = [line for line in done.stderr.splitlines() if "Round" in line]
    assert turns == ["==> Round 1 of 2: pyrt, constant", "==> Round 2 of 2: constant, pyrt"]


def test_the_verb_knows_no_others() -> None:
    done = peers_http("--only", "nobody")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"there is no nobody: choose from {', '.join(ROSTER)}" in done.stderr


@pytest.mark.parametrize("option", [["--quick"], ["--only", "msgspec"]])
def test_only_whole_runs_are_kept(option: list[str]) -> None:
    done = CliRunner().invoke(main, ["peers", "gtype", "--save", *option])
    assert (done.exit_code, "--save keeps whole runs" in done.output) == (2, True)
