"""What begins in a task of its own, and mostly ends without one: to the work there is no difference."""

from __future__ import annotations

import asyncio
import contextvars
import gc
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest

from pyrt.request.tasks import begin

VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


def begun(work: Coroutine[Any, Any, Any]) -> tuple[asyncio.Task[Any] | None, Any]:
    return begin(asyncio.get_running_loop(), work, contextvars.copy_context())


def waiting(work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """The task of work that waits."""
    task, value = begun(work)
    assert isinstance(task, asyncio.Task)
    assert value is None
    return task


@pytest.fixture(autouse=True)
async def _nothing_is_left() -> AsyncIterator[None]:
    """No task is left, and the event loop was told of nothing that nobody else was."""
    raised: list[dict[str, Any]] = []
    loop, before = asyncio.get_running_loop(), len(asyncio.all_tasks())
    loop.set_exception_handler(lambda loop, context: raised.append(context))
    yield
    for _ in range(5):
        await asyncio.sleep(0)
    gc.collect()
    assert len(asyncio.all_tasks()) <= before
    assert raised == []
    loop.set_exception_handler(None)


async def looked_at() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None
    task.set_name("mine")
    return task


async def test_work_that_does_not_wait_is_over_at_once() -> None:
    tasks = asyncio.all_tasks()

    async def work() -> str:
        return "done"

    assert begun(work()) == (None, "done")
    assert asyncio.all_tasks() == tasks


async def test_work_that_waits_has_a_task_with_what_it_returns() -> None:
    async def work() -> str:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return "done"

    assert await waiting(work()) == "done"


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("looks", [False, True])
@pytest.mark.parametrize("kind", [KeyError, asyncio.CancelledError])
async def test_what_it_raises_is_raised_at_once_or_by_its_task(waits: bool, looks: bool, kind: Any) -> None:
    seen: list[asyncio.Task[Any]] = []

    async def work() -> None:
        if looks:
            seen.append(await looked_at())
        if waits:
            await asyncio.sleep(0)
        raise kind("x")

    if waits:
        task = waiting(work())
        with pytest.raises(kind):
            await task
    else:
        with pytest.raises(kind):
            begun(work())
        await asyncio.sleep(0)
    for task in seen:
        with pytest.raises(kind):
            task.result()


async def test_a_task_is_current_and_it_is_the_same_one_all_the_time() -> None:
    seen: list[Any] = []

    async def work() -> None:
        seen.append(asyncio.current_task())
        await asyncio.sleep(0)
        seen.append(asyncio.current_task())

    outer = asyncio.current_task()
    task = waiting(work())
    assert asyncio.current_task() is outer
    await task
    assert seen == [task, task]
    assert task is not outer


async def test_no_task_is_current_afterwards_where_none_was() -> None:
    loop, seen = asyncio.get_running_loop(), list[Any]()

    async def fails() -> None:
        seen.append(asyncio.current_task() is None)
        raise KeyError

    def callback() -> None:
        seen.append(asyncio.current_task())
        begun(asyncio.sleep(0, "done"))
        seen.append(asyncio.current_task())
        with pytest.raises(KeyError):
            begun(fails())
        seen.append(asyncio.current_task())

    loop.call_soon(callback)
    for _ in range(4):
        await asyncio.sleep(0)
    assert seen == [None, None, False, None]


async def test_work_may_begin_other_work() -> None:
    async def inner() -> Any:
        before = asyncio.current_task()
        await asyncio.sleep(0)
        return before is asyncio.current_task()

    async def outer() -> list[Any]:
        before = asyncio.current_task()
        task = waiting(inner())
        return [before is asyncio.current_task(), await task, before is asyncio.current_task()]

    assert await waiting(outer()) == [True, True, True]


@pytest.mark.parametrize("waits", [False, True])
async def test_its_context_variables_are_its_own(waits: bool) -> None:
    async def work() -> list[str]:
        seen = [VARIABLE.get()]
        VARIABLE.set("inner")
        if waits:
            await asyncio.sleep(0)
        return [*seen, VARIABLE.get()]

    VARIABLE.set("outer")
    task, value = begun(work())
    assert (await task if task else value) == ["outer", "inner"]
    assert VARIABLE.get() == "outer"


@pytest.mark.parametrize("looks", [False, True])
async def test_a_task_may_be_looked_at_before_it_waits(looks: bool) -> None:
    async def work() -> tuple[str, int, bool]:
        task = await looked_at()
        return task.get_name(), task.cancelling(), task.done()

    async def waits() -> tuple[str, int, bool]:
        before = await work()
        await asyncio.sleep(0)
        assert await work() == before
        return before

    if looks:
        assert begun(work()) == (None, ("mine", 0, False))
        await asyncio.sleep(0)
    else:
        task = waiting(waits())
        assert task in asyncio.all_tasks()
        assert (await task, task.get_name()) == (("mine", 0, False), "mine")


@pytest.mark.parametrize("turns", [0, 1, 2])
@pytest.mark.parametrize("looks", [False, True])
async def test_a_task_that_is_cancelled_while_it_waits_hands_it_on(turns: int, looks: bool) -> None:
    ended = []

    async def work() -> None:
        if looks:
            await looked_at()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as error:
            ended.append(error.args)
            raise

    task = waiting(work())
    for _ in range(turns):
        await asyncio.sleep(0)
    assert task.cancel("why")
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (task.cancelled(), ended) == (True, [("why",)])


@pytest.mark.parametrize("turns", [0, 2])
@pytest.mark.parametrize("waits", [False, True])
async def test_work_may_catch_its_cancellation_and_go_on(turns: int, waits: bool) -> None:
    async def work() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if waits:
                await asyncio.sleep(0)
        return "gone on"

    task = waiting(work())
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    assert await task == "gone on"


async def test_work_that_cancels_itself_before_it_waits_is_cancelled_where_it_waits() -> None:
    ended = []

    async def work() -> None:
        (await looked_at()).cancel()
        ended.append("still here")
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    task = waiting(work())
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["still here", "cancelled"]


@pytest.mark.parametrize("waits", [0.0, 60.0])
async def test_a_timeout_in_it_holds(waits: float) -> None:
    async def work() -> str:
        try:
            async with asyncio.timeout(0.001 if waits else 60):
                await asyncio.sleep(waits)
        except TimeoutError:
            return "timed out"
        return "in time"

    assert await waiting(work()) == ("timed out" if waits else "in time")


async def test_a_timeout_that_nothing_waits_for_needs_no_turn_of_the_event_loop() -> None:
    async def work() -> str:
        async with asyncio.timeout(60):
            await looked_at()
        return "in time"

    assert begun(work()) == (None, "in time")


async def test_a_task_group_in_it_holds_its_tasks() -> None:
    async def double(number: int) -> int:
        await asyncio.sleep(0)
        return 2 * number

    async def work() -> list[int]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(double(number)) for number in range(3)]
        return [task.result() for task in tasks]

    assert await waiting(work()) == [0, 2, 4]


