"""The report: measured figures against a baseline and the written targets, as tables, Markdown and JSON."""

from __future__ import annotations

import ast
import datetime
import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .results import Benchmark, Commit, Figure, Measured
from .tables import NOTHING, Table, digits, human, markdown, percent
from .targets import TIERS, Target, Verdict, judge

PERCENTILES = ("p50", "p95", "p99")
# What measures a request's parts, each by itself, and the whole: in instructions, and in seconds.
OVERHEAD = ("integration.overhead.Overhead.instr_part", "integration.overhead.Rotation.track_part")
WHOLE = "'whole'"
NOISE = (
    "Times swing on a machine that runs other work, by a factor of two on a shared one: believe the "
    "instruction counts first, and a change in time only where its 99 % intervals do not touch."
)
_WORDS = (
    ("instructions", ("fewer", "more")),
    ("bytes", ("smaller", "larger")),
    ("second", ("faster", "slower")),
    ("us/", ("faster", "slower")),
    ("/s", ("faster", "slower")),
)


def change(current: Figure, baseline: Figure, benchmark: Benchmark) -> str:
    """What became of a figure, in words: `1.31x faster`, `4.0 % slower`, `no change`."""
    if not current.measured or not baseline.measured:
        if current.value is None and baseline.measured:
            return "fails now"
        return "works again" if baseline.value is None and current.measured else NOTHING
    assert current.value is not None
    assert baseline.value is not None
    if current.value == baseline.value:
        return "no change"
    if _overlap(current, baseline):
        return "no change (within noise)"
    if current.value <= 0 or baseline.value <= 0:
        return f"was {human(baseline.value, benchmark.unit)}"
    rise = current.value / baseline.value
    better = (rise < 1) == benchmark.less_is_better
    kind = next((words for part, words in _WORDS if part in benchmark.unit), ("better", "worse"))
    word = kind[0] if better else kind[1]
    ratio = max(rise, 1 / rise)
    # "1.3x faster" is how people say it; of "1.3x fewer" nobody knows what it means.
    sized = word in ("fewer", "more", "smaller", "larger")
    if (ratio >= 1.1 and not sized) or rise >= 2:
        return f"{digits(ratio)}x {'as much' if sized else word}"
    return f"{percent(abs(rise - 1))} {word}"


def _overlap(one: Figure, other: Figure) -> bool:
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return False
    return one.low <= other.high and other.low <= one.high


def spoken(parameters: Mapping[str, str]) -> str:
    """Parameters for people: `routes 10, path static`."""
    return ", ".join(f"{name} {_plain(value)}" for name, value in parameters.items())


def _plain(stored: str) -> str:
    # asv stores the repr of a parameter; only a string's quotes are noise to a reader.
    if stored[:1] in "'\"":
        return str(ast.literal_eval(stored))
    return stored


@dataclass(frozen=True)
class Row:
    """One benchmark at one choice of parameters, now and at the baseline."""

    benchmark: Benchmark
    parameters: Mapping[str, str]
    current: Figure
    baseline: Figure

    @property
    def label(self) -> str:
        name = self.benchmark.title or self.benchmark.name.removeprefix("micro.")
        return f"{name} ({spoken(self.parameters)})" if self.parameters else name

    @property
    def change(self) -> str:
        return change(self.current, self.baseline, self.benchmark)

    def cells(self) -> list[str]:
        unit = self.benchmark.unit
        return [self.label, human(self.current.value, unit), human(self.baseline.value, unit), self.change]

    def as_json(self) -> dict[str, Any]:
        return {
            "benchmark": self.benchmark.name,
            "parameters": {name: _plain(value) for name, value in self.parameters.items()},
            "unit": self.benchmark.unit,
            "current": _figure_json(self.current),
            "baseline": _figure_json(self.baseline),
            "change": self.change,
        }


