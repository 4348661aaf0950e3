"""A client of a service, without a socket and with a clock that stands still."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from pyrt import Limits, Request, Response
from pyrt.ingress.edge import Edge
from pyrt.ingress.http1 import Http1Protocol
from pyrt.limits import LIMITS
from pyrt.testing import ManualClock, MemoryTransport
from pyrt.types import Service

__all__ = ("CONTINUE", "Client", "Noting", "Plain", "Waiting", "get", "post", "settle")

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def get(path: str, *lines: str, version: str = "1.1", method: str = "GET") -> bytes:
    return "\r\n".join((f"{method} {path} HTTP/{version}", "Host: a", *lines, "", "")).encode()


def post(path: str, body: bytes = b"", *lines: str) -> bytes:
    return get(path, f"Content-Length: {len(body)}", *lines, method="POST") + body


async def settle() -> None:
    """Let everything happen that needs no more than turns of the event loop."""
    for _ in range(100):
        await asyncio.sleep(0)


class Noting:
    """In the place of an access log."""

    def __init__(self) -> None:
        self.noted: list[tuple[Request | None, int]] = []

    def add(self, request: Request | None, client: object, status: int, size: int, duration_s: float) -> None:
        self.noted.append((request, status))

    def flush(self) -> None: ...
    def close(self) -> None: ...


class Plain:
    """A service that takes every request, and leaves bodies to the ingress; only `handle` is missing."""

    limits, body_plan = LIMITS, None

    def takes(self, request: Request) -> bool:
        return True


class Waiting(Plain):
    """A service that answers with the path and the body; on `/wait` when it is released."""

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.seen: list[Request] = []
        self.under_way = self.most_under_way = self.cancelled = 0

    async def handle(self, request: Request) -> Response:
        self.seen.append(request)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            if request.path == "/wait":
                await self.release.wait()
            return Response(request.path.encode() + request.body)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.under_way -= 1


class Client:
    """A connection to a service.

    Args:
        edge: shared with other clients; one of its own by default.
    """

    def __init__(self, service: Service, edge: Edge | None = None, **limits: Any) -> None:
        self.clock = ManualClock()
        if edge is None:
            edge = Edge(Limits(**limits), clock=self.clock)
        elif isinstance(edge._clock, ManualClock):
            self.clock = edge._clock
        self.edge, self.transport = edge, MemoryTransport(("192.0.2.1", 4711))
        self.protocol = Http1Protocol(service, edge)
        self.protocol.connection_made(self.transport)

    def say(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.protocol.data_received(piece)

    async def hears(self, *pieces: bytes) -> bytes:
        """What it hears when it says *pieces*."""
        before = len(self.written)
        self.say(*pieces)
        await settle()
        return self.written[before:]

    def ends(self) -> None:
        """It says nothing more; and it hears what is still said, or does not."""
        if not self.protocol.eof_received():
            self.transport.close()

    def goes(self) -> None:
        """It is gone."""
        self.protocol.connection_lost(None)

    def stalls(self, unsent: int = 100_000) -> None:
        """It stops reading, and so many bytes wait for it."""
        self.transport.unsent = unsent
        self.protocol.pause_writing()

    def reads(self) -> None:
        """It has read all."""
        self.transport.unsent = 0
        self.protocol.resume_writing()

    def passes(self, seconds: float, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Time passes, with a sweep and *meanwhile* after every quarter of a second, and at its end."""
        while seconds > 0:
            self.clock.advance(min(seconds, 0.25))
            seconds -= 0.25
            self.edge.tick()
            meanwhile()

    @property
    def written(self) -> bytes:
        return bytes(self.transport.written)

    @property
    def statuses(self) -> list[int]:
        """Of all answers, none of whose bodies may contain `HTTP/1.1 `."""
        return [int(part[:3]) for part in self.written.split(b"HTTP/1.1 ")[1:]]

    @property
    def bodies(self) -> list[bytes]:
        return [part.partition(b"\r\n\r\n")[2] for part in self.written.split(b"HTTP/1.1 ")[1:]]

    @property
    def is_closed(self) -> bool:
        """Nothing more will be said to it."""
        return self.transport.is_closing() or self.transport.ended
