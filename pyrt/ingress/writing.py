"""Responses as bytes, with heads whose end and body length are unambiguous. Pure."""

from __future__ import annotations

from http import HTTPStatus

from ..errors import UsageError
from ..http.headers import NAME
from ..http.messages import READY_MADE, Response
from ..naming import phrase
from ..request.streams import Stream
from .heads import CONTROLS

__all__ = ("WITHOUT_CONTENT", "encode")


def _status_line(status: int) -> bytes:
    return b"HTTP/1.1 %d %b\r\n" % (status, phrase(status).encode("ascii"))


_STATUS_LINES = {int(status): _status_line(status) for status in HTTPStatus}
WITHOUT_BODY = frozenset({204, 304})
# 205 has a body of zero bytes (RFC 9110 section 15.3.6).
WITHOUT_CONTENT = WITHOUT_BODY | {205}
# The bytes before `content-length` if the response has only header lines of pyrt's own.
_READY = {
    (int(status), raw): _STATUS_LINES[status] + b"".join(b"%b: %b\r\n" % line for line in raw)
    for status in HTTPStatus
    for raw in READY_MADE
    if status not in WITHOUT_CONTENT
}
# Fields that only the ingress sets, because they decide where a message ends.
_OURS = frozenset({b"content-length", b"transfer-encoding", b"connection", b"keep-alive"})


def encode(
    response: Response, keep_alive: bool, date: bytes = b"", *, chunked: bool = True, is_head: bool = False
) -> bytes:
    """A response as HTTP/1.1 bytes; if it is streamed, only its head.

    Args:
        date: a whole `Date` line, or empty.
        chunked: whether a streamed body without a known length follows in chunks; if not, the connection's end ends it.
        is_head: whether it answers HEAD: with the length of the body, but without the body.

    Raises:
        UsageError: a header line has a character that could forge another line.
    """
    status, body = response.status, response.body
    ready = _READY.get((status, response.raw)) if keep_alive and type(response.raw) is tuple else None
    if ready is not None and type(body) is bytes and not is_head:
        return b"%bcontent-length: %d\r\n%b\r\n%b" % (ready, len(body), date, body)
    parts = [_STATUS_LINES.get(status) or _status_line(status)]
    parts += map(_line, response.raw)
    content = b""
    if isinstance(body, Stream) and status != 205:
        if body.length is not None and status not in WITHOUT_BODY:
            parts.append(b"content-length: %d\r\n" % body.length)
        elif chunked and status not in WITHOUT_BODY:
            parts.append(b"transfer-encoding: chunked\r\n")
    elif status not in WITHOUT_BODY:
        content = b"" if status == 205 else body
        # A response to HEAD may have the length of the response to GET, which the handler gives.
        length = (is_head and not content and _named_length(response)) or len(content)
        parts.append(b"content-length: %d\r\n" % length)
    parts += [date, b"\r\n" if keep_alive else b"connection: close\r\n\r\n", b"" if is_head else content]
    return b"".join(parts)


# Names that were checked before, each with whether a handler may set it. Values are not kept: they may be secrets.
_sent: dict[bytes, bool] = {}
_SENT = 1000


def _line(pair: tuple[bytes, bytes]) -> bytes:
    """A header line that a handler has set; empty for a field in `_OURS`.

    Raises:
        UsageError: the name or value has a character that is not allowed.
    """
    name, value = pair
    is_authors = _sent.get(name)
    if is_authors is None:
        is_authors = _is_authors(name)
    if value.translate(None, CONTROLS) != value:
        raise UsageError(f"header field {name!r}: the value {value!r} has control characters; remove them")
    return b"%b: %b\r\n" % pair if is_authors else b""


def _is_authors(name: bytes) -> bool:
    if not NAME.fullmatch(name):
        raise UsageError(f"header field {name!r}: the name has characters that are not allowed")
    if len(_sent) >= _SENT:
        _sent.clear()
    found = _sent[name] = name.lower() not in _OURS
    return found


def _named_length(response: Response) -> int:
    named = (value for name, value in response.raw if name.lower() == b"content-length" and value.isdigit())
    return int(next(named, 0))