@dataclass(frozen=True)
class Scenario:
    """One scenario's percentiles in seconds, by `p50` .. `p99`, and the first target that speaks of it."""

    benchmark: Benchmark
    parameters: Mapping[str, str]
    percentiles: Mapping[str, Figure]
    verdict: Verdict | None

    @property
    def label(self) -> str:
        area = self.benchmark.title or self.benchmark.name.partition(".")[2].rpartition(".")[0]
        chosen = ", ".join(_plain(value) for value in self.parameters.values())
        return f"{area}: {chosen}" if chosen else area

    def cells(self) -> list[str]:
        shown = [human(self.percentiles.get(one, Figure(math.nan)).value, self.benchmark.unit) for one in PERCENTILES]
        if self.verdict is None:
            return [self.label, *shown, NOTHING, "no target"]
        return [self.label, *shown, wanted(self.verdict.target), outcome(self.verdict)]

    def as_json(self) -> dict[str, Any]:
        figures = {name: _figure_json(figure) for name, figure in self.percentiles.items()}
        target = verdict_json(self.verdict) if self.verdict else None
        chosen = {name: _plain(value) for name, value in self.parameters.items()}
        return {"benchmark": self.benchmark.name, "parameters": chosen, **figures, "target": target}


@dataclass(frozen=True)
class Report:
    """What a machine measured at `head`, against `base` (None: no earlier one) and the targets."""

    measured: Measured
    head: Commit
    base: Commit | None
    verdicts: Sequence[Verdict]
    date: datetime.datetime

    @property
    def missed(self) -> list[Verdict]:
        return [verdict for verdict in self.verdicts if verdict.status == "missed"]

    def rows(self, wanted: Callable[[Benchmark], bool]) -> list[Row]:
        """The chosen benchmarks, one row for each combination of parameters."""
        return [
            Row(
                benchmark,
                dict(zip(benchmark.shape.names, parameters, strict=True)),
                *self._pair(benchmark.name, parameters),
            )
            for benchmark in self.measured.benchmarks.values()
            if wanted(benchmark)
            for parameters in benchmark.shape.combinations()
        ]

    def scenarios(self) -> list[Scenario]:
        """Every choice of parameters of the benchmarks that have a `percentile` among them."""
        return [one for benchmark in self.measured.benchmarks.values() for one in self._scenarios(benchmark)]

    def tables(self) -> list[Table]:
        """Microbenchmarks, Integration, Load tests, targets by tier, overhead, instruction counts, other figures."""
        columns = ("Current", "Baseline", "Change")
        exact = "Exact: one commit counts the same each time, so any change is one of the program."
        return [
            Table("Microbenchmarks", ("Component", *columns), [row.cells() for row in self.rows(_is_micro)]),
            Table(
                "Integration",
                ("Scenario", "P50", "P95", "P99", "Target", "Status"),
                [scenario.cells() for scenario in self.scenarios()],
            ),
            Table("Load tests", ("Test", "RPS", "P95", "Errors", "Status"), self._load_rows()),
            *target_tables(self.verdicts),
            Table(
                "Pipeline overhead",
                ("Part", "Instructions", "Share", "Time", "Share"),
                self._overhead_rows(),
                note="Each part of a request measured by itself; the residual is what they leave unexplained.",
            ),
            Table(
                "Instruction counts",
                ("Benchmark", *columns),
                [row.cells() for row in self.rows(_is_count)],
                note=exact,
            ),
            Table("Other figures", ("Benchmark", *columns), [row.cells() for row in self.rows(_is_other)]),
        ]

    def heading(self) -> list[tuple[str, str]]:
        """What the figures are of: machine, commits, Python, date, each with its name."""
        machine = self.measured.machine
        about = ", ".join(
            text for text in (machine.get("cpu"), f"{machine.get('num_cpu') or '?'} cores", machine.get("os")) if text
        )
        base = describe(self.base) if self.base else "none: no earlier commit is measured"
        return [
            ("Machine", f"{self.measured.name} ({about})"),
            ("Current", describe(self.head)),
            ("Baseline", base),
            ("Python", self.head.python or "unknown"),
            ("Reported", f"{self.date:%Y-%m-%d %H:%M} UTC"),
        ]

    def markdown(self) -> str:
        """The whole report as GitHub-flavoured Markdown."""
        return markdown("Benchmark report", self.heading(), (NOISE, tally(self.verdicts)), self.tables())

    def as_json(self) -> dict[str, Any]:
        """The same for machines: figures raw and in their units; null with a `state` where there is none."""
        return {
            "machine": dict(self.measured.machine),
            "python": self.head.python,
            "date": self.date.isoformat(),
            "current": {"commit": self.head.hash, "subject": self.head.subject},
            "baseline": {"commit": self.base.hash, "subject": self.base.subject} if self.base else None,
            "microbenchmarks": [row.as_json() for row in self.rows(_is_micro)],
            "integration": [scenario.as_json() for scenario in self.scenarios()],
            "overhead": {
                part: {
                    kind: figure if math.isfinite(figure) else None
                    for kind, figure in zip(("instructions", "seconds"), figures, strict=True)
                }
                for part, figures in self.overhead().items()
            },
            "load": [
                dict(zip(("test", "rps", "p95", "errors", "status"), row, strict=True)) for row in self._load_json()
            ],
            "targets": [verdict_json(verdict) for verdict in self.verdicts],
            "instructions": [row.as_json() for row in self.rows(_is_count)],
            "other": [row.as_json() for row in self.rows(_is_other)],
        }

    def _pair(self, name: str, parameters: tuple[str, ...]) -> tuple[Figure, Figure]:
        absent = Figure(math.nan)
        base = self.base.figures.get((name, parameters), absent) if self.base else absent
        return self.head.figures.get((name, parameters), absent), base

    def _scenarios(self, benchmark: Benchmark) -> list[Scenario]:
        if "percentile" not in benchmark.shape.names:
            return []
        found: dict[tuple[tuple[str, str], ...], dict[str, Figure]] = {}
        for parameters in benchmark.shape.combinations():
            rest = dict(zip(benchmark.shape.names, parameters, strict=True))
            percentile = _plain(rest.pop("percentile"))
            found.setdefault(tuple(rest.items()), {})[percentile] = self._pair(benchmark.name, parameters)[0]
        return [Scenario(benchmark, dict(key), value, self._about(benchmark, key)) for key, value in found.items()]

    def _about(self, benchmark: Benchmark, chosen: Iterable[tuple[str, str]]) -> Verdict | None:
        for verdict in self.verdicts:
            if verdict.target.benchmark == benchmark.name:
                parameters = {name: repr(value) for name, value in verdict.target.parameters.items()}
                if dict(chosen).items() <= parameters.items():
                    return verdict
        return None

    def overhead(self) -> dict[str, list[float]]:
        """By part, sum, whole and residual: the figure of each benchmark in OVERHEAD, NaN where there is none."""
        axes = [self.measured.benchmarks[name].shape.values[0] for name in OVERHEAD if name in self.measured.benchmarks]
        if len(axes) < len(OVERHEAD):
            return {}
        parts = [part for part in axes[0] if part != WHOLE]
        found = {part: [_number(self.head.value(name, (part,))) for name in OVERHEAD] for part in (*parts, WHOLE)}
        total = [sum(found[part][column] for part in parts) for column in range(len(OVERHEAD))]
        whole = found.pop(WHOLE)
        residual = [entire - parts for entire, parts in zip(whole, total, strict=True)]
        named = {_plain(part): figures for part, figures in found.items()}
        return {**named, "sum of the parts": total, "whole": whole, "residual": residual}

    def _overhead_rows(self) -> list[list[str]]:
        found = self.overhead()
        rows = []
        for part, figures in found.items():
            cells = [part]
            for figure, unit, whole in zip(figures, ("instructions", "seconds"), found["whole"], strict=True):
                cells += [human(figure, unit), percent(figure / whole) if math.isfinite(figure) else NOTHING]
            rows.append(cells)
        return rows

    def _load_json(self) -> list[list[str | None]]:
        load = [one for one in self.verdicts if one.target.tier == "mvp" and one.target.group == "Load"]
        return [[one.target.title.partition(":")[0], None, None, None, one.status] for one in load]

    def _load_rows(self) -> list[list[str]]:
        return [[text or NOTHING for text in row] for row in self._load_json()]


