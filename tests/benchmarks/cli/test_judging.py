"""What the verbs that judge refuse before they build anything, and what becomes of errors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.cli.main import main
from benchmarks.harness.counting import CountingError
from benchmarks.judging import judge as comparing
from benchmarks.judging.comparison import Side
from benchmarks.judging.deciding import Gate
from benchmarks.judging.errors import WrongUse
from benchmarks.judging.judge import Judge, judge_all
from benchmarks.judging.leash import Leash
from benchmarks.judging.pairs import Key, MeasuringError
from benchmarks.judging.rows import Chosen
from benchmarks.judging.sides import Built

SIDE = Side(commit="a" * 40)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["compare", "--bench", "("], "'(' is not a regular expression"),
        (["baseline", "--bench", "("], "'(' is not a regular expression"),
        (["compare", "--record", "x.gz", "--pairs", "0"], "not in the range"),
        (["compare", "--self-test", "--record", "x.gz"], "take one"),
        (["compare", "--self-test", "HEAD", "HEAD"], "name no HEAD"),
        (["compare", "--record", "x.gz", "--baseline", "b.json"], "have no baseline"),
        (["compare", "--self-test", "--markdown", "-"], "leave --markdown out"),
        (["compare", "--record", "x.gz", "--json", "-"], "leave --json out"),
        (["compare", "--counts", "--baseline", "b.json"], "--counts is for two commits"),
        (["compare", "--advisory"], "name it with --baseline FILE"),
        (["compare", "HEAD", "HEAD", "--baseline", "b.json"], "name HEAD alone"),
    ],
)
def test_options_that_would_not_count_are_wrong_use_at_once(arguments: Sequence[str], told: str) -> None:
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 2
    assert told in done.output
    assert "building" not in done.output


def test_a_malformed_gate_is_wrong_use_and_names_the_benchmark() -> None:
    with pytest.raises(WrongUse, match=r"micro\.x\.X\.time_y: gate"):
        Gate.of({"name": "micro.x.X.time_y", "gate": {"alrt": 2}})


def test_counts_alone_without_valgrind_are_no_measurement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CountingError, match="valgrind is not installed"):
        comparing.compare(tmp_path, SIDE, SIDE, counts_only=True, say=print)


def test_where_nothing_can_be_measured_at_the_base_the_measurement_is_broken_and_not_fine(tmp_path: Path) -> None:
    dying = tmp_path / "bin/python"  # an environment whose Python does not start
    dying.parent.mkdir()
    dying.write_text("#!/bin/sh\necho no space left >&2\nexit 1\n")
    dying.chmod(0o755)
    one = Chosen(Key("micro.x.X.time_y", 0), {}, "seconds", Gate())
    built = dict.fromkeys(("base", "head"), Built(SIDE.commit, dying))
    with Leash() as leash, pytest.raises(MeasuringError, match=r"nothing could be measured at BASE.*no space left"):
        judge_all(Judge(built, leash, print), [one])
