"""Subscribers: functions that the app calls with each message of a topic."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, NamedTuple

from .binding import Binding, Source, is_async, vocabulary
from .context import GlobalContext
from .errors import UsageError, describe

__all__ = ("Subscribed", "Subscriber")

_log = logging.getLogger("pyrt")


class Subscribed(NamedTuple):
    """A subscriber as it was declared (see `App.subscribe`)."""

    topic: str
    function: Callable[..., Any]
    group: str | None
    concurrency: int
    limit_messages: int


class Delivery(NamedTuple):
    """What a subscriber's names are read from."""

    message: Any
    gctx: GlobalContext


class Subscriber:
    """A bound subscriber with its queue and, once started, its workers.

    A failing call is logged and the next message follows: delivery is at most once.

    Raises:
        UsageError: not a coroutine function, or it names something that is not there.
    """

    def __init__(self, declared: Subscribed, gctx: GlobalContext) -> None:
        if not is_async(declared.function):
            raise UsageError(f"subscriber {describe(declared.function)} must be `async def`")
        self._declared, self._gctx = declared, gctx
        names = vocabulary(gctx.modules, message=Source("context.message"))
        self._call = Binding(declared.function, names).call
        self._queue = gctx.queue.subscribe(declared.topic, declared.group, declared.limit_messages)
        self._workers: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._workers = [asyncio.create_task(self._work()) for _ in range(self._declared.concurrency)]

    async def _work(self) -> None:
        async for message in self._queue:
            try:
                await self._call(Delivery(message, self._gctx))
            except Exception:
                _log.exception("subscriber %s failed on a message", describe(self._declared.function))

    async def stop(self, drain_timeout_s: float) -> None:
        """Take no more messages, finish those pending within the time, then cancel and log what is left."""
        self._gctx.queue.unsubscribe(self._queue)
        if self._workers:
            _, late = await asyncio.wait(self._workers, timeout=drain_timeout_s)
            for worker in late:
                worker.cancel()
            await asyncio.gather(*late, return_exceptions=True)
            self._workers = []
        lost = self._queue.statistics().pending
        if lost:
            _log.error("%d messages of %r were not delivered before the app stopped", lost, self._declared.topic)
