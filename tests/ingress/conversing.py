"""One connection, without a socket: what a client says, and everything that it hears.

How the ingress is made, fed and read stands here and nowhere else in the tests of the case table.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pyrt import Request, Response
from pyrt.ingress.edge import Edge
from pyrt.ingress.http1 import Http1Protocol
from pyrt.testing import MemoryTransport
from tests.ingress.connecting import Plain

__all__ = ("Answer", "Conversation", "Seen", "by_byte", "conversation", "converse")

DATE = b"date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
TURNS = 50
"""Of the event loop without a byte written, after which whatever was said is taken as answered."""

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5][0-9]{2}) [\t -~\x80-\xff]*")
_FIELD_LINE = re.compile(rb"(" + _TOKEN + rb"): ((?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?)")


class Seen(NamedTuple):
    """What a handler got.

    Attributes:
        lines: `GET /a?b`, then the fields as `name: value` and the trailers as `trailer name: value`.
        echo: what it answers; None where the answer has no content.
    """

    lines: list[str]
    body: bytes
    echo: bytes | None


class Answer(NamedTuple):
    """What the client heard.

    Attributes:
        fields: in order, names in lower case.
        content: what there is of it.
    """

    status: int
    fields: list[tuple[str, str]]
    content: bytes

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name]


class Conversation(NamedTuple):
    """All of it.

    Attributes:
        answers: in order, those with 1xx among them.
        seen: the requests that handlers got whole, in order.
        closed: the server has closed the connection.
    """

    answers: list[Answer]
    seen: list[Seen]
    closed: bool

    @property
    def finals(self) -> list[Answer]:
        return [answer for answer in self.answers if answer.status >= 200]

    @property
    def statuses(self) -> list[int]:
        return [answer.status for answer in self.finals]

    @property
    def interim(self) -> int:
        return len(self.answers) - len(self.finals)


class Echo(Plain):
    """Answers any method on any path with 200, or NNN for `/status/NNN`, and what it was asked."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []

    async def handle(self, request: Request) -> Response:
        body = request.body
        start = f"{request.method} {request.path}" + (f"?{request.query}" if request.query else "")
        lines = [start, *(f"{name.lower()}: {value}" for name, value in request.headers)]
        lines += [f"trailer {name.lower()}: {value}" for name, value in request.trailers or ()]
        status = int(request.path[8:]) if request.path.startswith("/status/") else 204 if request.path == "*" else 200
        echo = start.encode() + b"\n" + body
        self.seen.append(Seen(lines, body, echo if status == 200 and request.method != "HEAD" else None))
        return Response(echo, status)


def conversation(pieces: Iterable[bytes], *, ends: bool = False) -> Conversation:
    """Say *pieces* one after another to a new connection, as far as the server listens.

    Args:
        ends: say in the end that nothing more will come.
    """
    return asyncio.run(_conversation(pieces, ends))


async def _conversation(pieces: Iterable[bytes], ends: bool) -> Conversation:
    echo, transport = Echo(), MemoryTransport(("192.0.2.1", 4711))
    edge = Edge()
    edge.date = DATE
    closed = await converse(Http1Protocol(echo, edge), transport, pieces, ends)
    return Conversation(list(_answers(bytes(transport.written))), echo.seen, closed)


async def converse(protocol: Http1Protocol, transport: MemoryTransport, pieces: Iterable[bytes], ends: bool) -> bool:
    """Say *pieces*, as far as the server listens, then be gone; whether the server had closed the connection by then.

    Args:
        pieces: an empty one is a wait for the server to do what it can.
        ends: say in the end that nothing more will come.
    """
    protocol.connection_made(transport)
    for piece in pieces:
        if transport.is_closing():
            break
        if piece:
            protocol.data_received(piece)
            await asyncio.sleep(0)
        if not piece or not transport.reading:
            await _settle(transport)
            assert transport.reading or transport.is_closing(), "the server does not listen any more"
    await _settle(transport)
    if ends and not transport.is_closing():
        if not protocol.eof_received():
            transport.close()
        await _settle(transport)
    closed = transport.is_closing() or transport.ended
    protocol.connection_lost(None)
    await _settle(transport)
    return closed


async def _settle(transport: MemoryTransport) -> None:
    before = -1
    while before != (before := len(transport.written)):
        for _ in range(TURNS):
            await asyncio.sleep(0)


def _answers(data: bytes) -> Iterator[Answer]:
    """The answers among *data*, each by the grammar (RFC 9112 sections 4 and 5), and no byte beside them."""
    while data:
        head, mark, data = data.partition(b"\r\n\r\n")
        status_line, *lines = head.split(b"\r\n")
        status = _STATUS_LINE.fullmatch(status_line)
        assert mark, f"a head without end: {head!r}"
        assert status is not None, f"no status line: {status_line!r}"
        fields = []
        for line in lines:
            field = _FIELD_LINE.fullmatch(line)
            assert field is not None, f"no field line: {line!r}"
            fields.append((field[1].decode().lower(), field[2].decode("latin-1")))
        length = sum(int(value) for name, value in fields if name == "content-length")
        # No content begins like an answer: where the next one does, this one has none, as those to HEAD.
        if data.startswith(b"HTTP/1.1 ") or int(status[1]) < 200:
            length = 0
        yield Answer(int(status[1]), fields, data[:length])
        data = data[length:]


def by_byte(data: bytes) -> Iterator[bytes]:
    """Each byte alone; of what is very long, those at both ends, and what is between them in pieces."""
    edge = len(data) if len(data) < 64 * 1024 else 1000
    yield from (data[at : at + 1] for at in range(edge))
    yield from (data[at : min(at + 1021, len(data) - edge)] for at in range(edge, len(data) - edge, 1021))
    yield from (data[at : at + 1] for at in range(max(edge, len(data) - edge), len(data)))
