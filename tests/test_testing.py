import asyncio
import contextvars
from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest

from pyrt import App, HttpError, Request
from pyrt.testing import ManualClock, SyncTestClient, TestClient

VARIABLE = contextvars.ContextVar("VARIABLE", default="unset")


def shop() -> App:
    app = App()

    @app.route("/{name}", methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
    async def echo(req: Request, name: str) -> Any:
        found, _ = VARIABLE.get(), VARIABLE.set(name)
        return [req.method, name, req.headers.get("x-a"), req.body.decode(), found]

    @app.get("/errors/{kind}")
    async def fail(kind: str) -> None:
        raise HttpError(418) if kind == "foreseen" else KeyError(kind)

    @app.get("/streams/one")
    async def stream() -> AsyncIterator[str]:
        yield "a"
        await asyncio.sleep(0)
        yield "b"

    return app


METHODS = ("get", "delete", "options", "post", "put", "patch")


async def test_every_method_has_its_own_call_in_a_context_of_its_own() -> None:
    client = TestClient(shop())
    for method in METHODS:
        answer = await getattr(client, method)("/x", headers=[("X-A", "b")])
        assert answer.value == [method.upper(), "x", "b", "", "unset"]
    assert (await client.head("/x")).body == b""
    assert (await client.post("/x", {"a": 1})).value[3] == '{"a":1}'


def test_tests_need_not_be_async() -> None:
    with SyncTestClient(shop()) as client:
        for method in METHODS:
            assert getattr(client, method)("/x", headers=[("X-A", "b")]).value == [
                method.upper(),
                "x",
                "b",
                "",
                "unset",
            ]
        assert client.get("/streams/one").text == "ab"


async def test_errors_that_nobody_foresaw_pass_through() -> None:
    client = TestClient(shop())
    assert (await client.get("/errors/foreseen")).status == 418
    with pytest.raises(KeyError):
        await client.get("/errors/unforeseen")
    assert (await TestClient(shop(), raise_errors=False).get("/errors/unforeseen")).status == 500


def test_errors_pass_through_a_sync_client_too() -> None:
    with SyncTestClient(shop()) as client, pytest.raises(KeyError):
        client.get("/errors/unforeseen")


def test_a_sync_client_keeps_a_lifespan_in_one_task(caplog: pytest.LogCaptureFixture) -> None:
    app, ended = App(), []

    @app.lifespan()
    async def working() -> AsyncIterator[None]:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep_forever)
            yield
            group.cancel_scope.cancel()
        ended.append(True)

    with SyncTestClient(app):
        pass
    assert (ended, caplog.text) == ([True], "")


def test_a_start_that_fails_passes_through_a_sync_client() -> None:
    app = App()

    @app.on_start()
    def broken() -> None:
        raise KeyError("no")

    with pytest.raises(KeyError), SyncTestClient(app):
        pass


async def test_json_is_sent_as_json_unless_the_headers_say_otherwise() -> None:
    app = App()
    app.post("/")(lambda req: req.headers["content-type"])
    client = TestClient(app)
    assert (await client.post("/", {})).text == "application/json"
    assert (await client.post("/", {}, {"Content-Type": "a/b"})).text == "a/b"


async def test_a_stream_is_read_to_its_end() -> None:
    assert (await TestClient(shop()).get("/streams/one")).body == b"ab"


async def test_a_client_starts_and_stops_its_app() -> None:
    app, order = shop(), []
    app.on_start()(lambda: order.append("start"))
    app.on_stop()(lambda: order.append("stop"))
    async with TestClient(app) as client:
        await client.get("/x")
        assert order == ["start"]
    assert order == ["start", "stop"]


def test_a_manual_clock_stands_still() -> None:
    clock = ManualClock(1.0)
    clock.advance(0.5)
    assert (clock(), clock()) == (1.5, 1.5)
