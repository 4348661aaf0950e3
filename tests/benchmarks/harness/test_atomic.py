"""A file is the old one or the new one, also on a full disk."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from benchmarks.harness.atomic import write_whole
from tests.benchmarks.disk import FULL, full_disk


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "comparison.json"
    write_whole(path, b"old")
    with pytest.raises(OSError, match="File too large") as error, full_disk():
        write_whole(path, b"x" * 2 * FULL)
    assert error.value.errno == errno.EFBIG
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_folders_are_made_and_the_new_file_takes_the_place_of_the_old(tmp_path: Path) -> None:
    path = tmp_path / "a/b/comparison.json"
    for text in (b"old", b"new"):
        write_whole(path, text)
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]
