import asyncio
import contextvars
import gc
import logging
import subprocess
import sys
import threading
import weakref
from collections.abc import AsyncIterator, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyrt.errors import ClosedError, Overload, UsageError
from pyrt.pools import ThreadPool
from tests.pools.running import own_threads


class Gate:
    """A call that says when it runs, and ends when it may."""

    def __init__(self, outcome: Callable[[], object] = lambda: "passed") -> None:
        self.entered, self.opened = threading.Event(), threading.Event()
        self.outcome = outcome

    def __call__(self) -> object:
        self.entered.set()
        self.opened.wait()
        return self.outcome()


def fail() -> None:
    raise LookupError("nothing there")


@pytest.fixture
async def pool() -> AsyncIterator[ThreadPool]:
    """One thread, one place to wait."""
    pool = ThreadPool(1, 1)
    yield pool
    await pool.close()


async def next_turn() -> None:
    await asyncio.sleep(0)


async def begun(pool: ThreadPool, gate: Gate) -> "asyncio.Task[object]":
    task = asyncio.create_task(pool.run(gate))
    await asyncio.to_thread(gate.entered.wait)
    return task


async def cancelled(task: "asyncio.Task[object]") -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_call_runs_in_a_thread_with_its_arguments_and_returns(pool: ThreadPool) -> None:
    here = threading.current_thread()
    thread, total = await pool.run(lambda *numbers: (threading.current_thread(), sum(numbers)), 1, 2)
    assert thread is not here
    assert total == 3


async def test_an_exception_arrives_as_it_was_raised(pool: ThreadPool) -> None:
    with pytest.raises(LookupError, match="nothing there"):
        await pool.run(fail)


async def test_a_call_has_its_callers_context_variables_and_keeps_its_own_changes(pool: ThreadPool) -> None:
    variable = contextvars.ContextVar("variable", default="none")
    variable.set("the caller's")

    def change() -> str:
        before = variable.get()
        variable.set("the call's")
        return before

    assert [await pool.run(change), await pool.run(change)] == ["the caller's"] * 2
    assert variable.get() == "the caller's"


async def test_threads_start_when_needed_and_serve_again() -> None:
    pool = ThreadPool(2)
    assert own_threads() == []
    assert await pool.run(threading.get_ident) == await pool.run(threading.get_ident)
    assert len(own_threads()) == 1
    await pool.close()


async def test_no_more_calls_run_than_there_are_threads_and_the_rest_waits_in_order() -> None:
    pool, order = ThreadPool(2, 2), []
    gates = [Gate(lambda number=number: order.append(number)) for number in range(4)]
    tasks = [asyncio.create_task(pool.run(gate)) for gate in gates]
    for gate in gates[:2]:
        await asyncio.to_thread(gate.entered.wait)
    assert (pool.busy, pool.pending, len(own_threads())) == (2, 2, 2)
    assert not gates[2].entered.is_set()
    for number in (1, 2, 3, 0):
        gates[number].opened.set()
        await tasks[number]
    assert order == [1, 2, 3, 0]
    await pool.close()


async def test_past_the_limit_a_call_is_refused_with_the_numbers(pool: ThreadPool) -> None:
    gate = Gate()
    running = await begun(pool, gate)
    waiting = asyncio.create_task(pool.run(int))
    await asyncio.sleep(0)
    with pytest.raises(Overload) as caught:
        await pool.run(int)
    assert (caught.value.what, caught.value.pending, caught.value.limit) == ("the thread pool", 1, 1)
    gate.opened.set()
    assert [await running, await waiting] == ["passed", 0]


async def test_who_calls_again_at_once_finds_room() -> None:
    pool = ThreadPool(1, 0)
    for number in range(200):
        assert await pool.run(int, number) == number
    await pool.close()


async def test_a_call_cancelled_while_it_waits_never_begins_and_makes_room(pool: ThreadPool) -> None:
    gate, never = Gate(), Gate()
    running = await begun(pool, gate)
    waiting = asyncio.create_task(pool.run(never))
    await asyncio.sleep(0)
    await cancelled(waiting)
    assert pool.pending == 0
    other = asyncio.create_task(pool.run(int))
    gate.opened.set()
    assert [await running, await other] == ["passed", 0]
    assert not never.entered.is_set()


