import asyncio
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import pytest

from pyrt.errors import ClosedError, HttpError, NotPicklable, Overload, WorkerDied
from pyrt.pools import ProcessPool
from tests.pools import calls
from tests.pools.running import own_processes


class Passing:
    """A call of `calls.pass_gate` that runs in a worker until it is let through."""

    def __init__(self, pool: ProcessPool, path: Path) -> None:
        self.entered, self.gate = path.with_suffix(".entered"), path.with_suffix(".gate")
        os.mkfifo(self.entered)
        os.mkfifo(self.gate)
        self.task = asyncio.create_task(pool.run(calls.pass_gate, {"entered": self.entered, "gate": self.gate}))

    def begun_meanwhile(self) -> int:
        return int(self.entered.read_text())

    async def begun(self) -> int:
        """The worker's process id, once the call runs."""
        return await asyncio.to_thread(self.begun_meanwhile)

    async def end(self) -> str:
        await asyncio.to_thread(self.gate.write_text, "passed")
        return await self.task


@pytest.fixture
async def pool() -> AsyncIterator[ProcessPool]:
    """One worker, one place to wait."""
    pool = ProcessPool(1, 1)
    yield pool
    await pool.close(timeout_s=0)
    assert own_processes() == []


@pytest.fixture
async def pair() -> AsyncIterator[ProcessPool]:
    pool = ProcessPool(2)
    yield pool
    await pool.close(timeout_s=0)
    assert own_processes() == []


async def cancelled(task: "asyncio.Task[Any]") -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def next_turn() -> None:
    await asyncio.sleep(0)


async def dead(pid: int) -> None:
    """Returns when our child *pid* is dead."""
    handle = os.pidfd_open(pid)
    await asyncio.to_thread(wait, [handle])
    os.close(handle)


async def spinning(pool: ProcessPool, path: Path) -> "tuple[asyncio.Task[Any], int]":
    os.mkfifo(path)
    task = asyncio.create_task(pool.run(calls.spin, {"entered": path}))
    return task, int(await asyncio.to_thread(path.read_text))


async def test_a_call_runs_in_another_process_that_serves_again(pool: ProcessPool) -> None:
    first = await pool.run(calls.pid, {})
    assert first != os.getpid()
    assert await pool.run(calls.pid, {}) == first


async def test_large_arguments_and_results_arrive_whole(pool: ProcessPool) -> None:
    value = os.urandom(5_000_000)
    assert await pool.run(calls.echo, {"value": value}) == value


async def test_nothing_starts_before_the_first_call_or_after_the_end() -> None:
    pool = ProcessPool()
    assert own_processes() == []
    assert await pool.close() == 0
    with pytest.raises(ClosedError, match="the process pool is closed"):
        await pool.run(calls.pid, {})
    assert own_processes() == []


async def test_calls_run_side_by_side_up_to_the_limit_and_wait_up_to_the_next(
    pair: ProcessPool, tmp_path: Path
) -> None:
    one, other = Passing(pair, tmp_path / "one"), Passing(pair, tmp_path / "other")
    assert await one.begun() != await other.begun()
    third = asyncio.create_task(pair.run(calls.echo, {"value": 3}))
    await asyncio.sleep(0)
    assert (pair.busy, pair.pending) == (2, 1)
    assert [await one.end(), await third, await other.end()] == ["passed", 3, "passed"]


async def test_past_the_limit_a_call_is_refused_with_the_numbers(pool: ProcessPool, tmp_path: Path) -> None:
    running = Passing(pool, tmp_path / "running")
    await running.begun()
    waiting = asyncio.create_task(pool.run(calls.echo, {"value": 1}))
    await asyncio.sleep(0)
    with pytest.raises(Overload) as caught:
        await pool.run(calls.echo, {"value": 2})
    assert (caught.value.what, caught.value.pending, caught.value.limit) == ("the process pool", 1, 1)
    assert [await running.end(), await waiting] == ["passed", 1]


async def test_cancelling_a_call_kills_its_worker_and_touches_no_other(pair: ProcessPool, tmp_path: Path) -> None:
    other = Passing(pair, tmp_path / "other")
    untouched = await other.begun()
    task, killed = await spinning(pair, tmp_path / "spin")
    await cancelled(task)
    await dead(killed)
    assert await pair.run(calls.pid, {}) not in (killed, untouched)
    assert await other.end() == "passed"


