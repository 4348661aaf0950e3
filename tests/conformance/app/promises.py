"""Where handlers run (loop, threads, processes), and asyncio's promises to them."""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading

import anyio

from pyrt import Request
from tests.conformance import work
from tests.conformance.app.declared import app, key_of

seen: contextvars.ContextVar[str] = contextvars.ContextVar("seen", default="nothing")
both = threading.Barrier(2)
in_context = app.group("/in-context")


@in_context.before(timeout_s=5.0)
async def remember(req: Request) -> None:
    await asyncio.sleep(0)
    seen.set(req.headers["x-key"])


@in_context.get("/async")
async def read_on_loop() -> str:
    return f"async {seen.get()}"


@in_context.get("/def")
def read_in_thread() -> str:
    return f"{'async' if threading.current_thread() is threading.main_thread() else 'def'} {seen.get()}"


@app.get("/threads/both")
def meet_in_threads() -> str:
    both.wait(timeout=5)
    return "met"


@app.get("/pid")
async def pid() -> int:
    return os.getpid()


app.get("/cpu/total/{n:int}", cpu=True)(work.total)
app.get("/cpu/refuse/{n:int}", cpu=True)(work.refuse)
app.get("/cpu/fail/{n:int}", cpu=True)(work.fail)


meeting: dict[str, list[asyncio.Event]] = {}


@app.get("/promises/context/{value}")
async def leave_a_value(value: str) -> str:
    found = seen.get()
    seen.set(value)
    await asyncio.sleep(0)
    return f"{found} then {seen.get()}"


@app.get("/promises/meet/{value}")
async def meet(value: str, req: Request) -> str:
    """Two requests of one key set the same variable, wait for each other, and read it."""
    seen.set(value)
    other = asyncio.Event()
    waiting = meeting.setdefault(key_of(req), [])
    waiting.append(other)
    if len(waiting) == 2:
        for each in waiting:
            each.set()
    await other.wait()
    return seen.get()


@app.get("/promises/timeout")
async def timeout() -> str:
    try:
        async with asyncio.timeout(0.01):
            await asyncio.Event().wait()
    except TimeoutError:
        await asyncio.sleep(0)
        return "timed out"
    return "never"


@app.get("/promises/wait-for")
async def wait_for() -> str:
    try:
        await asyncio.wait_for(asyncio.Event().wait(), 0.01)
    except TimeoutError:
        return "timed out"
    return "never"


@app.get("/promises/task-group")
async def task_group() -> str:
    ended = []

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("sibling")

    async def failing() -> None:
        await asyncio.sleep(0)
        raise LookupError("on purpose")

    async with asyncio.TaskGroup() as group:
        fine = [group.create_task(asyncio.sleep(0, n)) for n in (1, 2)]
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(endless())
            group.create_task(failing())
    except* LookupError:
        ended.append("group")
    return f"{sum(task.result() for task in fine)} {' '.join(ended)}"


@app.get("/promises/anyio")
async def cancel_scopes() -> str:
    found = []
    with anyio.move_on_after(0.01) as scope:
        await anyio.sleep_forever()
    found.append(f"moved on {scope.cancelled_caught}")
    try:
        with anyio.fail_after(0.01):
            await anyio.sleep_forever()
    except TimeoutError:
        found.append("failed")
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.sleep_forever)
        group.cancel_scope.cancel()
    found.append(f"in a thread {await anyio.to_thread.run_sync(seen.get)}")
    return ", ".join(found)


@app.get("/promises/current-task")
async def current_task() -> list[bool]:
    before = asyncio.current_task()
    await asyncio.sleep(0)
    return [before is not None, before in asyncio.all_tasks(), asyncio.current_task() is before]


@app.get("/promises/cancel-scope-of-own/{value}")
async def uncancelled(value: str) -> str:
    """A cancellation that the handler asked for and caught leaves nothing behind."""
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    try:
        await asyncio.sleep(0)
    except asyncio.CancelledError:
        task.uncancel()
    await asyncio.sleep(0)
    return f"{value} {task.cancelling()}"
