"""Errors, deadlines and cleanup."""

from __future__ import annotations

import asyncio
import threading

from pyrt import HttpError, LocalContext, Overload
from tests.conformance.app.declared import app, key_of, notes


@app.get("/errors/http")
async def error_http() -> None:
    raise HttpError(429, "slow down", [("retry-after", "7")])


@app.get("/errors/overload")
async def error_overload() -> None:
    raise Overload("the pool", 8, 8, retry_after_s=3)


@app.get("/errors/unexpected")
async def error_unexpected() -> None:
    raise RuntimeError("secret of the handler")


@app.get("/errors/threaded")
def error_threaded() -> None:
    raise RuntimeError("secret of the thread")


@app.get("/errors/unsendable")
async def error_unsendable() -> object:
    return object()


@app.get("/errors/cancelled")
async def error_cancelled() -> None:
    """Waits for something that somebody cancels; the request itself is not."""
    other: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    other.cancel()
    await other


@app.get("/late", deadline_s=0.05)
async def late(lctx: LocalContext) -> None:
    key = key_of(lctx.request)
    lctx.on_cleanup(lambda: notes.write(key, "cleaned"))
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        notes.write(key, "cancelled")
        raise


@app.get("/late/threaded", deadline_s=0.05)
def late_threaded() -> str:
    """Cannot be cancelled: the client has its answer all the same."""
    held.wait(timeout=5)
    return "too late"


held = threading.Event()


@app.post("/late/threaded")
async def let_go() -> None:
    held.set()


@app.get("/cleanup/{ending}")
async def clean(ending: str, lctx: LocalContext) -> str:
    key = key_of(lctx.request)

    async def waiting() -> None:
        await asyncio.sleep(0)
        notes.write(key, f"first:{lctx.phase}")

    def failing() -> None:
        notes.write(key, "second")
        raise RuntimeError("secret of the cleanup")

    lctx.on_cleanup(waiting)
    lctx.on_cleanup(failing)
    lctx.on_cleanup(lambda: notes.write(key, "third"))
    if ending == "error":
        raise RuntimeError("secret of the handler")
    return "done"


@app.get("/gone")
async def wait_for_nobody(lctx: LocalContext) -> None:
    """Waits until its client has gone."""
    key = key_of(lctx.request)
    lctx.on_cleanup(lambda: notes.write(key, "cleaned"))
    notes.write(key, "waiting")
    await asyncio.Event().wait()
