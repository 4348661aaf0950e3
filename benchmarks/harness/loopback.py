"""A server and a client on the loopback interface, each in a process of its own.

The client keeps a fixed number of connections busy, one request at a time on each (closed loop): its latencies
are those of a server at work, not of a schedule. Every answer is checked for status and length. `load` counts
requests out; `steady` looks at a stretch of time.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, NoReturn, TypeVar

from .driving import check, new_loop
from .samples import summary

Result = TypeVar("Result")
Reading = TypeVar("Reading")

PATIENCE_S = 10
"""How long the last answers are waited for."""


@contextlib.contextmanager
def serving(app: Any) -> Iterator[int]:
    """The port of *app*, served by a child process until the end of the block."""
    from pyrt.serving.server import Server

    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        _serve(Server(app, port=0), write_end)
    os.close(write_end)
    try:
        with os.fdopen(read_end) as pipe:
            port = pipe.readline()
        if not port:
            raise RuntimeError("the server did not start")
        yield int(port)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _serve(server: Any, write_end: int) -> NoReturn:
    """Serve in the child; never returns."""
    try:
        loop = new_loop()
        loop.run_until_complete(server.start())
        os.write(write_end, b"%d\n" % server.port)
        loop.run_forever()
    finally:
        os._exit(1)


class _Run:
    """What the connections of a run share.

    Attributes:
        left: requests that may still be sent; infinite until somebody says that it is enough.
        latencies: of the answers so far, in seconds.
        transports: of the connections that are open; `idle` is set while there are none.
        failure: the first thing that went wrong.
    """

    def __init__(self, request: bytes, answer: bytes, left: float) -> None:
        self.request, self.answer, self.left = request, answer, left
        self.latencies: list[float] = []
        self.transports: set[asyncio.Transport] = set()
        self.failure: BaseException | None = None
        self.idle = asyncio.Event()
        self.idle.set()

    def fail(self, message: str) -> None:
        self.failure = self.failure or RuntimeError(message)
        self.abort()

    def abort(self) -> None:
        self.left = 0
        for transport in self.transports:
            transport.abort()

    async def watch(self, seconds: float | None) -> None:
        """Wait so long, or until every connection has ended.

        Raises:
            RuntimeError: one of them failed, now or before.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.idle.wait()
        if self.failure:
            raise self.failure


class _Client(asyncio.Protocol):
    """One connection that sends its next request when the last is answered, as long as any are left."""

    def __init__(self, run: _Run) -> None:
        self.run, self.request, self.answer_bytes = run, run.request, len(run.answer)
        self.status_line = run.answer[: run.answer.index(b"\r\n")]
        self.received = bytearray()
        self.ended = False

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.run.transports.add(transport)
        self.run.idle.clear()
        self.send()

    def send(self) -> None:
        if self.run.left <= 0:
            self.ended = True
            self.transport.close()
            return
        self.run.left -= 1
        self.sent = time.perf_counter()
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.received += data
        if len(self.received) < self.answer_bytes:
            return
        self.run.latencies.append(time.perf_counter() - self.sent)
        if len(self.received) != self.answer_bytes or not self.received.startswith(self.status_line):
            self.run.fail(f"wrong answer: {bytes(self.received)!r}")
            return
        self.received.clear()
        self.send()

    def connection_lost(self, exc: BaseException | None) -> None:
        self.run.transports.discard(self.transport)
        if isinstance(exc, KeyboardInterrupt):
            # It came while an answer was read, where uvloop lets nothing out but through here.
            self.run.failure = exc
        if not self.ended:
            self.run.fail(f"the server closed the connection: {exc}")
        if not self.run.transports:
            self.run.idle.set()


async def _first(port: int, request: bytes, status: int, body: bytes) -> bytes:
    """One answer, whole and checked; all that follow have its length."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    answer = head + await reader.readexactly(len(body))
    writer.close()
    check(answer, status, body)
    return answer


@contextlib.asynccontextmanager
async def _connected(port: int, run: _Run, connections: int) -> AsyncIterator[None]:
    """Open the connections, which begin to send at once; none of them outlives the block."""
    loop = asyncio.get_running_loop()
    try:
        for _ in range(connections):
            await loop.create_connection(lambda: _Client(run), "127.0.0.1", port)
        yield
    finally:
        run.abort()
        await run.idle.wait()


async def _window(port: int, request: bytes, answer: bytes, connections: int, count: int) -> dict[str, float]:
    run, start = _Run(request, answer, count), time.perf_counter()
    async with _connected(port, run, connections):
        await run.watch(None)
        return summary(run.latencies, time.perf_counter() - start)


def load(
    port: int, request: bytes, status: int, body: bytes, *, connections: int, requests: int, windows: int
) -> list[dict[str, float]]:
    """Send *requests* per window over *connections*; a list of `summary`, one per window after a throw-away one.

    Raises:
        AssertionError, RuntimeError: an answer was wrong or missing.
    """

    async def main() -> list[dict[str, float]]:
        answer = await _first(port, request, status, body)
        return [await _window(port, request, answer, connections, requests) for _ in range(windows + 1)][1:]

    return _completed(main())


def steady(
    port: int,
    request: bytes,
    status: int,
    body: bytes,
    *,
    connections: int,
    warm_up_s: float,
    window_s: float,
    gauge: Callable[[], Reading],
) -> tuple[dict[str, float], Reading, Reading]:
    """Keep *connections* busy and look at a window of that: its `summary`, and what `gauge()` read before and after.

    The connections are open before the window begins, and go on until it has ended.

    Raises:
        AssertionError, RuntimeError, OSError: an answer was wrong or missing.
    """

    async def main() -> tuple[dict[str, float], Reading, Reading]:
        async with asyncio.timeout(PATIENCE_S):
            run = _Run(request, await _first(port, request, status, body), math.inf)
        async with _connected(port, run, connections):
            await run.watch(warm_up_s)
            run.latencies.clear()
            before, start = gauge(), time.perf_counter()
            await run.watch(window_s)
            latencies, elapsed, after = run.latencies.copy(), time.perf_counter() - start, gauge()
            run.left = 0
            await run.watch(PATIENCE_S)
            if run.transports or not latencies:
                raise RuntimeError(f"{len(run.transports)} of {connections} requests had no answer in {PATIENCE_S} s")
        return summary(latencies, elapsed), before, after

    return _completed(main())


def _completed(main: Coroutine[Any, Any, Result]) -> Result:
    loop = new_loop()
    try:
        return loop.run_until_complete(main)
    finally:
        loop.close()
