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


@functools.cache
def _prepared(count, phase):
    need("HookChain")
    ran = []
    lctx = pyrt.LocalContext(pyrt.Request("GET", "/"), pyrt.GlobalContext(pyrt.QueueFabric()))

    async def noting(req, lctx):
        ran.append(req)

    run(getattr(pyrt.HookChain(**{phase: [noting] * count}), f"run_{phase}")(lctx))
    assert len(ran) == count
    return getattr(pyrt.HookChain(**{phase: [_hook] * count}), f"run_{phase}"), lctx


def _loop(count, phase):
    run_phase, lctx = _prepared(count, phase)
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


class PerHook:
    """What one more empty before hook adds: ten against none, alternating."""

    version = "1"

    def track_cost(self):
        differences = []
        for _ in range(ROUNDS):
            ten = seconds_per_call(lambda: _loop(10, "before"), len(LOOP))
            none = seconds_per_call(lambda: _loop(0, "before"), len(LOOP))
            differences.append((ten - none) / 10)
        return samples(differences)

    track_cost.unit = "seconds"
    track_cost.less_is_better = True
