from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from pyrt import App, Request, Response
from pyrt.ingress.http1 import Http1Protocol
from pyrt.ingress.sendfile import send_file
from pyrt.limits import Limits
from pyrt.serving.server import Server, _opened, _within_descriptors


@pytest.fixture(params=[True, False], ids=["uvloop", "asyncio"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """The loop that is used, and the one that is used where it is missing."""
    return "asyncio", {"use_uvloop": request.param}


async def exchange(port: int, *pieces: bytes) -> bytes:
    """Everything the server says to *pieces*, each sent by itself, until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_a_server_answers_on_a_real_socket_and_drains() -> None:
    app = App()
    entered, release = asyncio.Event(), asyncio.Event()

    @app.get("/wait")
    async def wait() -> str:
        entered.set()
        await release.wait()
        return "done"

    server = Server(app, port=0)
    await server.start()
    request = b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"
    client = asyncio.create_task(exchange(server.port, request))
    await entered.wait()
    stopping = asyncio.create_task(server.stop())
    await asyncio.sleep(0)
    release.set()
    answer = await client
    await stopping
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\ndate: " in answer
    assert answer.endswith(b"\r\n\r\ndone")
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", server.port)


async def test_what_does_not_end_within_the_drain_time_is_cut_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    app = App()
    entered, cancelled = asyncio.Event(), asyncio.Event()

    @app.get("/")
    async def never() -> None:
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    server = Server(app, port=0, drain_timeout_s=0.01)
    await server.start()
    client = asyncio.create_task(exchange(server.port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
    await entered.wait()
    await server.stop()
    await asyncio.gather(client, return_exceptions=True)
    await cancelled.wait()
    assert "1 connections were aborted" in caplog.text


FILE = bytes(range(256)) * 16 * 1024
"""More than sockets keep."""


def made_app(folder: Path) -> App:
    """An app with a route of each kind."""
    app = App()
    (folder / "file.bin").write_bytes(FILE)

    @app.get("/text")
    async def text() -> str:
        return "text"

    @app.get("/wait")
    async def wait() -> str:
        await asyncio.sleep(0)
        return "waited"

    @app.post("/whole")
    async def whole(body: bytes) -> bytes:
        return body

    @app.post("/parts", limit_body_bytes=8 * 1024 * 1024)
    async def parts(body: AsyncIterator[bytes]) -> str:
        return f"{sum([len(part) async for part in body])} bytes"

    @app.post("/echo")
    async def echo(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        yield b"begun"
        async for part in body:
            yield part

    @app.get("/stream")
    async def stream() -> AsyncIterator[bytes]:
        yield b"one"
        await asyncio.sleep(0)
        yield b"two"

    @app.get("/file")
    async def file() -> Response:
        return Response.file("file.bin", root=folder)

    @app.get("/empty")
    async def empty(req: Request) -> Response:
        (folder / "empty").touch()
        return Response.file(folder / "empty")

    return app


@contextlib.asynccontextmanager
async def serving(app: App, **limits: Any) -> AsyncIterator[Server]:
    """A server of an app, of which nothing is left in the end."""
    tasks = len(asyncio.all_tasks())
    server = Server(app, port=0, limits=Limits(**limits), drain_timeout_s=5)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
    assert server.edge.connections == set()
    assert len(asyncio.all_tasks()) <= tasks


class Client:
    """A connection to a server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def says(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(0.001)

    async def hears(self, bare: bool = False) -> tuple[int, bytes]:
        """The next answer: its status and its body."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        first, *lines = head[:-4].lower().split(b"\r\n")
        fields = dict(line.split(b": ", 1) for line in lines)
        if bare or fields.get(b"transfer-encoding") == b"chunked":
            body = b"" if bare else b"".join([part async for part in self.chunks()])
        else:
            body = await self.reader.readexactly(int(fields[b"content-length"]))
        return int(first.split()[1]), body

    async def chunks(self) -> AsyncIterator[bytes]:
        while part := await self.chunk():
            yield part

    async def chunk(self) -> bytes:
        size = int(await self.reader.readuntil(b"\r\n"), 16)
        return (await self.reader.readexactly(size + 2))[:-2]


@contextlib.asynccontextmanager
async def connected(server: Server) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield Client(reader, writer)
    except BaseException:
        writer.transport.abort()
        raise
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def get(path: str, *lines: str, method: str = "GET") -> bytes:
    return "\r\n".join((f"{method} {path} HTTP/1.1", "Host: x", *lines, "", "")).encode()


def sized(path: str, body: bytes) -> bytes:
    return get(path, f"Content-Length: {len(body)}", method="POST") + body


def chunked(path: str, *parts: bytes) -> bytes:
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    return get(path, "Transfer-Encoding: chunked", method="POST") + chunks + b"0\r\n\r\n"


LONG = b"0123456789" * 10_000
TALKS = [
    (get("/text"), 200, b"text"),
    (get("/wait"), 200, b"waited"),
    (get("/stream"), 200, b"onetwo"),
    (get("/file"), 200, FILE),
    (get("/empty"), 200, b""),
    (sized("/whole", b"hello"), 200, b"hello"),
    (sized("/whole", LONG), 200, LONG),
    (chunked("/whole", b"hel", LONG, b"lo"), 200, b"hel" + LONG + b"lo"),
    (sized("/parts", LONG), 200, b"100000 bytes"),
    (chunked("/parts", b"hel", LONG), 200, b"100003 bytes"),
]


@pytest.mark.parametrize("cut", [1 << 20, 1009])
async def test_a_connection_carries_requests_of_every_kind_one_after_the_other(cut: int, tmp_path: Path) -> None:
    async with serving(made_app(tmp_path)) as server, connected(server) as client:
        for data, status, body in TALKS:
            await client.says(*(data[at : at + cut] for at in range(0, len(data), cut)))
            assert await client.hears() == (status, body)


async def test_requests_of_every_kind_may_be_sent_at_once(tmp_path: Path) -> None:
    async with serving(made_app(tmp_path)) as server, connected(server) as client:
        async with asyncio.TaskGroup() as group:
            group.create_task(client.says(b"".join(data for data, _, _ in TALKS)))
            for _, status, body in TALKS:
                assert await client.hears() == (status, body)


@pytest.mark.parametrize(("data", "status", "body"), TALKS, ids=range(len(TALKS)))
async def test_a_client_that_has_said_all_gets_its_answer_to_the_end(
    data: bytes, status: int, body: bytes, tmp_path: Path
) -> None:
    async with serving(made_app(tmp_path)) as server, connected(server) as client:
        await client.says(data)
        client.writer.write_eof()
        assert await client.hears() == (status, body)
        assert await client.reader.read() == b""


async def test_a_body_and_its_answer_are_under_way_at_once(tmp_path: Path) -> None:
    async with serving(made_app(tmp_path)) as server, connected(server) as client:
        await client.says(get("/echo", "Transfer-Encoding: chunked", "Expect: 100-continue", method="POST"))
        heads = await client.reader.readuntil(b"5\r\nbegun\r\n")
        assert [line for line in heads.split(b"\r\n") if line.startswith(b"HTTP")] == [b"HTTP/1.1 200 OK"]
        for part in (b"a", b"bc"):
            await client.says(b"%x\r\n%b\r\n" % (len(part), part))
            assert await client.chunk() == part
        await client.says(b"0\r\n\r\n")
        assert await client.reader.read() == b"0\r\n\r\n"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the files that the system was asked to send."""
    sizes: list[int] = []

    async def spy(loop: Any, socket: Any, file: Any, *rest: Any) -> None:
        sizes.append(file.size)
        await send_file(loop, socket, file, *rest)

    monkeypatch.setattr("pyrt.ingress.streaming.send_file", spy)
    return sizes


async def test_a_file_is_sent_by_the_system_and_only_where_it_is_asked_for(sent: list[int], tmp_path: Path) -> None:
    async with serving(made_app(tmp_path)) as server, connected(server) as client:
        await client.says(get("/text") + get("/file", method="HEAD") + get("/file") + get("/text"))
        assert await client.hears() == (200, b"text")
        assert await client.hears(bare=True) == (200, b"")
        assert await client.hears() == (200, FILE)
        assert await client.hears() == (200, b"text")
    assert sent == [len(FILE)]


async def test_a_client_that_takes_nothing_of_a_file_is_broken_off(tmp_path: Path) -> None:
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(1 << 28)
    app = App()

    @app.get("/")
    async def huge() -> Response:
        return Response.file(tmp_path / "huge")

    async with serving(app, write_s=0.01) as server, connected(server) as client:
        await client.says(get("/"))
        await until(lambda: not server.edge.connections)
        with contextlib.suppress(ConnectionError):
            assert len(await client.reader.read()) < 1 << 28


async def until(holds: Callable[[], bool]) -> None:
    for _ in iter(holds, True):
        await asyncio.sleep(0.001)


@pytest.mark.parametrize(
    "data", [get("/file"), get("/wait") * 9, sized("/whole", LONG)[:-1], sized("/parts", LONG)[:-1]]
)
async def test_of_a_client_that_vanishes_nothing_is_left(data: bytes, tmp_path: Path) -> None:
    async with serving(made_app(tmp_path)) as server:
        for _ in range(3):
            async with connected(server) as client:
                await client.says(data)
                client.writer.transport.abort()
        await until(lambda: not server.edge.connections)
        async with connected(server) as client:
            await client.says(get("/text"))
            assert await client.hears() == (200, b"text")


@pytest.mark.parametrize("behind", [b"", get("/text"), b"x" * 500_000])
async def test_what_breaks_http_is_answered_400_and_closed(behind: bytes, tmp_path: Path) -> None:
    async with serving(made_app(tmp_path)) as server, connected(server) as client:
        await client.says(get("/text") + get("/text", "nonsense") + behind)
        assert await client.hears() == (200, b"text")
        assert (await client.hears())[0] == 400
        assert await client.reader.read() == b""


@pytest.mark.parametrize("path", ["/whole", "/text", "/parts"])
async def test_a_client_that_sends_too_much_hears_so(path: str, tmp_path: Path) -> None:
    async with serving(made_app(tmp_path)) as server, connected(server) as client:
        await client.says(get(path, f"Content-Length: {9 << 20}", method="POST"), *[LONG] * 5)
        assert (await client.hears())[0] == 413
        assert await client.reader.read() == b""


def only(server: Server) -> Http1Protocol:
    (connection,) = server.edge.connections
    assert isinstance(connection, Http1Protocol)
    return connection


async def test_a_stream_is_made_no_faster_than_it_is_read(tmp_path: Path) -> None:
    app, made = App(), []

    @app.get("/")
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            made.append(1)
            yield b"x" * 64 * 1024

    async with serving(app) as server, connected(server) as client:
        await client.says(get("/"))
        await until(lambda: bool(server.edge.connections) and not only(server).flowing)
        assert only(server).transport.get_write_buffer_size() <= 2 * 64 * 1024 + 100
        assert len(made) < 1000
        assert await client.hears() == (200, b"x" * 64 * 1024 * 1000)


async def test_a_body_is_read_no_faster_than_it_is_taken() -> None:
    app, may_go_on, bodies = App(), asyncio.Event(), list[Any]()

    @app.post("/", limit_body_bytes=1 << 30)
    async def handler(req: Request, body: AsyncIterator[bytes]) -> str:
        bodies.append(req.body)
        await may_go_on.wait()
        return f"{sum([len(part) async for part in body])} bytes"

    async with serving(app) as server, connected(server) as client:
        sending = asyncio.create_task(client.says(sized("/", LONG * 300)))
        await until(lambda: bool(server.edge.connections) and only(server).paused)
        assert bodies[0].pending_bytes <= 64 * 1024 + 256 * 1024
        may_go_on.set()
        assert await client.hears() == (200, b"30000000 bytes")
        await sending


async def test_a_connection_over_the_limit_is_refused_and_the_others_are_served(tmp_path: Path) -> None:
    async with serving(made_app(tmp_path), connections=1) as server, connected(server) as first:
        await first.says(get("/text"))
        assert await first.hears() == (200, b"text")
        async with connected(server) as second:
            assert (await second.hears())[0] == 503
            assert await second.reader.read() == b""
        assert server.edge.refused_connections == 1
        await first.says(get("/text"))
        assert await first.hears() == (200, b"text")


@pytest.mark.parametrize(
    ("data", "status"), [(b"", b""), (get("/text")[:-1], b"408"), (sized("/whole", LONG)[:-1], b"408")]
)
async def test_a_server_looks_at_the_clock_by_itself(data: bytes, status: bytes, tmp_path: Path) -> None:
    async with serving(made_app(tmp_path), keep_alive_s=0.01, head_s=0.01, body_s=0.01) as server:
        async with connected(server) as client:
            await client.says(data)
            assert (await client.reader.read())[9:12] == status


async def test_a_client_may_come_by_a_socket_that_has_no_address(tmp_path: Path) -> None:
    app = made_app(tmp_path)
    await app.start()
    ours, theirs = socket.socketpair()
    loop = asyncio.get_running_loop()
    await loop.connect_accepted_socket(lambda: Http1Protocol(app), theirs)
    reader, writer = await asyncio.open_connection(sock=ours)
    client = Client(reader, writer)
    await client.says(get("/text") + get("/file", "Connection: close"))
    assert [await client.hears(), await client.hears()] == [(200, b"text"), (200, FILE)]
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()
    await app.stop()


@pytest.mark.parametrize(
    ("soft", "hard", "asked", "connections"),
    [
        (4608, 5000, [], 4096),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, [], 4096),
        (1024, 100_000, [4608], 4096),
        (1024, resource.RLIM_INFINITY, [4608], 4096),
        (64, 1024, [1024], 512),
        (64, 100, [100], 1),
        (1024, 666, [], 512),
    ],
)
def test_there_are_no_more_connections_than_descriptors_suffice_for(
    soft: int,
    hard: int,
    asked: list[int],
    connections: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    found: list[int] = []

    def set_limits(which: int, limits: tuple[int, int]) -> None:
        if hard == 666:
            raise ValueError("the system allows fewer than it says")
        found.append(limits[0])

    monkeypatch.setattr(resource, "getrlimit", lambda which: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", set_limits)
    assert _within_descriptors(Limits()) == Limits(connections=connections)
    assert found == asked
    assert ("descriptors" in caplog.text) == (connections != 4096)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_log_whose_end_cannot_be_written_is_told_and_ends_no_server(caplog: pytest.LogCaptureFixture) -> None:
    with _opened("/dev/full") as file:
        file.write("x")
    assert "could not be written" in caplog.text
