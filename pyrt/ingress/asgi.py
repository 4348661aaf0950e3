"""The edge as other servers see it: an ASGI 3 application (HTTP and lifespan)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any, Protocol
from urllib.parse import quote

from ..context import new_id
from ..messages import Headers, Request, Response
from ..streams import Stream
from .limits import Limits

__all__ = ("Receive", "Scope", "Send", "serve")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Service(Protocol):
    """What an app offers to a server."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def handle(self, request: Request) -> Response: ...


async def serve(app: Service, scope: Scope, receive: Receive, send: Send, limits: Limits | None = None) -> None:
    """Serve one ASGI scope with *app*; bodies are bounded as at our own ingress."""
    if scope["type"] == "lifespan":
        await _lifespan(app, receive, send)
    elif scope["type"] == "http":
        await _http(app, scope, receive, send, limits or Limits())
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1000})  # before it is accepted: the server answers 403
    else:
        raise NotImplementedError(f"pyrt does not serve ASGI scopes of type {scope['type']!r}")


async def _lifespan(app: Service, receive: Receive, send: Send) -> None:
    await receive()
    try:
        await app.start()
    except Exception as error:
        await send({"type": "lifespan.startup.failed", "message": str(error)})
        raise
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await app.stop()
    await send({"type": "lifespan.shutdown.complete"})


async def _http(app: Service, scope: Scope, receive: Receive, send: Send, limits: Limits) -> None:
    body = await _body(receive, limits.body_bytes)
    if body is None:
        return
    if len(body) > limits.body_bytes:
        detail = f"the body is over {limits.body_bytes} bytes"
        await _send(Response.problem(413, detail, new_id()), send)
        return
    answering = asyncio.ensure_future(_answer(app, _request(scope, body), send))
    gone = asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait((answering, gone), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (answering, gone):
            task.cancel()
        await asyncio.wait((answering, gone))
    if not answering.cancelled():
        answering.result()


async def _gone(receive: Receive) -> None:
    """Returns when the client is not there any more."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _answer(app: Service, request: Request, send: Send) -> None:
    await _send(await app.handle(request), send)


async def _send(response: Response, send: Send) -> None:
    body = response.body
    start = {"type": "http.response.start", "status": response.status, "headers": _head(response)}
    if not isinstance(body, Stream):
        await send(start)
        await send({"type": "http.response.body", "body": b"" if response.status in (204, 304) else body})
        return
    async with contextlib.aclosing(body):
        await send(start)
        async for part in body:
            await body.sent(partial(send, {"type": "http.response.body", "body": part, "more_body": True}))
        await send({"type": "http.response.body", "body": b""})


def _request(scope: Scope, body: bytes) -> Request:
    target = (scope.get("raw_path") or quote(scope["path"], errors="replace").encode()).decode("latin-1")
    if scope.get("query_string"):
        target += "?" + scope["query_string"].decode("latin-1")
    client = scope.get("client") or None
    return Request(
        scope["method"],
        target,
        Headers(scope["headers"]),
        body,
        client and (client[0], int(client[1] or 0)),  # some servers give the port as text
        scope.get("http_version", "1.1"),
    )


async def _body(receive: Receive, limit_bytes: int) -> bytes | None:
    """The body, not read much further than the limit; None where the client went away before its end."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        size += len(part)
        parts.append(part)
        if size > limit_bytes or not message.get("more_body", False):
            return b"".join(parts)


def _head(response: Response) -> list[tuple[bytes, bytes]]:
    head = [(name.lower(), value) for name, value in response.raw]
    body, bare = response.body, response.status in (204, 304)
    if body or bare:
        head = [(name, value) for name, value in head if name != b"content-length"]
    if isinstance(body, bytes) and not bare and b"content-length" not in dict(head):
        head.append((b"content-length", str(len(body)).encode()))
    return head
