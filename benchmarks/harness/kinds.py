"""Kinds of benchmark of our own, which `benchmarks/__init__.py` puts into asv's list.

`time_` keeps asv's statistics, but reports seconds per call of what an inner loop calls; `instr_` is the number of
instructions of the same call. The list of kinds is not promised by asv_runner, so its version is pinned.
"""

from __future__ import annotations

import inspect
import re
import types
from typing import Any, TypeVar

from asv_runner.benchmarks import benchmark_types
from asv_runner.benchmarks._base import Benchmark, get_setup_cache_key
from asv_runner.benchmarks.mark import SkipNotImplemented
from asv_runner.benchmarks.peakmem import PeakMemBenchmark
from asv_runner.benchmarks.time import TimeBenchmark

from . import counting

Suite = TypeVar("Suite", bound=type)

# What asv_runner would read off the twin, and what means nothing for a count.
_FOR_TIMES_ONLY = ("rounds", "processes", "repeat", "number", "sample_time", "warmup_time", "min_run_count", "timer")


def counted(suite: Suite) -> Suite:
    """Give each `time_x` of a class a twin `instr_x`: the same code, counted instead of timed.

    Raises:
        TypeError: the class or a `time_x` has a `setup` or `setup_cache` (a count has none), or a `benchmark_name`
            (both twins would bear it).
    """
    for name, function in inspect.getmembers(suite, inspect.isfunction):
        if name.startswith("time_"):
            for unfit in ("setup", "setup_cache", "benchmark_name"):
                if hasattr(function, unfit) or hasattr(suite, unfit):
                    raise TypeError(f"{suite.__qualname__}.{name} has {unfit}, so it cannot be counted")
            setattr(suite, "instr_" + name.removeprefix("time_"), _twin(suite, function))
    return suite


def _twin(suite: type, function: types.FunctionType) -> types.FunctionType:
    # A function of its own: attributes of one and the same function would be both kinds' attributes.
    name = "instr_" + function.__name__.removeprefix("time_")
    twin = types.FunctionType(
        function.__code__, function.__globals__, name, function.__defaults__, function.__closure__
    )
    twin.__kwdefaults__ = function.__kwdefaults__
    twin.__dict__.update((key, value) for key, value in vars(function).items() if key not in _FOR_TIMES_ONLY)
    twin.__qualname__, twin.__module__ = f"{suite.__qualname__}.{name}", function.__module__
    return twin


class PerCallTime(TimeBenchmark):  # type: ignore[misc]  # asv_runner carries no types
    """asv's timing, divided by the function's attribute `inner`: the number of calls it makes in its own loop."""

    def run(self, *param: Any) -> dict[str, Any]:
        """Samples in seconds per call. `number` stays asv's: it hands it back when it adds samples to earlier ones."""
        result = super().run(*param)
        inner = getattr(self.func, "inner", 1)
        return {"samples": [sample / inner for sample in result["samples"]], "number": result["number"]}


class PeakMemory(PeakMemBenchmark):  # type: ignore[misc]
    """asv's peak memory, of this program alone.

    What getrusage reports survives exec: its least value is the size of the process that started this one, asv's
    own. The kernel's high-water mark of the present address space (proc(5), VmHWM) begins with the program.
    """

    def run(self, *param: Any) -> int:
        rusage: int = super().run(*param)
        try:
            with open("/proc/self/status", encoding="ascii") as status:
                found = re.search(r"^VmHWM:\s+(\d+) kB", status.read(), re.MULTILINE)
        except OSError:
            return rusage  # not Linux
        return int(found[1]) * 1024 if found else rusage


def _counts() -> dict[tuple[str, int], counting.Outcome]:
    # Imported late: every module more that the counting process imports moves counts a little.
    from . import remembering

    return remembering.count()


class Instructions(Benchmark):  # type: ignore[misc]
    """Instructions per call. One process counts the whole suite, as the `setup_cache` that all of this kind share.

    Each commit's counts are remembered in its environment, since asv asks for them in every round.
    """

    name_regex = re.compile(r"^instr_")

    def __init__(self, name: str, func: Any, attr_sources: list[Any]) -> None:
        super().__init__(name, func, attr_sources)
        self.type = self.unit = "instructions"
        self._setup_cache = _counts
        self.setup_cache_key = get_setup_cache_key(_counts)
        # Two runs over the suite, each with its own, earlier end that says what happened.
        self.setup_cache_timeout = 2 * counting.TIMEOUT_S + 60
        self._index = 0

    def set_param_idx(self, param_idx: int) -> None:
        super().set_param_idx(param_idx)
        self._index = param_idx

    def run(self, counts: dict[tuple[str, int], counting.Outcome], *param: Any) -> float:
        """The count of this benchmark and parameters.

        Raises:
            SkipNotImplemented: it was not counted, for a reason that is no failure.
            CountingError: it has no count.
        """
        outcome = counts.get((self.name, self._index), counting.Outcome({}, error="PYRT_BENCH_ONLY does not select it"))
        if outcome.skipped:
            print(f"asv: skipped: {outcome.skipped}")
            raise SkipNotImplemented(outcome.skipped)
        if outcome.instructions is None:
            raise counting.CountingError(outcome.error)
        return outcome.instructions


def register() -> None:
    """Put our kinds into asv_runner's list, once."""
    if Instructions not in benchmark_types:
        benchmark_types[benchmark_types.index(TimeBenchmark)] = PerCallTime
        benchmark_types[benchmark_types.index(PeakMemBenchmark)] = PeakMemory
        benchmark_types.append(Instructions)
