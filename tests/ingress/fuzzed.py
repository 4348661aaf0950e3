"""The app that is fuzzed, and a connection to it without a socket: what it hears and says, and what is left behind."""

from __future__ import annotations

import asyncio
import logging
import re
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any, NamedTuple

from pyrt import App, Request
from pyrt.ingress.edge import Edge
from pyrt.ingress.http1 import Http1Protocol
from pyrt.testing import ManualClock, MemoryTransport
from tests.ingress.connecting import Noting
from tests.ingress.conversing import converse

__all__ = ("PARTS", "Answer", "Heard", "Seen", "heard")

PARTS = ("/parts", "/echo", "/form")
"""The routes that take their bodies as they come, and so may answer before the end."""

_HEAD = re.compile(
    rb"HTTP/1\.1 ([1-5][0-9]{2}) [\t -~\x80-\xff]*\r\n"
    rb"((?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+: (?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?\r\n)*)\r\n"
)
_CHUNK = re.compile(rb"([0-9a-f]+)\r\n")
_OWN = re.compile(rb'"request_id":"[0-9a-f]{16}"')
_WITHOUT_CONTENT = (204, 304)


class Seen:
    """A request that came to the app.

    Attributes:
        body: None where its handler has not got all of it, or got it as something else.
    """

    def __init__(self, request: Request) -> None:
        self.method, self.version = request.method, request.version
        self.path, self.query = request.path, request.query
        self.lines = [(name.lower(), value) for name, value in request.headers]
        self.body: bytes | None = request.body if isinstance(request.body, bytes) else None
        self.request = request

    @property
    def trailers(self) -> list[tuple[str, str]]:
        return [(name.lower(), value) for name, value in self.request.trailers or ()]

    @property
    def facts(self) -> tuple[Any, ...]:
        return self.method, self.path, self.query, self.version, self.lines, self.body, self.trailers


class Answer(NamedTuple):
    """A final answer.

    Attributes:
        content: without the id that no two answers share; None where it was broken off.
        closes: it says that it is the last.
    """

    status: int
    fields: list[tuple[str, str]]
    content: bytes | None
    closes: bool


class Heard(NamedTuple):
    """All of a conversation.

    Attributes:
        noted: what the access log was told: the request, None where there was none, and the status.
        closed: the server has closed the connection.
    """

    answers: list[Answer]
    interim: int
    seen: list[Seen]
    noted: list[tuple[Request | None, int]]
    closed: bool

    @property
    def statuses(self) -> list[int]:
        return [answer.status for answer in self.answers]


