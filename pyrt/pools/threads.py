"""A bounded pool of threads for functions that block; it does not keep the process from ending.

Used instead of `ThreadPoolExecutor`, which has no limit for waiting calls, and whose threads are joined when the
interpreter exits: one handler that never returns would keep the process alive.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from typing import Any, TypeVar

from ..errors import ClosedError, Overload, UsageError

__all__ = ("ThreadPool",)

T = TypeVar("T")

_log = logging.getLogger("pyrt")


class ThreadPool:
    """Runs functions in at most *threads* daemon threads, which start when they are first needed.

    The pool works with several event loops, one after the other. A closed pool stays closed.

    Args:
        threads: how many calls run at the same time.
        limit_pending: how many calls may wait for a thread; past it, `run` raises `Overload`.
        what: name of the pool in errors and in the log.
    """

    def __init__(self, threads: int = 40, limit_pending: int = 1000, *, what: str = "the thread pool") -> None:
        if threads < 1 or limit_pending < 0:
            raise UsageError(f"{what} needs at least 1 worker and 0 pending calls, got {threads} and {limit_pending}")
        self.what, self._limit_threads, self._limit_pending = what, threads, limit_pending
        self._changed = threading.Condition()  # guards all that follows
        self._waiting: deque[_Call] = deque()
        self._threads: list[threading.Thread] = []
        self._busy = 0
        self._closed = False
        self._on_last_gone: list[Callable[[], Any]] = []

    @property
    def busy(self) -> int:
        """Number of threads that run a call, also a call whose caller was cancelled."""
        return self._busy

    @property
    def pending(self) -> int:
        """Number of calls that wait for a thread."""
        return len(self._waiting)

    async def run(self, call: Callable[..., T], *args: Any) -> T:
        """Call `call(*args)` in a thread, with the caller's context variables; return its value or raise its error.

        A caller that is cancelled does not wait for the call. If the call has not begun, it never begins; if it runs,
        it keeps its thread to its end, and its result is dropped. An exception that a coroutine cannot raise
        (`StopIteration`), or that would end the event loop (`SystemExit`), arrives as a `RuntimeError`.

        Raises:
            Overload: `limit_pending` calls wait already.
            ClosedError: the pool was closed before the call began.
        """
        mine = _Call(partial(copy_context().run, call, *args), self.what)
        self._enter(mine)
        try:
            result: T = await mine.future
        except (asyncio.CancelledError, GeneratorExit):
            self._leave(mine)
            raise
        finally:
            del mine  # its future holds the error, whose traceback holds this frame
        return result

    def _enter(self, call: _Call) -> None:
        with self._changed:
            if self._closed:
                raise ClosedError(self.what)
            inside = self._busy + len(self._waiting)
            if inside >= self._limit_threads + self._limit_pending:
                raise Overload(self.what, inside - self._limit_threads, self._limit_pending)
            if len(self._threads) < min(inside + 1, self._limit_threads):
                thread = threading.Thread(target=self._serve, name=f"pyrt-{len(self._threads)}", daemon=True)
                thread.start()
                self._threads.append(thread)
            self._waiting.append(call)
            self._changed.notify()

    def _leave(self, call: _Call) -> None:
        with self._changed, contextlib.suppress(ValueError):
            self._waiting.remove(call)
        call.abandon()

    def _serve(self) -> None:
        while (call := self._next()) is not None:
            result, error = _outcome(call.call)
            # Before the caller gets the outcome, so that its next call finds room.
            with self._changed:
                self._busy -= 1
            call.tell(result, error)
            del call, result, error  # or an idle thread would keep them alive

    def _next(self) -> _Call | None:
        with self._changed:
            while not self._waiting:
                if self._closed:
                    self._threads.remove(threading.current_thread())
                    while not self._threads and self._on_last_gone:
                        self._on_last_gone.pop()()
                    return None
                self._changed.wait()
            self._busy += 1
            return self._waiting.popleft()

    async def close(self, timeout_s: float = 5.0) -> int:
        """Refuse new calls, fail waiting calls with `ClosedError`, and wait for running calls.

        Returns:
            Number of calls that still run after *timeout_s*; their threads end with them, or with the process.
        """
        gone = asyncio.Event()
        with self._changed:
            self._closed = True
            waiting, threads = list(self._waiting), list(self._threads)
            self._waiting.clear()
            self._on_last_gone.append(partial(_call_soon, asyncio.get_running_loop(), gone.set))
            self._changed.notify_all()
        for call in waiting:
            call.tell(None, ClosedError(self.what))
        if threads:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await gone.wait()
        if not self._busy:
            for thread in threads:  # each is about to end
                thread.join()
        return self._busy


class _Call:
    """One call, and the future that its caller awaits."""

    __slots__ = ("_abandoned", "_loop", "_what", "call", "future")

    def __init__(self, call: Callable[[], Any], what: str) -> None:
        self.call, self._what, self._loop = call, what, asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self._loop.create_future()
        self._abandoned = False

    def tell(self, result: Any, error: Exception | None) -> None:
        """Give the outcome to the caller; works from any thread."""
        if not _call_soon(self._loop, self._settle, result, error):
            self._drop(error)

    def _settle(self, result: Any, error: Exception | None) -> None:
        if self._abandoned or self.future.done():
            self._drop(error)
        elif error is not None:
            self.future.set_exception(error)
        else:
            self.future.set_result(result)

    def abandon(self) -> None:
        """Note that the caller waits no more; the outcome may have come already."""
        self._abandoned = True
        if self.future.done() and not self.future.cancelled():
            self._drop(self.future.exception())

    def _drop(self, error: BaseException | None) -> None:
        if error is not None:
            _log.warning("a call in %s failed after its caller was cancelled", self._what, exc_info=error)


def _outcome(call: Callable[[], Any]) -> tuple[Any, Exception | None]:
    # A separate function: the error's traceback holds this frame, which must not refer to the error.
    try:
        return call(), None
    except BaseException as error:
        return None, _awaitable(error)


def _awaitable(error: BaseException) -> Exception:
    """The error, wrapped in a RuntimeError if a coroutine cannot raise it or it would end the event loop."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    carried = RuntimeError(f"the call raised {error!r}")
    carried.__cause__ = error
    return carried


def _call_soon(loop: asyncio.AbstractEventLoop, callback: Callable[..., Any], *args: Any) -> bool:
    """Call *callback* in the loop; False if the loop is closed."""
    try:
        loop.call_soon_threadsafe(callback, *args)
    except RuntimeError:
        return False
    return True