async def test_a_killed_worker_is_replaced_before_the_next_call(
    pool: ProcessPool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    task, killed = await spinning(pool, tmp_path / "spin")
    await cancelled(task)
    while pool.busy:  # its thread ends one worker and starts the other
        await next_turn()
    (replacement,) = own_processes()
    assert replacement.pid != killed
    assert await pool.run(calls.pid, {}) == replacement.pid
    assert caplog.records == []


class Slow:
    """Waits while it is pickled; becomes a path."""

    def __init__(self, path: Path) -> None:
        self.path, self.entered, self.opened = path, threading.Event(), threading.Event()

    def __reduce__(self) -> tuple[Any, ...]:
        self.entered.set()
        self.opened.wait()
        return Path, (self.path,)


async def test_a_call_cancelled_before_a_worker_has_it_never_begins(pool: ProcessPool, tmp_path: Path) -> None:
    slow = Slow(tmp_path / "never")
    task = asyncio.create_task(pool.run(calls.spin, {"entered": slow}))
    await asyncio.to_thread(slow.entered.wait)
    await cancelled(task)
    slow.opened.set()
    assert await pool.run(calls.echo, {"value": 1}) == 1
    assert not slow.path.exists()


async def test_a_cancellation_that_comes_after_the_call_kills_nothing(pool: ProcessPool, tmp_path: Path) -> None:
    done = asyncio.create_task(pool.run(calls.pid, {}))
    await next_turn()
    running = Passing(pool, tmp_path / "running")
    await next_turn()
    running.begun_meanwhile()  # holds the loop: the first result waits there
    await cancelled(done)
    assert await running.end() == "passed"


async def test_a_call_whose_coroutine_is_closed_has_its_worker_killed(pool: ProcessPool, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "spin")
    call = pool.run(calls.spin, {"entered": tmp_path / "spin"})
    call.send(None)
    pid = int(await asyncio.to_thread((tmp_path / "spin").read_text))
    call.close()
    await dead(pid)


async def test_ended_workers_leave_no_file_open_even_while_their_errors_live(pool: ProcessPool) -> None:
    await pool.run(calls.pid, {})
    before = os.listdir("/dev/fd")
    leaving = [pool.run(calls.leave, {"code": 1}) for _ in range(2)]
    errors = await asyncio.gather(*leaving, return_exceptions=True)
    assert [type(error) for error in errors] == [WorkerDied, WorkerDied]
    await pool.run(calls.pid, {})
    assert len(os.listdir("/dev/fd")) == len(before)


async def test_a_call_cancelled_while_it_waits_never_begins(pool: ProcessPool, tmp_path: Path) -> None:
    running = Passing(pool, tmp_path / "running")
    pid = await running.begun()
    waiting = asyncio.create_task(pool.run(calls.spin, {"entered": tmp_path / "never"}))
    await asyncio.sleep(0)
    await cancelled(waiting)
    assert await running.end() == "passed"
    assert await pool.run(calls.pid, {}) == pid
    assert not (tmp_path / "never").exists()


@pytest.mark.parametrize(
    ("function", "kwargs", "exit_code"),
    [
        (calls.leave, {"code": 0}, 0),
        (calls.leave, {"code": 3}, 3),
        (calls.kill_myself, {"number": signal.SIGKILL}, -signal.SIGKILL),
        (calls.kill_myself, {"number": signal.SIGSEGV}, -signal.SIGSEGV),
    ],
)
async def test_a_worker_that_dies_fails_its_own_call_and_is_replaced(
    pair: ProcessPool, tmp_path: Path, function: Callable[..., Any], kwargs: dict[str, Any], exit_code: int
) -> None:
    other = Passing(pair, tmp_path / "other")
    await other.begun()
    with pytest.raises(WorkerDied) as caught:
        await pair.run(function, kwargs)
    assert caught.value.exit_code == exit_code
    assert caught.value.what.startswith(f"{function.__name__} (")
    assert await pair.run(calls.echo, {"value": 1}) == 1
    assert await other.end() == "passed"


async def test_a_worker_that_dies_while_idle_fails_no_call(pool: ProcessPool) -> None:
    pid = await pool.run(calls.pid, {})
    os.kill(pid, signal.SIGKILL)
    await dead(pid)
    assert await pool.run(calls.pid, {}) != pid


async def test_a_dead_worker_is_noticed_though_its_child_holds_its_pipes(pool: ProcessPool, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    with pytest.raises(WorkerDied) as caught:
        await pool.run(calls.leave_a_child_behind, {"gate": gate})
    assert caught.value.exit_code == 7
    await asyncio.to_thread(gate.write_text, "go")


@pytest.mark.parametrize(
    ("function", "kwargs", "part", "reason"),
    [
        (lambda: None, {}, "arguments", "lambda"),
        (calls.echo, {"value": lambda: None}, "arguments", "lambda"),
        (calls.echo, {"value": calls.Undumpable()}, "arguments", "will not travel"),
        (calls.echo, {"value": calls.Unloadable()}, "arguments", "no number"),
        (calls.awkward_result, {"kind": "lambda"}, "result", "lambda"),
        (calls.awkward_result, {"kind": "undumpable"}, "result", "will not travel"),
        (calls.awkward_result, {"kind": "unloadable"}, "result", "no number"),
    ],
)
async def test_what_cannot_be_pickled_fails_its_own_call_and_the_worker_goes_on(
    pool: ProcessPool, function: Callable[..., Any], kwargs: dict[str, Any], part: str, reason: str
) -> None:
    pid = await pool.run(calls.pid, {})
    with pytest.raises(NotPicklable) as caught:
        await pool.run(function, kwargs)
    assert caught.value.part == part
    assert reason in caught.value.reason
    assert await pool.run(calls.pid, {}) == pid


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("key", KeyError("k")),
        ("http", HttpError(418, "short", [("x-pot", "tea")])),
        ("odd", RuntimeError("tests.pools.calls.Odd: 1 2")),
        ("local", RuntimeError("tests.pools.calls.fail.<locals>.Local: here")),
        ("exit", RuntimeError("the call raised SystemExit(3)")),
        ("stop", RuntimeError("the call raised StopIteration(4)")),
    ],
)
async def test_an_exception_arrives_as_itself_or_as_its_text(pool: ProcessPool, kind: str, error: Exception) -> None:
    pid = await pool.run(calls.pid, {})
    with pytest.raises(type(error)) as caught:
        await pool.run(calls.fail, {"kind": kind})
    assert (str(caught.value), vars(caught.value)) == (str(error), vars(error))
    assert await pool.run(calls.pid, {}) == pid


