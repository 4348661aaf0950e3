"""Timing in a process of its own."""

from __future__ import annotations

import gc
import math
import os

from benchmarks.peers.loops import afresh, per_call


def test_a_round_has_a_process_of_its_own_on_one_core() -> None:
    assert afresh(os.getpid) != os.getpid()
    assert len(afresh(os.sched_getaffinity, 0)) == 1


def test_a_loop_is_as_long_as_it_takes_and_leaves_the_collector_as_it_was() -> None:
    calls: list[int] = []
    assert 0 < per_call(calls.append, 1, 1e-4) < math.inf
    assert len(calls) > 1
    assert gc.isenabled()
