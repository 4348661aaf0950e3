"""A file is the old one or the new one, also on a full disk."""

from __future__ import annotations

import errno
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.cli.options import write
from benchmarks.judging.comparison import write_whole
from benchmarks.judging.errors import Invalid, WrongUse

FULL = 4096


@contextmanager
def full_disk() -> Iterator[None]:
    """No file can grow beyond some kilobytes, which a process meets as it meets a full disk: EFBIG for ENOSPC.

    For as short as can be, since it holds for what the tests' own output goes to as well.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FULL, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "comparison.json"
    write_whole(path, b"old")
    with pytest.raises(OSError, match="File too large") as error, full_disk():
        write_whole(path, b"x" * 2 * FULL)
    assert error.value.errno == errno.EFBIG
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_invalidates_the_measurement_and_is_said_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    path.write_text("old")
    with pytest.raises(Invalid) as error, full_disk():
        write(path, "x" * 2 * FULL)
    assert f"cannot write {path}: File too large; what stood there before is as it was" in str(error.value)
    assert path.read_text() == "old"


def test_a_path_that_cannot_be_is_wrong_use(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WrongUse, match="cannot write"):
        write(tmp_path / "file" / "report.md", "new")


def test_folders_are_made_and_the_new_file_takes_the_place_of_the_old(tmp_path: Path) -> None:
    path = tmp_path / "a/b/comparison.json"
    for text in (b"old", b"new"):
        write_whole(path, text)
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]
