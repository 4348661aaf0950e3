"""What makes figures comparable."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from benchmarks.harness.counting import SUITE
from benchmarks.judging import fingerprint
from benchmarks.judging.sides import Built


def environment(root: Path, **pins: str) -> Built:
    """An environment in which nothing but these is installed."""
    packages = root / f"lib/python3.{sys.version_info.minor}/site-packages"
    for name, version in pins.items():
        info = packages / f"{name}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    return Built("a" * 40, root / "bin/python")


def test_what_was_not_kept_is_unknown_and_so_differs() -> None:
    here = fingerprint.machine()
    assert fingerprint.differences({}, here, here) == list(here)


def test_the_pins_are_those_of_the_commit_but_for_pyrt_itself(tmp_path: Path) -> None:
    built = environment(tmp_path, pyrt="2", Msgspec="0.22.0", asv_runner="0.3.2")
    assert fingerprint.here(built)["pins"] == "asv_runner 0.3.2, msgspec 0.22.0"
    same = environment(tmp_path / "same", asv_runner="0.3.2", msgspec="0.22.0")
    other = environment(tmp_path / "other", asv_runner="0.3.2")
    digest, of_same, of_other = (fingerprint.here(each)["pins_digest"] for each in (built, same, other))
    assert digest == of_same != of_other


def test_pins_that_changed_between_two_commits_are_named(tmp_path: Path) -> None:
    base = environment(tmp_path / "base", pyrt="1", msgspec="0.20.0", uvloop="0.22.1", old="1")
    head = environment(tmp_path / "head", pyrt="2", msgspec="0.22.0", uvloop="0.22.1", new="1")
    assert fingerprint.changed_pins(base, head) == ["msgspec 0.20.0 to 0.22.0", "new none to 1", "old 1 to none"]


@pytest.mark.parametrize(
    ("name", "measures"),
    [
        ("harness/counting.py", True),
        ("harness/measuring.py", True),
        ("judging/pairs.py", True),
        ("judging/comparison.py", False),
        ("cli/judging.py", False),
        ("reporting/tables.py", False),
    ],
)
def test_the_harness_is_what_measures_and_no_text(tmp_path: Path, name: str, measures: bool) -> None:
    for folder in ("harness", "judging", "cli", "reporting"):
        shutil.copytree(SUITE / folder, tmp_path / folder)
    assert fingerprint.harness(tmp_path) == fingerprint.harness()
    with (tmp_path / name).open("a") as file:
        file.write("# more\n")
    assert (fingerprint.harness(tmp_path) != fingerprint.harness()) is measures
