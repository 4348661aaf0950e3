import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from pyrt import App, GlobalContext, Module, UsageError
from pyrt.errors import DeadlineExceeded, UnknownName


def declared(app: App, order: list[str]) -> None:
    app.on_start(priority=1)(lambda: order.append("start 1"))
    app.on_start(priority=-1)(lambda: order.append("start -1"))
    app.on_stop(priority=1)(lambda: order.append("stop 1"))
    app.on_stop(priority=-1)(lambda: order.append("stop -1"))

    @app.lifespan()
    async def resource(gctx: GlobalContext) -> AsyncIterator[None]:
        order.append("enter 0")
        yield
        order.append("leave 0")


async def test_what_starts_first_stops_last() -> None:
    app, order = App(), []
    declared(app, order)
    await app.start()
    assert order == ["start -1", "enter 0", "start 1"]
    await app.stop()
    assert order[3:] == ["stop 1", "leave 0", "stop -1"]


async def test_an_app_that_is_started_again_runs_them_again() -> None:
    app, order = App(), []
    declared(app, order)
    for _ in range(2):
        await app.start()
        await app.stop()
    assert order[:6] == order[6:]


async def test_modules_are_there_before_and_after() -> None:
    order = []

    class Database(Module):
        async def start(self) -> None:
            order.append("module starts")

        async def stop(self) -> None:
            order.append("module stops")

    app = App()
    app.module("db", Database)

    @app.lifespan()
    @asynccontextmanager
    async def resource(db: Database) -> AsyncIterator[None]:
        order.append("enter")
        yield
        order.append("leave")

    await app.start()
    await app.stop()
    assert order == ["module starts", "enter", "leave", "module stops"]


async def test_a_failed_start_undoes_what_has_started_and_is_raised() -> None:
    app, order = App(), []
    declared(app, order)

    @app.on_start(priority=5)
    async def broken() -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        await app.start()
    assert order[3:] == ["stop 1", "leave 0", "stop -1"]
    assert not app.started


async def test_a_subscriber_that_cannot_start_undoes_the_start() -> None:
    app, order = App(), []
    declared(app, order)

    @app.subscribe("t", group="g", limit_messages=2)
    async def take(message: int) -> None: ...

    # Somebody has the group's queue already, with another limit.
    app.gctx.queue.subscribe("t", group="g", limit_messages=1)
    with pytest.raises(UsageError, match="has a limit of 1 messages"):
        await app.start()
    assert order[3:] == ["stop 1", "leave 0", "stop -1"]
    assert not app.started


async def test_a_start_that_takes_too_long_is_cancelled_and_named() -> None:
    app = App()

    @app.on_start(timeout_s=0.001)
    async def endless() -> None:
        await asyncio.Event().wait()

    with pytest.raises(DeadlineExceeded, match="endless"):
        await app.start()


async def test_a_stop_that_fails_or_takes_too_long_is_logged_and_the_rest_stops(caplog: Any) -> None:
    app, order = App(), []
    app.on_stop(priority=0)(lambda: order.append("rest"))

    @app.on_stop(priority=1)
    def broken() -> None:
        raise RuntimeError("no")

    @app.on_stop(priority=2, timeout_s=0.001)
    async def endless() -> None:
        await asyncio.Event().wait()

    await app.start()
    await app.stop()
    assert order == ["rest"]
    assert "broken" in caplog.text
    assert "endless" in caplog.text


def test_a_function_that_names_what_is_not_there_is_refused() -> None:
    app = App()

    @app.on_start()
    def start(req: Any) -> None: ...

    with pytest.raises(UnknownName, match="req"):
        app.freeze()


async def test_a_lifespan_is_a_context_manager() -> None:
    app = App()
    app.lifespan()(lambda: None)
    with pytest.raises(UsageError, match="yield"):
        await app.start()


async def test_a_stop_that_ends_in_a_cancellation_of_its_own_is_logged_and_the_rest_stops(caplog: Any) -> None:
    app, order = App(), []
    app.on_stop(priority=0)(lambda: order.append("rest"))

    @app.on_stop(priority=1)
    async def cancelled() -> None:
        task = asyncio.ensure_future(asyncio.Event().wait())
        task.cancel()
        await task

    await app.start()
    await app.stop()
    assert order == ["rest"]
    assert "cancelled" in caplog.text


async def test_a_stop_that_is_cancelled_stops_everything_and_is_cancelled_then() -> None:
    app, order, waiting = App(), [], asyncio.Event()

    class Noted(Module):
        async def stop(self) -> None:
            order.append("module")

    app.module("noted", Noted)
    app.on_stop(priority=0)(lambda: order.append("rest"))

    @app.on_stop(priority=1)
    async def endless() -> None:
        waiting.set()
        await asyncio.Event().wait()

    await app.start()
    stopping = asyncio.create_task(app.stop())
    await waiting.wait()
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    assert order == ["rest", "module"]
