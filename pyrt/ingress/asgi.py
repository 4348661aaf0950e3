"""The edge as other servers see it: an ASGI 3 application (HTTP and lifespan)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol
from urllib.parse import quote

from ..messages import Headers, Request, Response
from .limits import Limits

__all__ = ("Receive", "Scope", "Send", "serve")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Lifecycle(Protocol):
    """What an app offers to a server."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def handle(self, request: Request) -> Response: ...


class _Disconnected(Exception):
    """The client went away before its request was complete."""


async def serve(app: Lifecycle, scope: Scope, receive: Receive, send: Send, limits: Limits | None = None) -> None:
    """Serve one ASGI scope with *app*; bodies are bounded as at our own ingress."""
    if scope["type"] == "lifespan":
        await _lifespan(app, receive, send)
    elif scope["type"] == "http":
        await _http(app, scope, receive, send, limits or Limits())
    else:
        raise NotImplementedError(f"pyrt does not serve ASGI scopes of type {scope['type']!r}")


async def _lifespan(app: Lifecycle, receive: Receive, send: Send) -> None:
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


async def _http(app: Lifecycle, scope: Scope, receive: Receive, send: Send, limits: Limits) -> None:
    try:
        body = await _body(receive, limits.body_bytes)
    except _Disconnected:
        return
    if body is None:
        response = Response(f"the body is over {limits.body_bytes} bytes\n", 413)
    else:
        response = await app.handle(_request(scope, body))
    await send({"type": "http.response.start", "status": response.status, "headers": _head(response)})
    await send({"type": "http.response.body", "body": b"" if response.status in (204, 304) else response.body})


def _request(scope: Scope, body: bytes) -> Request:
    target = (scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1")
    if scope.get("query_string"):
        target += "?" + scope["query_string"].decode("latin-1")
    client = scope.get("client")
    return Request(scope["method"], target, Headers(scope["headers"]), body, client and (client[0], client[1]))


async def _body(receive: Receive, limit_bytes: int) -> bytes | None:
    """The whole body, or None past the limit."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Disconnected
        part = message.get("body", b"")
        size += len(part)
        if size > limit_bytes:
            return None
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def _head(response: Response) -> list[tuple[bytes, bytes]]:
    head = [(name.lower(), value) for name, value in response.headers.raw]
    if response.body or response.status in (204, 304):
        head = [(name, value) for name, value in head if name != b"content-length"]
    if response.status not in (204, 304) and b"content-length" not in dict(head):
        head.append((b"content-length", str(len(response.body)).encode()))
    return head
