"""What git says, and what becomes of it where git is not there or refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.judging import git
from benchmarks.judging.errors import WrongUse
from tests.benchmarks.judging.commits import Commits


@pytest.fixture
def commits(tmp_path: Path) -> Commits:
    made = Commits(tmp_path / "project")
    made.begin()
    return made


def test_a_commit_is_found_by_any_name_and_an_option_is_none(commits: Commits) -> None:
    first, second = git.commit(commits.root, "HEAD"), commits.add(2)
    assert [git.commit(commits.root, name) for name in ("main", "HEAD~1", second[:7])] == [second, first, second]
    assert [git.commit(commits.root, name) for name in ("nonsense", "--all", "HEAD:pyrt")] == ["", "", ""]


def test_files_are_named_that_are_not_as_they_were_committed(commits: Commits) -> None:
    assert git.changes(commits.root, "pyrt", "backend.py") == []
    (commits.root / "pyrt/__init__.py").write_text("NUMBER = 2\n")
    (commits.root / "backend.py").unlink()
    (commits.root / "README.md").touch()
    assert git.changes(commits.root, "pyrt", "backend.py") == ["backend.py", "pyrt/__init__.py"]


def test_a_file_is_that_of_the_commit_and_empty_where_it_has_none(commits: Commits) -> None:
    commits.add(2)
    assert git.file_at(commits.root, "HEAD~1", "pyrt/__init__.py") == "NUMBER = 1"
    assert git.file_at(commits.root, "HEAD", "nothing.py") == ""


def test_a_history_that_cannot_be_listed_is_an_error_and_no_empty_one(commits: Commits) -> None:
    assert git.log(commits.root, "--format=%s") == "Make it 1"
    with pytest.raises(WrongUse, match=r"git cannot list the commits in .*project: .*nonsense"):
        git.log(commits.root, "nonsense", "--")


def test_without_git_it_says_so(commits: Commits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(WrongUse, match="git is not installed"):
        git.ask(commits.root, "status")
