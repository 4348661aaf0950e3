"""Clients that are slow, and clients that vanish: by the thousand every night, by the dozen in every run."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import resource
import selectors
import socket
import statistics
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pyrt import App, Limits
from pyrt.ingress.edge import SWEEP_S, SWEPT_AT_ONCE, Edge
from pyrt.ingress.http1 import Http1Protocol
from pyrt.testing import ManualClock, MemoryTransport

ROOT = Path(__file__).parents[2]
_log = logging.getLogger("strangers")

each_loop = pytest.mark.parametrize("loop", ["uvloop", "asyncio"])


class Serving(NamedTuple):
    """A server in a process of its own, and a connection to ask it what it holds."""

    port: int
    asking: socket.socket

    def told(self) -> dict[str, Any]:
        self.asking.sendall(b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
        told: dict[str, Any] = json.loads(self.asking.recv(65536).partition(b"\r\n\r\n")[2])
        return told

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port))


@contextlib.contextmanager
def serving(loop: str, folder: Path, **limits: float) -> Iterator[Serving]:
    """A server that is to be silent: it has nothing to say about strangers."""
    file, errors = folder / "file", folder / "errors"
    file.write_bytes(b"x" * 4_000_000)
    command = [sys.executable, "-m", "tests.serving.served", loop, str(file), json.dumps(limits)]
    with (
        errors.open("wb") as stderr,
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=stderr) as process,
    ):
        try:
            assert process.stdout is not None
            port = process.stdout.readline()
            assert port, errors.read_text()
            with socket.create_connection(("127.0.0.1", int(port))) as asking:
                yield Serving(int(port), asking)
            assert process.poll() is None
        finally:
            process.kill()
    assert errors.read_text() == ""


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4096 if hard == resource.RLIM_INFINITY else min(4096, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# Clients that vanish

HALF_A_HEAD = b"GET / HTTP/1.1\r\nHost: a\r\nX-Half"
FORM = b'--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n' + b"x" * 100_000
KINDS = {
    "at once": b"",
    "in a head": HALF_A_HEAD,
    "behind a request, in a head": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" + HALF_A_HEAD,
    "in a body": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n" + b"x" * 5000,
    "in a chunk": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nx",
    "in a body that is taken in parts": b"POST /parts HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n"
    + b"x" * 5000,
    "in a file of a form": b"POST /form HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    b"Content-Length: 200000\r\n\r\n" + FORM,
    "while a handler waits": b"GET /later HTTP/1.1\r\nHost: a\r\n\r\n",
    "while a handler waits for ever": b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n",
    "with requests behind one that waits": b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n" * 3,
    "in a streamed answer": b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n",
    "in a file": b"GET /file HTTP/1.1\r\nHost: a\r\n\r\n",
    "after a fault": b"GET /\n",
}
# Without a reset nobody can tell a client that has gone from one that has said all and waits.
RESET = ("while a handler waits for ever", "with requests behind one that waits")
ANSWERED = ("in a streamed answer", "in a file", "after a fault")
AT_ONCE = 60
EMPTY = {"connections": 0, "requests": 0, "refused": 0, "hook failures": {}}


def vanish(server: Serving, number: int) -> None:
    """So many clients, of each kind by turns, some with a reset and some without."""
    for start in range(0, number, AT_ONCE):
        clients = [
            (at, list(KINDS)[at % len(KINDS)], server.connect()) for at in range(start, min(number, start + AT_ONCE))
        ]
        for _, kind, client in clients:
            client.sendall(KINDS[kind])
        for _, kind, client in clients:
            if kind in ANSWERED:
                assert client.recv(1000)
        server.told()
        for at, kind, client in clients:
            if at // len(KINDS) % 2 or kind in RESET:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()


def settled(server: Serving, wanted: dict[str, Any]) -> dict[str, Any]:
    """What the server holds when that has in it what is *wanted*, or for ever has not."""
    for _ in range(100):
        told: dict[str, Any] = server.told()["held"]
        if wanted.items() <= told.items():
            break
        time.sleep(0.1)
    return told


def check_that_nothing_is_left(loop: str, folder: Path, number: int) -> None:
    with serving(loop, folder) as server:
        vanish(server, len(KINDS))
        base = settled(server, EMPTY)
        assert base.items() >= EMPTY.items()
        before = server.told()["memory"]
        vanish(server, number)
        after = settled(server, base)
        _log.info("%s: %d clients vanished: %s before, %s after", loop, number, base, after)
        _log.info("%s: memory %.1f MB before, %.1f MB after", loop, before / 1e6, server.told()["memory"] / 1e6)
        assert after == base


@each_loop
def test_clients_that_vanish_leave_nothing(loop: str, tmp_path: Path) -> None:
    check_that_nothing_is_left(loop, tmp_path, 200)


@pytest.mark.nightly
@each_loop
def test_ten_thousand_clients_that_vanish_leave_nothing(loop: str, tmp_path: Path, many_descriptors: None) -> None:
    check_that_nothing_is_left(loop, tmp_path, 10_000)


@each_loop
def test_clients_that_stop_reading_leave_nothing(loop: str, tmp_path: Path) -> None:
    with serving(loop, tmp_path, write_s=0.2) as server:
        base = settled(server, EMPTY)
        clients = [server.connect() for _ in range(20)]
        for at, client in enumerate(clients):
            client.sendall(KINDS[("in a file", "in a streamed answer")[at % 2]])
        assert settled(server, {"requests": len(clients)}) != base
        assert settled(server, base) == base
        for client in clients:
            client.close()


# Clients that are slow

EVERY_S = 5.0
LATE_S = 1.0
SLOW, COME_PER_S = 1000, 500


async def test_clients_that_send_a_byte_now_and_then_are_gone_when_their_time_is_over() -> None:
    app, clock, limits = App(), ManualClock(), Limits()

    @app.get("/")
    async def plain() -> str:
        return "ok"

    edge = Edge(limits, clock=clock)
    transports = [MemoryTransport() for _ in range(50)]
    slow = [Http1Protocol(app, edge) for _ in transports]
    good, heard = Http1Protocol(app, edge), MemoryTransport()
    for protocol, transport in zip([*slow, good], [*transports, heard], strict=True):
        protocol.connection_made(transport)
    passed, answered = 0.0, 0
    while passed < limits.head_s + LATE_S:
        if passed % EVERY_S == 0:
            for at, transport in enumerate(transports):
                if not transport.is_closing():
                    slow[at].data_received(HALF_A_HEAD[int(passed / EVERY_S) :][:1])
        assert passed >= limits.head_s or not closed(transports)
        good.data_received(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        answered += 1
        clock.advance(SWEEP_S)
        passed += SWEEP_S
        before = closed(transports)
        edge.tick()
        # Not all of them in one turn: others have theirs between.
        assert closed(transports) - before <= SWEPT_AT_ONCE
        await asyncio.sleep(0)
    assert closed(transports) == len(transports)
    assert {bytes(transport.written[:12]) for transport in transports} == {b"HTTP/1.1 408"}
    assert heard.written.count(b"HTTP/1.1 200 OK") == answered
    assert not heard.is_closing()


def closed(transports: list[MemoryTransport]) -> int:
    return sum(transport.is_closing() for transport in transports)


class Ended(NamedTuple):
    """A slow client's life: from its first byte to its end, in seconds, and what it heard."""

    lived_s: float
    heard: bytes


