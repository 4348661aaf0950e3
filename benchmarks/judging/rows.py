"""Which benchmarks a comparison is about, and what becomes of each: counts and samples in one row."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from ..harness import names
from .comparison import Counts, PairedSamples, Row, Verdict
from .deciding import Gate, worse
from .pairs import Key

Lost = tuple[str, str, str]


@dataclass(frozen=True)
class Chosen:
    """One benchmark at one choice of parameters: how it is described, which way is worse, what can be had of it."""

    key: Key
    parameters: Mapping[str, str]
    unit: str
    gate: Gate
    counted: bool = False
    sampled: bool = True
    version: str = ""

    @property
    def label(self) -> str:
        """As asv writes it: `micro.routing.Match.time_match(10, 'static')`."""
        return names.label(self.key.name, self.parameters.values())

    @property
    def twin(self) -> Key:
        """Of a time the count of the same code."""
        return Key(names.as_count(self.key.name), self.key.choice)


def choose(described: Iterable[Mapping[str, Any]], regex: str) -> list[Chosen]:
    """What *regex* selects, as asv does: found in `name(parameters)`, of a time or of its twin.

    Raises:
        WrongUse: a benchmark's attribute `gate` is malformed.
    """
    known = {one["name"]: one for one in described}
    found = []
    for name, one in sorted(known.items()):
        if one["type"] == "instructions" and names.as_time(name) in known:
            continue  # its time is the row
        counted = one["type"] == "instructions" or (names.is_time(name) and names.as_count(name) in known)
        for at, values in enumerate(itertools.product(*one["params"])):
            parameters = dict(zip(one["param_names"], values, strict=True))
            sampled = one["type"] != "instructions"
            chosen = Chosen(Key(name, at), parameters, one["unit"], Gate.of(one), counted, sampled, one["version"])
            if names.matches(regex, chosen.label):
                found.append(chosen)
    return found


def make(
    chosen: Sequence[Chosen],
    counts: Mapping[Key, Counts | Lost],
    samples: Mapping[Key, PairedSamples],
    lost: Mapping[Key, Lost],
) -> list[Row]:
    """A row for each chosen benchmark."""
    return [_row(one, counts.get(one.twin), samples.get(one.key), lost.get(one.key)) for one in chosen]


def _row(one: Chosen, counted: Counts | Lost | None, sampled: PairedSamples | None, lost: Lost | None) -> Row:
    row = Row(
        name=one.key.name,
        parameters=dict(one.parameters),
        unit=one.unit if one.sampled else "instructions",
        verdict=Verdict.UNJUDGED,
        less_is_better=one.gate.less_is_better,
        counts=counted if isinstance(counted, Counts) else None,
        sampled=sampled,
    )
    if lost is None and isinstance(counted, tuple) and (counted[1] != "skipped" or sampled is None):
        lost = counted
    if lost is not None:
        return _without(row, lost)
    if not one.gate.judged:
        return msgspec.structs.replace(row, reason="shown alone: its own gate says that it is not judged")
    return msgspec.structs.replace(row, verdict=_both(row.counts, sampled), reason=_reason(row.counts, sampled))


def _without(row: Row, lost: Lost) -> Row:
    """A benchmark that one side cannot give. What worked and fails now is as bad as can be; else its count decides."""
    side, how, reason = lost
    where = {"base": "BASE", "head": "HEAD"}[side]
    broken = how == "error" and side == "head"
    text = f"it fails at {where}: {reason}" if how == "error" else f"not at {where}: {reason}"
    return msgspec.structs.replace(row, verdict=Verdict.FAIL if broken else _both(row.counts, None), reason=text)


def _both(counts: Counts | None, sampled: PairedSamples | None) -> Verdict:
    if counts is None:
        return sampled.verdict if sampled is not None else Verdict.UNJUDGED
    return counts.verdict if sampled is None else worse(counts.verdict, sampled.verdict)


def _reason(counts: Counts | None, sampled: PairedSamples | None) -> str:
    if counts is None and sampled is None:
        return "it was not measured"
    if sampled is not None and sampled.ratio is None and not sampled.verdict.gates and sampled.confirmed is None:
        return "its figure is not above zero, so it has no ratio"
    if sampled is not None and sampled.verdict is Verdict.INCONCLUSIVE and counts is not None:
        return "times cannot tell; the count decides"
    if sampled is not None and sampled.confirmed is False:
        return "a second, fresh measurement did not confirm it"
    return ""
