"""What the verbs tell, and what becomes of a file that cannot be written."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from benchmarks.cli.options import write, write_json
from benchmarks.judging.errors import Invalid, WrongUse
from tests.benchmarks.disk import FULL, full_disk


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


def test_what_json_cannot_hold_is_an_error_only_where_json_is_asked_for(tmp_path: Path) -> None:
    write_json(None, [math.nan])
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "x.json", [math.nan])
