"""Making contexts: one per request, one per app."""

import functools
import sys

import pyrt

from ..harness.driving import run
from ..harness.kinds import counted
from ..harness.sizing import Remade
from ..harness.skipping import need

LOOP = range(100)


@functools.cache
def _global():
    need("GlobalContext")
    need("QueueFabric")
    return pyrt.GlobalContext(pyrt.QueueFabric(), {"db": object()}, {"debug": False})


@functools.cache
def _local():
    need("LocalContext")
    request = pyrt.Request("GET", "/users/42", [("host", "localhost")])
    lctx = pyrt.LocalContext(request, _global())
    assert lctx.request is request
    assert len(lctx.request_id) == 16
    return pyrt.LocalContext, request, _global()


@counted
class Local:
    """A LocalContext."""

    version = "1"

    def time_create(self):
        create, request, gctx = _local()
        for _ in LOOP:
            create(request, gctx)

    time_create.inner = len(LOOP)

    def time_create_and_clean_up(self):
        create, request, gctx = _local()
        for _ in LOOP:
            run(create(request, gctx).cleanup())

    time_create_and_clean_up.inner = len(LOOP)

    def mem_local(self):
        create, request, gctx = _local()
        return Remade(lambda: create(request, gctx))


@functools.cache
def _pool():
    need("LocalContext.phase")
    create, request, gctx = _local()
    return create.__init__, request, gctx, [create(request, gctx)]


@counted
class Pooled:
    """What a pool in place of `Local` would cost: a context taken, set up, emptied, and given back.

    It is given back only if nobody else holds it, since a handler's background task may. The ids, the deadline and
    the trace, which would have to go too, are left out: the true cost is a little higher.
    """

    version = "1"

    def time_take_and_give(self):
        set_up, request, gctx, pool = _pool()
        for _ in LOOP:
            lctx = pool.pop()
            set_up(lctx, request, gctx)
            if sys.getrefcount(lctx) == 2:
                lctx.request = lctx.response = lctx.error = lctx.phase = None
                lctx.params, lctx.state = {}, {}
                pool.append(lctx)
        assert pool

    time_take_and_give.inner = len(LOOP)


@counted
class Global:
    """A GlobalContext with one module."""

    version = "1"

    def time_create(self):
        create, queue = type(_global()), _global().queue
        for _ in LOOP:
            create(queue, {"db": None}, {"debug": False})

    time_create.inner = len(LOOP)

    def mem_global(self):
        create, queue = type(_global()), _global().queue
        return Remade(lambda: create(queue, {"db": None}, {"debug": False}))
