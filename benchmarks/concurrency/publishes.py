"""A thousand publishes at once into one bounded queue, and one consumer that receives them all."""

import asyncio
import functools
import time

import pyrt

from ..harness.driving import new_loop
from ..harness.samples import samples
from ..harness.skipping import available, need

MESSAGES = 1000
ROUNDS = 30


@functools.cache
def _loop():
    return new_loop()


async def _batch():
    """Seconds from the first publish to the last message received."""
    fabric = pyrt.QueueFabric()
    subscription = fabric.subscribe("topic", limit_messages=MESSAGES)
    start = time.perf_counter()
    publishers = [asyncio.ensure_future(fabric.publish("topic", number)) for number in range(MESSAGES)]
    received = [await subscription.get() for _ in range(MESSAGES)]
    elapsed_s = time.perf_counter() - start
    await asyncio.gather(*publishers)
    assert received == list(range(MESSAGES))
    return elapsed_s


class Thousand:
    """1,000 tasks publish one message each; windows of 1,000."""

    version = "1"
    timeout = 120

    def setup_cache(self):
        if not available("QueueFabric"):
            return []
        return [_loop().run_until_complete(_batch()) for _ in range(ROUNDS)][ROUNDS // 3 :]

    def track_cost(self, windows):
        need("QueueFabric")
        return samples(elapsed_s / MESSAGES * 1e6 for elapsed_s in windows)

    track_cost.unit = "us/message"
    track_cost.less_is_better = True

    def track_rate(self, windows):
        need("QueueFabric")
        return samples(MESSAGES / elapsed_s for elapsed_s in windows)

    track_rate.unit = "messages/s"
    track_rate.less_is_better = False


class ThousandAtOnce:
    """The batch as a whole."""

    version = "1"

    def time_batch(self):
        need("QueueFabric")
        _loop().run_until_complete(_batch())

    def peakmem_batch(self):
        need("QueueFabric")
        for _ in range(20):
            _loop().run_until_complete(_batch())