async def test_an_exceptions_cause_is_the_workers_traceback(pool: ProcessPool) -> None:
    with pytest.raises(KeyError) as caught:
        await pool.run(calls.fail, {"kind": "key"})
    assert f'{calls.__file__}", line' in str(caught.value.__cause__)
    with pytest.raises(NotPicklable) as unloadable:
        await pool.run(calls.echo, {"value": calls.Unloadable()})
    assert "Traceback (most recent call last)" in str(unloadable.value.__cause__)


async def test_closing_waits_for_what_runs(pool: ProcessPool, tmp_path: Path) -> None:
    running = Passing(pool, tmp_path / "running")
    await running.begun()
    closing = asyncio.create_task(pool.close(timeout_s=60))
    await next_turn()
    assert not closing.done()
    assert await running.end() == "passed"
    assert await closing == 0
    assert own_processes() == []


async def test_closing_lets_idle_workers_leave_in_peace(pool: ProcessPool, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "leaving")
    words = "in peace" * 5_000_000  # so much that it would be cut short
    await pool.run(calls.at_exit_write, {"path": tmp_path / "leaving", "words": words})
    closing = asyncio.create_task(pool.close(timeout_s=60))
    assert await asyncio.to_thread((tmp_path / "leaving").read_text) == words
    assert await closing == 0


