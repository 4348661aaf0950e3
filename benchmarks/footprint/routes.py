"""Memory of a frozen app, by number of routes."""

import gc
import tracemalloc

import pyrt

from ..harness.sizing import Remade
from ..harness.skipping import need
from ..workloads import routes


def _app(count):
    need("App")
    app = pyrt.App()
    for template in routes.templates(count):
        app.get(template)(_handler)
    controller = app.freeze()
    assert controller.router.match("GET", routes.path(count, "static")).route is not None
    return app


async def _handler(lctx):
    return lctx.params


class Routes:
    """An app with one hook-less handler on every route."""

    version = "1"
    params = [10, 100, 1000, 10_000]
    param_names = ["routes"]
    timeout = 120

    def mem_app(self, routes):
        """As pympler counts: objects and what they hold, but not what closures capture."""
        return Remade(lambda: _app(routes))

    def track_traced(self, routes):
        """As the allocator counts: everything that is still held."""
        _app(routes)
        gc.collect()
        tracemalloc.start()
        app = _app(routes)
        gc.collect()
        held = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert app is not None
        return held

    track_traced.unit = "bytes"
    track_traced.less_is_better = True
