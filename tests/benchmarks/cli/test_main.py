"""python -m benchmarks: help, exit codes, and what goes where."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
VERBS = ("run", "bench", "history", "report", "publish", "peers", "profile")


def benchmarks(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_and_its_exit_codes(verb: str) -> None:
    done = benchmarks(verb, "--help")
    assert done.returncode == 0
    for part in ("--json FILE", "Exit codes", "0  fine", "3  the measurement"):
        assert part in done.stdout


def test_help_lists_every_verb() -> None:
    text = benchmarks("--help").stdout
    assert [verb for verb in VERBS if f"\n  {verb} " not in text] == []


def test_the_module_imports_where_no_tool_is_installed() -> None:
    absent = "import sys; sys.modules.update(dict.fromkeys(['click', 'rich', 'asv', 'numpy']))"
    code = f"{absent}; import benchmarks.__main__ as m; print([n for n in vars(m) if n[0] != '_'])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("profile", "x", "a", "b", "c"),
        ("report", "--nonsense"),
        ("report", "--head", "feedbeef"),
        ("peers",),
        ("peers", "nonsense"),
    ],
)
def test_wrong_use_exits_with_2_and_says_what_is_wrong(project: Path, arguments: tuple[str, ...]) -> None:
    done = benchmarks(*arguments, cwd=project)
    assert done.returncode == 2
    assert "Error: " in done.stderr


@pytest.mark.parametrize("verb", ["report", "publish"])
def test_without_results_it_exits_with_2_and_says_what_to_do(empty_project: Path, verb: str) -> None:
    done = benchmarks(verb, cwd=empty_project)
    assert done.returncode == 2
    assert "Nothing is measured yet" in done.stderr
    assert "make bench" in done.stderr


def test_the_report_goes_to_the_folder_of_asv_unless_told_otherwise(project: Path) -> None:
    done = benchmarks("report", cwd=project)
    assert done.returncode == 0, done.stderr
    folder = project / ".asv" / "report"
    assert (folder / "report.md").read_text() == done.stdout
    assert json.loads((folder / "report.json").read_text())["machine"]["machine"] == "reference"
    assert "<h1>Benchmark report</h1>" in (folder / "report.html").read_text()


@pytest.mark.parametrize("kind", ["json", "html"])
def test_a_file_of_choice_is_the_only_one_written(project: Path, tmp_path: Path, kind: str) -> None:
    done = benchmarks("report", f"--{kind}", str(tmp_path / "only"), cwd=project)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["only"]


def test_json_to_standard_output_stands_there_alone(project: Path) -> None:
    done = benchmarks("report", "--json", "-", cwd=project)
    assert json.loads(done.stdout)["current"]["subject"] == "Tidy"


def test_a_missed_target_is_an_error_only_where_asked(project: Path, tmp_path: Path) -> None:
    target = str(tmp_path / "r.json")
    assert benchmarks("report", "--json", target, cwd=project).returncode == 0
    strict = benchmarks("report", "--json", target, "--strict", cwd=project)
    assert strict.returncode == 1
    assert "targets missed" in strict.stderr


def test_commits_are_chosen_by_any_name_git_knows(project: Path) -> None:
    done = benchmarks("report", "--json", "-", "--head", "HEAD~1", "--base", "HEAD~4", cwd=project)
    raw = json.loads(done.stdout)
    assert (raw["baseline"]["subject"], raw["current"]["subject"][:4]) == ("Plain routes", "Trie")


def test_publish_prints_the_path_of_the_index(project: Path, tmp_path: Path) -> None:
    done = benchmarks("publish", "--html", str(tmp_path / "site"), cwd=project)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(tmp_path / "site" / "index.html")
