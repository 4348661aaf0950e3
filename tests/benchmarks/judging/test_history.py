"""Which commits are measured, and under whose name."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from asv.machine import Machine, MachineCollection

from benchmarks.judging import fingerprint, history
from benchmarks.judging.errors import WrongUse
from benchmarks.judging.sides import Say

Verb = Callable[[Path, Say], bool]


def git(root: Path, *arguments: str) -> str:
    me = {f"GIT_{role}_{part}": "a@b" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    command = ["git", "-c", "init.defaultBranch=trunk", "-c", "protocol.file.allow=always", *arguments]
    done = subprocess.run(
        command, cwd=root, env=os.environ | me | {"GIT_CONFIG_GLOBAL": os.devnull}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def commit(root: Path, *names: str) -> str:
    """Change the named files and commit."""
    for name in names:
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(path.read_text() + "#" if path.exists() else "#")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", " ".join(names))
    return git(root, "rev-parse", "HEAD")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "--quiet")
    commit(folder, "README.md")
    commit(folder, "pyproject.toml", "constraints.txt")
    return folder


def test_head_and_the_newest_earlier_commit_with_another_pyrt(root: Path) -> None:
    first = commit(root, "pyrt/__init__.py")
    commit(root, "README.md")
    second = commit(root, "pyrt/routing.py")
    assert history.commits_to_measure(root, print) == [first, second]
    head = commit(root, "README.md")
    assert history.commits_to_measure(root, print) == [first, head]


def test_it_works_on_a_detached_head(root: Path) -> None:
    first, second = commit(root, "pyrt/__init__.py"), commit(root, "pyrt/routing.py")
    commit(root, "pyrt/routing.py")
    git(root, "checkout", "--quiet", "--detach", second)
    git(root, "branch", "--delete", "--force", "trunk")
    assert history.commits_to_measure(root, print) == [first, second]


def test_a_branch_that_was_merged_is_one_change(root: Path) -> None:
    first = commit(root, "pyrt/__init__.py")
    git(root, "checkout", "--quiet", "-b", "side")
    commit(root, "pyrt/hooks.py")
    git(root, "checkout", "--quiet", "trunk")
    git(root, "merge", "--quiet", "--no-ff", "--message", "merge", "side")
    assert history.changed(root, "pyrt") == [git(root, "rev-parse", "HEAD"), first]


def test_a_sole_commit_is_measured_alone_and_it_says_so(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    only = commit(root, "pyrt/__init__.py")
    assert history.commits_to_measure(root, print) == [only]
    assert "No earlier commit has another pyrt/" in capsys.readouterr().out


def test_a_shallow_clone_is_measured_as_far_as_it_goes_and_it_says_how_to_mend(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commit(root, "pyrt/__init__.py")
    head = commit(root, "pyrt/routing.py")
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{root}", "shallow")
    assert history.commits_to_measure(tmp_path / "shallow", print) == [head]
    assert "git fetch --unshallow" in capsys.readouterr().out


def test_commits_that_cannot_be_installed_are_left_out(root: Path) -> None:
    first = commit(root, "pyrt/__init__.py")
    pins = commit(root, "constraints.txt")
    assert history.changed(root, "pyrt", "constraints.txt", "pyproject.toml") == [pins, first]


def test_a_range_names_the_commits_behind_its_base(root: Path) -> None:
    base, first = commit(root, "pyrt/__init__.py"), commit(root, "pyrt/routing.py")
    commit(root, "README.md")
    second = commit(root, "constraints.txt")
    assert history.changed(root, "pyrt", "constraints.txt", span=f"{base}..HEAD") == [second, first]


@pytest.mark.parametrize("span", ["nonsense..HEAD", "HEAD..HEAD"])
def test_a_range_without_commits_is_refused(root: Path, span: str) -> None:
    commit(root, "pyrt/__init__.py")
    with pytest.raises(WrongUse, match=re.escape(span)):
        history.history(root, print, span)


@pytest.mark.parametrize("verb", [history.bench, history.history])
def test_without_a_commit_to_measure_it_is_refused(root: Path, verb: Verb) -> None:
    with pytest.raises(WrongUse, match=r"constraints\.txt"):
        verb(root, print)


@pytest.mark.parametrize("verb", [history.bench, history.history])
def test_a_machine_called_reference_is_refused(root: Path, verb: Verb, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(root, "pyrt/__init__.py")
    monkeypatch.setattr(Machine, "hardcoded_machine_name", "reference")
    with pytest.raises(WrongUse, match="rename the machine"):
        verb(root, print)


def test_the_history_of_a_shallow_clone_is_refused(root: Path, tmp_path: Path) -> None:
    commit(root, "pyrt/__init__.py")
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{root}", "shallow")
    with pytest.raises(WrongUse, match="git fetch --unshallow"):
        history.history(tmp_path / "shallow", print)


def test_another_build_of_python_adds_nothing_to_the_reference(root: Path) -> None:
    commit(root, "pyrt/__init__.py")
    history.record(root / "results/reference", fingerprint.machine() | {"python": '3.11.2 "Debian"'})
    with pytest.raises(WrongUse, match=r'3\.11\.2 "Debian"'):
        history.history(root, print)


@pytest.mark.parametrize("changed", [[], ["cpu"], ["cores", "kernel"], ["python"]])
def test_a_fingerprint_says_in_what_a_machine_differs(tmp_path: Path, changed: list[str]) -> None:
    here = fingerprint.machine()
    history.record(tmp_path, here | dict.fromkeys(changed, "another"))
    assert fingerprint.differences(history.recorded(tmp_path), here, here) == changed


def test_a_machine_is_registered_beside_a_sole_entry_of_another_name(home: Path) -> None:
    # asv takes a sole entry for everybody: `reference` would be overwritten by anyone.
    MachineCollection.save("reference", Machine.get_defaults() | {"machine": "reference"})
    own = Machine.get_unique_machine_name()
    history.register(own)
    assert set(json.loads((home / ".asv-machine.json").read_text())) == {"reference", own, "version"}
    assert MachineCollection.load(own)["machine"] == own


def test_the_facts_of_a_machine_that_is_known_stay(home: Path) -> None:
    MachineCollection.save("mine", {"machine": "mine", "cpu": "by hand"})
    history.register("mine")
    assert MachineCollection.load("mine")["cpu"] == "by hand"
