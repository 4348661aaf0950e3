"""HTTP/1.1 over one connection: an `asyncio.Protocol` around llhttp (httptools).

    bytes -> RequestParser -> (Request, keep_alive) -> app.handle, one at a time, in order -> encode -> bytes

Each request runs in a task of its own, so that context variables, timeouts and task groups work in handlers.
Requests that arrive early wait in order; when too many wait, or the client does not read its answers, the
connection is not read. A framing error is answered once, after the answers that are due, and closes the
connection; nothing behind it is parsed. Sources: RFC 9110, RFC 9112.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import re
import sys
from collections import deque
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, Protocol, cast

import httptools

from ..context import new_id
from ..errors import ProtocolError, phrase
from ..messages import READY_MADE, Headers, Request, Response
from ..streams import Stream
from .limits import Limits

__all__ = ("Http1Protocol", "RequestParser", "Service", "encode")

_log = logging.getLogger("pyrt")


class Service(Protocol):
    """What answers: an `App`, or anything with its `handle`; a body is `bytes` or a `Stream`."""

    async def handle(self, request: Request) -> Response: ...


class RequestParser:
    """Bytes in, requests out.

    Args:
        on_request: called with each complete Request and whether the connection may go on after it.
        on_continue: called when the client waits for `100 Continue`.

    Attributes:
        client: host and port of the peer, for every request.
    """

    client: tuple[str, int] | None = None

    def __init__(
        self,
        limits: Limits,
        on_request: Callable[[Request, bool], None],
        on_continue: Callable[[], None] = lambda: None,
    ) -> None:
        self._limits, self._on_request, self._on_continue = limits, on_request, on_continue
        self._parser = httptools.HttpRequestParser(self)
        self._start()
        # Whether all that was fed so far is whole requests, and whether this feed has completed one.
        self._between, self._completed = True, False

    def feed(self, data: bytes) -> None:
        """Parse *data*, however it is cut.

        Raises:
            ProtocolError: the bytes break HTTP or pass a limit; the connection cannot go on.
        """
        self._silent_bytes += len(data)
        at_start, self._completed = self._between, False
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as stopped:
            self._decline(data[stopped.args[0] :])
        except httptools.HttpParserInvalidMethodError as error:
            if not at_start or self._completed:
                raise _cause(error) from None
            self._unknown_method(data, error)
        except httptools.HttpParserError as error:
            raise _cause(error) from None
        if self._silent_bytes > self._limits.head_bytes:
            raise ProtocolError(431, f"a line is over {self._limits.head_bytes} bytes")

    def _decline(self, rest: bytes) -> None:
        """Read a request that offers an upgrade as if it did not (RFC 9110 section 7.8): llhttp stops at its head."""
        request, self._parser = self._request, httptools.HttpRequestParser(self)
        if request.method == "CONNECT":
            raise ProtocolError(501, "this server is no proxy")
        lines = [b"%b: %b\r\n" % pair for pair in request.headers.raw if pair[0].lower() != b"upgrade"]
        target = f"{request.path}?{request.query}" if request.query else request.path
        self.feed(b"%b %b HTTP/1.1\r\n%b\r\n%b" % (request.method.encode(), target.encode(), b"".join(lines), rest))

    def _unknown_method(self, data: bytes, error: Exception) -> None:
        """Hand on a method that llhttp does not know, for the app to say 404 or 405; it is the connection's last."""
        found = _REQUEST_LINE.match(data)
        if found is None:
            raise _cause(error)
        self._on_request(Request(found[1].decode("ascii"), _origin_form(found[2]), client=self.client), False)

    def _start(self) -> None:
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: bytes | bytearray = b""
        self._head_bytes = self._body_bytes = 0
        self._in_head = True
        # Fed since llhttp last reported something: what it may be holding of an unfinished line.
        self._silent_bytes = 0

    # llhttp's events

    def on_message_begin(self) -> None:
        self._between = False
        self._start()

    def on_url(self, part: bytes) -> None:
        self._silent_bytes = 0
        self._target += part
        if len(self._target) > self._limits.target_bytes:
            raise ProtocolError(414, f"the target is over {self._limits.target_bytes} bytes")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._silent_bytes = 0
        if not self._in_head:
            return  # a trailer: RFC 9110 section 6.5.1 lets a recipient drop it
        self._headers.append((name, value))
        self._head_bytes += len(name) + len(value) + 4
        if len(self._headers) > self._limits.headers:
            raise ProtocolError(431, f"there are over {self._limits.headers} header lines")
        if self._head_bytes > self._limits.head_bytes:
            raise ProtocolError(431, f"the head is over {self._limits.head_bytes} bytes")

    def on_headers_complete(self) -> None:
        self._in_head = False
        framing = _framing(self._headers)
        version = self._parser.get_http_version()
        _check_head(version, framing)
        # HTTP/1.0 would want its keep-alive confirmed: it gets one answer.
        self._persistent = version == "1.1"
        self._request = Request(
            self._parser.get_method().decode("ascii"),
            _origin_form(self._target),
            Headers.from_raw(self._headers),
            client=self.client,
            version=version,
        )
        if b"content-length" in framing and int(framing[b"content-length"][0]) > self._limits.body_bytes:
            raise ProtocolError(413, f"the body is over {self._limits.body_bytes} bytes")
        if self._persistent and b"expect" in framing and framing[b"expect"][0].lower() == b"100-continue":
            self._on_continue()

    def on_body(self, part: bytes) -> None:
        self._silent_bytes = 0
        self._body_bytes += len(part)
        if self._body_bytes > self._limits.body_bytes:
            raise ProtocolError(413, f"the body is over {self._limits.body_bytes} bytes")
        if not self._body:
            self._body = part  # mostly the only one
        else:
            self._body = self._body if isinstance(self._body, bytearray) else bytearray(self._body)
            self._body += part

    def on_message_complete(self) -> None:
        self._silent_bytes = 0
        if self._parser.should_upgrade():
            return  # to be read again, without the offer
        self._between = self._completed = True
        self._request.body = bytes(self._body)
        self._on_request(self._request, self._persistent and self._parser.should_keep_alive())


