"""Each benchmark of the stored results: now, at the baseline, what became of it, and its course over the commits."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..harness import names
from ..judging import deciding
from ..judging.comparison import Comparison, Row, Verdict
from . import verdicts
from .changes import change, pair, plain, said, spoken
from .results import Benchmark, Commit, Figure, Key
from .spark import Spark
from .tables import NOTHING, human

COLUMNS = ("Current", "Baseline", "Change", "Instructions", "Verdict", "History")
ABSENT = Figure(math.nan)


@dataclass(frozen=True)
class Reading:
    """One benchmark at one choice of parameters.

    Attributes:
        series: the short hash and the figure of each commit up to the current one, oldest first.
    """

    benchmark: Benchmark
    parameters: Mapping[str, str]
    current: Figure
    baseline: Figure
    series: Sequence[tuple[str, float | None]] = ()

    @property
    def told(self) -> bool:
        """Whether one of the two commits has a figure or a failure of it."""
        return any(one.measured or one.value is None for one in (self.current, self.baseline))

    @property
    def both(self) -> bool:
        return self.current.measured and self.baseline.measured

    @property
    def label(self) -> str:
        name = self.benchmark.title or self.benchmark.name.removeprefix("micro.")
        return f"{name} ({spoken(self.parameters)})" if self.parameters else name

    @property
    def points(self) -> int:
        """How many commits have a figure."""
        return sum(value is not None and math.isfinite(value) for _, value in self.series)

    def change(self) -> str:
        """By how much it changed, with the interval that follows from both figures' own."""
        now, before = self.current, self.baseline
        if not self.both:
            if now.value is None and before.measured:
                return "fails now"
            return "works again" if before.value is None and now.measured else NOTHING
        assert now.value is not None
        assert before.value is not None
        if now.value == before.value:
            return "no change"
        if now.value <= 0 or before.value <= 0:
            return f"was {human(before.value, self.benchmark.unit)}"
        ratio = now.value / before.value
        if before.low and before.high and now.low is not None and now.high is not None and before.low > 0:
            return change(ratio, now.low / before.high, now.high / before.low)
        return change(ratio)

    def verdict(self) -> Verdict:
        """By exact counts, else by intervals that do not touch."""
        now, before = self.current, self.baseline
        if now.value is None and before.measured:
            return Verdict.FAIL
        if not self.both or now.value is None or before.value is None:
            return Verdict.UNJUDGED
        if "instructions" in self.benchmark.unit:
            gate = deciding.Gate(less_is_better=self.benchmark.less_is_better)
            return deciding.judge_counts(before.value, now.value, gate).verdict
        if now.value == before.value:
            return Verdict.OK
        if now.low is None or now.high is None or before.low is None or before.high is None:
            return Verdict.UNJUDGED
        if now.low <= before.high and before.low <= now.high:
            return Verdict.OK
        return Verdict.FASTER if (now.value < before.value) == self.benchmark.less_is_better else Verdict.SLOWER

    def spark(self) -> Spark:
        ends = [human(value, self.benchmark.unit) for _, value in (self.series[0], self.series[-1])]
        says = f"{self.benchmark.unit} of {self.label} over {self.points} commits, from {ends[0]} to {ends[1]}"
        return Spark([value for _, value in self.series], says)

    def history(self) -> dict[str, Any]:
        """The series itself; null where a commit has no figure."""
        points = [{"commit": commit, "value": _finite(value)} for commit, value in self.series]
        return {"benchmark": self.benchmark.name, "unit": self.benchmark.unit, "points": points}


