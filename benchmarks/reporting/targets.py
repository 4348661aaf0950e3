"""The written targets, and the verdict on each: met, missed by how much, or not measured."""

from __future__ import annotations

import itertools
import math
import operator
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ..judging.errors import WrongUse

TARGETS = Path(__file__).parents[1] / "targets.toml"
TIERS = ("mvp", "production", "stretch", "moonshot")
UNITS = {
    "s": ("seconds",),
    "bytes": ("bytes",),
    "1/s": ("1/s", "requests/s", "messages/s", "calls/s"),
    "instructions": ("instructions", "instructions/call"),
    "requests": ("requests", "errors"),
    "ratio": ("ratio",),
}
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

Choice = Mapping[str, str | int | float]
Status = Literal["met", "missed", "not measured"]


@dataclass(frozen=True)
class Target:
    """One written target. `limit` is in `unit`; `parameters` not chosen are judged at their worst."""

    tier: str
    group: str
    title: str
    compare: str
    limit: float
    unit: str
    benchmark: str | None = None
    parameters: Choice = field(default_factory=dict)
    relative_to: Choice = field(default_factory=dict)
    scale: float = 1.0

    @property
    def less_is_better(self) -> bool:
        return self.compare.startswith("<")


@dataclass(frozen=True)
class Shape:
    """The parameters of a benchmark: names, and for each the values as asv stores them (their repr)."""

    names: Sequence[str]
    values: Sequence[Sequence[str]]
    unit: str = ""

    def combinations(self) -> list[tuple[str, ...]]:
        return list(itertools.product(*self.values))

    def missing(self, choice: Choice) -> list[str]:
        """Those parts of a choice that the benchmark does not have, as `name = value`."""
        known = {(name, value) for name, values in zip(self.names, self.values, strict=True) for value in values}
        return [f"{name} = {value!r}" for name, value in choice.items() if (name, repr(value)) not in known]


@dataclass(frozen=True)
class TargetVerdict:
    """What became of a target: `value` in its unit and the parameters it was found at, or the reason why not.

    `last` says what an earlier commit had, where this one has no figure; it is news of then, and decides nothing now.

    `factor` is value / limit (None for a limit of zero); `excess` is how far the value lies past the limit,
    in the target's unit, and negative when it is met.
    """

    target: Target
    status: Status
    value: float | None = None
    at: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    last: str = ""

    @property
    def factor(self) -> float | None:
        return None if self.value is None or self.target.limit == 0 else self.value / self.target.limit

    @property
    def excess(self) -> float | None:
        if self.value is None:
            return None
        over = self.value - self.target.limit
        return over if self.target.less_is_better else -over


Figures = Callable[[str, tuple[str, ...]], float | None]
"""The figure of a benchmark at a combination of parameters; None when it failed, NaN when not applicable."""


def load(path: Path = TARGETS) -> list[Target]:
    """Read and check the targets. Raises WrongUse, naming the target and the field."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get("target", [])
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise WrongUse(f"{path}: {error}") from error
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise WrongUse(f"{path}: write each target as a table headed [[target]]")
    targets = [_target(table, f"{path.name}, target {number}") for number, table in enumerate(tables, 1)]
    if not targets:
        raise WrongUse(f"{path}: no [[target]] in it")
    seen: set[tuple[str, str, str]] = set()
    for target in targets:
        key = (target.tier, target.group, target.title)
        if key in seen:
            raise WrongUse(f"{path.name}: {' / '.join(key)} is written twice")
        seen.add(key)
    return targets


_TEXT, _NUMBER, _TABLE = str, (int, float), dict
_FIELDS: Mapping[str, Any] = {
    "tier": _TEXT,
    "group": _TEXT,
    "title": _TEXT,
    "compare": _TEXT,
    "limit": _NUMBER,
    "unit": _TEXT,
    "benchmark": _TEXT,
    "parameters": _TABLE,
    "relative_to": _TABLE,
    "scale": _NUMBER,
}
_REQUIRED = ("tier", "group", "title", "compare", "limit", "unit")
_ALLOWED: Mapping[str, Iterable[str]] = {"tier": TIERS, "compare": COMPARISONS, "unit": UNITS}


def _target(table: Mapping[str, Any], where: str) -> Target:
    where = f"{where} ({table.get('title', 'no title')!s})"
    if absent := [name for name in _REQUIRED if name not in table]:
        raise WrongUse(f"{where}: {', '.join(absent)} missing")
    if unknown := sorted(table.keys() - _FIELDS.keys()):
        raise WrongUse(f"{where}: unknown field {', '.join(unknown)}; known are {', '.join(_FIELDS)}")
    for name, value in table.items():
        if not isinstance(value, _FIELDS[name]) or isinstance(value, bool):
            raise WrongUse(f"{where}: {name} = {value!r} has the wrong type")
        if name in _ALLOWED and value not in _ALLOWED[name]:
            raise WrongUse(f"{where}: {name} = {value!r}; expected one of {', '.join(_ALLOWED[name])}")
    if not math.isfinite(table["limit"]) or table["limit"] < 0:
        raise WrongUse(f"{where}: limit = {table['limit']} must be a finite number, not below zero")
    if "benchmark" not in table and (extra := {"parameters", "relative_to", "scale"} & table.keys()):
        raise WrongUse(f"{where}: {', '.join(sorted(extra))} given without a benchmark")
    return Target(**table)


def judge(target: Target, shapes: Mapping[str, Shape], figures: Figures) -> TargetVerdict:
    """The verdict on one target. Met only when every combination that counts has a figure."""
    if target.benchmark is None:
        return TargetVerdict(target, "not measured", reason="no benchmark measures it yet")
    shape = shapes.get(target.benchmark)
    if shape is None:
        return TargetVerdict(target, "not measured", reason=f"no result of {target.benchmark}")
    if gone := shape.missing(target.parameters) + shape.missing(target.relative_to):
        return TargetVerdict(target, "not measured", reason=f"{target.benchmark} has no {gone[0]}")
    found = _chosen(target, shape, figures)
    holds = COMPARISONS[target.compare]
    measured = [(value, at) for value, at in found if value is not None and math.isfinite(value)]
    if measured:
        worst = max if target.less_is_better else min
        value, at = worst(measured, key=lambda pair: pair[0])
        if not holds(value, target.limit):
            return TargetVerdict(target, "missed", value, at)
        if len(measured) == len(found):
            return TargetVerdict(target, "met", value, at)
    failed = any(value is None for value, _ in found)
    lost = f"{len(found) - len(measured)} of {len(found)} figures" if len(found) > 1 else "the figure"
    return TargetVerdict(target, "not measured", reason=f"{lost} {'failed' if failed else 'not available'}")


def _chosen(target: Target, shape: Shape, figures: Figures) -> list[tuple[float | None, dict[str, str]]]:
    """The figures that count, in the target's unit, each with the parameters it was taken at."""
    assert target.benchmark is not None
    wanted = {name: repr(value) for name, value in target.parameters.items()}
    reference = {name: repr(value) for name, value in target.relative_to.items()}
    found = []
    for combination in shape.combinations():
        at = dict(zip(shape.names, combination, strict=True))
        if not wanted.items() <= at.items():
            continue
        value = figures(target.benchmark, combination)
        if reference:
            other = figures(target.benchmark, tuple((at | reference)[name] for name in shape.names))
            value = value / other if value is not None and other else None
        found.append((None if value is None else value * target.scale, at))
    return found