def _cause(error: Exception) -> ProtocolError:
    """The ProtocolError that a callback raised inside llhttp, or a plain 400."""
    context: BaseException | None = error.__context__
    if isinstance(context, ProtocolError):
        return context
    return ProtocolError(400, f"malformed request: {error}")


_FRAMING = frozenset({b"host", b"content-length", b"transfer-encoding", b"expect"})


def _framing(headers: list[tuple[bytes, bytes]]) -> dict[bytes, list[bytes]]:
    """The values of the headers that decide where a request ends and whether we read it, by name in lower case."""
    found: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        key = name.lower()
        if key in _FRAMING:
            found.setdefault(key, []).append(value)
    return found


def _check_head(version: str, framing: dict[bytes, list[bytes]]) -> None:
    """What llhttp leaves to us (RFC 9112 sections 2.3, 3.2 and 6.1)."""
    if version not in ("1.1", "1.0"):
        raise ProtocolError(505, f"HTTP/{version} is not spoken here")
    hosts = len(framing.get(b"host", ()))
    if hosts > 1 or (hosts == 0 and version == "1.1"):
        raise ProtocolError(400, "a request names its Host exactly once")
    if version == "1.0" and b"transfer-encoding" in framing:
        raise ProtocolError(400, "HTTP/1.0 has no Transfer-Encoding")


_AUTHORITY = re.compile(r"[^/?#]*")
# RFC 9112 section 3, with any token for a method.
_REQUEST_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}) (\S{1,8192}) HTTP/1\.[01]\r\n")


def _origin_form(target: bytes) -> str:
    """The path and query of a request target (RFC 9112 section 3.2)."""
    try:
        text = target.decode("ascii")
    except UnicodeDecodeError:
        raise ProtocolError(400, "the target has bytes that are not ASCII; percent-encode them") from None
    if text[:1] != "/" and text != "*":
        scheme, mark, rest = text.partition("://")
        if not mark or scheme.lower() not in ("http", "https"):
            raise ProtocolError(400, "the target is neither a path nor an http URL")
        path = rest[len(_AUTHORITY.match(rest)[0]) :]  # type: ignore[index]  # it matches anything
        text = path if path.startswith("/") else "/" + path
    if "#" in text:
        raise ProtocolError(400, "a target has no fragment")
    return text


