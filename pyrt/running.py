"""The running app: what starts and stops with it, and the one object that answers while it runs."""

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


class FrozenApp(NamedTuple):
    """What `App.freeze` makes of the declarations, once.

    Attributes:
        controller: with the router, the endpoint for requests that no route takes, and the global context.
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
        takes: whether a route takes a request.
        body_plan: how a request's body is to be read; None where every route leaves that to the ingress.
        limits: of what strangers may send, also in forms.
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
        """Start the modules in order, then the functions of the app's life, then the subscribers.

        If one fails, what has started is stopped, and the failure is raised.
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
        """Let subscribers and pools finish what is pending, within *drain_timeout_s* each, then stop the rest."""
        frozen = self._frozen
        # Each is stopped, last entered first, also where one fails or this is cancelled meanwhile.
        async with AsyncExitStack() as stack:
            stack.push_async_callback(frozen.modules.stop)
            stack.push_async_callback(frozen.lifecycle.stop)
            stack.push_async_callback(frozen.pools.close, drain_timeout_s)
            stack.push_async_callback(self._drain, drain_timeout_s)

    async def _drain(self, timeout_s: float) -> None:
        await asyncio.gather(*(each.stop(timeout_s) for each in self._frozen.subscribers))
