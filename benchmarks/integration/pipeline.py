"""The whole pipeline in process: bytes in, bytes out, through the ingress, on the event loop that serves."""

import functools

import pyrt

from ..harness.driving import Wire, check, http1, run, running
from ..harness.kinds import counted
from ..harness.skipping import need
from ..workloads import apps

REQUESTS = 100
LOOP = range(100)


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


@functools.cache
def _handle(hooks):
    need("App")
    handle, request = running(apps.hooked(hooks)).handle, pyrt.Request("GET", "/users/42", [("host", "localhost:8000")])
    answer = run(handle(request))
    assert (answer.status, answer.body) == (200, apps.BODIES["hooks"])
    return handle, request


@counted
class Handle:
    """The `handle` of a running app: a request in, a response out, without bytes and without an event loop."""

    version = "1"
    params = list(apps.HOOKED)
    param_names = ["hooks"]

    def time_handle(self, hooks):
        handle, request = _handle(hooks)
        for _ in LOOP:
            run(handle(request))

    time_handle.inner = len(LOOP)
