"""A row of the case table, the limits that it counts with, and builders that keep a row on one line.

How lengths are counted: a line without its CRLF; all header lines (and all trailers) together with their CRLFs but
without the empty line at the end; a body without its chunk framing.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = (
    "BODY_BYTES",
    "CHUNKS",
    "CHUNK_LINE_BYTES",
    "CODING",
    "HEADERS",
    "HEADERS_BYTES",
    "HEADER_LINE_BYTES",
    "LINE_BYTES",
    "METHOD_BYTES",
    "TRAILERS_BYTES",
    "Case",
    "bad",
    "chunked",
    "closes",
    "coded",
    "get",
    "host",
    "line",
    "ok",
    "padded",
    "post",
    "request",
    "sized",
    "to",
    "under",
    "waits",
)

# The defaults, written down a second time: one that changes by accident is found.
METHOD_BYTES = 32
LINE_BYTES = 8 * 1024
HEADER_LINE_BYTES = 8 * 1024
HEADERS_BYTES = 32 * 1024
HEADERS = 100
BODY_BYTES = 1024 * 1024
CHUNK_LINE_BYTES = 256
TRAILERS_BYTES = 8 * 1024

CODING = b"Transfer-Encoding: chunked"
CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"


class Case(NamedTuple):
    """What a client says on a new connection, and what it is answered.

    Attributes:
        rule: the requirement, or what the bytes try; unique.
        data: what the client sends.
        statuses: of the final answers, in order.
        goes_on: the connection takes a further request afterwards.
        body: of the last request that a handler got.
        sees: lines among what that handler noted: `GET /a?b`, `name: value`, `trailer name: value`.
        misses: beginnings of lines that are not among them.
        bare: the places, among the final answers, of those that have no content.
        interim: how many 100s are sent where the bytes come one by one,
        at_once: and where they come together.
        unfinished: the data ends amid a request: the server waits, and what follows belongs to that request.
        section: where the requirement stands, `RFC 9112, 3.2.1`.
    """

    rule: str
    data: bytes
    statuses: tuple[int, ...]
    goes_on: bool
    body: bytes | None = None
    sees: tuple[str, ...] = ()
    misses: tuple[str, ...] = ()
    bare: tuple[int, ...] = ()
    interim: int = 0
    at_once: int = 0
    unfinished: bool = False
    section: str = ""


def under(section: str, *rows: Case) -> tuple[Case, ...]:
    """The rows of one section."""
    return tuple(row._replace(section=section) for row in rows)


def ok(rule: str, data: bytes, body: bytes | None = None, *sees: str) -> Case:
    """One request, answered, and the connection goes on."""
    return Case(rule, data, (200,), True, body, sees)


def closes(rule: str, data: bytes, body: bytes | None = None, *sees: str) -> Case:
    """One request, answered, and the connection is over, whatever comes behind it."""
    return Case(rule, data, (200,), False, body, sees)


def waits(rule: str, data: bytes, *statuses: int) -> Case:
    """What ends amid a request."""
    return Case(rule, data, statuses, False, unfinished=True)


def bad(rule: str, data: bytes, status: int = 400) -> Case:
    """One request, refused, and the connection is over."""
    return Case(rule, data, (status,), False)


def request(*lines: bytes, body: bytes = b"") -> bytes:
    """These lines as a head, and nothing else."""
    return b"\r\n".join((*lines, b"", b"")) + body


def line(text: bytes, *lines: bytes, body: bytes = b"") -> bytes:
    """A request with this request line."""
    return request(text, b"Host: a", *lines, body=body)


def to(target: bytes, *lines: bytes) -> bytes:
    return line(b"GET %b HTTP/1.1" % target, *lines)


def get(*lines: bytes, body: bytes = b"") -> bytes:
    return line(b"GET / HTTP/1.1", *lines, body=body)


def post(*lines: bytes, body: bytes = b"") -> bytes:
    return line(b"POST / HTTP/1.1", *lines, body=body)


def host(value: bytes, line: bytes = b"GET / HTTP/1.1") -> bytes:
    """A request with this Host."""
    return request(line, b"Host: " + value)


def sized(length: bytes, body: bytes = b"hello") -> bytes:
    """A request with this Content-Length."""
    return post(b"Content-Length: " + length, body=body)


def coded(coding: bytes, body: bytes = CHUNKS) -> bytes:
    """A request with this Transfer-Encoding."""
    return post(b"Transfer-Encoding: " + coding, body=body)


def chunked(body: bytes) -> bytes:
    """A request with this body, of chunks."""
    return coded(b"chunked", body)


def padded(start: bytes, length: int, end: bytes = b"") -> bytes:
    """*start* and *end* with so much between them that there are *length* bytes."""
    return start + b"a" * (length - len(start) - len(end)) + end
