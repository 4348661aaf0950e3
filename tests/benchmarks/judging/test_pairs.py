"""Pairs of processes: what runs when, with what, and what becomes of what fails."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks.harness.measuring import ANSWER, REQUEST
from benchmarks.judging import pairs as judging_pairs
from benchmarks.judging.noise import Disturbance, watched
from benchmarks.judging.pairs import Key, MeasuringError, Pairs, ask

FAST, SLOW, PEAK = Key("micro.a.A.time_x", 0), Key("micro.a.A.time_y", 1), Key("micro.a.A.peakmem_z", 0)
OTHER = Key("micro.b.B.time_x", 0)
SIDES = {side: Path(f"/{side}") for side in ("base", "head", "again")}


class Processes:
    """Answers each request as a side's process would, and remembers who was asked what."""

    def __init__(self, answers: dict[str, dict[str, Any]] | None = None) -> None:
        self.answers, self.asked = answers or {}, list[tuple[str, dict[str, Any], dict[str, str]]]()

    def run(self, command: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
        side = Path(command[0]).name
        request = json.loads((options["cwd"] / REQUEST).read_text())
        self.asked.append((side, request, options["env"]))
        usual = {"value": float(len(self.asked)), "loops": 7}
        rows = [
            {"name": one["name"], "choice": one["choice"]} | self.answers.get(f"{side} {one['name']}", usual)
            for one in request["benchmarks"]
        ]
        (options["cwd"] / ANSWER).write_text("".join(json.dumps(row) + "\n" for row in rows if "died" not in row))
        return subprocess.CompletedProcess(command, 0, "", "")


@pytest.fixture(autouse=True)
def calm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No processor time is anybody else's: the kernel tells nothing."""
    monkeypatch.setattr(judging_pairs, "watched", lambda: watched(tmp_path / "nothing"))


def order(processes: Processes) -> list[str]:
    return [side for side, _, _ in processes.asked]


def test_the_order_of_the_sides_turns_with_each_pair() -> None:
    processes = Processes()
    Pairs({side: SIDES[side] for side in ("base", "head")}, processes, seed=1).take([FAST], 4)
    assert order(processes) == ["base", "head", "head", "base", "base", "head", "head", "base"]


def test_the_order_goes_on_where_the_look_before_ended() -> None:
    processes = Processes()
    pairs = Pairs({side: SIDES[side] for side in ("base", "head")}, processes, seed=1)
    pairs.take([FAST], 1)
    pairs.take([FAST], 1)
    assert order(processes) == ["base", "head", "head", "base"]


def test_both_processes_of_a_pair_get_one_environment_and_processor_and_the_next_pair_others() -> None:
    processes = Processes()
    Pairs({side: SIDES[side] for side in ("base", "head")}, processes, seed=1).take([FAST], 3)
    told = [(environment, request["cpu"]) for _, request, environment in processes.asked]
    assert told[0] == told[1]
    assert told[2] == told[3]
    seeds = {environment["PYTHONHASHSEED"] for environment, _ in told}
    assert len(seeds) == 3


def test_one_file_shares_a_process_and_a_peak_of_memory_has_its_own() -> None:
    processes = Processes()
    Pairs({"base": SIDES["base"], "head": SIDES["head"]}, processes, seed=1).take([FAST, SLOW, PEAK, OTHER], 1)
    asked = sorted(len(request["benchmarks"]) for side, request, _ in processes.asked if side == "base")
    assert asked == [1, 1, 2]


def test_how_often_a_sample_loops_is_found_once_and_then_the_same_for_all() -> None:
    processes = Processes()
    Pairs({"base": SIDES["base"], "head": SIDES["head"]}, processes, seed=1).take([FAST], 2)
    loops = [request["benchmarks"][0]["loops"] for _, request, _ in processes.asked]
    assert loops == [None, None, 7, 7]


def test_a_second_copy_of_the_base_is_paired_with_the_base() -> None:
    processes = Processes(
        {f"{side} {FAST.name}": {"value": value} for side, value in zip(SIDES, (1, 2, 3), strict=True)}
    )
    pairs = Pairs(SIDES, processes, seed=1)
    pairs.take([FAST], 2)
    assert pairs.taken[FAST] == [(1.0, 2.0)] * 2
    assert pairs.controls[FAST] == [(1.0, 3.0)] * 2


def test_at_least_three_benchmarks_are_controlled_and_a_tenth_of_many() -> None:
    keys = [Key(f"micro.a.A.time_{at}", 0) for at in range(50)]
    pairs = Pairs(SIDES, Processes(), seed=1)
    pairs.take(keys, 1)
    pairs.take(keys[:40], 1)
    assert 5 <= len(pairs.controls) <= 6
    few = Pairs(SIDES, Processes(), seed=1)
    few.take(keys[:4], 1)
    assert len(few.controls) == 3


@pytest.mark.parametrize(
    ("answers", "lost"),
    [
        ({"head micro.a.A.time_x": {"error": "LookupError: x"}}, ("head", "error", "LookupError: x")),
        ({"base micro.a.A.time_x": {"skipped": "not in this pyrt"}}, ("base", "skipped", "not in this pyrt")),
        ({"head micro.a.A.time_x": {"died": True}}, ("head", "error", "its process died")),
    ],
)
def test_what_one_side_cannot_give_is_lost_with_its_reason_and_asked_for_no_more(
    answers: dict[str, Any], lost: tuple[str, str, str]
) -> None:
    processes = Processes(answers)
    pairs = Pairs({"base": SIDES["base"], "head": SIDES["head"]}, processes, seed=1)
    pairs.take([FAST, SLOW], 2)
    assert pairs.lost == {FAST: lost}
    assert len(pairs.taken[SLOW]) == 2
    assert len(processes.asked[-1][1]["benchmarks"]) == 1


def test_a_disturbed_pair_is_taken_again_a_few_times_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    class Busy:
        def __enter__(self) -> Disturbance:
            return Disturbance(stolen=0.5)

        def __exit__(self, *error: object) -> None: ...

    monkeypatch.setattr(judging_pairs, "watched", Busy)
    pairs = Pairs({"base": SIDES["base"], "head": SIDES["head"]}, Processes(), seed=1)
    pairs.take([FAST], 2)
    assert len(pairs.taken[FAST]) == 2
    assert pairs.disturbed[FAST] == judging_pairs.AGAIN


def test_a_process_that_answers_nothing_says_what_it_said_last() -> None:
    class Dying:
        def run(self, command: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
            return subprocess.CompletedProcess(command, 9, "", "no such module")

    with pytest.raises(MeasuringError, match="exit code 9: no such module"):
        ask(Path("/base"), Dying(), {"verb": "describe"})
