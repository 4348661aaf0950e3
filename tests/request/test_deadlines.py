import asyncio
from typing import Any

import pytest

from pyrt.errors import DeadlineExceeded
from pyrt.request.deadlines import within


def driven(coroutine: Any) -> Any:
    with pytest.raises(StopIteration) as done:
        coroutine.send(None)
    return done.value.value


async def answer() -> str:
    return "done"


def test_work_that_never_waits_needs_no_event_loop() -> None:
    assert driven(within(answer(), 1.0, "it")) == "done"


@pytest.mark.parametrize("limit_s", [None, 60.0])
async def test_work_that_waits_is_resumed_and_gives_its_result(limit_s: float | None) -> None:
    async def work() -> str:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return "done"

    assert await within(work(), limit_s, "it") == "done"


async def test_past_the_limit_the_work_is_cancelled_and_named() -> None:
    ended = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    with pytest.raises(DeadlineExceeded, match=r"it was cancelled after 0\.001 s") as caught:
        await within(work(), 0.001, "it")
    assert (caught.value.limit_s, ended) == (0.001, ["cancelled"])


async def test_a_timeout_of_the_work_itself_is_not_the_limit() -> None:
    async def work() -> None:
        async with asyncio.timeout(0.001):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await within(work(), 60.0, "it")


@pytest.mark.parametrize("limit_s", [None, 60.0])
async def test_what_interrupts_the_wait_reaches_the_work(limit_s: float | None) -> None:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def work() -> str:
        try:
            await future
        except KeyError:
            return "caught"
        raise AssertionError

    asyncio.get_running_loop().call_soon(future.set_exception, KeyError())
    assert await within(work(), limit_s, "it") == "caught"


async def test_a_cancellation_from_outside_passes_through() -> None:
    started = asyncio.Event()

    async def work() -> None:
        started.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(within(work(), 60.0, "it"))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_work_that_is_interrupted_may_wait_again() -> None:
    async def work() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            raise
        raise AssertionError

    with pytest.raises(DeadlineExceeded):
        await within(work(), 0.001, "it")
