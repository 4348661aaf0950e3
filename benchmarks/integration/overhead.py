"""Where a request's time goes: each part by itself, the whole, and what the parts leave unexplained.

The request is `GET /users/{id:int}` with one before and one after hook. `dispatch` is what a task of its own costs
on the event loop; the rest are the pipeline's parts by their names.
"""

import asyncio
import functools
import statistics
import time

import pyrt

from ..harness.driving import Wire, check, http1, parser, run
from ..harness.kinds import counted
from ..harness.samples import samples
from ..harness.skipping import available, need
from ..workloads import apps, requests

LOOP = range(100)
WINDOWS = 10
ROTATIONS = 200
PARTS = ("parse", "route", "contexts", "hooks", "handler", "serialise", "dispatch")


class _Dispatch(asyncio.Protocol):
    """A protocol that answers with a task that does nothing."""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        asyncio.get_running_loop().create_task(self.handle()).add_done_callback(self.answered)

    async def handle(self):
        return b"x"

    def answered(self, task):
        self.transport.write(task.result())


class _Direct(asyncio.Protocol):
    """A protocol that answers at once: what is left is the event loop's turn."""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(b"x")


@functools.cache
def _pieces():
    """Everything a part needs, checked once."""
    need("App", "ingress.http1.encode")
    import pyrt.ingress.http1 as ingress

    app = apps.app("hooks")
    controller = app.freeze()
    request = pyrt.Request("GET", "/users/42", [("host", "localhost:8000"), ("accept", "*/*")])
    # The same handler without hooks: what a route leads to may run its hooks as well.
    match = apps.app("simple").freeze().router.match("GET", "/users/42")
    unanswered = pyrt.LocalContext(request, app.gctx)
    unanswered.params = match.params
    response = run(match.route.value(unanswered))
    assert response.body == apps.BODIES["hooks"]
    lctx = pyrt.LocalContext(request, app.gctx)
    lctx.response = response
    whole = Wire(http1(app), requests.GET_USER)
    whole.exchange(2)
    check(whole.answer, 200, apps.BODIES["hooks"])
    return {
        "parse": parser(),
        "encode": ingress.encode,
        "controller": controller,
        "chain": pyrt.HookChain(before=[apps.before], after=[apps.after]),
        "endpoint": match.route.value,
        "request": request,
        "gctx": app.gctx,
        "unanswered": unanswered,
        "lctx": lctx,
        "response": response,
        "dispatch": Wire(_Dispatch, b"x"),
        "loop": Wire(_Direct, b"x"),
        "whole": whole,
    }


def _parse(times=LOOP):
    parse = _pieces()["parse"]
    for _ in times:
        parse(requests.GET_USER)


def _route(times=LOOP):
    match = _pieces()["controller"].router.match
    for _ in times:
        match("GET", "/users/42")


def _contexts(times=LOOP):
    request, gctx = _pieces()["request"], _pieces()["gctx"]
    for _ in times:
        run(pyrt.LocalContext(request, gctx).cleanup())


def _hooks(times=LOOP):
    chain, lctx = _pieces()["chain"], _pieces()["lctx"]
    for _ in times:
        run(chain.run_before(lctx))
        run(chain.run_after(lctx))


def _handler(times=LOOP):
    endpoint, lctx = _pieces()["endpoint"], _pieces()["unanswered"]
    for _ in times:
        run(endpoint(lctx))


def _serialise(times=LOOP):
    encode, response = _pieces()["encode"], _pieces()["response"]
    for _ in times:
        encode(response, keep_alive=True)


def _dispatch(times=LOOP):
    _pieces()["dispatch"].exchange(len(times))


def _whole(times=LOOP):
    _pieces()["whole"].exchange(len(times))


def _nothing(times):
    for _ in times:
        pass


_WORK = {
    "parse": _parse,
    "route": _route,
    "contexts": _contexts,
    "hooks": _hooks,
    "handler": _handler,
    "serialise": _serialise,
    "dispatch": _dispatch,
    "whole": _whole,
}


@counted
class Overhead:
    """Each part measured by itself, and the whole."""

    version = "1"
    params = list(_WORK)
    param_names = ["part"]

    def time_part(self, part):
        _WORK[part]()

    time_part.inner = len(LOOP)


class Rotation:
    """One call of each part in turn and of the whole, so that each finds the caches as a request leaves them.

    In a loop of its own a part runs warm and is up to twice as fast as within a request: such figures do not add
    up to the whole. These do; `track_residual` is what they leave unexplained, negative if they explain too much.
    """

    version = "1"
    timeout = 120

    def setup_cache(self):
        if not available("App", "ingress.http1.encode"):
            return []
        return [_rotate() for _ in range(WINDOWS)]

    def track_part(self, windows, part):
        need("App", "ingress.http1.encode")
        return samples(window[part] for window in windows)

    track_part.params = [*PARTS, "whole"]
    track_part.param_names = ["part"]
    track_part.unit = "seconds"
    track_part.less_is_better = True

    def track_residual(self, windows):
        need("App", "ingress.http1.encode")
        return samples(100 * (1 - sum(window[part] for part in PARTS) / window["whole"]) for window in windows)

    track_residual.unit = "% of the whole"
    track_residual.less_is_better = True
    track_residual.gate = {"judged": False}  # it may be nought or below, so no ratio means anything


def _rotate():
    """Median seconds of each part in one window; what entering the loop costs is measured beside and taken off."""
    pieces = _pieces()
    wires = {name: pieces[name].exchange for name in ("dispatch", "whole", "loop")}
    works = {name: functools.partial(work, range(1)) for name, work in _WORK.items() if name not in wires}
    works |= {name: functools.partial(exchange, 1) for name, exchange in wires.items()}
    works["nothing"] = functools.partial(_nothing, range(1))
    taken = {name: [] for name in works}
    for _ in range(ROTATIONS):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            taken[name].append(time.perf_counter() - start)
    median = {name: statistics.median(values) for name, values in taken.items()}
    return {name: median[name] - median["loop" if name in wires else "nothing"] for name in [*PARTS, "whole"]}
