"""The whole pipeline in process: bytes in, bytes out, through the ingress, on the event loop that serves."""

import functools

from ..harness.driving import Wire, check, http1
from ..harness.kinds import counted
from ..harness.skipping import need
from ..workloads import apps

REQUESTS = 100


@functools.cache
def _wire(scenario):
    need("App")
    need("ingress.http1.Http1Protocol")
    wire = Wire(http1(apps.app(scenario)), apps.REQUESTS[scenario])
    wire.exchange(2)
    check(wire.answer, apps.STATUS[scenario], apps.BODIES[scenario])
    return wire


@counted
class Pipeline:
    """One request on a connection that is kept open."""

    version = "1"
    params = list(apps.SCENARIOS)
    param_names = ["scenario"]

    def time_request(self, scenario):
        _wire(scenario).exchange(REQUESTS)

    time_request.inner = REQUESTS

    def peakmem_requests(self, scenario):
        wire = _wire(scenario)
        for _ in range(20):
            wire.exchange(REQUESTS)
        check(wire.answer, apps.STATUS[scenario], apps.BODIES[scenario])
