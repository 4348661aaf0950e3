"""Responses that are written part by part, no faster than the client reads them."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any

from ..http.files import File
from ..http.messages import Request, Response
from ..request.streams import Stream
from .sendfile import send_file
from .writing import WITHOUT_CONTENT, encode

if TYPE_CHECKING:
    from .http1 import Http1Protocol

__all__ = ("send_stream",)


async def send_stream(connection: Http1Protocol, response: Response, parts: Stream, request: Request) -> None:
    """Write a response whose body is *parts*; if the stream fails, the connection ends before the response does."""
    chunked = request.version == "1.1" and parts.length is None
    is_bare = response.status in WITHOUT_CONTENT or request.method == "HEAD"
    keep_alive = connection.goes_on() and (chunked or is_bare or parts.length is not None)
    connection.reader.expects = False  # after the response has begun, it is too late for 100 Continue
    sender = _Sender(connection, parts, chunked)
    try:
        async with contextlib.aclosing(parts):
            connection.transport.write(encode(response, keep_alive, connection.edge.date, chunked=chunked))
            if not is_bare:
                await sender.send()
    except Exception:
        connection.break_off()  # the controller has logged it
        return
    finally:
        connection.record(response.status, sender.sent_bytes)  # also if the response broke off
    if not keep_alive:
        connection.close()


class _Sender:
    """Sends the parts of one stream.

    Attributes:
        sent_bytes: bytes of the parts that were sent so far.
    """

    def __init__(self, connection: Http1Protocol, parts: Stream, chunked: bool) -> None:
        self._connection, self._parts, self._chunked = connection, parts, chunked
        self.sent_bytes = 0

    async def send(self) -> None:
        parts, connection = self._parts, self._connection
        socket = connection.transport.get_extra_info("socket")
        if parts.file is not None and socket is not None:
            await parts.sent(connection.flushed)
            await parts.sent(partial(self._send_file, socket, parts.file))
            return
        write = connection.transport.write
        while part := await anext(parts, b""):
            self._count(len(part))
            write(b"%x\r\n%b\r\n" % (len(part), part) if self._chunked else part)
            if not connection.flowing:
                await parts.sent(connection.writable)
        if self._chunked:
            write(b"0\r\n\r\n")

    async def _send_file(self, socket: Any, file: File) -> None:
        """Let the system send a file; if the client leaves or takes nothing, the connection ends without an error."""
        connection = self._connection
        try:
            await send_file(connection.loop, socket, file, connection.edge.limits.write_s, self._count)
        except (ConnectionError, TimeoutError):
            connection.abort()
            await connection.loop.create_future()  # cancelled when the connection is lost

    def _count(self, size: int) -> None:
        self.sent_bytes += size
