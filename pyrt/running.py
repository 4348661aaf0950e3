"""What runs once around all requests: functions at start and at stop, and async context managers."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, NamedTuple

from .errors import DeadlineExceeded, UsageError
from .naming import describe
from .request.binding import Binding, Vocabulary
from .request.unwinding import unwind

__all__ = ("Lifecycle", "LifecycleFunction")

_log = logging.getLogger("pyrt")


class LifecycleFunction(NamedTuple):
    """A function of the app's own life, as it was declared.

    Attributes:
        kind: `start`, `stop` or `lifespan`.
        priority: lower starts earlier and stops later.
        timeout_s: of the call that starts and of the one that stops, each, in seconds.
    """

    kind: str
    function: Callable[..., Any]
    priority: int
    timeout_s: float


class Lifecycle:
    """The functions of an app's life, bound: started by ascending priority, stopped in reverse of their start.

    Raises:
        UsageError: a function that names what is not there.
    """

    def __init__(self, declared: Iterable[LifecycleFunction], names: Vocabulary) -> None:
        ordered = sorted(declared, key=lambda each: each.priority)
        self._steps = [(each, Binding(each.function, names).compiled()) for each in ordered]
        self._exits: list[tuple[LifecycleFunction, Callable[[], Any]]] = []

    async def start(self, context: Any) -> None:
        """Run what starts; if one fails, what has started is stopped and the failure is raised.

        Raises:
            DeadlineExceeded: one took longer than its time.
        """
        try:
            for declared, call in self._steps:
                if declared.kind == "stop":
                    self._exits.append((declared, lambda call=call: call(context)))  # type: ignore[misc]
                elif declared.kind == "start":
                    await _limited(declared, call(context))
                else:
                    lifespan = _manager(declared, call(context))
                    await _limited(declared, lifespan.__aenter__())
                    self._exits.append((declared, lambda lifespan=lifespan: lifespan.__aexit__(None, None, None)))  # type: ignore[misc]
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Undo in reverse; a failure is logged and the rest still stops, also when this is cancelled meanwhile."""
        await unwind(
            self._exits,
            lambda step: _limited(step[0], step[1]()),
            lambda step: f"while the app stopped, {describe(step[0].function)}",
        )


async def _limited(declared: LifecycleFunction, result: Any) -> None:
    """Wait for what a function returned, if it is to be waited for, within its time."""
    if not inspect.isawaitable(result):
        return
    limit = asyncio.timeout(declared.timeout_s)
    try:
        async with limit:
            await result
    except TimeoutError:
        if not limit.expired():
            raise
        raise DeadlineExceeded(describe(declared.function), declared.timeout_s) from None


def _manager(declared: LifecycleFunction, result: Any) -> AbstractAsyncContextManager[Any]:
    if inspect.isasyncgen(result):
        return asynccontextmanager(lambda: result)()
    if isinstance(result, AbstractAsyncContextManager):
        return result
    raise UsageError(
        f"{describe(declared.function)} is a lifespan and must be an async generator function with one `yield`, "
        f"or return an async context manager; it returned {result!r}"
    )
