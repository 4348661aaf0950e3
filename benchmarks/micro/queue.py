"""The queue fabric: one message published and received, without an event loop."""

import functools

import pyrt

from ..harness.driving import run
from ..harness.kinds import counted
from ..harness.sizing import Remade
from ..harness.skipping import need

LOOP = range(100)


@functools.cache
def _prepared():
    need("QueueFabric")
    fabric = pyrt.QueueFabric()
    subscription = fabric.subscribe("topic")
    assert run(fabric.publish("topic", "message")) == 1
    assert run(subscription.get()) == "message"
    return fabric.publish, subscription.get


@counted
class PublishDeliver:
    """One message to one subscription."""

    version = "1"

    def time_publish_deliver(self):
        publish, get = _prepared()
        for _ in LOOP:
            run(publish("topic", "message"))
            run(get())

    time_publish_deliver.inner = len(LOOP)

    def mem_thousand_pending(self):
        return Remade(_thousand_pending)


def _thousand_pending():
    need("QueueFabric")
    fabric = pyrt.QueueFabric()
    subscription = fabric.subscribe("topic", limit_messages=1000)
    for number in range(1000):
        run(fabric.publish("topic", number))
    # pympler sees what attributes hold; the fabric keeps its subscriptions in a dict of lists.
    return fabric, subscription