async def test_a_cancelled_caller_is_released_and_the_thread_stays_busy_to_the_end(pool: ThreadPool) -> None:
    gate = Gate()
    await cancelled(await begun(pool, gate))
    assert pool.busy == 1
    gate.opened.set()
    assert await pool.run(int) == 0
    assert pool.busy == 0


async def test_what_fails_after_its_caller_left_is_logged(pool: ThreadPool, caplog: pytest.LogCaptureFixture) -> None:
    gate = Gate(fail)
    await cancelled(await begun(pool, gate))
    gate.opened.set()
    await pool.run(int)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("pyrt", logging.WARNING)
    assert "nothing there" in str(record.exc_info)


@pytest.mark.parametrize("arrived", [False, True])
async def test_a_failure_that_arrives_together_with_the_cancellation_is_logged_once(
    pool: ThreadPool, caplog: pytest.LogCaptureFixture, arrived: bool
) -> None:
    loop, failed, tasks = asyncio.get_running_loop(), threading.Event(), []

    def hold_the_loop_and_fail() -> None:
        loop.call_soon_threadsafe(cancel)
        fail()

    def cancel() -> None:
        failed.wait()  # the one thread runs the next call: the failure is on its way to the loop
        if arrived:
            loop.call_soon(tasks[0].cancel)  # behind the failure, before the task
        else:
            tasks[0].cancel()

    tasks.append(asyncio.create_task(pool.run(hold_the_loop_and_fail)))
    after = asyncio.create_task(pool.run(failed.set))
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]
    await after
    tasks.clear()
    gc.collect()
    assert [record.name for record in caplog.records] == ["pyrt"]


async def test_a_call_whose_coroutine_is_closed_is_as_one_that_is_cancelled(
    pool: ThreadPool, caplog: pytest.LogCaptureFixture
) -> None:
    gate, never = Gate(fail), Gate()
    running, waiting = pool.run(gate), pool.run(never)
    running.send(None)
    waiting.send(None)
    await asyncio.to_thread(gate.entered.wait)
    running.close()
    waiting.close()
    assert pool.pending == 0
    gate.opened.set()
    await pool.run(int)
    gc.collect()
    assert [record.name for record in caplog.records] == ["pyrt"]
    assert not never.entered.is_set()


@pytest.mark.parametrize("kind", [StopIteration, SystemExit, KeyboardInterrupt, asyncio.CancelledError, GeneratorExit])
async def test_what_no_coroutine_can_raise_arrives_as_a_runtime_error(
    pool: ThreadPool, kind: type[BaseException]
) -> None:
    def raise_it() -> None:
        raise kind("this")

    before = await pool.run(threading.get_ident)
    with pytest.raises(RuntimeError, match=f"the call raised {kind.__name__}") as caught:
        await pool.run(raise_it)
    assert isinstance(caught.value.__cause__, kind)
    assert await pool.run(threading.get_ident) == before


async def test_an_idle_thread_keeps_nothing_of_its_last_call_alive(pool: ThreadPool) -> None:
    class Thing:
        pass

    thing = Thing()
    watched = weakref.ref(thing)
    assert await pool.run(lambda given: given, thing) is thing
    del thing
    while watched() is not None:  # the thread may still be on its way to being idle
        await next_turn()


async def test_a_failed_call_leaves_nothing_to_the_garbage_collector(pool: ThreadPool) -> None:
    class Failure(Exception):
        pass

    def fail() -> None:
        raise Failure

    gc.disable()
    try:
        try:
            await pool.run(fail)
        except Failure as error:
            watched = weakref.ref(error)
        while watched() is not None:
            await next_turn()
    finally:
        gc.enable()


async def test_closing_waits_for_what_runs_and_leaves_no_thread(pool: ThreadPool) -> None:
    gate = Gate()
    running = await begun(pool, gate)
    closing = asyncio.create_task(pool.close())
    await asyncio.sleep(0)
    assert not closing.done()
    gate.opened.set()
    assert await closing == 0
    assert own_threads() == []
    assert await running == "passed"


async def test_closing_refuses_new_calls_and_fails_what_waits(pool: ThreadPool) -> None:
    gate = Gate()
    running = await begun(pool, gate)
    waiting = asyncio.create_task(pool.run(int))
    await asyncio.sleep(0)
    assert await pool.close(timeout_s=0) == 1
    with pytest.raises(ClosedError, match="the thread pool is closed"):
        await waiting
    with pytest.raises(ClosedError):
        await pool.run(int)
    gate.opened.set()
    assert await running == "passed"
    assert await pool.close() == 0


