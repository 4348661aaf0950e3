"""Subscribers: functions that the app calls with each message of a topic."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from ..errors import UsageError
from ..naming import describe
from ..request.binding import Binding, vocabulary
from ..request.context import GlobalContext
from ..request.deadlines import is_cancelled_from_outside
from ..request.signatures import is_async
from ..request.sources import message_source
from .fabric import Subscription

__all__ = ("Subscribed", "Subscriber", "check_groups")

_log = logging.getLogger("pyrt")


class Subscribed(NamedTuple):
    """A subscriber as it was declared (see `App.subscribe`)."""

    topic: str
    function: Callable[..., Any]
    group: str | None
    concurrency: int
    limit_messages: int


def check_groups(declared: Iterable[Subscribed]) -> None:
    """Raise UsageError unless the subscribers of each group have one limit, since they share one queue."""
    first: dict[tuple[str, str], Subscribed] = {}
    for each in declared:
        if each.group is None:
            continue
        other = first.setdefault((each.topic, each.group), each)
        if other.limit_messages != each.limit_messages:
            raise UsageError(
                f"{describe(other.function)} and {describe(each.function)} share the group {each.group!r} of "
                f"{each.topic!r}, with limits of {other.limit_messages} and {each.limit_messages} messages; "
                "give both the same limit_messages"
            )


class Delivery(NamedTuple):
    """One message for a subscriber, which its parameters are read from."""

    message: Any
    gctx: GlobalContext


class Subscriber:
    """A subscriber with its queue and, after its start, its workers.

    Delivery is at most once: if a message does not fit its annotation, or a call fails, this is logged, and the next
    message follows.

    Raises:
        UsageError: the function is not a coroutine function, or nothing provides one of its parameters.
    """

    def __init__(self, declared: Subscribed, gctx: GlobalContext) -> None:
        if not is_async(declared.function):
            raise UsageError(f"subscriber {describe(declared.function)} must be `async def`")
        self._declared, self._gctx = declared, gctx
        names = vocabulary(gctx.modules, message=message_source(declared.function))
        self._call = Binding(declared.function, names).compiled()
        self._queue: Subscription | None = None
        self._workers: list[asyncio.Task[None]] = []
        self._under_way = 0

    def start(self) -> None:
        """Subscribe, and start the workers, each with empty context variables, not those of the app's starter."""
        declared = self._declared
        self._queue = self._gctx.queue.subscribe(declared.topic, declared.group, declared.limit_messages)
        self._workers = [
            asyncio.get_running_loop().create_task(self._work(self._queue), context=contextvars.Context())
            for _ in range(declared.concurrency)
        ]

    async def _work(self, queue: Subscription) -> None:
        async for message in queue:
            self._under_way += 1
            try:
                await self._call(Delivery(message, self._gctx))
            except asyncio.CancelledError:
                if is_cancelled_from_outside():
                    raise
                _log.exception("subscriber %s raised CancelledError by itself", describe(self._declared.function))
            except Exception:
                _log.exception("subscriber %s failed on a message", describe(self._declared.function))
            self._under_way -= 1

    async def stop(self, drain_timeout_s: float) -> None:
        """Take no more messages, finish the pending ones within the time, then cancel the rest and log their number."""
        queue = self._queue
        if queue is None:
            return
        self._gctx.queue.unsubscribe(queue)
        _, late = await asyncio.wait(self._workers, timeout=drain_timeout_s)
        for worker in late:
            worker.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        lost = queue.statistics().pending + self._under_way
        if lost:
            _log.error("%d messages of %r were not handled before the app stopped", lost, self._declared.topic)
        self._queue, self._workers, self._under_way = None, [], 0
