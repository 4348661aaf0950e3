"""The queue fabric: publish and subscribe inside one process, every queue bounded.

Each subscription has its own queue; subscribers of one *group* share a queue. A published message reaches every
subscription of the topic, or none if one is full (`Overload`). Messages live as long as the process.

Invariant: while a receiver waits, each pending message has another receiver that was woken for it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, NamedTuple

from ..errors import ClosedError, Overload, UsageError

__all__ = ("QueueFabric", "Statistics", "Subscription")


class Statistics(NamedTuple):
    """Counts of one subscription.

    Attributes:
        pending, limit_messages: messages that wait, and how many may.
        published, delivered, refused: messages since the subscription began.
    """

    pending: int
    limit_messages: int
    published: int
    delivered: int
    refused: int


class Subscription:
    """One bounded queue on a topic. Receive with `await get()`, `get_nowait()` or `async for`."""

    __slots__ = (
        "_closed",
        "_delivered",
        "_pending",
        "_published",
        "_refused",
        "_waiting",
        "group",
        "limit_messages",
        "topic",
    )

    def __init__(self, topic: str, group: str | None, limit_messages: int) -> None:
        if limit_messages < 1:
            raise UsageError(f"limit_messages must be at least 1, got {limit_messages}")
        self.topic, self.group, self.limit_messages = topic, group, limit_messages
        self._pending: deque[Any] = deque()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._published = self._delivered = self._refused = 0
        self._closed = False

    @property
    def full(self) -> bool:
        return len(self._pending) >= self.limit_messages

    def _put(self, message: Any) -> None:
        self._pending.append(message)
        self._published += 1
        self._wake()

    def _wake(self) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    def get_nowait(self) -> Any:
        """The oldest message, without waiting.

        Raises:
            LookupError: no message is pending.
        """
        if not self._pending:
            raise LookupError(f"no message is pending on {self.topic!r}")
        self._delivered += 1
        return self._pending.popleft()

    async def get(self) -> Any:
        """The oldest message; waits if there is none. Cancelling this loses no message.

        Raises:
            ClosedError: the subscription is closed and no message is pending.
        """
        while not self._pending:
            if self._closed:
                raise ClosedError(f"subscription to {self.topic!r}")
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                if waiter in self._waiting:
                    self._waiting.remove(waiter)
                # This receiver may be the only one that was woken for a message: wake another.
                if self._pending:
                    self._wake()
                raise
        return self.get_nowait()

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self.get()
        except ClosedError:
            raise StopAsyncIteration from None

    def _close(self) -> None:
        """Close: receivers get the pending messages, then `ClosedError` (`async for` ends)."""
        self._closed = True
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)
        self._waiting.clear()

    def statistics(self) -> Statistics:
        return Statistics(len(self._pending), self.limit_messages, self._published, self._delivered, self._refused)

    def __repr__(self) -> str:
        pending = f"{len(self._pending)} of {self.limit_messages} pending"
        return f"<Subscription {self.topic!r} group={self.group!r} {pending}>"


class QueueFabric:
    """Topics by name, each with its subscriptions."""

    def __init__(self) -> None:
        self._topics: dict[str, list[Subscription]] = {}

    def subscribe(self, topic: str, group: str | None = None, limit_messages: int = 1000) -> Subscription:
        """A new queue on *topic*, or the queue that *group* already has there.

        Raises:
            UsageError: the limit is below 1, or differs from the group's.
        """
        subscriptions = self._topics.setdefault(topic, [])
        for subscription in subscriptions:
            if group is not None and subscription.group == group:
                if subscription.limit_messages != limit_messages:
                    raise UsageError(
                        f"group {group!r} of {topic!r} has a limit of {subscription.limit_messages} messages, "
                        f"not {limit_messages}; give all its subscribers the same limit"
                    )
                return subscription
        subscriptions.append(Subscription(topic, group, limit_messages))
        return subscriptions[-1]

    def unsubscribe(self, subscription: Subscription) -> None:
        """Take a queue off its topic and close it; its pending messages can still be received."""
        if subscription in self._topics.get(subscription.topic, ()):
            self._topics[subscription.topic].remove(subscription)
            if not self._topics[subscription.topic]:
                del self._topics[subscription.topic]
        subscription._close()

    def publish_nowait(self, topic: str, message: Any) -> int:
        """Put *message* into the queue of every subscription of *topic*; returns their number.

        Call it in the event loop's thread only. From another thread, such as a plain `def` handler's, use
        `loop.call_soon_threadsafe`.

        Raises:
            Overload: a queue is full, so no queue got the message.
        """
        subscriptions = self._topics.get(topic, ())
        for subscription in subscriptions:
            if subscription.full:
                subscription._refused += 1
                raise Overload(f"queue {topic!r}", len(subscription._pending), subscription.limit_messages)
        for subscription in subscriptions:
            subscription._put(message)
        return len(subscriptions)

    async def publish(self, topic: str, message: Any) -> int:
        """The same as `publish_nowait`: it does not wait, because a full queue refuses."""
        return self.publish_nowait(topic, message)

    def statistics(self) -> dict[str, list[Statistics]]:
        """Counts of every subscription, by topic."""
        return {topic: [each.statistics() for each in queues] for topic, queues in self._topics.items()}
