"""Rounds of load, and what is known beside a rate."""

from __future__ import annotations

import json
import re

import pytest

from benchmarks.peers.loads import RATE, Effort, Load, Rounds, Window
from benchmarks.peers.roster import ROSTER
from benchmarks.peers.rounds import alternate
from tests.benchmarks.peers.servers import constant

SHORT = Effort(rounds=2, warm_up_s=0.02, window_s=0.05, confidence=0.5)


def test_a_server_that_dies_under_load_has_failed_is_left_out_from_then_on_and_harms_nobody() -> None:
    said: list[str] = []
    dying = constant("super().data_received(data)", "Other.reads < 100 or (print('out of order'), os._exit(3))")
    commands = {"pyrt": ROSTER["pyrt"].command, "dying": [*dying[:1], "-u", *dying[1:]]}
    rounds = Rounds(commands, SHORT, said.append)
    works = [(case, name) for case in ("health", "user") for name in commands]
    figures = alternate(works, 2, rounds)
    why, again = figures["user", "dying"]
    assert why == again
    assert re.fullmatch("Died: .+; it ended with 3: out of order", str(why))
    assert all(isinstance(figure, float) and figure > 0 for figure in figures["user", "pyrt"])
    assert said == ["Round 1 of 2: pyrt, dying", f"dying failed: {why}", "Round 2 of 2: pyrt"]
    assert (len(rounds.load(("user", "pyrt")).windows), rounds.load(("user", "dying")).windows) == (2, [])


def test_a_window_counts_requests_processor_time_and_memory() -> None:
    rounds = Rounds({"constant": ROSTER["constant"].command}, SHORT._replace(window_s=0.2), lambda text: None)
    [rate] = rounds([("user", "constant")])
    [window] = rounds.load(("user", "constant")).windows
    assert rate == window.rate > 1000
    assert 0 < window.p50 <= window.p95 <= window.p99
    assert window.per_cpu_s * window.busy == pytest.approx(window.rate)
    assert 1e6 < window.pss <= window.rss


def window(rate: float, busy: float = 0.5) -> Window:
    return Window(rate, 1e-3, 2e-3, 3e-3, per_cpu_s=rate / busy, busy=busy, load_busy=0.25, rss=2e7, pss=1e7)


def test_what_stands_beside_a_rate_is_the_middle_of_the_rounds() -> None:
    load = Load([window(1.0), window(2000.0), window(3000.0)])
    assert load.cells() == ["3 ms", "4,000", "-", "50 %, 25 %", "10 MB"]
    assert len(load.cells()) == len(Load([]).cells()) == len(RATE.beside)
    raw = json.loads(json.dumps(load.as_json(), allow_nan=False))
    assert (raw["per_cpu_s"], len(raw["windows"])) == (4000, 3)
    assert Load([]).as_json().keys() == raw.keys()


def test_a_server_that_had_half_of_its_core_is_compared_by_what_it_did_with_that_half() -> None:
    rounds = Rounds({}, SHORT, lambda text: None)
    rounds.windows = {("user", "pyrt"): [window(50.0)] * 2, ("user", "falcon"): [window(50.0, busy=1.0)] * 2}
    assert rounds.load(("user", "falcon")).cells()[2] == "0.5x, 0.5 to 0.5"
    assert rounds.load(("user", "pyrt")).ratio is None
    [remark] = rounds.remarks()
    assert remark.startswith("Something else was at work on this machine: in 2 of 4 windows")
    del rounds.windows["user", "pyrt"]
    assert rounds.remarks() == []
