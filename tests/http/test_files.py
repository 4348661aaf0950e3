import asyncio
import errno
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from pyrt import App, HttpError, Limits, LocalContext, Request, Response, UsageError
from pyrt.http.files import File, content_type_of
from pyrt.ingress.accesslog import AccessLog
from pyrt.ingress.edge import Edge
from pyrt.ingress.http1 import Http1Protocol
from pyrt.ingress.sendfile import send_file
from pyrt.serving.server import Server
from pyrt.testing import MemoryTransport, TestClient

LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]
BIG = 3_000_000
DATA = os.urandom(BIG)


def run(loop_factory: Callable[[], asyncio.AbstractEventLoop], main: Any) -> Any:
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(main)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """`root/page.html`, `root/folder/inner.txt`, and beside it what nobody may have."""
    root = tmp_path / "root"
    (root / "folder").mkdir(parents=True)
    (root / "page.html").write_text("<p>page")
    (root / "folder" / "inner.txt").write_text("inner")
    (root / "empty").touch()
    (root / "big").write_bytes(DATA)
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "root-of-others").mkdir()
    (tmp_path / "root-of-others" / "secret").write_text("secret")
    (root / "out").symlink_to("../secret")
    (root / "out-folder").symlink_to("..")
    (root / "around").symlink_to("folder/../page.html")
    (root / "loop").symlink_to("loop")
    (root / "dangling").symlink_to("nothing")
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(root / "socket"))
    return root


def descriptors() -> list[str]:
    """Of this process, what each is of."""
    found = [f"/proc/self/fd/{each}" for each in os.listdir("/proc/self/fd")]
    return sorted(os.readlink(each) for each in found if os.path.lexists(each))


@pytest.fixture(autouse=True, scope="module")
def libuv_has_begun() -> None:
    """It opens a pipe with the first loop of a process, and keeps it."""
    run(uvloop.new_event_loop, asyncio.sleep(0))


@pytest.fixture(autouse=True)
def nothing_stays_open() -> Iterator[None]:
    before = descriptors()
    yield
    assert descriptors() == before


async def content(file: File) -> bytes:
    try:
        return b"".join([part async for part in file])
    finally:
        await file.aclose()


# Which files there are


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("page.html", b"<p>page"),
        ("folder/inner.txt", b"inner"),
        ("folder/../page.html", b"<p>page"),
        ("./page.html", b"<p>page"),
        ("around", b"<p>page"),
        ("empty", b""),
    ],
)
async def test_a_file_in_the_root_is_served(root: Path, path: str, expected: bytes) -> None:
    file = File(path, root)
    assert file.size == len(expected)
    assert await content(file) == expected
    assert await content(File(str(root / path), root)) == expected
    assert await content(File(root / path)) == expected


@pytest.mark.parametrize(
    "path",
    [
        "missing", "page.html/x", "", ".", "folder", "..", "../secret", "folder/../../secret",
        "../root-of-others/secret", "/etc/passwd", "//etc/passwd", "out", "out-folder/secret", "loop", "dangling",
        "pipe", "socket", "/dev/zero", "a\0b", "page.html\0", "x" * 300, "\udcff", "~root", "..\\secret",
    ],
)  # fmt: skip
def test_what_is_no_file_in_the_root_is_not_found(root: Path, path: str) -> None:
    with pytest.raises(HttpError, match="404"):
        File(path, root)


@pytest.mark.parametrize("path", ["", ".", "/dev/zero", "/dev/tty", "/proc/self/mem/x", "a\0b"])
def test_without_a_root_it_still_has_to_be_a_file(path: str) -> None:
    with pytest.raises(HttpError, match="404"):
        File(path)


async def test_a_root_may_be_relative_or_a_link(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root.parent)
    (root.parent / "link").symlink_to("root")
    assert await content(File("page.html", "root")) == await content(File("page.html", "link")) == b"<p>page"
    with pytest.raises(HttpError):
        File("page.html", "no-such-root")


@pytest.mark.parametrize(("number", "error"), [(errno.EACCES, HttpError), (errno.EMFILE, OSError)])
def test_a_system_that_has_no_more_descriptors_is_not_a_missing_file(
    root: Path, number: int, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*given: Any) -> int:
        raise OSError(number, "no")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(error):
        File("page.html", root)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a.html", "text/html; charset=utf-8"),
        ("a/b.c/d.PNG", "image/png"),
        ("a.tar.gz", "application/octet-stream"),
        ("a", "application/octet-stream"),
        ("a.", "application/octet-stream"),
        ("data:text/html,.png", "image/png"),
        ("data:text/html,a", "application/octet-stream"),
        ("data:,a.png", "image/png"),
        ("http://a/b.txt", "text/plain; charset=utf-8"),
    ],
)
def test_a_content_type_is_that_of_the_names_end(path: str, kind: str) -> None:
    assert content_type_of(path) == content_type_of(Path("x") / path) == kind


