"""The work that a stranger can make grows no faster than what they send: instructions, counted exactly."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.harness.counting import total
from tests.ingress.counted import INPUTS

ROOT = Path(__file__).parents[2]
GROWTH = 2.5


@pytest.fixture(scope="module")
def counts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, int]]:
    """Instructions for each input, and for one twice as long."""
    folder = tmp_path_factory.mktemp("counted")
    command = ["valgrind", "--quiet", "--tool=callgrind", "--dump-after=getloadavg", "--callgrind-out-file=out"]
    done = subprocess.run(
        [*command, sys.executable, "-P", "-m", "tests.ingress.counted"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    totals = [total(folder / f"out.{at + 1}") for at in range(3 * len(INPUTS))]
    return {sent.name: (totals[3 * at + 1], totals[3 * at + 2]) for at, sent in enumerate(INPUTS)}


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
@pytest.mark.parametrize("name", [sent.name for sent in INPUTS])
def test_twice_the_bytes_are_at_most_two_and_a_half_times_the_work(
    counts: dict[str, tuple[int, int]], name: str
) -> None:
    small, large = counts[name]
    assert large <= GROWTH * small


def test_each_input_is_twice_as_long_the_second_time_and_has_a_name_of_its_own() -> None:
    for sent in INPUTS:
        small, large = len(sent.made(sent.size)), len(sent.made(2 * sent.size))
        assert 1.8 * small < large < 2.25 * small, sent.name
    assert len({sent.name for sent in INPUTS}) == len(INPUTS)
