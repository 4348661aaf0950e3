"""Response bodies that are sent part by part, within the request's deadline; their end runs its cleanup."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

from ..errors import DeadlineExceeded
from ..http.files import File
from .deadlines import is_cancelled_from_outside, within

if TYPE_CHECKING:
    from .context import LocalContext

__all__ = ("Stream", "begun", "discard")


def discard(lctx: LocalContext) -> None:
    """Close the body of a response that will not be sent; only at the request's end, as another response may use it."""
    close = getattr(lctx.response and lctx.response.body, "aclose", None)
    if close is not None:
        lctx.on_cleanup(close)


class Stream:
    """The parts of a body as bytes, none of them empty.

    The end of the stream ends its request: *finish* runs exactly once, at the end of the parts, at their failure or at
    `aclose`, whichever is first.

    Args:
        parts: iterator of the parts, each `bytes` or `str`.
        limit_s: time limit of the request, in seconds; None for no limit.
        left_s: returns the seconds that are left of the limit, which the next part may take.
        finish: closes the iterator and ends the request; called with the error of the stream, or None.
        what: name of the request in errors.
        file: file whose bytes the parts are; None for other streams.

    Attributes:
        length: size of all parts together in bytes; None if it is unknown.
    """

    def __init__(
        self,
        parts: AsyncIterator[bytes | str],
        limit_s: float | None,
        left_s: Callable[[], float | None],
        finish: Callable[[BaseException | None], Awaitable[None]],
        what: object,
        file: File | None = None,
    ) -> None:
        self._parts, self.file = parts, file
        self.length = None if file is None else file.size
        self._limit_s, self._left_s, self._finish, self._what = limit_s, left_s, finish, what
        self._over = False

    def __aiter__(self) -> Stream:
        return self

    async def __anext__(self) -> bytes:
        """The next part.

        Raises:
            DeadlineExceeded: the time of the request is over.
            TypeError: a part is neither bytes nor str.
        """
        if self._over:
            raise StopAsyncIteration
        try:
            while True:
                # Yield to the event loop: parts that are made without waiting must not block it.
                await asyncio.sleep(0)
                left_s = self._left()
                part = await within(self._next(), self._limit_s, self._what, left_s)
                encoded = part.encode() if isinstance(part, str) else part
                if isinstance(encoded, bytearray | memoryview):
                    encoded = bytes(encoded)
                if not isinstance(encoded, bytes):
                    raise TypeError(f"a part of a streamed body must be bytes or str, got {type(encoded).__name__}")
                if encoded:
                    return encoded
        except StopAsyncIteration:
            await self._close(None)
            raise
        except asyncio.CancelledError as error:
            await self._close(error)
            if is_cancelled_from_outside():
                raise
            raise RuntimeError("the stream raised CancelledError, but its request was not cancelled") from error
        except BaseException as error:
            await self._close(error)
            raise

    async def sent(self, wait: Callable[[], Awaitable[Any]]) -> None:
        """Await `wait()`, which returns when the client can take more, within the request's time.

        Raises:
            DeadlineExceeded: the time of the request is over, and so is the stream.
            ConnectionError: the client is gone, and the stream is over.
        """
        try:
            left_s = self._left()
            await within(_awaited(wait), self._limit_s, self._what, left_s)
        except ConnectionError:  # not an error of the stream
            await self._close(None)
            raise
        except BaseException as error:
            await self._close(error)
            raise

    async def aclose(self) -> None:
        """End the stream early: close its iterator, and end the request."""
        await self._close(None)

    def _left(self) -> float | None:
        left_s = self._left_s()
        if self._limit_s is not None and left_s is not None and left_s <= 0:
            raise DeadlineExceeded(str(self._what), self._limit_s)
        return left_s

    async def _next(self) -> Any:
        return await anext(self._parts)

    async def _close(self, error: BaseException | None) -> None:
        if not self._over:
            self._over = True
            await self._finish(error)


async def _awaited(wait: Callable[[], Awaitable[Any]]) -> None:
    await wait()


class _Begun:
    """An async iterator whose first part was made before."""

    __slots__ = ("_first", "_rest")

    def __init__(self, first: Any, rest: AsyncGenerator[Any, None]) -> None:
        self._first, self._rest = [first], rest

    def __aiter__(self) -> _Begun:
        return self

    async def __anext__(self) -> Any:
        return self._first.pop() if self._first else await anext(self._rest)

    async def aclose(self) -> None:
        await self._rest.aclose()


async def begun(parts: AsyncGenerator[Any, None]) -> AsyncIterator[Any]:
    """Make the first of *parts*: an error of the generator before it can still set the response's status."""
    try:
        return _Begun(await anext(parts), parts)
    except StopAsyncIteration:
        return parts
