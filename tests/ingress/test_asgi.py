import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from pyrt import App, LocalContext, Module
from pyrt.ingress import asgi
from pyrt.ingress.limits import Limits


def echo() -> App:
    app = App()

    @app.post("/{name}")
    async def handler(name, req, body: bytes):  # type: ignore[no-untyped-def]
        return [name, req.query, req.headers["x-y"], body.decode()]

    @app.get("/none")
    async def none() -> None: ...

    return app


def client(app: App) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_an_app_is_an_asgi_application() -> None:
    async with client(echo()) as http:
        response = await http.post("/a%2Fb?c=d", headers={"X-Y": "z"}, content=b"body")
        assert response.json() == ["a/b", "c=d", "z", "body"]
        assert response.headers["content-length"] == str(len(response.content))
        assert (await http.get("/none")).status_code == 204
        assert (await http.get("/nowhere/at/all")).status_code == 404


async def test_a_request_knows_its_client() -> None:
    app = App()

    @app.get("/")
    async def handler(lctx: LocalContext) -> Any:
        return lctx.client

    async with client(app) as http:
        assert (await http.get("/")).json() == ["127.0.0.1", 123]


async def test_a_body_past_the_limit_is_a_413() -> None:
    async def handle(scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        await asgi.serve(echo(), scope, receive, send, Limits(body_bytes=3))

    async with httpx.AsyncClient(transport=httpx.ASGITransport(handle), base_url="http://test") as http:
        assert (await http.post("/a", headers={"X-Y": ""}, content=b"abc")).status_code == 200
        assert (await http.post("/a", headers={"X-Y": ""}, content=b"abcd")).status_code == 413


async def lifespan(app: App) -> list[str]:
    incoming, sent = ["lifespan.startup", "lifespan.shutdown"], []

    async def receive() -> dict[str, str]:
        return {"type": incoming.pop(0)}

    async def send(message: asgi.Scope) -> None:
        sent.append(message["type"])

    try:
        await app({"type": "lifespan"}, receive, send)
    except RuntimeError:
        sent.append("raised")
    return sent


async def test_lifespan_starts_and_stops_the_app() -> None:
    assert await lifespan(echo()) == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_a_failed_start_is_reported() -> None:
    class Broken(Module):
        async def start(self) -> None:
            raise RuntimeError("no")

    app = App()
    app.module("broken", Broken)
    assert await lifespan(app) == ["lifespan.startup.failed", "raised"]


async def test_other_scopes_are_refused() -> None:
    with pytest.raises(NotImplementedError, match="gopher"):
        await echo()({"type": "gopher"}, None, None)  # type: ignore[arg-type]


async def test_a_websocket_is_declined_before_it_is_accepted() -> None:
    said: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        said.append(message["type"])

    await echo()({"type": "websocket"}, receive, send)
    assert said == ["websocket.close"]


async def test_a_server_that_cancels_a_request_leaves_nothing_running() -> None:
    app, begun = App(), asyncio.Event()

    @app.get("/")
    async def handler() -> None:
        begun.set()
        await asyncio.Event().wait()

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        before = asyncio.all_tasks()
        asking = asyncio.create_task(client.get("/"))
        await begun.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert asyncio.all_tasks() == before


async def test_a_stream_is_sent_part_by_part() -> None:
    app = App()

    @app.get("/")
    async def handler() -> AsyncIterator[str]:
        yield "a"
        yield "b"

    sent: list[asgi.Scope] = []

    async def send(message: asgi.Scope) -> None:
        sent.append(message)

    incoming = [{"type": "http.request"}]

    async def receive() -> asgi.Scope:
        return incoming.pop() if incoming else await asyncio.Event().wait()  # type: ignore[return-value]

    await app({"type": "http", "method": "GET", "path": "/", "headers": []}, receive, send)
    assert [(message.get("body"), message.get("more_body", False)) for message in sent[1:]] == [
        (b"a", True),
        (b"b", True),
        (b"", False),
    ]
    assert "content-length" not in dict(sent[0]["headers"])


async def test_a_request_ends_when_its_client_is_gone() -> None:
    app, order = App(), []

    @app.get("/")
    async def handler(lctx: LocalContext) -> None:
        lctx.on_cleanup(lambda: order.append("cleanup"))
        await asyncio.Event().wait()

    incoming = ["http.disconnect", "http.request"]

    async def receive() -> asgi.Scope:
        return {"type": incoming.pop()}

    await app({"type": "http", "method": "GET", "path": "/", "headers": []}, receive, order.append)  # type: ignore[arg-type]
    assert order == ["cleanup"]
