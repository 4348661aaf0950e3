"""Request bodies, part by part: read no faster than they are taken."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from ..http.headers import Headers
from ..http.messages import Request

__all__ = ("BodyStream",)

HIGH_WATER_BYTES = 64 * 1024
"""Received and not taken; past it the client is not read."""

# Parts smaller than this are put together while they wait, up to about so many bytes.
_SMALL_BYTES, _JOINED_BYTES = 512, 4096


class BodyStream:
    """A body that is still under way: an async iterator over its parts, none of them empty.

    Args:
        pause, resume: reading from the client.
        wanted: called when somebody waits for the client.

    Attributes:
        request: the one that the body belongs to; it gets the trailers.
        pending_bytes: received and not taken.
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
            ProtocolError: the client breaks HTTP or passes a limit; the request is answered with its status.
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
        """Whether somebody waits for the client's next part."""
        return self._waiter is not None

    def feed(self, part: bytes) -> None:
        """Take a part from the client."""
        if len(part) >= _SMALL_BYTES:
            self._parts.append(part)
        elif self._parts and isinstance(last := self._parts[-1], bytearray) and len(last) < _JOINED_BYTES:
            last += part  # each part by itself would take more memory than it has bytes
        else:
            self._parts.append(bytearray(part))
        self.pending_bytes += len(part)
        if self.pending_bytes > HIGH_WATER_BYTES and not self._is_paused:
            self._is_paused = True
            self._pause()
        self._wake()

    def end(self, trailers: Headers | None) -> None:
        """The client has sent all of it."""
        self.request.trailers = trailers
        self._is_over = True
        self._wake()

    def fail(self, error: BaseException) -> None:
        """Nothing more will come, for this reason."""
        self._error = error
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