def _status_line(status: int) -> bytes:
    return b"HTTP/1.1 %d %b\r\n" % (status, phrase(status).encode("ascii"))


_STATUS_LINES = {int(status): _status_line(status) for status in HTTPStatus}
_WITHOUT_BODY = frozenset({204, 304})
# What stands before the length of an answer with none of its author's header lines.
_READY = {
    (int(status), raw): _STATUS_LINES[status] + b"".join(b"%b: %b\r\n" % line for line in raw)
    for status in HTTPStatus
    for raw in READY_MADE
    if status not in _WITHOUT_BODY
}
_OURS = frozenset({b"content-length", b"transfer-encoding", b"connection", b"keep-alive"})


def encode(response: Response, *, keep_alive: bool, date: bytes = b"", chunked: bool = True) -> bytes:
    """A response as HTTP/1.1 bytes, with its length; of one that is streamed only the head.

    Args:
        date: a whole `Date` line or nothing.
        chunked: whether a streamed body will follow in chunks; otherwise it ends with the connection.
    """
    status, body = response.status, response.body
    ready = _READY.get((status, response.raw)) if keep_alive and type(response.raw) is tuple else None
    if ready is not None and type(body) is bytes:
        return b"%bcontent-length: %d\r\n%b\r\n%b" % (ready, len(body), date, body)
    parts = [_STATUS_LINES.get(status) or _status_line(status)]
    bare = status in _WITHOUT_BODY
    streamed = isinstance(body, Stream)
    content: bytes = b"" if bare or streamed else body
    has_length = False
    for name, value in response.raw:
        key = name.lower()
        if key in _OURS:
            # Where a message ends is for us to say; only an answer without a body may name the length it would have.
            if content or bare or streamed or key != b"content-length" or has_length:
                continue
            has_length = True
        parts += name, b": ", value, b"\r\n"
    if streamed:
        parts.append(b"transfer-encoding: chunked\r\n" if chunked and not bare else b"")
    elif not has_length and not bare:
        parts.append(b"content-length: %d\r\n" % len(content))
    parts += date, b"\r\n" if keep_alive else b"connection: close\r\n\r\n", content
    return b"".join(parts)


def _unanswered() -> Response:
    return Response.problem(500, "the server failed to answer", new_id())


