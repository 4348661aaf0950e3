"""The running app: what starts and stops with it, and the object that answers requests while it runs."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, NamedTuple

from .errors import DeadlineExceeded, UsageError
from .http.messages import Request, Response
from .limits import Limits
from .modules import Modules
from .naming import describe
from .pools import Pools
from .queue.subscribers import Subscriber
from .request.binding import Binding, Vocabulary
from .request.controller import Controller
from .request.unwinding import unwind
from .types import BodyPlan

__all__ = ("FrozenApp", "Lifecycle", "LifecycleFunction", "RunningApp")


class LifecycleFunction(NamedTuple):
    """A function that runs when the app starts or stops, as it was declared.

    Attributes:
        kind: `start`, `stop` or `lifespan`.
        priority: lower starts earlier and stops later.
        timeout_s: time limit in seconds; a lifespan has it once to enter and once to leave.
    """

    kind: str
    function: Callable[..., Any]
    priority: int
    timeout_s: float


class Lifecycle:
    """The functions that run when the app starts, by ascending priority, and when it stops, in reverse order.

    Raises:
        UsageError: a function names something that is not provided.
    """

    def __init__(self, declared: Iterable[LifecycleFunction], names: Vocabulary) -> None:
        ordered = sorted(declared, key=lambda each: each.priority)
        self._steps = [(each, Binding(each.function, names).compiled()) for each in ordered]
        self._exits: list[tuple[LifecycleFunction, Callable[[], Any]]] = []

    async def start(self, context: Any) -> None:
        """Run the start functions and enter the lifespans; if one fails, undo those that ran, and raise its error.

        Raises:
            DeadlineExceeded: a function took longer than its `timeout_s`.
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
        """Undo in reverse order; a failure is logged and the rest still stops, also if this is cancelled meanwhile."""
        await unwind(
            self._exits,
            lambda step: _limited(step[0], step[1]()),
            lambda step: f"while the app stopped, {describe(step[0].function)}",
        )


async def _limited(declared: LifecycleFunction, result: Any) -> None:
    """Wait for the result of a function if it is awaitable, for at most `timeout_s`."""
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


class FrozenApp(NamedTuple):
    """What `App.freeze` makes of the declarations, once.

    Attributes:
        controller: holds the router, the endpoint for requests that no route takes, and the global context.
    """

    controller: Controller
    modules: Modules
    lifecycle: Lifecycle
    subscribers: Sequence[Subscriber]
    pools: Pools


class RunningApp:
    """An app that has started, with everything decided; a `Service` (see `types`).

    Attributes:
        handle: answers a request (see `Controller.handle`).
        takes: tells whether a route takes a request.
        body_plan: tells how to read the body of a request; None if every route leaves that to the ingress.
        limits: limits on what clients may send, also in forms.
    """

    __slots__ = ("_frozen", "body_plan", "handle", "limits", "takes")

    handle: Callable[..., Coroutine[Any, Any, Response]]
    takes: Callable[[Request], bool]
    body_plan: Callable[[Request], BodyPlan] | None

    def __init__(self, frozen: FrozenApp, limits: Limits, debug: bool) -> None:
        controller = frozen.controller.with_debug(debug)
        self._frozen, self.limits = frozen, limits
        self.handle, self.takes, self.body_plan = controller.handle, controller.takes, controller.body_plan

    async def start(self) -> None:
        """Start the modules in order, then the start functions and lifespans, then the subscribers.

        If one fails, those that have started are stopped, and its error is raised.
        """
        frozen = self._frozen
        async with AsyncExitStack() as undo:
            await frozen.modules.start()
            undo.push_async_callback(frozen.modules.stop)
            await frozen.lifecycle.start(frozen.controller)
            undo.push_async_callback(frozen.lifecycle.stop)
            for subscriber in frozen.subscribers:
                subscriber.start()
                undo.push_async_callback(subscriber.stop, 0)
            undo.pop_all()

    async def stop(self, drain_timeout_s: float) -> None:
        """Give subscribers *drain_timeout_s* to finish what is pending, the pools as long again, then stop the rest."""
        frozen = self._frozen
        # The stack runs all four, the last first, also if one fails or this is cancelled meanwhile.
        async with AsyncExitStack() as stack:
            stack.push_async_callback(frozen.modules.stop)
            stack.push_async_callback(frozen.lifecycle.stop)
            stack.push_async_callback(frozen.pools.close, drain_timeout_s)
            stack.push_async_callback(self._drain, drain_timeout_s)

    async def _drain(self, timeout_s: float) -> None:
        await asyncio.gather(*(each.stop(timeout_s) for each in self._frozen.subscribers))
