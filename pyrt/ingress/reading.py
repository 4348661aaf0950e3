"""Reads the bytes of a connection as requests: one at a time, in order, each when `next` is called.

    HEAD -> (no body) HEAD | SIZED -> HEAD | CHUNK -> (DATA -> CHUNK)* -> TRAILERS -> HEAD

A pure state machine: bytes in, requests out; no socket, no clock. Bytes that are not read yet stay in the buffer. The
work for any bytes is linear in their number, however they are cut into parts.

Offsets. Absolute, from the start of `_data`: `_at`, the next byte to read, and `_searched`, up to where an end has been
searched for. Relative to `_at`, because `feed` cuts off what lies before it: `_fields_at`, where the header lines of an
incomplete head begin (0 while its request line is incomplete), and `_line_at`, where its last line begins.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import cast

from ..errors import ProtocolError
from ..http.headers import TOKEN, Headers
from ..http.messages import Request
from ..limits import Limits
from ..types import BodySink
from .heads import CHUNKED, HeadReader, fields, line_too_long, too_large

__all__ = ("RequestReader",)

# RFC 9112 section 7.1: a size, extensions by their grammar, and CRLF.
_QUOTED = rb'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*+"'
_CHUNK = re.compile(
    rb"([0-9A-Fa-f]{1,16}+)(?:[ \t]*+;[ \t]*+%b++(?:[ \t]*+=[ \t]*+(?:%b++|%b))?+)*+\r\n" % (TOKEN, TOKEN, _QUOTED)
)
# A CR or LF without the other; a CR at the end of the data does not count, because its LF may follow.
_BARE = re.compile(rb"(?<!\r)\n|\r(?![\n]|\Z)")
_NOT_IN_LINE = re.compile(rb"[^\x20-\x7e\r\n]")
# RFC 9110 section 6.5.1: no trailers, because they frame, route, authenticate or describe a message.
_NO_TRAILERS = frozenset(
    b"age authorization cache-control connection content-encoding content-length content-range content-type cookie date"
    b" expect expires host if-match if-modified-since if-none-match if-range if-unmodified-since keep-alive location"
    b" max-forwards pragma proxy-authenticate proxy-authorization proxy-connection range retry-after set-cookie te"
    b" trailer transfer-encoding upgrade vary warning www-authenticate".split()
)
# The framing of chunks may exceed their content by so many bytes; this bounds the work for bodies of tiny chunks.
_FRAMING_BYTES = 16 * 1024
_CHUNK_LINE_BYTES = 256
_TRAILER_BYTES = 8 * 1024


Plan = Callable[[Request], tuple[BodySink | None, int]]
"""Called with a request that has a body; returns a sink for its parts, None to collect them, and its limit in bytes."""


Step = Callable[[], Request | bool | None]
"""Reads on; returns a complete request, True if the next step can follow now, None if it needs more bytes."""


class RequestReader:
    """Reads requests.

    Args:
        client: host and port of the client, for every request.
        plan: decides how a body is read; without it, every body is collected, up to `body_bytes`.

    Attributes:
        heads: reads the heads.
        is_in_body: whether a head has been read and its body has not.
        persistent: whether the connection may go on after the latest request.
        expects: whether the client waits for `100 Continue`; the sender of it sets this to False.
        sink: takes the parts of the body that is arriving; None if no body is, or it is collected.
    """

    __slots__ = (
        "_at", "_body", "_data", "_fields_at", "_framing", "_left", "_limit_bytes", "_limits", "_line_at", "_plan",
        "_request", "_searched", "_size", "_step", "client", "expects", "heads", "is_in_body", "persistent", "sink",
    )  # fmt: skip

    def __init__(self, limits: Limits, client: tuple[str, int] | None = None, plan: Plan | None = None) -> None:
        self.client = client
        self._limits, self._plan, self.heads = limits, plan, HeadReader(limits, client)
        self._data: bytes | bytearray = b""
        self._at = self._searched = 0
        self._fields_at = self._line_at = 0
        self._step: Step = self._head
        self._request: Request | None = None
        self._body = bytearray()
        # Bytes of a body: missing in its current part, announced so far, its limit, and used by the framing of chunks.
        self._left = self._size = self._limit_bytes = self._framing = 0
        self.persistent, self.expects, self.is_in_body = True, False, False
        self.sink: BodySink | None = None

    @property
    def unread(self) -> int:
        """Number of bytes that were fed and not read yet."""
        return len(self._data) - self._at

    @property
    def body_come(self) -> int:
        """Number of bytes of the current body that have come, as long as no sink has taken any."""
        return self.unread + len(self._body)

    def feed(self, data: bytes) -> None:
        """Add bytes to the buffer, without reading them."""
        if self._at == len(self._data):
            self._data, self._at, self._searched = data, 0, 0
            return
        if isinstance(self._data, bytes):
            self._data = bytearray(self._data)
        if self._at:
            del self._data[: self._at]
            self._searched = max(0, self._searched - self._at)
            self._at = 0
        self._data += data

    def next(self) -> Request | None:
        """The next request, or None until more is fed; if its body has a `sink`, it comes before its body.

        Raises:
            ProtocolError: the bytes break HTTP or pass a limit; the connection must end unless `goes_on` is set.
        """
        if self._at == len(self._data):
            # Free the bytes that were read: most connections wait most of the time.
            self._data, self._at, self._searched = b"", 0, 0
            self.heads.forget_long()
            return None
        while (found := self._step()) is True:
            pass
        return cast(Request | None, found)

    def advance(self) -> None:
        """Read on in a body that has a `sink`, as far as it has come.

        Raises:
            ProtocolError: as `next` does.
        """
        if self.unread:
            self.expects = False  # the client has not waited for 100 Continue
        while self.sink is not None and self._step() is True:
            pass

    # Heads

    def _head(self) -> Request | bool | None:
        data, at = self._data, self._at
        end = data.find(b"\r\n\r\n", max(at, self._searched - 3)) + 2
        if end < 2:
            self._check_begun()
            return None
        self._at, self._fields_at = end + 2, 0
        if not isinstance(data, bytes):
            data, at, end = bytes(data[at:end]), 0, end - at
        request, length, self.persistent, self.expects = self.heads.read(data, at, end)
        return request if length == 0 else self._begin_body(request, length)

    def _check_begun(self) -> None:
        """Refuse an incomplete head as soon as it cannot become a valid one; each byte is checked once."""
        data, start = self._data, self._at
        if self._data[start : start + 2] == b"\r\n":
            start += 2
        new = max(start, self._searched)
        self._searched = len(data)
        # An LF at the start is bare, even if a CR is before it: that CR belongs to an earlier request.
        if data.startswith(b"\n", start) or _BARE.search(data, max(start, new - 1)):
            raise ProtocolError(400, "a line ends without CR and LF")
        if not self._fields_at:
            self.heads.method = ""
            self._check_line(start, new)
        if self._fields_at:
            self._check_lines(new)

    def _check_line(self, start: int, new: int) -> None:
        data, limit_bytes = self._data, self._limits.request_line_bytes
        end = data.find(b"\r\n", max(start, new - 1))
        if (len(data) if end < 0 else end) - start > limit_bytes + (end < 0):
            raise line_too_long(data, start, self._limits)
        if _NOT_IN_LINE.search(data, new, end + 2 if end >= 0 else len(data)):
            raise ProtocolError(400, "the request line is malformed")
        if end >= 0:
            self.heads.line(data, start, len(data))
            self._fields_at = self._line_at = end + 2 - self._at

    def _check_lines(self, new: int) -> None:
        data, limits = self._data, self._limits
        end = data.rfind(b"\r\n", max(self._at + self._line_at, new - 1))
        if end >= 0:
            self._line_at = end + 2 - self._at
        size = len(data) - self._at
        if size - self._line_at > limits.header_line_bytes + 1:
            raise too_large(data, f"a header line is over {limits.header_line_bytes} bytes")
        if size - self._fields_at > limits.head_bytes + 1:
            raise too_large(data, f"the header lines are over {limits.head_bytes} bytes")

    # Bodies

    def _begin_body(self, request: Request, length: int) -> Request | bool | None:
        sink, limit_bytes = (None, self._limits.body_bytes) if self._plan is None else self._plan(request)
        if length > limit_bytes:
            raise ProtocolError(413, f"the body is over {limit_bytes} bytes")
        if self.unread:
            self.expects = False  # the client has not waited for 100 Continue
        self._request, self.sink, self._limit_bytes, self.is_in_body = request, sink, limit_bytes, True
        self._left, self._size, self._framing = length, 0, 0
        self._step = self._chunk if length == CHUNKED else self._sized
        return request if sink is not None else True

    def _sized(self) -> Request | bool | None:
        if self.sink is None:
            if self.unread < self._left:
                return None  # the body stays in the buffer until it is complete
            end = self._at + self._left
            body, self._at = bytes(self._data[self._at : end]), end
            return self._end_body(body, None)
        self._take()
        return None if self._left else self._end_body(b"", None)

    def _take(self) -> None:
        """Take the bytes of the body's current part that have come."""
        end = min(len(self._data), self._at + self._left)
        part = bytes(self._data[self._at : end])
        self._left -= len(part)
        self._at = end
        if self.sink is None:
            self._body += part
        elif part:
            self.sink.feed(part)

    def _chunk(self) -> Request | bool | None:
        found = _CHUNK.match(self._data, self._at)
        end = self._at + _CHUNK_LINE_BYTES
        if found is None or found.end() > end + 2:
            is_whole = self._data.find(b"\n", self._at) >= 0 or _BARE.search(self._data, self._at)
            if is_whole or self.unread > _CHUNK_LINE_BYTES + 1:
                raise ProtocolError(400, "the size of a chunk is malformed")
            return None
        self._framing += found.end() - self._at + 2
        self._at, self._left = found.end(), int(found[1], 16)
        if not self._left:
            self._searched, self._step = self._at, self._trailers
            return True
        # The content before this chunk must outweigh the framing so far, apart from _FRAMING_BYTES.
        if self._framing > _FRAMING_BYTES + self._size:
            raise ProtocolError(400, "the chunks are too small")
        self._size += self._left
        if self._size > self._limit_bytes:
            raise ProtocolError(413, f"the body is over {self._limit_bytes} bytes")
        self._step = self._chunk_data
        return True

    def _chunk_data(self) -> Request | bool | None:
        self._take()
        if self._left:
            return None
        self._step = self._chunk_end
        return True

    def _chunk_end(self) -> Request | bool | None:
        found = self._data[self._at : self._at + 2]
        if found != b"\r\n":
            if found not in (b"", b"\r"):
                raise ProtocolError(400, "a chunk is longer than its size")
            return None
        self._at += 2
        self._step = self._chunk
        return True

    def _trailers(self) -> Request | bool | None:
        data, at = self._data, self._at
        end = at
        if data[at : at + 2] != b"\r\n":
            end = data.find(b"\r\n\r\n", max(at, self._searched - 3))
            end += 2 if end >= 0 else 0
        if (end if end >= 0 else len(data) - 2) - at > _TRAILER_BYTES:
            raise ProtocolError(431, f"the trailers are over {_TRAILER_BYTES} bytes")
        if end < 0:
            if _BARE.search(data, max(at, self._searched - 1)):
                raise ProtocolError(400, "a line ends without CR and LF")
            self._searched = len(data)
            return None
        raw, _ = fields(bytes(data[at : max(at, end - 2)]), self._limits)
        self._at = end + 2
        kept = [(name, value) for name, value in raw if name.lower() not in _NO_TRAILERS]
        return self._end_body(bytes(self._body), Headers.from_raw(kept) if kept else None)

    def _end_body(self, body: bytes, trailers: Headers | None) -> Request | None:
        request, sink = self._request, self.sink
        self._request, self.sink, self._step, self.is_in_body = None, None, self._head, False
        self._body = bytearray()
        if self._at == len(self._data):
            self._data, self._at, self._searched = b"", 0, 0
        if sink is not None:
            sink.end(trailers)
            return None
        assert request is not None
        request.body, request.trailers = body, trailers
        return request