@pytest.mark.parametrize("wrong", [{"status": 99}, {"headers": {"x": "a\nb"}}, {"content_type": "a\r\nb"}])
def test_an_answer_that_cannot_be_made_opens_no_file(root: Path, wrong: Any) -> None:
    before = descriptors()
    with pytest.raises(UsageError):
        Response.file("page.html", root=root, **wrong)
    assert descriptors() == before


# Reading


async def test_a_file_that_grows_is_sent_as_large_as_it_was(root: Path) -> None:
    file = File("big", root)
    with (root / "big").open("ab") as more:
        more.write(b"more")
    assert len(await content(file)) == BIG


@pytest.mark.parametrize("size", [0, 1, BIG - 1])
async def test_a_file_that_shrinks_fails(root: Path, size: int) -> None:
    file = File("big", root)
    os.truncate(root / "big", size)
    with pytest.raises(OSError, match="shorter"):
        await content(file)


async def test_a_file_is_closed_only_when_no_thread_reads_it(root: Path) -> None:
    file, order = File("page.html", root), []
    real, begun, go_on = file._file, threading.Event(), threading.Event()

    class Slow:
        def read(self, size: int) -> bytes:
            begun.set()
            go_on.wait()
            found = real.read(size)
            order.append("read")
            return found or b""

        def close(self) -> None:
            real.close()
            order.append("closed")

    file._file = Slow()  # type: ignore[assignment]
    reading = asyncio.create_task(anext(file))
    await asyncio.to_thread(begun.wait)
    reading.cancel()
    await asyncio.wait([reading])
    asyncio.get_running_loop().run_in_executor(None, go_on.set)
    await file.aclose()
    assert order == ["read", "closed"]


# Answers


def serving(root: Path, **options: Any) -> App:
    app = App(**options)

    @app.get("/{path:path}")
    async def handler(path: str) -> Response:
        return Response.file(path, root=root)

    return app


async def answered(port: int, *requests: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"".join(requests))
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


def asking(path: str, method: str = "GET", close: bool = True) -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\n{'Connection: close' * close}\r\n\r\n".encode().replace(
        b"\r\n\r\n\r\n", b"\r\n\r\n"
    )


class Noted(AccessLog):
    """Keeps status and size of each answer."""

    def __init__(self) -> None:
        self.noted: list[tuple[int, int]] = []

    def add(self, request: Any, client: Any, status: int, size: int, duration_s: float) -> None:
        self.noted.append((status, size))

    def flush(self) -> None: ...
    def close(self, timeout_s: float = 5.0) -> None: ...


def bodies(data: bytes) -> list[tuple[int, bytes]]:
    """Status and body of each of several answers, which all have a length."""
    found = []
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        status, *lines = head.lower().split(b"\r\n")
        length = int(dict(line.split(b": ") for line in lines)[b"content-length"])
        found.append((int(status.split()[1]), data[:length]))
        data = data[length:]
    return found


class Closing(MemoryTransport):
    """Tells when it is closed."""

    def __init__(self) -> None:
        super().__init__(("192.0.2.1", 4711))
        self.closed = asyncio.Event()

    def close(self) -> None:
        super().close()
        self.closed.set()


async def from_memory(app: App, request: bytes) -> bytes:
    """What a client hears that has no socket."""
    await app.start()
    transport, protocol = Closing(), Http1Protocol(app, Edge())
    protocol.connection_made(transport)
    protocol.data_received(request)
    await transport.closed.wait()
    protocol.connection_lost(None)
    await app.stop()
    return bytes(transport.written)


@pytest.mark.parametrize("loop_factory", LOOPS)
@pytest.mark.parametrize("path", ["/page.html", "/empty", "/big", "/missing", "/out", "/folder", "/pipe"])
def test_a_socket_gets_what_it_would_get_without_the_systems_help(root: Path, loop_factory: Any, path: str) -> None:
    async def main() -> tuple[bytes, bytes, list[tuple[int, int]]]:
        log = Noted()
        server = Server(serving(root), port=0, log=log)
        await server.start()
        answer = await answered(server.port, asking(path))
        await server.stop()
        return answer, await from_memory(serving(root), asking(path)), log.noted

    sent, fallback, noted = run(loop_factory, main())
    ((status, body),) = bodies(sent)
    file = root / path[1:]
    assert noted == [(status, len(body))]
    if status == 200:
        assert body == file.read_bytes()
        assert bodies(fallback) == [(status, body)]
    else:
        assert (status, bodies(fallback)[0][0]) == (404, 404)


