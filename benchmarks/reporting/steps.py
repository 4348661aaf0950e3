"""Where figures stepped up or down along the history: counts from commit to commit, times by asv's own detection."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from asv import step_detect

from .components import Reading
from .results import Benchmark, Commit, Figure, Measured

COUNT_SHARE, COUNT_LEAST = 0.01, 30
TIME_RATIO = 1.2
LEVEL_LEAST = 3  # commits that a level of times must last, before and after


class Step(NamedTuple):
    """A benchmark's figure at a commit and at the one measured before it, which differ."""

    benchmark: Benchmark
    parameters: Mapping[str, str]
    commit: Commit
    previous: Commit
    before: float
    after: float

    @property
    def reading(self) -> Reading:
        return Reading(self.benchmark, self.parameters, Figure(self.after), Figure(self.before))

    @property
    def cost(self) -> float:
        """How many times as much it costs since: above 1 is worse, for a rate as well."""
        rise = self.after / self.before
        return rise if self.benchmark.less_is_better else 1 / rise

    @property
    def worse(self) -> bool:
        return self.cost > 1


def count_steps(measured: Measured) -> list[Step]:
    """Each change of an instruction count by more than 1 % and 30 instructions between neighbouring figures."""
    return [
        step
        for benchmark, parameters, known in _series(measured)
        if "instructions" in benchmark.unit
        for step in _neighbours(benchmark, parameters, known)
        if abs(step.after - step.before) > max(COUNT_LEAST, COUNT_SHARE * step.before)
    ]


def level_steps(measured: Measured) -> list[Step]:
    """Where asv's step detection finds a new level, 1.2 times the one before or more, of anything but counts.

    `before` and `after` are the medians of levels that last three measured commits or more.
    """
    return [
        step
        for benchmark, parameters, known in _series(measured)
        if "instructions" not in benchmark.unit and len(known) >= 2 * LEVEL_LEAST
        for step in _levels(benchmark, parameters, known)
        if max(step.cost, 1 / step.cost) >= TIME_RATIO
    ]


Series = list[tuple[Commit, float]]


def _series(measured: Measured) -> Iterator[tuple[Benchmark, Mapping[str, str], Series]]:
    absent = Figure(math.nan)
    for benchmark in measured.benchmarks.values():
        for chosen in benchmark.shape.combinations():
            figures = [(commit, commit.figures.get((benchmark.name, chosen), absent)) for commit in measured.commits]
            known = [(commit, one.value) for commit, one in figures if one.measured and one.value]
            yield benchmark, dict(zip(benchmark.shape.names, chosen, strict=True)), known


def _neighbours(benchmark: Benchmark, parameters: Mapping[str, str], known: Series) -> Iterator[Step]:
    for (previous, before), (commit, after) in itertools.pairwise(known):
        yield Step(benchmark, parameters, commit, previous, before, after)


def _levels(benchmark: Benchmark, parameters: Mapping[str, str], known: Series) -> Iterator[Step]:
    found = step_detect.detect_steps([value for _, value in known])
    levels = [(left, value) for left, right, value, *_ in found if right - left >= LEVEL_LEAST]
    for (_, before), (left, after) in itertools.pairwise(levels):
        yield Step(benchmark, parameters, known[left][0], known[left - 1][0], before, after)
