"""The garbage collector at work: collections and longest pause per 10,000 requests in process."""

import gc
import time

from ..harness.driving import Wire, check, http1
from ..harness.samples import samples
from ..harness.skipping import available, need
from ..workloads import apps

REQUESTS = 10_000
ROUNDS = 8


class Collector:
    """Full pipeline with hooks, collector on with Python's own thresholds."""

    version = "1"
    timeout = 120

    def setup_cache(self):
        if not available("App", "ingress.http1.Http1Protocol"):
            return []
        wire = Wire(http1(apps.app("hooks")), apps.REQUESTS["hooks"])
        wire.exchange(1000)
        check(wire.answer, apps.STATUS["hooks"], apps.BODIES["hooks"])
        return [_observed(wire) for _ in range(ROUNDS)]

    def track_collections(self, rounds):
        need("App", "ingress.http1.Http1Protocol")
        return samples(len(pauses) for pauses in rounds)

    track_collections.unit = "collections"
    track_collections.less_is_better = True

    def track_longest_pause(self, rounds):
        need("App", "ingress.http1.Http1Protocol")
        return samples(max(pauses, default=0.0) for pauses in rounds)

    track_longest_pause.unit = "seconds"
    track_longest_pause.less_is_better = True


def _observed(wire):
    """The pauses, in seconds, of one round."""
    pauses, started = [], [0.0]

    def watch(phase, info):
        if phase == "start":
            started[0] = time.perf_counter()
        else:
            pauses.append(time.perf_counter() - started[0])

    gc.collect()
    gc.enable()
    gc.callbacks.append(watch)
    try:
        wire.exchange(REQUESTS)
    finally:
        gc.callbacks.remove(watch)
    return pauses
