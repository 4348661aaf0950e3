"""Servers that start, keep to their core, and end."""

from __future__ import annotations

import os

import psutil
import pytest

from benchmarks.peers import launching
from benchmarks.peers.launching import Died, cores, running
from benchmarks.peers.roster import ROSTER
from tests.benchmarks.peers.servers import program


def test_a_server_that_does_not_start_is_reported_with_its_last_output() -> None:
    with (
        pytest.raises(Died, match="it did not start; it ended with 1: no such thing"),
        running(program("sys.exit('no such thing')"), None),
    ):
        pass


def test_a_server_that_does_not_answer_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launching, "START_TIMEOUT_S", 0.5)
    silent = program("import signal", "signal.pause()")
    with pytest.raises(Died, match=r"it does not answer after 0.5 s: it wrote nothing"), running(silent, None):
        pass


def test_nothing_of_a_server_is_left_after_it() -> None:
    with running(ROSTER["granian-rsgi"].command, None) as server:
        several = [psutil.Process(server.pid), *psutil.Process(server.pid).children()]
    assert len(several) > 1
    assert psutil.wait_procs(several, timeout=5)[1] == []


def test_all_threads_of_a_server_keep_to_its_core_and_the_one_who_started_it_does_not() -> None:
    mine = os.sched_getaffinity(0)
    with running(ROSTER["granian-rsgi"].command, min(mine)) as server:
        [worker] = psutil.Process(server.pid).children()
        threads = [thread.id for process in (psutil.Process(server.pid), worker) for thread in process.threads()]
        assert {frozenset(os.sched_getaffinity(thread)) for thread in threads} == {frozenset({min(mine)})}
    assert os.sched_getaffinity(0) == mine


def test_servers_and_load_have_a_core_each_where_there_are_two() -> None:
    mine = os.sched_getaffinity(0)
    assert cores() == ((min(mine), max(mine)) if len(mine) > 1 else None)
    try:
        os.sched_setaffinity(0, {min(mine)})
        assert cores() is None
    finally:
        os.sched_setaffinity(0, mine)
