"""Running hooks that do nothing: the cost of the chain itself."""

import functools

import pyrt

from ..harness.driving import run
from ..harness.kinds import counted
from ..harness.samples import samples, seconds_per_call
from ..harness.skipping import need

LOOP = range(100)
ROUNDS = 20


async def _hook(req, lctx):
    return None


def _sync_hook(req, lctx):
    return None


@functools.cache
def _prepared(count, phase, hook=_hook):
    need("HookChain")
    ran = []
    lctx = pyrt.LocalContext(pyrt.Request("GET", "/"), pyrt.GlobalContext(pyrt.QueueFabric()))

    async def noting(req, lctx):
        ran.append(req)

    run(getattr(pyrt.HookChain(**{phase: [noting] * count}), f"run_{phase}")(lctx))
    assert len(ran) == count
    return getattr(pyrt.HookChain(**{phase: [hook] * count}), f"run_{phase}"), lctx


def _loop(count, phase, hook=_hook):
    run_phase, lctx = _prepared(count, phase, hook)
    for _ in LOOP:
        run(run_phase(lctx))


@counted
class Chain:
    """A chain of empty async hooks."""

    version = "1"
    params = ([0, 1, 10], ["before", "after"])
    param_names = ["hooks", "phase"]

    def time_run(self, hooks, phase):
        _loop(hooks, phase)

    time_run.inner = len(LOOP)


def _cost_of_one(hook):
    differences = []
    for _ in range(ROUNDS):
        ten = seconds_per_call(lambda: _loop(10, "before", hook), len(LOOP))
        none = seconds_per_call(lambda: _loop(0, "before", hook), len(LOOP))
        differences.append((ten - none) / 10)
    return samples(differences)


class PerHook:
    """What one more empty before hook adds: ten against none, alternating."""

    version = "1"

    def track_cost(self):
        return _cost_of_one(_hook)

    track_cost.unit = "seconds"
    track_cost.less_is_better = True

    def track_sync_cost(self):
        return _cost_of_one(_sync_hook)

    track_sync_cost.unit = "seconds"
    track_sync_cost.less_is_better = True