@dataclass(frozen=True)
class Component:
    """A figure, the count of the same code where there is one, and what a comparison of the two commits said.

    Attributes:
        main: what is shown: what was sampled, or counts where nothing else is known.
    """

    main: Reading
    count: Reading | None = None
    row: Row | None = None

    @property
    def benchmark(self) -> Benchmark:
        return self.main.benchmark

    @property
    def told(self) -> bool:
        """Whether anything is known of it at one of the two commits."""
        return self.main.told or self.row is not None

    @property
    def verdict(self) -> Verdict:
        """The comparison's; else by counts where there are any, else by intervals."""
        if self._judged is not None:
            return self._judged.verdict
        counted = self.count.verdict() if self.count is not None else Verdict.UNJUDGED
        return self.main.verdict() if counted is Verdict.UNJUDGED else counted

    @property
    def said(self) -> str:
        proven = self._judged is None or verdicts.proven(self._judged)
        return NOTHING if self.verdict is Verdict.UNJUDGED else said(self.verdict, proven=proven)

    @property
    def change(self) -> str:
        """The comparison's, from its own figures, or that of the stored ones."""
        return self._figures()[2]

    def cells(self) -> list[str]:
        """As in COLUMNS, behind the label."""
        course = max((self.count, self.main), key=lambda one: -1 if one is None else one.points)
        assert course is not None
        return [self.main.label, *self._figures(), self.said, course.spark()]

    def as_json(self) -> dict[str, Any]:
        return {
            **_reading_json(self.main),
            "instructions": _reading_json(self.count) if self.count is not None else None,
            "change": self.change,
            "verdict": str(self.verdict),
        }

    @property
    def _judged(self) -> Row | None:
        return self.row if self.row is not None and self.row.verdict is not Verdict.UNJUDGED else None

    def _figures(self) -> list[str]:
        if self._judged is not None:
            base, head, grown, counts = verdicts.figures(self._judged)
            return [head, base, grown, counts]
        texts = pair(self.main.current.value, self.main.baseline.value, self.main.benchmark.unit)
        return [*texts, self.main.change(), _counts(self.count)]


def components(
    benchmarks: Mapping[str, Benchmark],
    commits: Sequence[Commit],
    base: Commit | None,
    comparison: Comparison | None = None,
) -> list[Component]:
    """All benchmarks at all their parameters, told or not; *commits* end with the current one.

    A time and the count of its code are one; a benchmark of percentiles is a scenario, and none of these.
    """
    judged = rows_by_key(comparison)
    twins = {names.as_count(name) for name in benchmarks if names.is_time(name)}
    found = []
    for name, benchmark in benchmarks.items():
        if name in twins or "percentile" in benchmark.shape.names:
            continue
        count = benchmarks.get(names.as_count(name)) if names.is_time(name) else None
        for parameters in benchmark.shape.combinations():
            main = reading(benchmark, parameters, commits, base)
            other = reading(count, parameters, commits, base) if count is not None else None
            row = judged.get((name, parameters))
            found.append(_component(main, other, row))
    return found


def reading(
    benchmark: Benchmark, parameters: tuple[str, ...], commits: Sequence[Commit], base: Commit | None
) -> Reading:
    """What the commits say of one benchmark at one choice of parameters."""
    key = (benchmark.name, parameters)
    series = [(commit.short, commit.value(*key)) for commit in commits]
    now, before = commits[-1].figures.get(key, ABSENT), base.figures.get(key, ABSENT) if base else ABSENT
    chosen = dict(zip(benchmark.shape.names, parameters, strict=True))
    return Reading(benchmark, chosen, now, before, series)


def rows_by_key(comparison: Comparison | None) -> dict[Key, Row]:
    """A comparison's rows, by benchmark and parameters."""
    rows: Iterable[Row] = comparison.rows if comparison is not None else ()
    return {(row.name, tuple(row.parameters.values())): row for row in rows}


def figure_json(figure: Figure) -> dict[str, Any]:
    if not figure.measured:
        return {"value": None, "state": "failed" if figure.value is None else "n/a"}
    return {"value": figure.value, "low": figure.low, "high": figure.high, "state": "measured"}


def _component(main: Reading, count: Reading | None, row: Row | None) -> Component:
    if count is None or not count.told:
        return Component(main, row=row)
    return Component(main, count, row) if main.told else Component(count, row=row)


def _counts(count: Reading | None) -> str:
    if count is None:
        return NOTHING
    if not count.both:
        return human(count.current.value, "instructions")
    texts = [human(one.value, "instructions") for one in (count.baseline, count.current)]
    return texts[1] if texts[0] == texts[1] else f"{texts[0]} → {texts[1]} ({count.change()})"


def _reading_json(one: Reading) -> dict[str, Any]:
    return {
        "benchmark": one.benchmark.name,
        "parameters": {name: plain(value) for name, value in one.parameters.items()},
        "unit": one.benchmark.unit,
        "current": figure_json(one.current),
        "baseline": figure_json(one.baseline),
        "history": one.history(),
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
