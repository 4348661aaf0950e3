import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from pyrt import App, LocalContext, Module, Response
from pyrt.errors import ProtocolError
from pyrt.http.forms import Form
from pyrt.ingress import asgi
from pyrt.limits import LIMITS, Limits


def echo(limits: Limits = LIMITS) -> App:
    app = App(limits=limits)

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
    async with client(echo(Limits(body_bytes=3))) as http:
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


# Bodies that come part by part


class Coming:
    """What a server hands on: parts of a body, then the client is gone, or nothing more comes."""

    def __init__(self, *parts: bytes, is_whole: bool = True, is_gone: bool = False) -> None:
        self._messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
        if is_whole:
            self._messages.append({"type": "http.request"})
        if is_gone:
            self._messages.append({"type": "http.disconnect"})
        self.asked = 0

    async def __call__(self) -> asgi.Scope:
        self.asked += 1
        await asyncio.sleep(0)
        return self._messages.pop(0) if self._messages else await asyncio.Event().wait()  # type: ignore[return-value]


async def said(app: App, receive: asgi.Receive, method: str = "POST", path: str = "/", **headers: str) -> list[Any]:
    """The status, then the parts of the body; nothing where nobody answers any more."""
    heard: list[Any] = []

    async def send(message: asgi.Scope) -> None:
        heard.append(message["status"] if "status" in message else message["body"])

    lines = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    await app({"type": "http", "method": method, "path": path, "headers": lines}, receive, send)
    return heard


def counting(**options: Any) -> tuple[App, list[Any]]:
    """An app that says how large a body was, and what its handler got."""
    app = App(limits=Limits(body_bytes=4), **options)
    got: list[Any] = []

    @app.post("/")
    async def handler(body: AsyncIterator[bytes]) -> str:
        got.extend([part async for part in body])
        return str(len(b"".join(got)))

    @app.post("/large", limit_body_bytes=8)
    async def large(body: bytes) -> str:
        return str(len(body))

    @app.post("/twice")
    async def twice(body: AsyncIterator[bytes]) -> None:
        for _ in range(2):
            try:
                got.extend([part async for part in body])
                got.append("end")
            except ProtocolError as error:
                got.append(error.status)

    return app, got


@pytest.mark.parametrize(
    ("path", "parts", "heard", "asked"),
    [
        ("/", [b"ab", b"", b"cd"], [200, b"4"], None),
        ("/", [], [200, b"0"], None),
        ("/", [b"abc", b"de", b"f"], [413], 2),
        ("/large", [b"abcd", b"efgh"], [200, b"8"], None),
        ("/large", [b"abcd", b"efgh", b"i", b"j"], [413], 3),
    ],
)
async def test_a_body_comes_part_by_part_up_to_its_limit(
    path: str, parts: list[bytes], heard: list[Any], asked: int | None
) -> None:
    app, got = counting()
    receive = Coming(*parts)
    answer = await said(app, receive, path=path)  # which is the first request, and nobody has started the app
    assert answer[: len(heard)] == heard
    if path == "/":
        assert got == [part for part in parts if part][: len(got)]
    if asked is not None:
        assert receive.asked == asked


async def test_a_body_is_read_no_faster_than_it_is_taken() -> None:
    app = App()

    @app.post("/")
    async def handler(body: AsyncIterator[bytes]) -> str:
        await anext(body)
        for _ in range(10):
            await asyncio.sleep(0)
        return str(receive.asked)

    receive = Coming(b"a", b"b", b"c")
    assert await said(app, receive) == [200, b"1"]


async def test_half_a_body_never_looks_like_a_whole_one() -> None:
    app, got = counting()
    assert (await said(app, Coming(b"abc", b"de"), path="/twice"))[0] == 204
    assert got == [b"abc", 413, 413][-len(got) :]
    got.clear()
    await said(app, Coming(b"ab", is_whole=False, is_gone=True), path="/twice")
    assert "end" not in got


@pytest.mark.parametrize("path", ["/", "/large"])
async def test_a_client_that_is_gone_before_its_body_ends_its_request(path: str) -> None:
    app, _ = counting()
    before = asyncio.all_tasks()
    answer = await said(app, Coming(b"ab", is_whole=False, is_gone=True), path=path)
    assert (answer[:1], asyncio.all_tasks()) == ([400] if path == "/" else [], before)


async def test_a_form_comes_over_asgi_too() -> None:
    app = App(limits=Limits(form_fields=2))

    @app.post("/")
    async def handler(form: Form) -> Any:
        return form.texts

    async with client(app) as http:
        assert (await http.post("/", data={"a": ["1", "2"]})).json() == {"a": ["1", "2"]}
        assert (await http.post("/", data={"a": "1"}, files={"f": b"x"})).json() == {"a": ["1"]}
        assert (await http.post("/", data={"a": ["1", "2", "3"]})).status_code == 413
        assert (await http.post("/", content=b"a=1")).status_code == 415


# Answers


@pytest.mark.parametrize(("status", "parts"), [(200, [b"ab", b""]), (204, [b""]), (304, [b""])])
async def test_a_stream_that_may_have_no_body_has_none(status: int, parts: list[bytes]) -> None:
    app, closed = App(), []

    @app.get("/")
    async def handler(lctx: LocalContext) -> Response:
        lctx.on_cleanup(lambda: closed.append(True))
        return Response(stream(), status)

    async def stream() -> AsyncIterator[bytes]:
        yield b"ab"

    assert await said(app, Coming(), "GET") == [status, *parts]
    assert closed == [True]


@pytest.mark.parametrize(("method", "body"), [("GET", b"x" * 300_000), ("HEAD", b"")])
async def test_a_file_goes_out_with_its_length(method: str, body: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"x" * 300_000)
    app, files = App(), []

    @app.get("/")
    async def handler() -> Response:
        response = Response.file("a.txt", root=tmp_path, headers={"content-length": "1"})
        files.append(response.body)
        return response

    async with client(app) as http:
        answer = await http.request(method, "/")
    assert (answer.headers.get_list("content-length"), answer.content) == (["300000"], body)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    with pytest.raises(ValueError, match="closed"):
        files[0].fileno()