@pytest.mark.parametrize("loop_factory", LOOPS)
def test_answers_and_files_go_out_in_order_on_one_connection(root: Path, loop_factory: Any) -> None:
    paths = ["/page.html", "/big", "/missing", "/empty", "/big", "/folder/inner.txt", "/page.html"]

    async def main() -> bytes:
        app = serving(root)

        @app.get("/missing")
        async def large() -> bytes:
            return b"x" * (3 * BIG)

        # What is written before a file may wait in the transport, where the system does not see it.
        server = Server(app, port=0, limits=Limits(write_buffer_bytes=10 * BIG))
        await server.start()
        requests = [asking(path, close=False) for path in paths[:-1]]
        answer = await answered(server.port, *requests, asking(paths[-1]))
        await server.stop()
        return answer

    expected = [b"x" * (3 * BIG) if path == "/missing" else (root / path[1:]).read_bytes() for path in paths]
    assert [body for _, body in bodies(run(loop_factory, main()))] == expected


@pytest.mark.parametrize("loop_factory", LOOPS)
def test_head_gives_the_length_and_leaves_the_connection_open(root: Path, loop_factory: Any) -> None:
    async def main() -> bytes:
        server = Server(serving(root), port=0)
        await server.start()
        answer = await answered(server.port, asking("/big", "HEAD", close=False), asking("/page.html", "HEAD"))
        await server.stop()
        return answer

    first, second, rest = run(loop_factory, main()).split(b"\r\n\r\n")
    assert f"content-length: {BIG}".encode() in first
    assert b"content-length: 7" in second
    assert b"content-type: text/html; charset=utf-8" in second
    assert rest == b""


@pytest.mark.parametrize("loop_factory", LOOPS)
def test_a_file_that_shrinks_is_broken_off_and_never_looks_whole(
    root: Path, loop_factory: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> tuple[bytes, list[tuple[int, int]]]:
        app, log = App(), Noted()

        @app.get("/")
        async def handler() -> Response:
            response = Response.file("big", root=root)
            os.truncate(root / "big", 1000)
            return response

        server = Server(app, port=0, log=log)
        await server.start()
        try:
            answer = await answered(server.port, asking("/"))
        except ConnectionResetError:
            answer = b""
        await server.stop()
        return answer, log.noted

    answer, noted = run(loop_factory, main())
    assert len(answer.partition(b"\r\n\r\n")[2]) in (0, 1000)
    assert noted == [(200, 1000)]
    assert "shorter" in caplog.text


@pytest.mark.parametrize("loop_factory", LOOPS)
@pytest.mark.parametrize("is_slow", [False, True])
def test_a_client_that_does_not_take_a_file_leaves_nothing_behind(
    root: Path, loop_factory: Any, is_slow: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """It vanishes, or it stops to read and is cut off."""
    (root / "big").write_bytes(bytes(30_000_000))
    over = 0

    async def main() -> list[tuple[int, int]]:
        app, log, ended = serving(root), Noted(), asyncio.Event()

        @app.before
        async def watch(lctx: LocalContext) -> None:
            lctx.on_cleanup(ended.set)

        server = Server(app, port=0, log=log, limits=Limits(write_s=0.05))
        await server.start()
        before, tasks = descriptors(), asyncio.all_tasks()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(asking("/big"))
        await reader.readexactly(1000)
        (connection,) = server.edge.connections
        if not is_slow:
            writer.transport.abort()
        await ended.wait()
        writer.transport.abort()
        await connection.wait_closed()
        await asyncio.sleep(0)
        nonlocal over
        over = len(descriptors()) - len(before) + len(asyncio.all_tasks() - tasks)
        await server.stop()
        return log.noted

    ((status, size),) = run(loop_factory, main())
    assert (status, over) == (200, 0)
    assert 0 < size < 30_000_000
    assert "failed" not in caplog.text


@pytest.mark.parametrize("loop_factory", LOOPS)
def test_sending_tells_a_client_that_is_gone_from_one_that_waits(root: Path, loop_factory: Any) -> None:
    async def main() -> None:
        near, far = socket.socketpair()
        near.setblocking(False)
        file, sent = File("big", root), list[int]()
        loop = asyncio.get_running_loop()
        with near:
            with far, pytest.raises(ConnectionAbortedError, match="taken nothing"):
                await send_file(loop, near, file, 0.01, sent.append)
            with pytest.raises((BrokenPipeError, ConnectionResetError)):
                await send_file(loop, near, file, 10, sent.append)
        await file.aclose()
        assert 0 < sum(sent) < BIG

    run(loop_factory, main())


# Ends of requests


async def test_a_file_is_closed_with_its_request_also_where_it_is_not_sent(root: Path) -> None:
    files: list[File] = []

    async def opened() -> Response:
        response = Response.file("big", root=root)
        files.append(response.body)
        return response

    async def failing() -> None:
        raise HttpError(418)

    app = App()
    app.get("/sent")(opened)
    app.get("/refused", after=[failing])(opened)
    async with TestClient(app) as client:
        assert len((await client.get("/sent")).body) == BIG
        assert (await client.head("/sent")).body == b""
        assert (await client.get("/refused")).status == 418
        stopped = await app.handle(Request("GET", "/sent"))
        await anext(stopped.body)
        await stopped.body.aclose()
    assert len(files) == 4
    for file in files:
        with pytest.raises(ValueError, match="closed"):
            file.fileno()