async def test_a_task_group_in_it_that_fails_ends_it_with_its_failure() -> None:
    ended = []

    async def fails() -> None:
        raise KeyError("x")

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async def work() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(waits())
            await asyncio.sleep(0)
            group.create_task(fails())

    task = waiting(work())
    with pytest.raises(ExceptionGroup) as caught:
        await task
    assert [type(each) for each in caught.value.exceptions] == [KeyError]
    assert (ended, task.cancelled()) == ([True], False)


async def test_what_it_waits_for_may_fail() -> None:
    future = asyncio.get_running_loop().create_future()

    async def work() -> str:
        try:
            await future
        except KeyError:
            return "caught"
        return "not raised"

    task = waiting(work())
    future.set_exception(KeyError("x"))
    assert await task == "caught"


async def test_what_it_waits_for_may_be_done_before_its_first_turn() -> None:
    future = asyncio.get_running_loop().create_future()

    async def work() -> Any:
        return await future

    task = waiting(work())
    future.set_result("early")
    assert await task == "early"


async def test_a_callback_is_told_of_its_end() -> None:
    told: list[Any] = []

    async def work() -> str:
        await asyncio.sleep(0)
        return "done"

    task = waiting(work())
    task.add_done_callback(told.append)
    await task
    await asyncio.sleep(0)
    assert told == [task]


async def test_a_task_that_it_makes_outlives_it() -> None:
    made: list[asyncio.Task[str]] = []

    async def later() -> str:
        await asyncio.sleep(0)
        return "later"

    async def work() -> str:
        made.append(asyncio.create_task(later()))
        return "done"

    assert begun(work()) == (None, "done")
    assert await made[0] == "later"
