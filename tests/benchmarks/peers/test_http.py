"""`peers http`: servers that start and end, answers that are asked for, rounds of load, and the verb."""

from __future__ import annotations

import pytest

from benchmarks.peers.http import headlines
from benchmarks.peers.loads import Effort, Rounds, Window

SHORT = Effort(rounds=2, warm_up_s=0.02, window_s=0.05, confidence=0.5)


def window(rate: float, busy: float = 0.5) -> Window:
    return Window(rate, 1e-3, 2e-3, 3e-3, per_cpu_s=rate / busy, busy=busy, load_busy=0.25, rss=2e7, pss=1e7)


def test_the_headlines_are_of_the_limit_of_the_best_framework_and_of_fastify() -> None:
    rounds = Rounds({}, SHORT, lambda text: None)
    rates = {"pyrt": 60.0, "constant": 100.0, "starlette": 40.0, "granian-rsgi": 50.0}
    rounds.windows = {("user", name): [window(rate)] * 2 for name, rate in rates.items()}
    # Slower than starlette only because it had less of its core.
    rounds.windows["user", "falcon"] = [window(30.0, busy=0.25)] * 2
    found = headlines(rounds)
    assert [line.beside for line in found] == ["constant: the limit", "falcon: the best framework in Python"]
    assert [line.ratios["Requests/s"].ratio for line in found] == pytest.approx([0.6, 2.0])
    assert [line.ratios["Per CPU second"].ratio for line in found] == pytest.approx([0.6, 1.0])
    rounds.broken["pyrt"] = "it died"
    assert headlines(rounds) == []
