"""Fakes for tests: a client without a socket, a transport without a network, a clock that the test sets."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from typing import Any, Generic, Self, TypeVar

import msgspec

from .app import App
from .http.headers import Headers, Pairs
from .http.messages import Request, Response

__all__ = ("ManualClock", "MemoryTransport", "SyncTestClient", "TestClient")

R = TypeVar("R")


class ManualClock:
    """A clock that changes only by `advance`."""

    def __init__(self, now_s: float = 0.0) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s

    def advance(self, seconds: float) -> None:
        self.now_s += seconds


class _Verbs(Generic[R]):
    """One method per HTTP method; all call `request`."""

    __test__ = False  # pytest takes classes with such names for tests

    def request(
        self,
        method: str,
        target: str,
        headers: Headers | Pairs = (),
        body: bytes = b"",
        json: Any = None,
    ) -> R:
        raise NotImplementedError

    def get(self, target: str, headers: Headers | Pairs = ()) -> R:
        return self.request("GET", target, headers)

    def head(self, target: str, headers: Headers | Pairs = ()) -> R:
        return self.request("HEAD", target, headers)

    def options(self, target: str, headers: Headers | Pairs = ()) -> R:
        return self.request("OPTIONS", target, headers)

    def delete(self, target: str, headers: Headers | Pairs = ()) -> R:
        return self.request("DELETE", target, headers)

    def post(self, target: str, json: Any = None, headers: Headers | Pairs = (), body: bytes = b"") -> R:
        return self.request("POST", target, headers, body, json)

    def put(self, target: str, json: Any = None, headers: Headers | Pairs = (), body: bytes = b"") -> R:
        return self.request("PUT", target, headers, body, json)

    def patch(self, target: str, json: Any = None, headers: Headers | Pairs = (), body: bytes = b"") -> R:
        return self.request("PATCH", target, headers, body, json)


class TestClient(_Verbs[Awaitable[Response]]):
    """Sends requests through `app.handle`, without a socket; a streamed response is read to its end.

    `async with TestClient(app) as client:` starts the app and stops it at the end; without it, the first request
    starts the app.

    Args:
        raise_errors: raise an unexpected error of a handler, instead of answering with 500.
    """

    def __init__(self, app: App, *, raise_errors: bool = True) -> None:
        self.app, self.raise_errors = app, raise_errors

    async def __aenter__(self) -> Self:
        await self.app.start()
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.app.stop()

    async def request(
        self,
        method: str,
        target: str,
        headers: Headers | Pairs = (),
        body: bytes = b"",
        json: Any = None,
    ) -> Response:
        """The response to one request, which runs in its own context; *json*, if given, is encoded as the body."""
        request = Request(method, target, headers, body, client=("testclient", 0))
        if json is not None:
            request.body = msgspec.json.encode(json)
            if "content-type" not in request.headers:
                request.headers.add("content-type", "application/json")
        return await asyncio.create_task(self._answer(request))

    async def _answer(self, request: Request) -> Response:
        response = await self.app.handle(request, raise_errors=self.raise_errors)
        if not isinstance(response.body, bytes):
            async with contextlib.aclosing(response.body) as parts:
                response.body = b"".join([part async for part in parts])
        return response


class SyncTestClient(_Verbs[Response]):
    """A `TestClient` for tests without `async`: `with SyncTestClient(app) as client:`.

    While it is open, it runs its own event loop in this thread.
    """

    def __init__(self, app: App, *, raise_errors: bool = True) -> None:
        self._client, self._runner = TestClient(app, raise_errors=raise_errors), asyncio.Runner()

    def __enter__(self) -> Self:
        try:
            self._runner.run(self._open())
        except BaseException:
            self._runner.close()
            raise
        return self

    def __exit__(self, *raised: object) -> None:
        try:
            self._runner.run(self._close())
        finally:
            self._runner.close()

    async def _open(self) -> None:
        # One task for start and stop: a lifespan may hold a task group, which must end in the task that began it.
        self._closing, opened = asyncio.Event(), asyncio.Event()
        self._life = asyncio.create_task(self._live(opened))
        self._life.add_done_callback(lambda life: opened.set())
        await opened.wait()
        if self._life.done():
            await self._life

    async def _live(self, opened: asyncio.Event) -> None:
        async with self._client:
            opened.set()
            await self._closing.wait()

    async def _close(self) -> None:
        self._closing.set()
        await self._life

    def request(
        self,
        method: str,
        target: str,
        headers: Headers | Pairs = (),
        body: bytes = b"",
        json: Any = None,
    ) -> Response:
        """The response to one request, as from a `TestClient`."""
        return self._runner.run(self._client.request(method, target, headers, body, json))


class MemoryTransport(asyncio.Transport):
    """A transport that keeps what is written.

    Attributes:
        written: all bytes that were written so far.
        aborted: whether it was closed without sending what was written.
        reading: whether the protocol reads; False while it has paused the transport.
        ended: whether the protocol writes no more; it may still read.
        unsent: return value of `get_write_buffer_size`; a test may set it.
    """

    def __init__(self, peername: tuple[str, int] | None = None) -> None:
        super().__init__({"peername": peername})
        self.written = bytearray()
        self.reading, self.aborted, self.ended, self.unsent = True, False, False, 0
        self._closed = False

    def write(self, data: Any) -> None:
        self.written += data

    def close(self) -> None:
        self._closed = True

    def abort(self) -> None:
        self._closed = self.aborted = True

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended = True

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def is_closing(self) -> bool:
        return self._closed

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True