async def test_closing_kills_what_does_not_end_and_fails_its_calls(pool: ProcessPool, tmp_path: Path) -> None:
    task, killed = await spinning(pool, tmp_path / "spin")
    waiting = asyncio.create_task(pool.run(calls.pid, {}))
    await asyncio.sleep(0)
    assert await pool.close(timeout_s=0) == 1
    for call in (task, waiting):
        with pytest.raises(ClosedError):
            await call
    with pytest.raises(ProcessLookupError):
        os.kill(killed, 0)


async def test_closing_kills_a_worker_that_does_not_leave(pool: ProcessPool, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "leaving")
    pid = await pool.run(calls.at_exit_spin, {"entered": tmp_path / "leaving"})
    pid = await pool.run(calls.pid, {})
    assert await pool.close(timeout_s=0) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_worker_goes_on_when_the_whole_group_is_told_to_stop(pool: ProcessPool, tmp_path: Path) -> None:
    running = Passing(pool, tmp_path / "running")
    pid = await running.begun()
    os.kill(pid, signal.SIGINT)
    os.kill(pid, signal.SIGTERM)
    assert await running.end() == "passed"
    assert await pool.run(calls.pid, {}) == pid


async def test_programs_that_a_worker_starts_can_be_told_to_stop(pool: ProcessPool) -> None:
    assert await pool.run(calls.terminate_a_program, {}) == -signal.SIGTERM


async def test_without_room_for_a_process_calls_fail_and_the_pool_lives(
    pool: ProcessPool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    task, _ = await spinning(pool, tmp_path / "spin")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        await cancelled(task)
        with pytest.raises(OSError, match="Too many open files"):
            await pool.run(calls.pid, {})
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert "could not replace a worker" in caplog.text
    assert await pool.run(calls.echo, {"value": 1}) == 1


def test_one_event_loop_may_follow_another(anyio_backend: tuple[str, dict[str, bool]]) -> None:
    import uvloop

    factory = uvloop.new_event_loop if anyio_backend[1]["use_uvloop"] else asyncio.new_event_loop
    pool = ProcessPool(1)
    with asyncio.Runner(loop_factory=factory) as runner:
        pid = runner.run(pool.run(calls.pid, {}))
    with asyncio.Runner(loop_factory=factory) as runner:
        assert runner.run(pool.run(calls.pid, {})) == pid
        assert runner.run(pool.close()) == 0


SPIN = """
import asyncio, os, signal, sys
from pathlib import Path
from pyrt.pools import ProcessPool
from tests.pools import calls

pool = ProcessPool(2)
loop = asyncio.new_event_loop()

async def spin():
    assert await pool.run(calls.echo, {"value": 1}) == 1
    spinning = asyncio.create_task(pool.run(calls.spin, {"entered": Path(sys.argv[1])}))
    await asyncio.sleep(0)
    assert await pool.run(calls.echo, {"value": 1}) == 1  # by the other worker
    await asyncio.to_thread(Path(sys.argv[1]).read_text)
    return spinning

spinning = loop.run_until_complete(spin())
"""


def run_program(program: str, path: Path) -> "subprocess.CompletedProcess[str]":
    """Run it to the end of all processes that it started: they hold its output open."""
    os.mkfifo(path / "entered")
    (path / "program.py").write_text(program)
    command = [sys.executable, path / "program.py", path / "entered"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    program = "if __name__ == '__main__':" + SPIN.replace("\n", "\n    ") + "os.kill(os.getpid(), signal.SIGKILL)"
    assert run_program(program, tmp_path).returncode == -signal.SIGKILL


def test_a_program_may_end_without_closing_its_pool(tmp_path: Path) -> None:
    program = "if __name__ == '__main__':" + SPIN.replace("\n", "\n    ")
    assert run_program(program, tmp_path).returncode == 0


def test_a_worker_that_still_starts_goes_on_when_the_group_is_told_to_stop(tmp_path: Path) -> None:
    program = """
import asyncio, os, signal
from pyrt.pools import ProcessPool

async def main():
    pool = ProcessPool(1)
    print(await pool.run(os.path.basename, {"p": "a/b"}))
    await pool.close()

if __name__ == "__main__":
    asyncio.run(main())
else:
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
"""
    done = run_program(program, tmp_path)
    assert (done.stdout, done.stderr) == ("b\n", "")
