"""HTTP/1.1 over one connection: an `asyncio.Protocol`.

    bytes -> RequestReader -> Request -> service.handle, one at a time, in order -> encode -> bytes

Each request runs in a task of its own (see `tasks`), so that context variables, timeouts and task groups work in
handlers. What arrives meanwhile waits unread; when it is too much, or the client does not read its answers, the
connection is not read. A framing error is answered once, after the answers that are due, and ends the connection;
nothing behind it is parsed. Sources: RFC 9110, RFC 9112.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Any, cast

from ..errors import ProtocolError
from ..http.files import File
from ..http.messages import Request, Response
from ..request.context import new_id
from ..request.streams import Stream
from ..request.tasks import begin
from ..types import BodySink, Service
from .bodies import BodyStream
from .edge import Edge
from .reading import RequestReader
from .sendfile import send_file
from .writing import WITHOUT_CONTENT, encode

__all__ = ("Http1Protocol", "Phase")

_log = logging.getLogger("pyrt")

# The rate of a body is judged from here on, in seconds from its beginning.
_GRACE_S = 5.0
# How long, and for how many bytes, a client is still listened to that is told to say no more, so that it can read why.
_LINGER_S, _LINGER_BYTES = 2.0, 1024 * 1024
# Requests of one connection that are answered before everything else has its turn.
_AT_ONCE = 16
# Connections past their limit that are listened to while they are refused; the rest are closed at once.
_LINGERING = 256
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Phase(Enum):
    """What a connection waits for."""

    REQUEST = "a request"
    HEAD = "the rest of a head"
    BODY = "the rest of a body"
    ANSWER = "the answer to a request"
    LAST = "the client to take the last answer"
    END = "the client to read why it should say no more"


_REQUEST, _HEAD, _BODY, _ANSWER = Phase.REQUEST, Phase.HEAD, Phase.BODY, Phase.ANSWER


class Http1Protocol(asyncio.Protocol):
    """The ingress: one connection.

    Args:
        service: answers the requests.
        edge: what it shares with the other connections of its server.
    """

    __slots__ = (
        "_began_s", "_born_s", "_closing", "_edge", "_ends", "_eof", "_error", "_flowing", "_loop", "_lost",
        "_paused", "_phase", "_reader", "_received", "_request", "_requests_left", "_sent", "_service", "_since_s",
        "_task", "_transport", "_unsent", "_waiters",
    )  # fmt: skip

    def __init__(self, service: Service, edge: Edge | None = None) -> None:
        self._service, self._edge = service, edge or Edge()
        self._requests_left = self._edge.limits.requests
        self._request: Request | None = None
        self._task: asyncio.Task[Response | None] | None = None
        self._error: ProtocolError | None = None
        # It ends when all that has come is answered: the server is stopping, or the client has said all.
        self._ends = self._eof = self._closing = self._lost = self._paused = False
        self._flowing = True
        self._waiters: list[asyncio.Future[None]] | None = None
        # Since when it has been in its phase, and how many bytes have come and were unsent meanwhile.
        self._born_s = self._since_s = self._edge.now_s
        self._received = self._unsent = 0
        # Of a body that is streamed, in bytes.
        self._sent = 0
        self._began_s = 0.0
        self._phase = Phase.REQUEST

    # Connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._loop = asyncio.get_running_loop()
        edge, peer = self._edge, transport.get_extra_info("peername")
        self._reader = RequestReader(edge.limits, peer[:2] if isinstance(peer, tuple) else None, self._plan)
        self._transport.set_write_buffer_limits(edge.limits.write_buffer_bytes)
        if len(edge.connections) < edge.limits.connections:
            edge.connections.add(self)
            return
        edge.refused.add(self)
        edge.refused_connections += 1
        error = ProtocolError(503, "the server has as many connections as it may")
        self._refuse(error, lingers=len(edge.refused) <= _LINGERING)

    def connection_lost(self, exc: Exception | None) -> None:
        self._edge.connections.discard(self)
        self._edge.refused.discard(self)
        self._lost = self._closing = True
        if self._task is not None:
            self._task.cancel()
        if self._reader.sink is not None:
            self._fail(ProtocolError(400, "the client is gone"))
        self._notify()

    def pause_writing(self) -> None:
        self._flowing = False
        self._since_s, self._unsent = self._edge.now_s, self._transport.get_write_buffer_size()

    def resume_writing(self) -> None:
        self._flowing = True
        self._since_s = self._edge.now_s
        self._notify()
        self._run()

    def drain(self) -> None:
        """Answer the requests that have begun to arrive, then close."""
        self._ends = True
        self._run()

    def abort(self) -> None:
        """Close now, whatever is under way."""
        self._transport.abort()

    @property
    def is_over(self) -> bool:
        """Whether the connection is closed, and so is the request that it carried."""
        return self._lost and self._task is None

    async def wait_closed(self) -> None:
        """Wait until the connection is over."""
        while not self.is_over:
            await self._change()

    def _change(self) -> asyncio.Future[None]:
        """Done when the client reads again, or the connection or its request is over."""
        waiter = self._loop.create_future()
        self._waiters = [*(self._waiters or ()), waiter]
        return waiter

    def _notify(self) -> None:
        waiters, self._waiters = self._waiters, None
        for waiter in waiters or ():
            if not waiter.done():
                waiter.set_result(None)

    # Requests in

    def data_received(self, data: bytes) -> None:
        if self._closing:
            self._discard(data)
            return
        self._reader.feed(data)
        self._received += len(data)
        if self._task is None:
            self._run()
            if self._task is None and self._flowing:
                return
        elif self._reader.sink is not None:
            self._advance()
        if self._reader.unread > self._edge.limits.pipelined_bytes:
            self._pause()

    def eof_received(self) -> bool:
        # A client that has said all may still read its answers (RFC 9112 section 9.6).
        self._eof = self._ends = True
        if self._reader.sink is not None:
            self._fail(ProtocolError(400, "the client ended before its body did"))
        self._run()
        return not self._closing or self._phase is Phase.LAST

    def _run(self) -> None:
        """Answer what has come, one request after the other, until one of them waits or there is no more."""
        reader, left = self._reader, _AT_ONCE
        while self._task is None and self._flowing and not self._closing:
            if not left and reader.unread:
                self._pause()
                self._loop.call_soon(self._run)
                return
            left -= 1
            try:
                request = reader.next()
            except ProtocolError as error:
                if not error.goes_on:
                    self._refuse(error)
                    return
                self._requests_left -= 1
                self._phase = _ANSWER
                self._answered(_problem(error))
                continue
            if request is None:
                self._await_more()
                return
            self._requests_left -= 1
            self._phase = _ANSWER
            edge = self._edge
            if edge.log is not None:
                self._request, self._began_s = request, time.perf_counter()
            try:
                task, response = begin(self._loop, self._respond(request), edge.context.copy())
            except BaseException:
                self._break_off()
                raise
            if task is None:
                self._answered(response)
            else:
                self._task = task
                task.add_done_callback(self._ended)
                if reader.sink is not None:
                    # What has come with its head, or before its turn.
                    self._resume()
                    self._advance()

    def _await_more(self) -> None:
        """All that has come is read."""
        reader = self._reader
        if self._ends and (self._eof or not (reader.is_in_body or reader.unread)):
            self._close()
            return
        phase = _BODY if reader.is_in_body else _HEAD if reader.unread else _REQUEST
        if phase is not self._phase or phase is _REQUEST:
            self._phase, self._since_s = phase, self._edge.now_s
            if phase is _BODY:
                self._received = reader.body_come
        if reader.expects:
            self._continue()
        if self._paused:
            self._resume()

    def _plan(self, request: Request) -> tuple[BodySink | None, int]:
        """Who takes a body: the service says whether it wants it part by part, and how large it may be."""
        service, reader = self._service, self._reader
        plan = service.body_plan
        in_parts, limit_bytes = (False, 0) if plan is None else plan(request)
        limit_bytes = limit_bytes or self._edge.limits.body_bytes
        # An answer that needs no body comes in place of 100 Continue, and is the last (RFC 9110 section 10.1.1).
        is_untaken = reader.expects and not service.takes(request)
        if not in_parts and not is_untaken:
            return None, limit_bytes
        self._since_s, self._received = self._edge.now_s, reader.body_come
        stream = BodyStream(request, self._pause, self._resume, self._continue)
        if in_parts:
            request.body = stream
        return stream, limit_bytes

    def _advance(self) -> None:
        try:
            self._reader.advance()
        except ProtocolError as error:
            self._fail(error)

    def _fail(self, error: ProtocolError) -> None:
        """End a body that is not whole: whoever takes it meets the error."""
        sink, self._reader.sink, self._error = self._reader.sink, None, error
        cast(BodyStream, sink).fail(error)

    def _continue(self) -> None:
        if self._reader.expects and not self._closing:
            self._reader.expects = False
            self._transport.write(_CONTINUE)

    def _pause(self) -> None:
        if not self._paused and not self._closing:
            self._paused = True
            self._transport.pause_reading()

    def _resume(self) -> None:
        if self._paused and not self._closing:
            self._paused = False
            self._transport.resume_reading()

    # Responses out

    async def _respond(self, request: Request) -> Response | None:
        """The response to a request; None for one that is streamed, and has been."""
        try:
            response = await self._service.handle(request)
        except (Exception, asyncio.CancelledError):
            if self._lost:
                raise
            _log.exception("%s was not answered", request)
            return _unanswered()
        if isinstance(response.body, Stream):
            await self._stream(response, response.body, request)
            return None
        return response

    def _ended(self, task: asyncio.Task[Response | None]) -> None:
        """A request that has waited is over."""
        self._task = None
        if self._lost:
            self._notify()
            if not task.cancelled() and task.exception() is not None:
                _log.error("a request failed after its client was gone", exc_info=task.exception())
            return
        if task.cancelled() or task.exception() is not None:
            self._break_off()
            if not task.cancelled():
                _log.error("a request ended without an answer", exc_info=task.exception())
            return
        self._answered(task.result())
        self._run()

    def _answered(self, response: Response | None) -> None:
        """Send a response that is not streamed, and decide whether the connection goes on."""
        if response is None or self._closing:
            return
        edge, keep_alive, is_head = self._edge, self._goes_on(), self._reader.heads.method == "HEAD"
        try:
            data = encode(response, keep_alive, edge.date, is_head=is_head)
        except Exception:
            _log.exception("an answer could not be encoded: %r", response)
            response, keep_alive = _unanswered(), False
            data = encode(response, keep_alive, edge.date, is_head=is_head)
        self._transport.write(data)
        if edge.log is not None:
            is_empty = is_head or response.status in WITHOUT_CONTENT
            self._record(response.status, 0 if is_empty else len(response.body))
        if not keep_alive:
            self._close()

    def _record(self, status: int, size: int) -> None:
        """Have an answer written down, where anybody wants that."""
        log, self._request, request = self._edge.log, None, self._request
        if log is not None:
            log.add(request, self._reader.client, status, size, time.perf_counter() - self._began_s if request else 0.0)

    def _goes_on(self) -> bool:
        """Whether the connection goes on after the present request."""
        reader = self._reader
        if self._ends and not reader.unread:
            return False
        return reader.persistent and reader.sink is None and self._requests_left > 0 and self._error is None

    async def _stream(self, response: Response, parts: Stream, request: Request) -> None:
        """Write the parts as they come and no faster than the client reads; one that fails ends the connection."""
        chunked = request.version == "1.1" and parts.length is None
        bare = response.status in WITHOUT_CONTENT or request.method == "HEAD"
        keep_alive = self._goes_on() and (chunked or bare or parts.length is not None)
        self._sent = 0
        self._reader.expects = False  # once the answer has begun it is too late to ask for the body
        try:
            async with contextlib.aclosing(parts):
                self._transport.write(encode(response, keep_alive, self._edge.date, chunked=chunked))
                if not bare:
                    await self._write_parts(parts, chunked)
        except Exception:
            self._break_off()  # the controller has logged it
            return
        finally:
            self._record(response.status, self._sent)  # also one that is broken off
        if not keep_alive:
            self._close()

    async def _write_parts(self, parts: Stream, chunked: bool) -> None:
        socket = self._transport.get_extra_info("socket")
        if parts.file is not None and socket is not None:
            await parts.sent(self._flush)
            await parts.sent(partial(self._send_file, socket, parts.file))
            return
        write = self._transport.write
        while part := await anext(parts, b""):
            self._sent += len(part)
            write(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part)
            if not self._flowing:
                await parts.sent(self._flow)
        if chunked:
            write(b"0\r\n\r\n")

    async def _send_file(self, socket: Any, file: File) -> None:
        """Have the system send a file; a client that is gone, or takes nothing, is nobody's error but its own."""
        try:
            await send_file(self._loop, socket, file, self._edge.limits.write_s, self._count)
        except (ConnectionError, TimeoutError):
            self._transport.abort()
            await self._loop.create_future()  # cancelled when the connection is lost

    def _count(self, size: int) -> None:
        self._sent += size

    async def _flow(self) -> None:
        while not self._flowing and not self._lost:
            await self._change()

    async def _flush(self) -> None:
        """Wait until all that was written has gone out."""
        self._transport.set_write_buffer_limits(0)
        await self._flow()
        self._transport.set_write_buffer_limits(self._edge.limits.write_buffer_bytes)

    # Ends

    def _close(self) -> None:
        """Close when the client has taken what was written; one that may still be speaking has to be heard for it."""
        if self._reader.sink is not None:
            self._fail(ProtocolError(400, "the request was answered before its body had come"))
        if not self._eof and (self._reader.unread or self._error is not None):
            self._linger()
        else:
            self._finish()

    def _finish(self) -> None:
        """Say no more, and listen no more."""
        self._closing, self._phase, self._since_s = True, Phase.LAST, self._edge.now_s
        self._transport.close()

    def _break_off(self) -> None:
        """End it with what has been sent, which is not whole, and must not look so."""
        self._closing = True
        self._transport.abort()

    def _refuse(self, error: ProtocolError, *, lingers: bool = True) -> None:
        """Answer an error of the client's, and end the connection."""
        is_head = self._reader.heads.method == "HEAD"
        response = _problem(error)
        self._transport.write(encode(response, False, self._edge.date, is_head=is_head))
        self._record(error.status, 0 if is_head else len(response.body))
        if lingers and not self._eof:
            self._linger()
        else:
            self._finish()

    def _linger(self) -> None:
        """Say no more, and listen for a while: closed at once, what was said would be lost (RFC 9112 section 9.6)."""
        self._closing, self._phase = True, Phase.END
        self._since_s, self._received = self._edge.now_s, 0
        self._transport.write_eof()
        if self._paused:
            self._paused = False
            self._transport.resume_reading()

    def _discard(self, data: bytes) -> None:
        self._received += len(data)
        if self._received > _LINGER_BYTES:
            self._transport.abort()

    # Time

    def sweep(self, now_s: float, since_s: float) -> None:
        """End what takes too long; the last sweep was at *since_s*."""
        if now_s - self._born_s > self._edge.limits.age_s:
            self._requests_left = 0
        if self._flowing:
            _SWEEPS[self._phase](self, now_s - self._since_s, now_s - since_s)
        else:
            self._sweep_writing(now_s)

    def _sweep_writing(self, now_s: float) -> None:
        unsent = self._transport.get_write_buffer_size()
        if unsent != self._unsent:
            self._unsent, self._since_s = unsent, now_s
        elif now_s - self._since_s > self._edge.limits.write_s:
            self._transport.abort()

    def _sweep_idle(self, waited_s: float, _: float) -> None:
        if waited_s > self._edge.limits.keep_alive_s:
            self._close()

    def _sweep_head(self, waited_s: float, _: float) -> None:
        limit_s = self._edge.limits.head_s
        if waited_s > limit_s:
            self._refuse(ProtocolError(408, f"no whole head within {limit_s:g} s"), lingers=False)

    def _sweep_body(self, waited_s: float, _: float) -> None:
        if error := self._too_slow(waited_s):
            self._refuse(error, lingers=False)

    def _sweep_answer(self, waited_s: float, passed_s: float) -> None:
        sink = self._reader.sink
        if isinstance(sink, BodyStream):
            if not sink.is_awaited:
                self._since_s += passed_s  # the handler keeps the client waiting
            elif error := self._too_slow(waited_s):
                self._fail(error)

    def _too_slow(self, waited_s: float) -> ProtocolError | None:
        """What is wrong with a body of which so much has come in this time."""
        limits = self._edge.limits
        is_slow = waited_s > _GRACE_S and self._received < waited_s * limits.body_bytes_s
        return ProtocolError(408, "the body comes too slowly") if is_slow or waited_s > limits.body_s else None

    def _sweep_last(self, waited_s: float, _: float) -> None:
        self._sweep_writing(self._edge.now_s)

    def _sweep_end(self, waited_s: float, _: float) -> None:
        if self._transport.get_write_buffer_size():
            self._sweep_writing(self._edge.now_s)  # what it should read has not gone out
        elif waited_s > _LINGER_S:
            self._transport.abort()


_SWEEPS: dict[Phase, Callable[[Http1Protocol, float, float], None]] = {
    Phase.REQUEST: Http1Protocol._sweep_idle,
    Phase.HEAD: Http1Protocol._sweep_head,
    Phase.BODY: Http1Protocol._sweep_body,
    Phase.ANSWER: Http1Protocol._sweep_answer,
    Phase.LAST: Http1Protocol._sweep_last,
    Phase.END: Http1Protocol._sweep_end,
}


def _problem(error: ProtocolError) -> Response:
    headers = [("retry-after", "1")] if error.status == 503 else []
    return Response.problem(error.status, error.detail, new_id(), headers)


def _unanswered() -> Response:
    return Response.problem(500, "the server failed to answer", new_id())
