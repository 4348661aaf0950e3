"""Request bodies, part by part: the client is read no faster than the handler takes them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from ..http.headers import Headers
from ..http.messages import Request

__all__ = ("BodyStream",)

HIGH_WATER_BYTES = 64 * 1024
"""Bytes that were received and not taken yet; past it, the client is not read."""

# Parts smaller than the first are joined while they wait, up to about the second.
_SMALL_BYTES, _JOINED_BYTES = 512, 4096


class BodyStream:
    """A body that is still arriving: an async iterator over its parts, none of them empty.

    Args:
        pause, resume: called to pause reading from the client, and to resume it.
        wanted: called when the handler begins to wait for the next part.

    Attributes:
        request: the request of the body; it gets the trailers.
        pending_bytes: bytes that were received and not taken yet.
    """

    def __init__(
        self, request: Request, pause: Callable[[], None], resume: Callable[[], None], wanted: Callable[[], None]
    ) -> None:
        self.request = request
        self._pause, self._resume, self._wanted = pause, resume, wanted
        self._parts: deque[bytes | bytearray] = deque()
        self.pending_bytes = 0
        self._is_paused = self._is_over = False
        self._error: BaseException | None = None
        self._waiter: asyncio.Future[None] | None = None

    def __aiter__(self) -> BodyStream:
        return self

    async def __anext__(self) -> bytes:
        """The next part.

        Raises:
            ProtocolError: the client breaks HTTP or passes a limit; unless caught, its status is the response's.
        """
        while not self._parts:
            if self._error is not None:
                raise self._error
            if self._is_over:
                raise StopAsyncIteration
            self._waiter = asyncio.get_running_loop().create_future()
            self._wanted()
            try:
                await self._waiter
            finally:
                self._waiter = None
        part = bytes(self._parts.popleft())
        self.pending_bytes -= len(part)
        if self._is_paused and self.pending_bytes < HIGH_WATER_BYTES // 2:
            self._is_paused = False
            self._resume()
        return part

    @property
    def is_awaited(self) -> bool:
        """Whether the handler waits for the next part."""
        return self._waiter is not None

    def feed(self, part: bytes) -> None:
        """Take a part from the client."""
        if len(part) >= _SMALL_BYTES:
            self._parts.append(part)
        elif self._parts and isinstance(last := self._parts[-1], bytearray) and len(last) < _JOINED_BYTES:
            last += part  # separate objects for small parts would take more memory than their bytes
        else:
            self._parts.append(bytearray(part))
        self.pending_bytes += len(part)
        if self.pending_bytes > HIGH_WATER_BYTES and not self._is_paused:
            self._is_paused = True
            self._pause()
        self._wake()

    def end(self, trailers: Headers | None) -> None:
        """End the body: the client has sent all of it."""
        self.request.trailers = trailers
        self._is_over = True
        self._wake()

    def fail(self, error: BaseException) -> None:
        """End the body before its end; the handler gets *error* after the parts that have come."""
        self._error = error
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
