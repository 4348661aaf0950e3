"""Runs that are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.judging.errors import WrongUse
from benchmarks.peers import stored
from tests.benchmarks.conftest import git, start_project
from tests.benchmarks.peers.toys import run_of_peers


def test_a_kept_run_reads_back_as_it_was_and_the_newest_is_the_first(tmp_path: Path) -> None:
    for date in ("2026-01-04", "2026-01-01"):
        stored.save(run_of_peers(date, "unknown"), tmp_path)
    newest, _ = stored.load(tmp_path)["gtype"]
    assert newest.markdown() == run_of_peers("2026-01-04", "unknown").markdown()


def test_only_what_is_committed_is_kept(tmp_path: Path) -> None:
    root = tmp_path / "project"
    start_project(root, {0: {"pyrt/__init__.py": "", "README.md": ""}})
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "all")
    (root / "README.md").write_text("not measured")
    stored.require_commit(root)
    (root / "pyrt" / "__init__.py").write_text("changed = True")
    with pytest.raises(WrongUse, match=r"pyrt/__init__\.py is not as it was committed"):
        stored.require_commit(root)


def test_a_torn_line_of_kept_runs_is_named(tmp_path: Path) -> None:
    path = stored.save(run_of_peers("2026-01-01", "unknown"), tmp_path)
    path.write_text(path.read_text() + '{"subject": "gtype"')
    with pytest.raises(stored.UnreadableRun, match=r"gtype\.jsonl, line 2 holds no run"):
        stored.load(tmp_path)
