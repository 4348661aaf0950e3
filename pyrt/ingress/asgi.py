"""The ingress for other servers: an ASGI 3 application (HTTP and lifespan)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any
from urllib.parse import quote

from ..errors import ProtocolError
from ..http.headers import Headers
from ..http.messages import Request, Response
from ..request.context import new_id
from ..request.streams import Stream
from ..types import BodyPlan, Service
from .writing import WITHOUT_BODY

__all__ = ("Receive", "Scope", "Send", "lifespan", "serve")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


async def lifespan(
    start: Callable[[], Awaitable[object]], stop: Callable[[], Awaitable[None]], receive: Receive, send: Send
) -> None:
    """Start and stop when the server says so, in a scope of type `lifespan`."""
    await receive()
    try:
        await start()
    except Exception as error:
        await send({"type": "lifespan.startup.failed", "message": str(error)})
        raise
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await stop()
    await send({"type": "lifespan.shutdown.complete"})


async def serve(start: Callable[[], Awaitable[Service]], scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one request, or decline a WebSocket; bodies have the same limits as with pyrt's own server.

    Args:
        start: returns the service, and starts it if it is not running.
    """
    if scope["type"] == "http":
        await _http(await start(), scope, receive, send)
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1000})  # not accepted before, so the server answers 403
    else:
        raise NotImplementedError(f"pyrt does not serve ASGI scopes of type {scope['type']!r}")


async def _http(service: Service, scope: Scope, receive: Receive, send: Send) -> None:
    request = _request(scope)
    plan = BodyPlan() if service.body_plan is None else service.body_plan(request)
    request.body = body = _Body(receive, plan.limit_bytes or service.limits.body_bytes)
    if not plan.in_parts:
        try:
            request.body = b"".join([part async for part in body])
        except ProtocolError as error:
            if not body.is_broken:
                await _send(Response.problem(error.status, error.detail, new_id()), send)
            return
    answering = asyncio.ensure_future(_answer(service, request, send))
    disconnected = asyncio.ensure_future(_disconnected(receive, body))
    try:
        await asyncio.wait((answering, disconnected), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (answering, disconnected):
            task.cancel()
        await asyncio.wait((answering, disconnected))
    if not answering.cancelled():
        answering.result()


class _Body:
    """A request's body as it comes; reading ends with the part that passes the limit.

    Attributes:
        is_over: event that is set at the end of the body.
        is_broken: whether the client went away before the end.
    """

    def __init__(self, receive: Receive, limit_bytes: int) -> None:
        self._receive, self._limit_bytes = receive, limit_bytes
        self._size = 0
        self.is_over, self.is_broken = asyncio.Event(), False
        self._error: ProtocolError | None = None

    def __aiter__(self) -> _Body:
        return self

    async def __anext__(self) -> bytes:
        while not self.is_over.is_set() and self._error is None:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.is_broken = True
                self.is_over.set()
                self._error = ProtocolError(400, "the client left before the end of its body")
                break
            part: bytes = message.get("body", b"")
            self._size += len(part)
            if self._size > self._limit_bytes:
                self._error = ProtocolError(413, f"the body is over {self._limit_bytes} bytes")
                break
            if not message.get("more_body", False):
                self.is_over.set()
            if part:
                return part
        if self._error is not None:
            raise self._error  # each time, so that half a body never looks like a whole one
        raise StopAsyncIteration


async def _disconnected(receive: Receive, body: _Body) -> None:
    """Return when the client has disconnected; `receive` tells so only after the body."""
    await body.is_over.wait()
    while not body.is_broken and (await receive())["type"] != "http.disconnect":
        pass


async def _answer(service: Service, request: Request, send: Send) -> None:
    await _send(await service.handle(request), send)


async def _send(response: Response, send: Send) -> None:
    body, is_bare = response.body, response.status in WITHOUT_BODY
    start = {"type": "http.response.start", "status": response.status, "headers": _head(response)}
    if not isinstance(body, Stream):
        await send(start)
        await send({"type": "http.response.body", "body": b"" if is_bare else body})
        return
    async with contextlib.aclosing(body):
        await send(start)
        if not is_bare:
            async for part in body:
                await body.sent(partial(send, {"type": "http.response.body", "body": part, "more_body": True}))
        await send({"type": "http.response.body", "body": b""})


def _request(scope: Scope) -> Request:
    target = (scope.get("raw_path") or quote(scope["path"], errors="replace").encode()).decode("latin-1")
    if scope.get("query_string"):
        target += "?" + scope["query_string"].decode("latin-1")
    client = scope.get("client") or None
    return Request(
        scope["method"],
        target,
        Headers(scope["headers"]),
        b"",
        client and (client[0], int(client[1] or 0)),  # some servers give the port as text
        scope.get("http_version", "1.1"),
    )


def _head(response: Response) -> list[tuple[bytes, bytes]]:
    head = [(name.lower(), value) for name, value in response.raw]
    body, bare = response.body, response.status in WITHOUT_BODY
    if body or bare:
        head = [(name, value) for name, value in head if name != b"content-length"]
    length = len(body) if isinstance(body, bytes) else body.length
    if length is not None and not bare and b"content-length" not in dict(head):
        head.append((b"content-length", str(length).encode()))
    return head