class Http1Protocol(asyncio.Protocol):
    """The ingress: one connection.

    Args:
        service: answers the requests.
        connections: this protocol adds itself while it is open, for a server that drains.
        date: the current `Date` line, from a clock that ticks once a second.

    Attributes:
        closed: the connection is over, and so is the request that it carried.
    """

    def __init__(
        self,
        service: Service,
        limits: Limits | None = None,
        connections: set[Http1Protocol] | None = None,
        date: Callable[[], bytes] = lambda: b"",
    ) -> None:
        self._service = service
        self._limits = limits or Limits()
        self._connections = connections if connections is not None else set()
        self._date = date
        self._parser = RequestParser(self._limits, self._arrived, self._continue)
        self._waiting: deque[tuple[Request, bool]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._error: ProtocolError | None = None
        self._paused = self._ending = self._lost = self._starting = False
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._transport = cast(asyncio.Transport, None)
        self.closed = asyncio.Event()

    # Connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._context = contextvars.copy_context()
        peer = transport.get_extra_info("peername")
        if isinstance(peer, tuple):
            self._parser.client = peer[:2]
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        self._waiting.clear()
        self._lost = True
        if self._task is None:
            self.closed.set()
        else:
            self._task.cancel()

    def pause_writing(self) -> None:
        self._flowing.clear()

    def resume_writing(self) -> None:
        self._flowing.set()
        self._next()

    def drain(self) -> None:
        """Answer the requests that have arrived, then close."""
        self._ending = True
        self._next()

    def abort(self) -> None:
        """Close now, whatever is under way."""
        self._transport.abort()

    # Requests in

    def data_received(self, data: bytes) -> None:
        if self._ending or self._error is not None:
            return
        try:
            self._parser.feed(data)
        except ProtocolError as error:
            self._error = error
        self._next()
        if len(self._waiting) > self._limits.pipelined_requests and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        # A client that has said all may still read its answers (RFC 9112 section 9.6).
        self._ending = True
        return self._task is not None or bool(self._waiting)

    def _arrived(self, request: Request, keep_alive: bool) -> None:
        self._waiting.append((request, keep_alive))

    def _continue(self) -> None:
        if self._task is None and not self._waiting:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    # Responses out

    def _next(self) -> None:
        """Start the requests that are due, one at a time; with none left, read on or end the connection."""
        if self._starting:
            return  # a request has ended within the loop below, which goes on
        self._starting = True
        while self._waiting and self._is_free():
            request, keep_alive = self._waiting.popleft()
            # In a context of its own: what a handler sets in it, no other request of the connection sees.
            task = _new_task(self._respond(request, keep_alive), self._context.copy())
            if not task.done():
                self._task = task
        self._starting = False
        if not self._is_free():
            return
        if self._error is not None:
            self._write(Response.problem(self._error.status, self._error.detail, new_id()), keep_alive=False)
        elif self._ending:
            self._transport.close()
        elif self._paused:
            self._paused = False
            self._transport.resume_reading()

    def _is_free(self) -> bool:
        return self._task is None and self._flowing.is_set() and not self._transport.is_closing()

    async def _respond(self, request: Request, keep_alive: bool) -> None:
        try:
            response = await self._answer(request)
            keep_alive = keep_alive and not (self._ending and not self._waiting and self._error is None)
            if isinstance(response.body, Stream):
                await self._stream(response, response.body, keep_alive, request)
            elif not self._transport.is_closing():
                self._write(response, keep_alive=keep_alive)
        except BaseException as error:
            self._transport.close()
            if not isinstance(error, asyncio.CancelledError):
                raise
        finally:
            self._task = None
            if self._lost:
                self.closed.set()
        self._next()

    async def _answer(self, request: Request) -> Response:
        try:
            return await self._service.handle(request)
        except (Exception, asyncio.CancelledError):
            if self._lost:
                raise
            _log.exception("%s was not answered", request)
            return _unanswered()

    def _write(self, response: Response, *, keep_alive: bool) -> None:
        try:
            data = encode(response, keep_alive=keep_alive, date=self._date())
        except Exception:
            _log.exception("an answer could not be encoded: %r", response)
            keep_alive = False
            data = encode(_unanswered(), keep_alive=False, date=self._date())
        self._transport.write(data)
        if not keep_alive:
            self._transport.close()

    async def _stream(self, response: Response, parts: Stream, keep_alive: bool, request: Request) -> None:
        """Write the parts as they come and no faster than the client reads; one that fails ends the connection."""
        chunked = request.version == "1.1"
        bare = response.status in _WITHOUT_BODY or request.method == "HEAD"
        try:
            async with contextlib.aclosing(parts):
                self._transport.write(encode(response, keep_alive=keep_alive, date=self._date(), chunked=chunked))
                while not bare and (part := await anext(parts, b"")):
                    self._transport.write(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part)
                    if not self._flowing.is_set():
                        await parts.sent(self._flowing.wait)
        except Exception:
            # The controller has logged it. What the client has is not whole, and must not look so.
            self._transport.abort()
            return
        if chunked and not bare:
            self._transport.write(b"0\r\n\r\n")
        if not keep_alive:
            self._transport.close()


if sys.version_info >= (3, 12):

    def _new_task(work: Coroutine[Any, Any, None], context: contextvars.Context) -> asyncio.Task[None]:
        """A task that begins at once: work that never waits is done without a turn of the event loop."""
        return asyncio.Task(work, loop=asyncio.get_running_loop(), context=context, eager_start=True)

else:

    def _new_task(work: Coroutine[Any, Any, None], context: contextvars.Context) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(work, context=context)
