import asyncio

import pytest

from pyrt import Overload, QueueFabric, UsageError
from pyrt.errors import ClosedError


async def test_every_subscription_gets_every_message_in_order() -> None:
    fabric = QueueFabric()
    one, other = fabric.subscribe("t"), fabric.subscribe("t")
    assert await fabric.publish("t", 1) == 2
    await fabric.publish("t", 2)
    assert [await one.get(), await one.get()] == [1, 2]
    assert [await other.get(), await other.get()] == [1, 2]


async def test_a_group_shares_one_queue() -> None:
    fabric = QueueFabric()
    one, other = fabric.subscribe("t", "g"), fabric.subscribe("t", "g")
    await fabric.publish("t", 1)
    await fabric.publish("t", 2)
    assert [await one.get(), await other.get()] == [1, 2]


def test_a_full_queue_refuses_with_the_numbers_and_nobody_gets_the_message() -> None:
    fabric = QueueFabric()
    full, roomy = fabric.subscribe("t", limit_messages=2), fabric.subscribe("t")
    fabric.publish_nowait("t", 1)
    fabric.publish_nowait("t", 2)
    with pytest.raises(Overload) as caught:
        fabric.publish_nowait("t", 3)
    assert (caught.value.pending, caught.value.limit) == (2, 2)
    assert roomy.statistics().pending == 2
    assert full.statistics().refused == 1


def test_room_made_is_room_to_publish() -> None:
    fabric = QueueFabric()
    queue = fabric.subscribe("t", limit_messages=1)
    fabric.publish_nowait("t", 1)
    assert queue.get_nowait() == 1
    assert fabric.publish_nowait("t", 2) == 1


def test_without_a_subscriber_the_publisher_is_told_zero() -> None:
    assert QueueFabric().publish_nowait("nobody", 1) == 0


async def test_a_waiting_receiver_is_woken_by_a_publish() -> None:
    fabric = QueueFabric()
    queue = fabric.subscribe("t")
    receiver = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    await fabric.publish("t", 1)
    assert await receiver == 1


async def test_cancelling_a_receiver_loses_nothing() -> None:
    fabric = QueueFabric()
    queue = fabric.subscribe("t")
    first, second = asyncio.create_task(queue.get()), asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    fabric.publish_nowait("t", "kept")
    first.cancel()
    assert await second == "kept"
    assert first.cancelled() or (await asyncio.gather(first, return_exceptions=True))


async def test_a_closed_queue_gives_what_is_pending_and_then_ends() -> None:
    fabric = QueueFabric()
    queue = fabric.subscribe("t")
    fabric.publish_nowait("t", 1)
    fabric.unsubscribe(queue)
    assert [message async for message in queue] == [1]
    with pytest.raises(ClosedError):
        await queue.get()
    assert fabric.publish_nowait("t", 2) == 0


async def test_closing_wakes_every_waiting_receiver() -> None:
    fabric = QueueFabric()
    queue = fabric.subscribe("t")
    receivers = [asyncio.create_task(queue.get()) for _ in range(3)]
    await asyncio.sleep(0)
    fabric.unsubscribe(queue)
    results = await asyncio.gather(*receivers, return_exceptions=True)
    assert [type(result) for result in results] == [ClosedError] * 3


def test_an_empty_queue_says_so_to_get_nowait() -> None:
    with pytest.raises(LookupError):
        QueueFabric().subscribe("t").get_nowait()


def test_limits_are_checked() -> None:
    fabric = QueueFabric()
    with pytest.raises(UsageError):
        fabric.subscribe("t", limit_messages=0)
    fabric.subscribe("t", "g", limit_messages=5)
    with pytest.raises(UsageError):
        fabric.subscribe("t", "g", limit_messages=6)


def test_statistics_count_what_happened() -> None:
    fabric = QueueFabric()
    queue = fabric.subscribe("t", limit_messages=10)
    fabric.publish_nowait("t", 1)
    fabric.publish_nowait("t", 2)
    queue.get_nowait()
    assert queue.statistics() == (1, 10, 2, 1, 0)
    assert fabric.statistics() == {"t": [queue.statistics()]}


async def test_receivers_that_gave_up_leave_nothing_behind() -> None:
    fabric = QueueFabric()
    queue = fabric.subscribe("t")
    for _ in range(10):
        receiver = asyncio.create_task(queue.get())
        await asyncio.sleep(0)
        receiver.cancel()
        await asyncio.gather(receiver, return_exceptions=True)
    assert len(queue._waiting) == 0
    fabric.unsubscribe(queue)
    assert fabric.statistics() == {}