def make(measured: Measured, targets: Iterable[Target], *, head: str | None = None, base: str | None = None) -> Report:
    """The report on `head` (a measured commit's hash, else the newest) against `base` (else the one before).

    Raises ResultsError when a commit is not measured.
    """
    current = measured.find(head) if head else measured.commits[-1]
    earlier = measured.commits[: measured.commits.index(current)]
    baseline = measured.find(base) if base else (earlier[-1] if earlier else None)
    verdicts = [judge(target, measured.shapes, current.value) for target in targets]
    return Report(measured, current, baseline, verdicts, datetime.datetime.now(datetime.UTC))


def describe(commit: Commit) -> str:
    """A commit for people: short hash, date, subject."""
    return f"{commit.short} of {commit.date:%Y-%m-%d}, {commit.subject}".rstrip(", ")


def wanted(target: Target) -> str:
    """What the target asks for: `< 5 ms`, with the percentile where that is the choice."""
    percentile = str(target.parameters.get("percentile", "")).upper()
    return f"{percentile} {target.compare} {human(target.limit, target.unit)}".lstrip()


def outcome(verdict: Verdict) -> str:
    """The status in words, with how much is missing: `missed: 1.34x the limit, 1.7 ms too much`."""
    if verdict.status != "missed":
        return verdict.status
    factor = ""
    if verdict.factor is not None:
        shown = human(verdict.factor, "ratio")
        factor = f"{shown} the limit, " if shown.endswith("x") else f"{shown} of the limit, "
    side = "too much" if verdict.target.less_is_better else "too little"
    return f"missed: {factor}{human(verdict.excess, verdict.target.unit)} {side}"


