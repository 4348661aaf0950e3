"""Responses as bytes: heads that end where they should, and can be told from what follows them. Pure."""

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
# This one has a body, of no bytes (RFC 9110 section 15.3.6).
WITHOUT_CONTENT = WITHOUT_BODY | {205}
# What stands before the length of an answer with none of its author's header lines.
_READY = {
    (int(status), raw): _STATUS_LINES[status] + b"".join(b"%b: %b\r\n" % line for line in raw)
    for status in HTTPStatus
    for raw in READY_MADE
    if status not in WITHOUT_CONTENT
}
# Where a message ends is for us to say, and nobody else.
_OURS = frozenset({b"content-length", b"transfer-encoding", b"connection", b"keep-alive"})


def encode(
    response: Response, keep_alive: bool, date: bytes = b"", *, chunked: bool = True, is_head: bool = False
) -> bytes:
    """A response as HTTP/1.1 bytes, with its length; of one that is streamed only the head.

    Args:
        date: a whole `Date` line or nothing.
        chunked: whether a streamed body will follow in chunks; otherwise it ends with the connection.
        is_head: it answers HEAD: with the length that the body would have, and without it.

    Raises:
        UsageError: a header line has a character that could forge another.
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
        # Only an answer to HEAD may name the length that another one would have.
        length = (is_head and not content and _named_length(response)) or len(content)
        parts.append(b"content-length: %d\r\n" % length)
    parts += [date, b"\r\n" if keep_alive else b"connection: close\r\n\r\n", b"" if is_head else content]
    return b"".join(parts)


# Names that have been sent, each with whether its line is the author's to send. Values may be secrets: none is kept.
_sent: dict[bytes, bool] = {}
_SENT = 1000


def _line(pair: tuple[bytes, bytes]) -> bytes:
    """A header line of the author's; empty for one that is ours to say.

    Raises:
        UsageError: it would be no line, or more than one.
    """
    name, value = pair
    is_authors = _sent.get(name)
    if is_authors is None:
        is_authors = _is_authors(name)
    if value.translate(None, CONTROLS) != value:
        raise UsageError(f"the header {name!r}: {value!r} has characters that a header line may not carry")
    return b"%b: %b\r\n" % pair if is_authors else b""


def _is_authors(name: bytes) -> bool:
    if not NAME.fullmatch(name):
        raise UsageError(f"the header {name!r} has characters that a name may not have")
    if len(_sent) >= _SENT:
        _sent.clear()
    found = _sent[name] = name.lower() not in _OURS
    return found


def _named_length(response: Response) -> int:
    named = (value for name, value in response.raw if name.lower() == b"content-length" and value.isdigit())
    return int(next(named, 0))
