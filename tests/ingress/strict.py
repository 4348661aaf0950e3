"""A second reader of requests: slow, of whole connections only, and obviously right. What the ingress is held to.

Written from RFC 9110 and RFC 9112 and the case table alone, and sharing nothing with `pyrt.ingress`: no pattern over a
head, no state, no limits but those that a small stream can meet. A stream is taken apart from the left.
"""

from __future__ import annotations

import ipaddress
from enum import Enum
from typing import NamedTuple

__all__ = ("Asked", "End", "Read", "read")

TOKEN = frozenset(b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
DIGITS, HEX = frozenset(b"0123456789"), frozenset(b"0123456789abcdefABCDEF")
QUOTED = frozenset([9, *range(0x20, 0x7F), *range(0x80, 0x100)])
METHOD_BYTES, HEADERS, SIZE_DIGITS, CHUNK_LINE_BYTES, BODY_BYTES = 32, 100, 16, 256, 1024 * 1024
# RFC 9110 section 6.5.1: framing, routing, modifiers, authentication, control data, and what describes the content.
NOT_TRAILING = frozenset(
    b"content-length transfer-encoding trailer te connection keep-alive proxy-connection upgrade host max-forwards"
    b" cache-control expect pragma range if-match if-none-match if-modified-since if-unmodified-since if-range"
    b" authorization proxy-authorization www-authenticate proxy-authenticate cookie set-cookie"
    b" age date expires location retry-after vary warning content-encoding content-type content-range".split()
)


class Asked(NamedTuple):
    """A whole request.

    Attributes:
        lines: names in lower case, values without the whitespace around them.
        waits: the client may wait for `100 Continue`.
        is_refused: it expects what nobody knows; no handler gets it.
    """

    method: str
    target: str
    version: str
    lines: list[tuple[str, str]]
    body: bytes
    trailers: list[tuple[str, str]]
    waits: bool
    is_refused: bool


class End(Enum):
    """What there is behind the last whole request."""

    MORE = "nothing, or a part of a request in which there may be a fault already"
    FAULT = "what is no request"
    CLOSED = "whatever: that request was to be the last"


class Read(NamedTuple):
    requests: list[Asked]
    end: End


class Fault(Exception):
    """It is no request."""


class Unfinished(Exception):
    """It may become one."""


def read(stream: bytes) -> Read:
    """The requests on a connection, and what comes behind them."""
    requests: list[Asked] = []
    while True:
        try:
            asked, goes_on, stream = request(stream)
        except Fault:
            return Read(requests, End.FAULT)
        except Unfinished:
            return Read(requests, End.MORE)
        requests.append(asked)
        if not goes_on:
            return Read(requests, End.CLOSED)


def request(stream: bytes) -> tuple[Asked, bool, bytes]:
    """The first request, whether another may follow, and the rest of the stream."""
    if stream.startswith(b"\r\n"):
        stream = stream[2:]
    block, stream = until(stream, b"\r\n\r\n")
    first, *lines = block.split(b"\r\n")
    method, target, version = request_line(first)
    fields = [field(line) for line in lines]
    if len(fields) > HEADERS:
        raise Fault
    is_old = version == "1.0"
    hosts = values(fields, b"host")
    if len(hosts) > 1 or (not hosts and not is_old) or not all(map(is_host, hosts)):
        raise Fault
    length = body_length(fields, is_old)
    options = [option for value in values(fields, b"connection") for option in listed(value)]
    wanted = [each for value in values(fields, b"expect") for each in listed(value) if each] if not is_old else []
    goes_on, waits = not is_old and b"close" not in options, bool(wanted) and length != 0
    is_refused = any(each != b"100-continue" for each in wanted)
    path, fields = resource(method, target, fields)
    trailers: list[tuple[bytes, bytes]] = []
    body = b""
    if is_refused:
        goes_on = goes_on and length == 0
    elif length is None:
        body, trailers, stream = chunks(stream)
    else:
        if length > BODY_BYTES:
            raise Fault
        body, stream = taken(stream, length)
    kept = [(name, value) for name, value in trailers if name not in NOT_TRAILING]
    return Asked(method, path, version, text(fields), body, text(kept), waits, is_refused), goes_on, stream


def until(stream: bytes, mark: bytes) -> tuple[bytes, bytes]:
    before, found, rest = stream.partition(mark)
    if not found:
        raise Unfinished
    return before, rest


def taken(stream: bytes, length: int) -> tuple[bytes, bytes]:
    if len(stream) < length:
        raise Unfinished
    return stream[:length], stream[length:]


def request_line(line: bytes) -> tuple[str, bytes, str]:
    parts = line.split(b" ")
    if len(parts) != 3:
        raise Fault
    method, target, version = parts
    if (
        not is_token(method)
        or len(method) > METHOD_BYTES
        or version not in [b"HTTP/1.%d" % minor for minor in range(10)]
    ):
        raise Fault
    if not target or any(byte <= 0x20 or byte >= 0x7F or byte == ord("#") for byte in target):
        raise Fault
    return method.decode(), target, "1.0" if version == b"HTTP/1.0" else "1.1"


def field(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    if not colon or not is_token(name) or any(byte not in QUOTED for byte in value):
        raise Fault
    return name.lower(), value.strip(b" \t")


def resource(method: str, target: bytes, fields: list[tuple[bytes, bytes]]) -> tuple[str, list[tuple[bytes, bytes]]]:
    """The path and query that are asked for; a host in the target goes before `Host` (RFC 9112 section 3.2)."""
    if method == "CONNECT":
        raise Fault
    if target.startswith(b"/") or (target == b"*" and method == "OPTIONS"):
        return target.decode(), fields
    scheme, mark, rest = target.partition(b"://")
    if not mark or scheme.lower() not in (b"http", b"https"):
        raise Fault
    at = min(rest.find(end) if end in rest else len(rest) for end in (b"/", b"?"))
    host, path = rest[:at], rest[at:]
    if not is_host(host):
        raise Fault
    path = path if path.startswith(b"/") else b"/" + path
    return path.decode(), [(b"host", host), *(each for each in fields if each[0] != b"host")]


def body_length(fields: list[tuple[bytes, bytes]], is_old: bool) -> int | None:
    """In bytes; None for one that comes in chunks (RFC 9112 section 6.3)."""
    codings, lengths = values(fields, b"transfer-encoding"), values(fields, b"content-length")
    if codings:
        if is_old or lengths or len(codings) > 1 or codings[0].lower() != b"chunked":
            raise Fault
        return None
    if len(lengths) > 1 or not all(value and set(value) <= DIGITS for value in lengths):
        raise Fault
    return int(lengths[0]) if lengths else 0


def chunks(stream: bytes) -> tuple[bytes, list[tuple[bytes, bytes]], bytes]:
    """The body and the trailers that come in chunks (RFC 9112 section 7.1), and the rest of the stream."""
    body = b""
    while True:
        line, stream = until(stream, b"\r\n")
        size = chunk_size(line)
        if not size:
            break
        if len(body) + size > BODY_BYTES:
            raise Fault
        part, stream = taken(stream, size)
        body += part
        end, stream = taken(stream, 2)
        if end != b"\r\n":
            raise Fault
    if stream.startswith(b"\r\n"):
        return body, [], stream[2:]
    block, stream = until(stream, b"\r\n\r\n")
    return body, [field(line) for line in block.split(b"\r\n")], stream


def chunk_size(line: bytes) -> int:
    digits = 0
    while digits < len(line) and line[digits] in HEX:
        digits += 1
    if not 1 <= digits <= SIZE_DIGITS or len(line) > CHUNK_LINE_BYTES:
        raise Fault
    rest = line[digits:]
    while rest:
        rest = extension(rest)
    return int(line[:digits], 16)


def extension(rest: bytes) -> bytes:
    """What follows the first extension: `BWS ";" BWS name [BWS "=" BWS value]` (RFC 9112 section 7.1.1)."""
    rest = rest.lstrip(b" \t")
    if not rest.startswith(b";"):
        raise Fault
    _, rest = word(rest[1:].lstrip(b" \t"))
    behind = rest.lstrip(b" \t")
    if not behind.startswith(b"="):
        return rest
    value = behind[1:].lstrip(b" \t")
    return quoted(value[1:]) if value.startswith(b'"') else word(value)[1]


def word(rest: bytes) -> tuple[bytes, bytes]:
    length = 0
    while length < len(rest) and rest[length] in TOKEN:
        length += 1
    if not length:
        raise Fault
    return rest[:length], rest[length:]


def quoted(rest: bytes) -> bytes:
    """What follows the closing quotes."""
    at = 0
    while at < len(rest) and rest[at : at + 1] != b'"':
        at += 2 if rest[at : at + 1] == b"\\" else 1
    if at >= len(rest) or any(byte not in QUOTED for byte in rest[:at]):
        raise Fault
    return rest[at + 1 :]


def is_token(name: bytes) -> bool:
    return bool(name) and all(byte in TOKEN for byte in name)


def is_host(value: bytes) -> bool:
    """A name or an address, and perhaps a port (RFC 3986 section 3.2.2)."""
    if value.startswith(b"["):
        address, mark, port = value[1:].partition(b"]")
        if not mark or (port and not port.startswith(b":")) or not is_port(port[1:]):
            return False
        try:
            return bool(ipaddress.IPv6Address(address.decode("latin-1"))) and b"%" not in address
        except ValueError:
            return False
    name, _, port = value.partition(b":")
    pieces = name.split(b"%")
    escapes = all(len(piece) >= 2 and set(piece[:2]) <= HEX for piece in pieces[1:])
    plain = all(byte in TOKEN | set(b"(),;=") and byte not in b"#^`|" for byte in name)
    return bool(name) and escapes and plain and is_port(port)


def is_port(digits: bytes) -> bool:
    return not digits or (len(digits) <= 5 and set(digits) <= DIGITS and int(digits) <= 65535)


def values(fields: list[tuple[bytes, bytes]], wanted: bytes) -> list[bytes]:
    return [value for name, value in fields if name == wanted]


def listed(value: bytes) -> list[bytes]:
    return [each.strip(b" \t") for each in value.lower().split(b",")]


def text(fields: list[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode(), value.decode("latin-1")) for name, value in fields]