async def test_closing_what_never_began_starts_nothing() -> None:
    pool = ThreadPool()
    assert await pool.close() == 0
    assert own_threads() == []


def test_one_event_loop_may_follow_another_even_while_a_call_of_the_first_runs(
    anyio_backend: tuple[str, dict[str, bool]],
) -> None:
    pool, gate = ThreadPool(1, 1), Gate(fail)
    with asyncio.Runner(loop_factory=loop_factory(anyio_backend)) as runner:
        runner.run(leave_behind(pool, gate))
    gate.opened.set()
    with asyncio.Runner(loop_factory=loop_factory(anyio_backend)) as runner:
        assert runner.run(pool.run(int)) == 0
        assert runner.run(pool.close()) == 0


async def leave_behind(pool: ThreadPool, gate: Gate) -> None:
    await begun(pool, gate)


def loop_factory(backend: tuple[str, dict[str, bool]]) -> Callable[[], asyncio.AbstractEventLoop]:
    import uvloop

    return uvloop.new_event_loop if backend[1]["use_uvloop"] else asyncio.new_event_loop


def test_a_call_that_never_ends_does_not_keep_the_process() -> None:
    program = """
import asyncio, threading
from pyrt.pools import ThreadPool

async def main():
    pool, entered = ThreadPool(), asyncio.Event()
    loop = asyncio.get_running_loop()
    def stay():
        loop.call_soon_threadsafe(entered.set)
        threading.Event().wait()
    task = asyncio.create_task(pool.run(stay))
    await entered.wait()
    print(await pool.close(timeout_s=0))

asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")


@pytest.mark.parametrize(("threads", "pending"), [(0, 1), (1, -1)])
def test_a_pool_without_room_is_refused(threads: int, pending: int) -> None:
    with pytest.raises(UsageError, match="at least 1"):
        ThreadPool(threads, pending)


class Model:
    """What a pool should do, in lists: who runs, who waits, who is refused."""

    def __init__(self, threads: int, limit_pending: int) -> None:
        self.threads, self.limit_pending = threads, limit_pending
        self.running: list[Gate] = []
        self.waiting: list[Gate] = []

    def add(self, gate: Gate) -> bool:
        if len(self.running) + len(self.waiting) >= self.threads + self.limit_pending:
            return False
        self.waiting.append(gate)
        self.advance()
        return True

    def remove(self, gate: Gate) -> None:
        (self.running if gate in self.running else self.waiting).remove(gate)
        self.advance()

    def advance(self) -> None:
        while self.waiting and len(self.running) < self.threads:
            self.running.append(self.waiting.pop(0))


@settings(max_examples=60, deadline=None)
@given(threads=st.integers(1, 3), limit_pending=st.integers(0, 3), steps=st.lists(st.none() | st.integers(0, 9)))
def test_in_any_order_of_calls_ends_and_cancellations_a_pool_does_what_its_model_does(
    threads: int, limit_pending: int, steps: list[int | None]
) -> None:
    asyncio.run(follow(ThreadPool(threads, limit_pending), Model(threads, limit_pending), steps))


async def follow(pool: ThreadPool, model: Model, steps: list[int | None]) -> None:
    """None is a new call; a number ends the call of that place if it runs, or cancels it if it waits."""
    tasks: dict[Gate, asyncio.Task[object]] = {}
    for step in steps:
        gates = model.running + model.waiting
        if step is None:
            await add(pool, model, tasks)
        elif gates:
            gate = gates[step % len(gates)]
            if gate in model.waiting:
                await cancelled(tasks[gate])
            else:
                gate.opened.set()
                await tasks[gate]
            model.remove(gate)
        for gate in model.running:
            await asyncio.to_thread(gate.entered.wait)
        assert (pool.busy, pool.pending) == (len(model.running), len(model.waiting))
        assert not any(gate.entered.is_set() for gate in model.waiting)
    for gate in tasks:
        gate.opened.set()
    await asyncio.gather(*tasks.values(), return_exceptions=True)
    assert await pool.close(timeout_s=60) == 0


async def add(pool: ThreadPool, model: Model, tasks: "dict[Gate, asyncio.Task[object]]") -> None:
    gate = Gate()
    task = asyncio.create_task(pool.run(gate))
    await asyncio.sleep(0)
    if model.add(gate):
        tasks[gate] = task
    else:
        with pytest.raises(Overload):
            await task