def tally(verdicts: Sequence[Verdict]) -> str:
    """One sentence on how many targets are met, missed, and not measured."""
    count = {status: sum(one.status == status for one in verdicts) for status in ("met", "missed", "not measured")}
    parts = ", ".join(f"{number} {status}" for status, number in count.items())
    return f"Of {len(verdicts)} targets: {parts}."


def target_tables(verdicts: Iterable[Verdict]) -> list[Table]:
    """One table for each tier that has targets."""
    columns = ("Area", "Target", "Limit", "Value", "Status")
    tiers = itertools.groupby(
        sorted(verdicts, key=lambda one: TIERS.index(one.target.tier)), lambda one: one.target.tier
    )
    return [Table(f"Targets: {tier}", columns, [_target_cells(one) for one in group]) for tier, group in tiers]


def _target_cells(verdict: Verdict) -> list[str]:
    target = verdict.target
    value = NOTHING if verdict.value is None else human(verdict.value, target.unit)
    free = {name: text for name, text in verdict.at.items() if name not in target.parameters}
    if free:
        value = f"{value} (worst: {spoken(free)})"
    status = outcome(verdict)
    if verdict.status == "not measured" and target.benchmark:
        status = f"{status}: {verdict.reason}"
    return [target.group, target.title, f"{target.compare} {human(target.limit, target.unit)}", value, status]


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    at = {name: _plain(value) for name, value in verdict.at.items()}
    return {
        **asdict(verdict.target),
        "status": verdict.status,
        "value": verdict.value,
        "factor": verdict.factor,
        "excess": verdict.excess,
        "at": at,
        "reason": verdict.reason,
    }


def _figure_json(figure: Figure) -> dict[str, Any]:
    if not figure.measured:
        return {"value": None, "state": "failed" if figure.value is None else "n/a"}
    return {"value": figure.value, "low": figure.low, "high": figure.high, "state": "measured"}


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _is_count(benchmark: Benchmark) -> bool:
    return "instructions" in benchmark.unit


def _is_micro(benchmark: Benchmark) -> bool:
    return benchmark.name.startswith("micro.") and not _is_count(benchmark)


def _is_other(benchmark: Benchmark) -> bool:
    percentiles = "percentile" in benchmark.shape.names
    return not (_is_micro(benchmark) or _is_count(benchmark) or percentiles)