class Slow:
    """A client that sends one byte of a head every five seconds."""

    def __init__(self, server: Serving) -> None:
        self.socket = server.connect()
        self.socket.setblocking(False)
        self.sent, self.heard = 0, b""
        self.born_s = time.monotonic()
        self.ended: Ended | None = None
        self.speak()

    def speak(self) -> None:
        """Send what is due."""
        if time.monotonic() - self.born_s >= self.sent * EVERY_S:
            self.sent += 1
            with contextlib.suppress(ConnectionError):
                self.socket.send(HALF_A_HEAD[self.sent - 1 : self.sent])

    def hear(self) -> None:
        with contextlib.suppress(ConnectionResetError):
            if data := self.socket.recv(1000):
                self.heard += data
                return
        self.ended = Ended(time.monotonic() - self.born_s, self.heard)
        self.socket.close()


def slow_clients(server: Serving, number: int) -> list[Ended]:
    """So many, who come one after another and not at once, until all of them are gone, or late."""
    clients = list[Slow]()
    start_s = time.monotonic()
    with selectors.DefaultSelector() as selector:
        while time.monotonic() < start_s + number / COME_PER_S + Limits().head_s + 5 * LATE_S:
            while len(clients) < min(number, (time.monotonic() - start_s) * COME_PER_S):
                clients.append(Slow(server))
                selector.register(clients[-1].socket, selectors.EVENT_READ, clients[-1])
            for key, _ in selector.select(0.02):
                key.data.hear()
                if key.data.ended:
                    selector.unregister(key.fileobj)
            for client in clients:
                if client.ended is None:
                    client.speak()
            if len(clients) == number and not selector.get_map():
                break
    for client in clients:
        client.socket.close()
    return [client.ended for client in clients if client.ended is not None]


@contextlib.contextmanager
def good_traffic(server: Serving, seconds: float, found: list[dict[str, float]]) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.serving.pacing", str(server.port), str(seconds)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        yield
        said, _ = process.communicate()
    found.append(json.loads(said))


ROUNDS = 5


@pytest.mark.nightly
@each_loop
def test_a_thousand_slow_clients_are_gone_in_time_and_keep_nobody_waiting(
    loop: str, tmp_path: Path, many_descriptors: None
) -> None:
    head_s, alone, beside = Limits().head_s, list[dict[str, float]](), list[dict[str, float]]()
    window_s = SLOW / COME_PER_S + head_s + LATE_S
    with serving(loop, tmp_path) as server:
        for _ in range(ROUNDS):
            with good_traffic(server, window_s, alone):
                pass
            with good_traffic(server, window_s, beside):
                ended = slow_clients(server, SLOW)
            lives = [each.lived_s for each in ended]
            _log.info("%s: %d ended, %.2f to %.2f s after their first byte", loop, len(ended), min(lives), max(lives))
            assert len(ended) == SLOW
            assert head_s - LATE_S < min(lives)
            assert max(lives) <= head_s + LATE_S
            assert {each.heard[:12] for each in ended} == {b"HTTP/1.1 408"}
    without_s, with_s = (statistics.median(each["p99"] for each in found) for found in (alone, beside))
    _log.info(
        "%s: P99 %.2f ms without, %.2f ms with: %.2f times", loop, without_s * 1e3, with_s * 1e3, with_s / without_s
    )
    _log.info("%s: without %s, with %s", loop, alone, beside)
    assert with_s <= 2 * without_s
