"""Driving coroutines and connections by hand: what suites need to run pyrt without a network.

Imports with pyrt and the standard library alone, since suites import it in the measured environment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pyrt

from .skipping import available, need


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that never waits; an error if it does."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    coroutine.close()
    raise RuntimeError(f"{coroutine!r} waited, so it cannot be driven without an event loop")


def new_loop() -> asyncio.AbstractEventLoop:
    """The event loop that `pyrt serve` uses."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


class Wire(asyncio.Transport):
    """A connection without a socket: each answer is followed at once by the next request, as from a keen client.

    Attributes:
        answer: the last one, whole.
    """

    def __init__(self, protocol_of: Callable[[], asyncio.Protocol], request: bytes) -> None:
        super().__init__()
        self._loop = new_loop()
        self._request = request
        self._left = 0
        self._done: Any = None
        self.answer = b""
        self._protocol = self._loop.run_until_complete(self._connect(protocol_of))

    async def _connect(self, protocol_of: Callable[[], asyncio.Protocol]) -> asyncio.Protocol:
        protocol = protocol_of()
        protocol.connection_made(self)
        return protocol

    def exchange(self, count: int) -> None:
        """Send the request *count* times, one after the other, and return when the last is answered."""
        self._left = count
        self._loop.run_until_complete(self._exchange())

    async def _exchange(self) -> None:
        self._done = self._loop.create_future()
        self._protocol.data_received(self._request)
        await self._done

    def write(self, data: Any) -> None:
        self.answer = bytes(data)
        self._left -= 1
        if self._left:
            self._loop.call_soon(self._protocol.data_received, self._request)
        else:
            self._done.set_result(None)

    def is_closing(self) -> bool:
        return False

    def can_write_eof(self) -> bool:
        return True

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0

    def close(self) -> None:
        raise RuntimeError(f"the connection was closed after {self.answer!r}")

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


def running(app: Any) -> Any:
    """The object that answers requests of a started app; on earlier commits it is the app itself."""
    loop = new_loop()
    try:
        return loop.run_until_complete(app.start()) or app
    finally:
        loop.close()


def http1(app: Any) -> Callable[[], asyncio.Protocol]:
    """A function that makes a protocol for *app*, from pyrt's public ingress."""
    import pyrt.ingress.http1

    service = running(app)
    if not available("Limits.requests"):
        return lambda: pyrt.ingress.http1.Http1Protocol(service)
    from pyrt.ingress.edge import Edge

    # A connection that is driven by hand never ends by the number of its requests.
    edge = Edge(pyrt.Limits(requests=2**62))
    return lambda: pyrt.ingress.http1.Http1Protocol(service, edge)


def parser() -> Callable[[bytes], Any]:
    """A function from the bytes of one request to a Request, from pyrt's public ingress.

    Earlier commits hand a request on where it ends; later ones read it when they are asked.
    """
    need("ingress.http1")
    if available("ingress.reading.RequestReader"):
        from pyrt.ingress.reading import RequestReader

        reader = RequestReader(pyrt.Limits())
        feed, following = reader.feed, reader.next

        def take(data: bytes) -> Any:
            feed(data)
            return following()
    else:
        need("ingress.http1.RequestParser")
        found: list[Any] = []
        earlier: Any = pyrt.ingress.http1
        feed = earlier.RequestParser(pyrt.Limits(), lambda *request: found.append(request[0])).feed

        def take(data: bytes) -> Any:
            feed(data)
            return found.pop()

    return take


def check(answer: bytes, status: int, body: bytes) -> None:
    """Raise unless *answer* (HTTP/1.1 bytes) has this status and body."""
    head, _, got = bytes(answer).partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 %d " % status) or got != body:
        raise AssertionError(f"wrong answer: {bytes(answer)!r}; expected {status} with {body!r}")
