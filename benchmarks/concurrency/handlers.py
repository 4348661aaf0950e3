"""A hundred handlers at once: all have started before the first one ends."""

import asyncio
import functools
import time

import pyrt

from ..harness.driving import new_loop
from ..harness.samples import PERCENTILES, samples, summary
from ..harness.skipping import available, need

AT_ONCE = 100
ROUNDS = 30
EXPECTED = b'{"id":42,"most":100}'


@functools.cache
def _app():
    need("App")
    app = pyrt.App()
    under_way = [0, 0]

    @app.get("/users/{id:int}")
    async def wait_a_turn(id):
        under_way[0] += 1
        under_way[1] = max(under_way)
        await asyncio.sleep(0)
        under_way[0] -= 1
        return {"id": id, "most": under_way[1]}

    return app


@functools.cache
def _loop():
    loop = new_loop()
    loop.run_until_complete(_batch([]))
    return loop


async def _batch(latencies):
    """Run the handlers at once; append each one's latency in seconds, from the common start."""
    app = _app()
    start = time.perf_counter()

    async def one():
        response = await app.handle(pyrt.Request("GET", "/users/42"))
        latencies.append(time.perf_counter() - start)
        return response.body

    bodies = await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    assert bodies == [EXPECTED] * AT_ONCE, bodies[0]
    return time.perf_counter() - start


class Hundred:
    """100 handlers that each wait for one turn of the event loop; windows of 100."""

    version = "1"
    timeout = 120

    def setup_cache(self):
        if not available("App"):
            return []
        windows = []
        for _ in range(ROUNDS):
            latencies = []
            elapsed_s = _loop().run_until_complete(_batch(latencies))
            windows.append(summary(latencies, elapsed_s))
        return windows[ROUNDS // 3 :]

    def track_latency(self, windows, percentile):
        need("App")
        return samples(window[percentile] for window in windows)

    track_latency.params = list(PERCENTILES)
    track_latency.param_names = ["percentile"]
    track_latency.unit = "seconds"
    track_latency.less_is_better = True

    def track_cost(self, windows):
        need("App")
        return samples(window["us_each"] for window in windows)

    track_cost.unit = "us/request"
    track_cost.less_is_better = True


class HundredAtOnce:
    """The batch as a whole."""

    version = "1"

    def time_batch(self):
        _loop().run_until_complete(_batch([]))

    def peakmem_batch(self):
        for _ in range(20):
            _loop().run_until_complete(_batch([]))
