"""Scenarios: the percentiles of each, held against its target and against the baseline."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..judging.comparison import Comparison
from .changes import plain, with_interval
from .components import Component, Reading, figure_json, reading, rows_by_key
from .criteria import outcome, verdict_json, wanted
from .results import Benchmark, Commit, Figure
from .tables import NOTHING
from .targets import TargetVerdict

PERCENTILES = ("p50", "p95", "p99")
JUDGED = "p95"
NOTE = "Percentiles with their 99 % intervals. Since the baseline, verdict and history: of P95."
COLUMNS = ("Scenario", "P50", "P95", "P99", "Target", "Status", "Since the baseline", "Verdict", "History")


@dataclass(frozen=True)
class Scenario:
    """One scenario: a component for each percentile, `p50` .. `p99`, and the first target that speaks of it."""

    benchmark: Benchmark
    parameters: Mapping[str, str]
    percentiles: Mapping[str, Component]
    verdict: TargetVerdict | None

    @property
    def label(self) -> str:
        area = self.benchmark.title or self.benchmark.name.partition(".")[2].rpartition(".")[0]
        chosen = ", ".join(plain(value) for value in self.parameters.values())
        return f"{area}: {chosen}" if chosen else area

    @property
    def judged(self) -> Component | None:
        """The percentile that says whether the scenario became slower."""
        return self.percentiles.get(JUDGED)

    def cells(self) -> list[str]:
        figures = [self._figure(one) for one in PERCENTILES]
        unit = self.benchmark.unit
        shown = [with_interval(one.value, one.low, one.high, unit) for one in figures]
        aim = [NOTHING, "no target"] if self.verdict is None else [wanted(self.verdict.target), outcome(self.verdict)]
        return [self.label, *shown, *aim, *self._since()]

    def as_json(self) -> dict[str, Any]:
        return {
            "benchmark": self.benchmark.name,
            "parameters": {name: plain(value) for name, value in self.parameters.items()},
            **{name: figure_json(self._figure(name)) for name in self.percentiles},
            "target": verdict_json(self.verdict) if self.verdict else None,
            "since": {name: one.as_json() for name, one in self.percentiles.items()},
        }

    def _figure(self, percentile: str) -> Figure:
        found = self.percentiles.get(percentile)
        return found.main.current if found is not None else Figure(math.nan)

    def _since(self) -> list[str]:
        one = self.judged
        if one is None:
            return [NOTHING] * 3
        _, _, before, change, _, verdict, history = one.cells()
        return [f"{change} from {before}" if "%" in change else change, verdict, history]


def scenarios(
    benchmarks: Iterable[Benchmark],
    commits: Sequence[Commit],
    base: Commit | None,
    *,
    verdicts: Sequence[TargetVerdict],
    comparison: Comparison | None = None,
) -> list[Scenario]:
    """Every choice of parameters of the benchmarks that have a `percentile` among them; see `components`."""
    judged = rows_by_key(comparison)
    made = []
    for benchmark in benchmarks:
        if "percentile" not in benchmark.shape.names:
            continue
        found: dict[tuple[tuple[str, str], ...], dict[str, Component]] = {}
        for parameters in benchmark.shape.combinations():
            one = reading(benchmark, parameters, commits, base)
            percentile, rest = _apart(one)
            found.setdefault(rest, {})[percentile] = Component(one, row=judged.get((benchmark.name, parameters)))
        made += [Scenario(benchmark, dict(key), of, _about(benchmark, key, verdicts)) for key, of in found.items()]
    return made


def _apart(one: Reading) -> tuple[str, tuple[tuple[str, str], ...]]:
    rest = dict(one.parameters)
    return plain(rest.pop("percentile")), tuple(rest.items())


def _about(
    benchmark: Benchmark, chosen: Iterable[tuple[str, str]], verdicts: Sequence[TargetVerdict]
) -> TargetVerdict | None:
    for verdict in verdicts:
        if verdict.target.benchmark == benchmark.name:
            parameters = {name: repr(value) for name, value in verdict.target.parameters.items()}
            if dict(chosen).items() <= parameters.items():
                return verdict
    return None
