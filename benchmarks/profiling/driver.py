"""Runs one benchmark's work over and over, for a profiler beside it; in the environment that is measured.

Run as a script with one argument, a file of JSON: `name`, `index` (of the choice of parameters), `out` (the file that
takes the answer), `seconds` or `loops`, and what to watch: `gc`, or `memory` (the file that memray writes) with
`packages` (where memray is). Imports with asv_runner and the standard library alone.
"""

from __future__ import annotations

import gc
import itertools
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

SUITE = Path(os.path.abspath(__file__)).parents[1]
WARMING_S = 0.2
WARMING_CALLS = 50


def work_of(name: str, index: int) -> tuple[Callable[[], Any], Any, int]:
    """The work of a benchmark: what to call, the function that it is, and how many calls that makes in its own loop.

    Where a `setup_cache` does the work, of which the benchmark only picks a figure, it is that.
    """
    from asv_runner._aux import update_sys_path
    from asv_runner.discovery import disc_benchmarks

    update_sys_path(str(SUITE))
    (benchmark,) = (each for each in disc_benchmarks(SUITE.name) if each.name == name)
    params = next(itertools.islice(itertools.product(*benchmark._params), index, None))
    prepare = None if benchmark.type == "instructions" else getattr(benchmark, "_setup_cache", None)
    if prepare is not None:
        return prepare, prepare, 1
    benchmark.set_param_idx(index)
    benchmark.do_setup()
    function = benchmark.func
    return lambda: function(*params), function, int(getattr(function, "inner", 1))


def drive(order: dict[str, Any]) -> dict[str, Any]:
    """Do as ordered; what came of it, times in seconds."""
    work, function, inner = work_of(order["name"], order["index"])
    _warm(work)
    gc.collect()
    (gc.enable if order.get("gc") else gc.disable)()
    pauses, before = Pauses(), gc.get_stats()
    with _memory(order) as watched:
        if order.get("gc"):
            gc.callbacks.append(pauses)
        begun, used = time.perf_counter(), time.process_time()
        loops = _loop(work, order)
        elapsed, used = time.perf_counter() - begun, time.process_time() - used
    gc.callbacks[:] = [each for each in gc.callbacks if each is not pauses]
    del watched
    after = gc.get_stats()
    return {
        "calls": loops * inner,
        "inner": inner,
        "seconds": elapsed,
        "cpu_seconds": used,
        "collections": [new["collections"] - old["collections"] for old, new in zip(before, after, strict=True)],
        "pauses": pauses.seconds,
        "root": _place(function),
        "modules": _modules(),
        "python": sys.version.split()[0],
    }


def _loop(work: Callable[[], Any], order: dict[str, Any]) -> int:
    """As many calls of the work as are ordered, or as fit into the seconds; at least one."""
    if "loops" in order:
        for _ in range(order["loops"]):
            work()
        return int(order["loops"])
    end, loops, block = time.perf_counter() + order["seconds"], 0, 1
    while True:
        begun = time.perf_counter()
        for _ in range(block):
            work()
        loops += block
        now = time.perf_counter()
        if now >= end:
            return loops
        # The clock is asked some hundred times a second, so that it does not show in the profile.
        block = max(1, min(round(block * 0.01 / max(now - begun, 1e-9)), 2 * block))


def _warm(work: Callable[[], Any]) -> None:
    end = time.perf_counter() + WARMING_S
    for _ in range(WARMING_CALLS):
        work()
        if time.perf_counter() > end:
            break


class Pauses:
    """A callback of the garbage collector that adds up how long it took, by generation."""

    def __init__(self) -> None:
        self.seconds = [0.0, 0.0, 0.0]
        self._begun = 0.0

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._begun = time.perf_counter()
        else:
            self.seconds[info["generation"]] += time.perf_counter() - self._begun


def _memory(order: dict[str, Any]) -> AbstractContextManager[Any]:
    """memray around the loop, from the packages of whoever asks: this environment need not have it."""
    if not order.get("memory"):
        return nullcontext()
    sys.path.append(order["packages"])
    import memray

    # pymalloc's own allocations too, else most of what Python allocates would not be seen.
    tracker: AbstractContextManager[Any] = memray.Tracker(order["memory"], trace_python_allocators=True)
    return tracker


def _place(function: Any) -> dict[str, Any]:
    code = getattr(function, "__func__", function).__code__
    return {"file": os.path.realpath(code.co_filename), "line": code.co_firstlineno, "name": code.co_name}


def _modules() -> dict[str, str]:
    """The modules by the real paths of their files."""
    known = [(name, getattr(module, "__file__", None)) for name, module in list(sys.modules.items())]
    return {os.path.realpath(file): name for name, file in known if file and name != "__main__"}


def main(file: str) -> None:
    from asv_runner.benchmarks.mark import SkipNotImplemented

    order = json.loads(Path(file).read_text(encoding="utf-8"))
    try:
        found = drive(order)
    except (NotImplementedError, SkipNotImplemented) as reason:
        found = {"failed": str(reason) or "the benchmark is not for this pyrt"}
    except Exception as error:
        found = {"failed": f"the benchmark failed: {type(error).__name__}: {error}"}
    Path(order["out"]).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
