"""A server and a client on the loopback interface, each in a process of its own.

The client keeps a fixed number of connections busy, one request at a time on each (closed loop): its latencies
are those of a server at work, not of a schedule. Every answer is checked for status and length.
"""

import asyncio
import contextlib
import os
import signal
import time

from .driving import check, new_loop
from .samples import summary


@contextlib.contextmanager
def serving(app):
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


def _serve(server, write_end):
    """Serve in the child; never returns."""
    try:
        loop = new_loop()
        loop.run_until_complete(server.start())
        os.write(write_end, b"%d\n" % server.port)
        loop.run_forever()
    finally:
        os._exit(1)


class _Client(asyncio.Protocol):
    """One connection that sends its next request when the last is answered, until the shared budget is spent."""

    def __init__(self, request, answer_bytes, status_line, budget, latencies, done):
        self.request, self.answer_bytes, self.status_line = request, answer_bytes, status_line
        self.budget, self.latencies, self.done = budget, latencies, done
        self.received = bytearray()

    def connection_made(self, transport):
        self.transport = transport
        self.send()

    def send(self):
        if not self.budget:
            self.done.set_result(None)
            self.transport.close()
            return
        self.budget.pop()
        self.sent = time.perf_counter()
        self.transport.write(self.request)

    def data_received(self, data):
        self.received += data
        if len(self.received) < self.answer_bytes:
            return
        self.latencies.append(time.perf_counter() - self.sent)
        if len(self.received) != self.answer_bytes or not self.received.startswith(self.status_line):
            self.done.set_exception(RuntimeError(f"wrong answer: {bytes(self.received)!r}"))
            self.transport.close()
            return
        self.received.clear()
        self.send()

    def connection_lost(self, exc):
        if not self.done.done():
            self.done.set_exception(RuntimeError(f"the server closed the connection: {exc}"))


async def _first(port, request, status, body):
    """One answer, whole and checked; all that follow have its length."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    answer = head + await reader.readexactly(len(body))
    writer.close()
    check(answer, status, body)
    return answer


async def _window(port, request, answer, connections, count):
    loop = asyncio.get_running_loop()
    latencies, budget = [], [None] * count
    done = [loop.create_future() for _ in range(connections)]
    status_line = answer[: answer.index(b"\r\n")]
    start = time.perf_counter()
    for each in done:
        await loop.create_connection(
            lambda each=each: _Client(request, len(answer), status_line, budget, latencies, each), "127.0.0.1", port
        )
    await asyncio.gather(*done)
    return summary(latencies, time.perf_counter() - start)


def load(port, request, status, body, *, connections, requests, windows):
    """Send *requests* per window over *connections*; a list of `summary`, one per window after a throw-away one.

    Raises:
        AssertionError, RuntimeError: an answer was wrong or missing.
    """

    async def main():
        answer = await _first(port, request, status, body)
        return [await _window(port, request, answer, connections, requests) for _ in range(windows + 1)][1:]

    loop = new_loop()
    try:
        return loop.run_until_complete(main())
    finally:
        loop.close()
