"""Fakes that we ship: a client without a socket, a transport without a network, a clock that you turn."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import msgspec

from .app import App
from .messages import Pair, Request, Response

__all__ = ("ManualClock", "MemoryTransport", "TestClient")


class ManualClock:
    """A clock that stands still until `advance`."""

    def __init__(self, now_s: float = 0.0) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s

    def advance(self, seconds: float) -> None:
        self.now_s += seconds


class TestClient:
    """Sends requests through `app.handle`, without a socket."""

    __test__ = False  # not a test, whatever its name says to pytest

    def __init__(self, app: App) -> None:
        self.app = app

    async def request(
        self, method: str, target: str, headers: Iterable[Pair] = (), body: bytes = b"", json: Any = None
    ) -> Response:
        """The answer to one request; *json*, where given, is encoded as the body."""
        if json is not None:
            body = msgspec.json.encode(json)
        return await self.app.handle(Request(method, target, headers, body))

    async def get(self, target: str, headers: Iterable[Pair] = ()) -> Response:
        return await self.request("GET", target, headers)

    async def post(self, target: str, json: Any = None, headers: Iterable[Pair] = (), body: bytes = b"") -> Response:
        return await self.request("POST", target, headers, body, json)


class MemoryTransport(asyncio.Transport):
    """A transport that keeps what is written.

    Attributes:
        written: all bytes so far.
        aborted: whether it was closed without sending what was written.
        reading: False while the protocol has paused it.
    """

    def __init__(self, peername: tuple[str, int] | None = None) -> None:
        super().__init__({"peername": peername})
        self.written = bytearray()
        self.reading, self.aborted = True, False
        self._closed = False

    def write(self, data: Any) -> None:
        self.written += data

    def close(self) -> None:
        self._closed = True

    def abort(self) -> None:
        self._closed = self.aborted = True

    def is_closing(self) -> bool:
        return self._closed

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True
