"""HTTP/1.1 over one connection: an `asyncio.Protocol`.

    bytes -> RequestReader -> Request -> service.handle, one at a time, in order -> encode -> bytes

Each request runs in its own task (see `request.tasks`), so that context variables, timeouts and task groups work in
handlers. Bytes that arrive meanwhile stay in the buffer; past `pipelined_bytes` the connection pauses the transport.
While the client does not read its responses, no further request is begun. Sources: RFC 9110, RFC 9112.

How a connection ends:

| way | when | what the client receives |
|---|---|---|
| `close`, then `_finish` | a response is the last one, or no request came for `keep_alive_s` | every response |
| `close`, then `_linger` | the same, but the client may still be sending | every response, then the end |
| `refuse`, then `_linger` | its bytes break HTTP or a limit, or connections are too many | an error, then the end |
| `refuse`, then `_finish` | a head or body took too long, or too many connections linger already | an error |
| `break_off` | a response failed after its head was sent, or its task ended without one | a part of the response |
| `abort` by a sweep | it received nothing for `write_s` | a part of the responses |
| `abort` by the server | the server stops, and the drain time is over | a part of the responses |
| `connection_lost` alone | the client closed or reset the connection | nothing; its request is cancelled |

A client that ends only its own side (`eof_received`) still gets its responses. `_linger` aborts after 2 s or 1 MiB.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import cast

from ..errors import ProtocolError
from ..http.messages import Request, Response
from ..request.context import new_id
from ..request.streams import Stream
from ..request.tasks import begin
from ..types import BodySink, Service
from . import sweeping
from .bodies import BodyStream
from .edge import Edge
from .reading import RequestReader
from .streaming import send_stream
from .sweeping import Phase
from .writing import WITHOUT_CONTENT, encode

__all__ = ("Http1Protocol",)

_log = logging.getLogger("pyrt")

# After the last response, read and drop up to so many bytes, so that the client can receive it.
_LINGER_BYTES = 1024 * 1024
# Requests of one connection that are answered before the event loop gets its turn.
_AT_ONCE = 16
# Refused connections that may linger at the same time; further ones are closed after their 503.
_LINGERING = 256
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_REQUEST, _HEAD, _BODY, _ANSWER = Phase.REQUEST, Phase.HEAD, Phase.BODY, Phase.ANSWER


class Http1Protocol(asyncio.Protocol):
    """The ingress: one connection.

    Args:
        service: answers the requests.
        edge: state that all connections of the server share.

    Attributes:
        flowing: whether the client reads its responses fast enough; if not, the write buffer is over its limit.
        paused: whether the transport is not read, because too many bytes wait in the buffer.
        phase, since_s: what the connection waits for, and since when.
        received: bytes that came in this phase. unsent: bytes that waited to be sent at the last sweep.
        requests_left: how many requests the connection still answers.
    """

    __slots__ = (
        "_began_s", "_closing", "_ends", "_eof", "_error", "_lost", "_request", "_service", "_task", "_waiters",
        "born_s", "edge", "flowing", "loop", "paused", "phase", "reader", "received", "requests_left", "since_s",
        "transport", "unsent",
    )  # fmt: skip

    def __init__(self, service: Service, edge: Edge | None = None) -> None:
        self._service, self.edge = service, edge or Edge()
        self.requests_left = self.edge.limits.requests
        self._request: Request | None = None
        self._task: asyncio.Task[Response | None] | None = None
        self._error: ProtocolError | None = None
        # _ends: the connection ends when all requests that came are answered, because the server stops or the client
        # has ended its side (_eof). _closing: nothing more is written. _lost: the transport is closed.
        self._ends = self._eof = self._closing = self._lost = self.paused = False
        self.flowing = True
        self._waiters: list[asyncio.Future[None]] | None = None
        self.born_s = self.since_s = self.edge.now_s
        self.received = self.unsent = 0
        self._began_s = 0.0
        self.phase = Phase.REQUEST

    # Connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.loop = asyncio.get_running_loop()
        edge, peer = self.edge, transport.get_extra_info("peername")
        self.reader = RequestReader(edge.limits, peer[:2] if isinstance(peer, tuple) else None, self._plan)
        self.transport.set_write_buffer_limits(edge.limits.write_buffer_bytes)
        if len(edge.connections) < edge.limits.connections:
            edge.connections.add(self)
            return
        edge.refused.add(self)
        edge.refused_connections += 1
        error = ProtocolError(503, "the server is at its limit of connections; retry later")
        self.refuse(error, lingers=len(edge.refused) <= _LINGERING)

    def connection_lost(self, exc: Exception | None) -> None:
        self.edge.connections.discard(self)
        self.edge.refused.discard(self)
        self._lost = self._closing = True
        if self._task is not None:
            self._task.cancel()
        if self.reader.sink is not None:
            self.fail(ProtocolError(400, "the client has closed the connection"))
        self._notify()

    def pause_writing(self) -> None:
        self.flowing = False
        self.since_s, self.unsent = self.edge.now_s, self.transport.get_write_buffer_size()

    def resume_writing(self) -> None:
        self.flowing = True
        self.since_s = self.edge.now_s
        self._notify()
        self._run()

    def drain(self) -> None:
        """Answer the requests that have begun to arrive, then close."""
        self._ends = True
        self._run()

    def abort(self) -> None:
        """Close now, without waiting for a request or a response."""
        self.transport.abort()

    @property
    def is_over(self) -> bool:
        """Whether the connection is closed and its last request has ended."""
        return self._lost and self._task is None

    async def wait_closed(self) -> None:
        """Wait until the connection is over."""
        while not self.is_over:
            await self._change()

    def _change(self) -> asyncio.Future[None]:
        """A future that is done when the client reads again, or the connection or its request is over."""
        waiter = self.loop.create_future()
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
        self.reader.feed(data)
        self.received += len(data)
        if self._task is None:
            self._run()
            if self._task is None and self.flowing:
                return
        elif self.reader.sink is not None:
            self._advance()
        if self.reader.unread > self.edge.limits.pipelined_bytes:
            self._pause()

    def eof_received(self) -> bool:
        # A client that ends its side may still read its responses (RFC 9112 section 9.6).
        self._eof = self._ends = True
        if self.reader.sink is not None:
            self.fail(ProtocolError(400, "the client left before the end of its body"))
        self._run()
        return not self._closing or self.phase is Phase.LAST

    def _run(self) -> None:
        """Answer the requests that have come, one after the other, until one of them waits or none is left."""
        reader, left = self.reader, _AT_ONCE
        while self._task is None and self.flowing and not self._closing:
            if not left and reader.unread:
                self._pause()
                self.loop.call_soon(self._run)
                return
            left -= 1
            try:
                request = reader.next()
            except ProtocolError as error:
                if not error.goes_on:
                    self.refuse(error)
                    return
                self.requests_left -= 1
                self.phase = _ANSWER
                self._answered(_problem(error))
                continue
            if request is None:
                self._await_more()
                return
            self.requests_left -= 1
            self.phase = _ANSWER
            edge = self.edge
            if edge.log is not None:
                self._request, self._began_s = request, time.perf_counter()
            try:
                task, response = begin(self.loop, self._respond(request), edge.context.copy())
            except BaseException:
                self.break_off()
                raise
            if task is None:
                self._answered(response)
            else:
                self._task = task
                task.add_done_callback(self._ended)
                if reader.sink is not None:
                    # A part of the body may have come with the head, or before the request's turn.
                    self._resume()
                    self._advance()

    def _await_more(self) -> None:
        """Wait for more: all that has come is read."""
        reader = self.reader
        if self._ends and (self._eof or not (reader.is_in_body or reader.unread)):
            self.close()
            return
        phase = _BODY if reader.is_in_body else _HEAD if reader.unread else _REQUEST
        if phase is not self.phase or phase is _REQUEST:
            self.phase, self.since_s = phase, self.edge.now_s
            if phase is _BODY:
                self.received = reader.body_come
        if reader.expects:
            self._continue()
        if self.paused:
            self._resume()

    def _plan(self, request: Request) -> tuple[BodySink | None, int]:
        """The sink and the limit for a request's body, by the service's plan; without a sink, the body is collected."""
        service, reader = self._service, self.reader
        plan = service.body_plan
        in_parts, limit_bytes = (False, 0) if plan is None else plan(request)
        limit_bytes = limit_bytes or self.edge.limits.body_bytes
        # A response that needs no body is sent instead of 100 Continue, as the last (RFC 9110 section 10.1.1).
        is_untaken = reader.expects and not service.takes(request)
        if not in_parts and not is_untaken:
            return None, limit_bytes
        self.since_s, self.received = self.edge.now_s, reader.body_come
        stream = BodyStream(request, self._pause, self._resume, self._continue)
        if in_parts:
            request.body = stream
        return stream, limit_bytes

    def _advance(self) -> None:
        try:
            self.reader.advance()
        except ProtocolError as error:
            self.fail(error)

    def fail(self, error: ProtocolError) -> None:
        """End a body that is not complete; the handler that reads it gets the error."""
        sink, self.reader.sink, self._error = self.reader.sink, None, error
        cast(BodyStream, sink).fail(error)

    def _continue(self) -> None:
        if self.reader.expects and not self._closing:
            self.reader.expects = False
            self.transport.write(_CONTINUE)

    def _pause(self) -> None:
        if not self.paused and not self._closing:
            self.paused = True
            self.transport.pause_reading()

    def _resume(self) -> None:
        if self.paused and not self._closing:
            self.paused = False
            self.transport.resume_reading()

    # Responses out

    async def _respond(self, request: Request) -> Response | None:
        """The response to a request; None if it was streamed, which is done then."""
        try:
            response = await self._service.handle(request)
        except (Exception, asyncio.CancelledError):
            if self._lost:
                raise
            _log.exception("%s was not answered by the app; the client gets a 500", request)
            return _unanswered()
        if isinstance(response.body, Stream):
            await send_stream(self, response, response.body, request)
            return None
        return response

    def _ended(self, task: asyncio.Task[Response | None]) -> None:
        """Go on after a request whose task has ended."""
        self._task = None
        if self._lost:
            self._notify()
            if not task.cancelled() and task.exception() is not None:
                _log.error("a request failed after its client was gone", exc_info=task.exception())
            return
        if task.cancelled() or task.exception() is not None:
            self.break_off()
            if not task.cancelled():
                _log.error("a request ended without an answer; its connection is closed", exc_info=task.exception())
            return
        self._answered(task.result())
        self._run()

    def _answered(self, response: Response | None) -> None:
        """Send a response that is not streamed, and decide whether the connection goes on."""
        if response is None or self._closing:
            return
        edge, keep_alive, is_head = self.edge, self.goes_on(), self.reader.heads.method == "HEAD"
        try:
            data = encode(response, keep_alive, edge.date, is_head=is_head)
        except Exception:
            _log.exception("a response could not be encoded; the client gets a 500: %r", response)
            response, keep_alive = _unanswered(), False
            data = encode(response, keep_alive, edge.date, is_head=is_head)
        self.transport.write(data)
        if edge.log is not None:
            is_empty = is_head or response.status in WITHOUT_CONTENT
            self.record(response.status, 0 if is_empty else len(response.body))
        if not keep_alive:
            self.close()

    def record(self, status: int, size: int) -> None:
        """Note a response in the access log, if there is one."""
        log, self._request, request = self.edge.log, None, self._request
        if log is not None:
            log.add(request, self.reader.client, status, size, time.perf_counter() - self._began_s if request else 0.0)

    def goes_on(self) -> bool:
        """Whether the connection goes on after the current request."""
        reader = self.reader
        if self._ends and not reader.unread:
            return False
        return reader.persistent and reader.sink is None and self.requests_left > 0 and self._error is None

    async def writable(self) -> None:
        """Wait until the client reads again, or the connection is over."""
        while not self.flowing and not self._lost:
            await self._change()

    async def flushed(self) -> None:
        """Wait until the transport has sent everything, or the connection is over."""
        self.transport.set_write_buffer_limits(0)
        await self.writable()
        self.transport.set_write_buffer_limits(self.edge.limits.write_buffer_bytes)

    # Ends

    def close(self) -> None:
        """Close when the client has taken what was written; if it may still be sending, read on for a while."""
        if self.reader.sink is not None:
            self.fail(ProtocolError(400, "the request was answered before the end of its body"))
        if not self._eof and (self.reader.unread or self._error is not None):
            self._linger()
        else:
            self._finish()

    def _finish(self) -> None:
        """Write and read no more; close when everything is sent."""
        self._closing, self.phase, self.since_s = True, Phase.LAST, self.edge.now_s
        self.transport.close()

    def break_off(self) -> None:
        """Close in the middle of a response, so that the client does not take it as complete."""
        self._closing = True
        self.transport.abort()

    def refuse(self, error: ProtocolError, *, lingers: bool = True) -> None:
        """Answer with an error, and end the connection."""
        is_head = self.reader.heads.method == "HEAD"
        response = _problem(error)
        self.transport.write(encode(response, False, self.edge.date, is_head=is_head))
        self.record(error.status, 0 if is_head else len(response.body))
        if lingers and not self._eof:
            self._linger()
        else:
            self._finish()

    def _linger(self) -> None:
        """End only this side, and read on for a while: else the last response may be lost (RFC 9112 section 9.6)."""
        self._closing, self.phase = True, Phase.END
        self.since_s, self.received = self.edge.now_s, 0
        self.transport.write_eof()
        if self.paused:
            self.paused = False
            self.transport.resume_reading()

    def _discard(self, data: bytes) -> None:
        self.received += len(data)
        if self.received > _LINGER_BYTES:
            self.transport.abort()

    def sweep(self, now_s: float, since_s: float) -> None:
        """End the connection if it has waited too long (see `sweeping`)."""
        sweeping.sweep(self, now_s, since_s)


def _problem(error: ProtocolError) -> Response:
    headers = [("retry-after", "1")] if error.status == 503 else []
    return Response.problem(error.status, error.detail, new_id(), headers)


def _unanswered() -> Response:
    return Response.problem(500, "the server failed to answer", new_id())
