"""Route matching: one call of `Router.match`, by size of table and kind of path."""

import functools

import pyrt

from ..harness.kinds import counted
from ..harness.sizing import Remade
from ..harness.skipping import need
from ..workloads import routes

SIZES = (10, 100, 1000, 10_000)
LOOP = range(10)


@functools.cache
def _router(count):
    need("Router")
    router = pyrt.Router()
    for index, template in enumerate(routes.templates(count)):
        router.add("GET", template, index)
    return router


@functools.cache
def _prepared(count, kind):
    match, path = _router(count).match, routes.path(count, kind)
    found = match("GET", path)
    assert (found is None) if kind == "miss" else (found.params == routes.PARAMS[kind]), found
    return match, path


@counted
class Match:
    """One lookup in a table of routes."""

    version = "1"
    params = (list(SIZES), list(routes.PATHS))
    param_names = ["routes", "path"]

    def time_match(self, routes, path):
        match, target = _prepared(routes, path)
        for _ in LOOP:
            match("GET", target)

    time_match.inner = len(LOOP)


class Table:
    """A router and what it costs to build."""

    version = "1"
    params = list(SIZES)
    param_names = ["routes"]

    def time_build(self, routes):
        _router.__wrapped__(routes)

    def mem_router(self, routes):
        return Remade(lambda: _router.__wrapped__(routes))

    def peakmem_build(self, routes):
        _router(routes)