class Listening(logging.Handler):
    """Keeps what is logged as a warning or worse."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(self.format(record))


def made_app() -> tuple[App, list[Seen]]:
    """An app with a route of each kind, and the requests that came to it."""
    app, seen = App(), list[Seen]()

    @app.before
    async def note(req: Request, lctx: Any) -> None:
        seen.append(Seen(req))
        lctx.state["seen"] = seen[-1]

    async def plain(body: bytes) -> dict[str, int]:
        return {"size": len(body), "sum": zlib.crc32(body)}

    methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]
    app.route("/plain", methods=methods)(plain)
    app.route("/plain/{rest:path}", methods=methods)(plain)

    @app.route("/wait", methods=methods)
    async def wait(body: bytes) -> str:
        for _ in range(3):
            await asyncio.sleep(0)
        return f"waited for {len(body)}"

    @app.route("/stream", methods=methods)
    async def stream(body: bytes) -> AsyncIterator[bytes]:
        yield b"all of "
        await asyncio.sleep(0)
        yield b"%d" % len(body)

    add_takers(app)
    return app, seen


def add_takers(app: App) -> None:
    """The routes that take more than bytes."""

    @app.post("/parts")
    async def parts(lctx: Any, body: AsyncIterator[bytes]) -> dict[str, int]:
        got = b"".join([part async for part in body])
        lctx.state["seen"].body = got
        return {"size": len(got), "sum": zlib.crc32(got)}

    @app.post("/echo")
    async def echo(lctx: Any, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        yield b"echo: "
        got = []
        async for part in body:
            got.append(part)
            yield part
        lctx.state["seen"].body = b"".join(got)

    @app.post("/form")
    async def fields(form: Any) -> list[list[str]]:
        return [[name, value if isinstance(value, str) else value.filename] for name, value in form.fields]

    @app.post("/json")
    async def document(body: Any) -> Any:
        return {"it": body}


APP, SEEN = made_app()


def heard(pieces: Iterable[bytes], *, ends: bool = False) -> Heard:
    """Say *pieces* one after another to a new connection, as far as the server listens; nothing is left of it.

    Args:
        pieces: an empty one is a wait for the server to do what it can.
        ends: say in the end that nothing more will come.
    """
    listening = Listening()
    logging.getLogger().addHandler(listening)
    try:
        found = asyncio.run(_heard(pieces, ends))
    finally:
        logging.getLogger().removeHandler(listening)
    assert listening.said == []
    return found


async def _heard(pieces: Iterable[bytes], ends: bool) -> Heard:
    await APP.start()
    SEEN.clear()
    raised: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: raised.append(context))
    transport, log = MemoryTransport(("192.0.2.1", 4711)), Noting()
    edge = Edge(log=log, clock=ManualClock())  # type: ignore[arg-type]
    protocol = Http1Protocol(APP, edge)
    closed = await converse(protocol, transport, pieces, ends)
    assert asyncio.all_tasks() == {asyncio.current_task()}, "a task is left"
    assert (edge.connections, edge.refused_connections, APP.gctx.hook_failures) == (set(), 0, {})
    assert protocol.is_over
    assert raised == []
    interim, answers = _answers(bytes(transport.written), [request for request, _ in log.noted])
    return Heard(answers, interim, SEEN.copy(), log.noted, closed)


def _answers(data: bytes, requests: list[Request | None]) -> tuple[int, list[Answer]]:
    """How many interim answers there are, and the final ones, each by the grammar (RFC 9112 sections 4 to 7)."""
    interim, answers = 0, list[Answer]()
    while data:
        head = _HEAD.match(data)
        assert head is not None, f"no head: {data[:200]!r}"
        status, data = int(head[1]), data[head.end() :]
        fields = [_field(line) for line in head[2].split(b"\r\n")[:-1]]
        if status < 200:
            assert fields == []
            interim += 1
            continue
        request = requests[len(answers)] if len(answers) < len(requests) else None
        # An answer to what was no request has no content where that began like HEAD.
        bare = request.method == "HEAD" if request else data.startswith(b"HTTP/1.1 ") or not data
        content, data = _content(data, status, fields, bare)
        closes = ("connection", "close") in fields
        answers.append(Answer(status, fields, content and _OWN.sub(b"", content), closes))
    return interim, answers


def _field(line: bytes) -> tuple[str, str]:
    name, _, value = line.decode("latin-1").partition(": ")
    return name.lower(), value


def _content(data: bytes, status: int, fields: list[tuple[str, str]], bare: bool) -> tuple[bytes | None, bytes]:
    """The content of an answer, None where it was broken off; and what is behind it."""
    lengths = [int(value) for name, value in fields if name == "content-length"]
    codings = [value for name, value in fields if name == "transfer-encoding"]
    assert len(lengths) + len(codings) <= 1
    if bare or status in _WITHOUT_CONTENT:
        return b"", data
    if codings:
        assert codings == ["chunked"]
        return _chunks(data)
    if lengths:
        assert len(data) >= lengths[0]
        return data[: lengths[0]], data[lengths[0] :]
    assert ("connection", "close") in fields
    return data, b""


def _chunks(data: bytes) -> tuple[bytes | None, bytes]:
    parts = list(_chunk_parts(data))
    size = sum(len(part) + len(b"%x\r\n\r\n" % len(part)) for part in parts)
    rest = data[size:]
    if not rest:
        return None, b""
    assert rest.startswith(b"0\r\n\r\n")
    return b"".join(parts), rest[5:]


def _chunk_parts(data: bytes) -> Iterator[bytes]:
    at = 0
    while (found := _CHUNK.match(data, at)) and (size := int(found[1], 16)):
        part = data[found.end() : found.end() + size]
        at = found.end() + size + 2
        assert len(part) == size
        assert data[at - 2 : at] == b"\r\n"
        yield part
