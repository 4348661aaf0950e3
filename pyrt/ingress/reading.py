"""The bytes of a connection, read as requests: one at a time, in order, and no further than somebody takes them.

    HEAD -> (no body) HEAD | SIZED -> HEAD | CHUNK -> (DATA -> CHUNK)* -> TRAILERS -> HEAD

A pure state machine: bytes in, requests out; no socket, no clock. Bytes that are not read yet stay in the buffer, so
that a reader that is not asked does nothing. The work for any bytes is linear in their number, however they are cut.

Offsets. Absolute, from the start of `_data`: `_at`, the next byte to read, and `_searched`, up to where an end has been
searched for. Relative to `_at`, because `feed` cuts off what lies before it: `_fields_at`, where the header lines of an
unfinished head begin (0 while its request line is unfinished), and `_line_at`, where its last line begins.
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
# A half of a line's end, but for a CR that is the last so far.
_BARE = re.compile(rb"(?<!\r)\n|\r(?![\n]|\Z)")
_NOT_IN_LINE = re.compile(rb"[^\x20-\x7e\r\n]")
# RFC 9110 section 6.5.1: what may not stand behind a body, since it decides what the body is, whose, and for whom.
_NO_TRAILERS = frozenset(
    b"age authorization cache-control connection content-encoding content-length content-range content-type cookie date"
    b" expect expires host if-match if-modified-since if-none-match if-range if-unmodified-since keep-alive location"
    b" max-forwards pragma proxy-authenticate proxy-authorization proxy-connection range retry-after set-cookie te"
    b" trailer transfer-encoding upgrade vary warning www-authenticate".split()
)
# Framing of chunks may come to this much more than what it frames: a body of single bytes costs more than it brings.
_FRAMING_BYTES = 16 * 1024
_CHUNK_LINE_BYTES = 256
_TRAILER_BYTES = 8 * 1024


Plan = Callable[[Request], tuple[BodySink | None, int]]
"""Asked of a request that has a body: who takes it part by part, None to have it collected; and its limit in bytes."""


Step = Callable[[], Request | bool | None]
"""Reads on: a request that is complete; True if the next step can follow at once, None if it needs more bytes."""


class RequestReader:
    """Reads requests.

    Args:
        client: host and port of the peer, for every request.
        plan: without one every body is collected, up to the limit of all.

    Attributes:
        heads: reads the heads.
        is_in_body: a request has been read to the end of its head, and no further.
        persistent: whether the connection may go on after the request that `next` gave last.
        expects: whether the client waits for `100 Continue`; whoever sends it sets it to False.
        sink: takes the body of that request, which is still under way; None when it has come to its end.
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
        # Of a body: what is missing of its present part, what has been announced, its limit, and the framing of chunks.
        self._left = self._size = self._limit_bytes = self._framing = 0
        self.persistent, self.expects, self.is_in_body = True, False, False
        self.sink: BodySink | None = None

    @property
    def unread(self) -> int:
        """Bytes that have been fed and not read yet."""
        return len(self._data) - self._at

    @property
    def body_come(self) -> int:
        """Bytes that have come of the present request's body, where it is collected or has not been begun."""
        return self.unread + len(self._body)

    def feed(self, data: bytes) -> None:
        """Take more bytes; nothing is read yet."""
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
        """The next request; None until more is fed. One whose body goes to a `sink` comes before its body.

        Raises:
            ProtocolError: the bytes break HTTP or pass a limit; the connection cannot go on.
        """
        if self._at == len(self._data):
            # What has been read is not kept until more comes: most connections mostly wait.
            self._data, self._at, self._searched = b"", 0, 0
            self.heads.forget_long()
            return None
        while (found := self._step()) is True:
            pass
        return cast(Request | None, found)

    def advance(self) -> None:
        """Read on in a body that goes to a `sink`, as far as it has come.

        Raises:
            ProtocolError: as `next` does.
        """
        if self.unread:
            self.expects = False  # it has not waited
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
        """Refuse an unfinished head as soon as it cannot become a good one; each byte is looked at once."""
        data, start = self._data, self._at
        if self._data[start : start + 2] == b"\r\n":
            start += 2
        new = max(start, self._searched)
        self._searched = len(data)
        # A CR before it would be the end of an earlier body.
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
            self.expects = False  # it has not waited
        self._request, self.sink, self._limit_bytes, self.is_in_body = request, sink, limit_bytes, True
        self._left, self._size, self._framing = length, 0, 0
        self._step = self._chunk if length == CHUNKED else self._sized
        return request if sink is not None else True

    def _sized(self) -> Request | bool | None:
        if self.sink is None:
            if self.unread < self._left:
                return None  # it waits where it is
            end = self._at + self._left
            body, self._at = bytes(self._data[self._at : end]), end
            return self._end_body(body, None)
        self._take()
        return None if self._left else self._end_body(b"", None)

    def _take(self) -> None:
        """Take of the body's present part what is there."""
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
        # Each chunk but the first must have brought more than its framing costs.
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
