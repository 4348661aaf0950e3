"""Figures of one commit kept in a file, and a comparison with them.

A stored time is a hint and no more: on a shared machine the same code is half as fast an hour later, whatever is done
about it. So only exact counts gate against a baseline; times are shown beside, divided by what moved all of them.
"""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from ..harness.atomic import write_whole
from . import accepted, deciding, fingerprint, rows
from .comparison import Comparison, Counts, PairedSamples, Row, Side, Verdict, now
from .errors import WrongUse
from .judge import Judge, command, judging
from .pairs import Key, Pairs
from .rows import Chosen, Lost
from .sides import Say

SCHEMA = 1
PAIRS = 8


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """One benchmark's figures: instructions per call, and one figure of each process in its unit."""

    version: str
    instructions: float | None = None
    samples: list[float] = []


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """What one commit measured on one machine, raw; benchmarks by `name(parameters)`."""

    schema: int = SCHEMA
    command: str
    date: str
    side: Side
    fingerprint: dict[str, str]
    benchmarks: dict[str, Stored]

    def save(self, path: Path) -> None:
        """Write it whole or not at all. Raises OSError."""
        write_whole(path, msgspec.json.format(msgspec.json.encode(self), indent=1))


def load(path: Path) -> Baseline:
    """Read what `Baseline.save` wrote. Raises WrongUse."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Baseline)
    except (OSError, msgspec.MsgspecError) as error:
        raise WrongUse(f"{path} holds no baseline: {error}; `python -m benchmarks baseline` makes one") from error
    if found.schema != SCHEMA:
        raise WrongUse(f"{path} has schema {found.schema}, this version reads {SCHEMA}; make it again")
    return found


def measure(root: Path, side: Side, *, bench: str, say: Say) -> Baseline:
    """Measure one commit. Raises as `judge.compare` does."""
    return _measure(root, side, bench=bench, say=say).baseline


def compare(root: Path, stored: Baseline, head: Side, *, bench: str, advisory: bool, say: Say) -> Comparison:
    """HEAD against a stored baseline.

    Raises:
        WrongUse: it is another machine's, and nobody asked for advice alone.
    """
    machine = fingerprint.machine()
    differing = fingerprint.differences(stored.fingerprint, machine, machine)
    if differing and not advisory:
        raise WrongUse(
            f"the baseline is another machine's (its {', '.join(differing)} differ), so figures cannot be compared; "
            "measure both commits here with `compare BASE HEAD`, or take --advisory to see them, gating nothing"
        )
    measured = _measure(root, head, bench=bench, say=say)
    found = measured.baseline
    here, there = found.fingerprint, stored.fingerprint
    acceptances = accepted.holding(root, stored.side.commit, head.commit)
    changed = fingerprint.differences(there, here, here)
    return Comparison(
        command=found.command,
        date=found.date,
        base=stored.side,
        head=head,
        fingerprint=here,
        rows=accepted.accept(judge(measured.chosen, stored.benchmarks, found.benchmarks, measured.lost), acceptances),
        notes=[
            *(f"{name}: {there.get(name, 'unknown')} at the baseline, {here[name]} now" for name in changed),
            *vanished(stored, measured.chosen, bench),
        ],
        advisory=f"another machine's baseline: {', '.join(differing)} differ" if differing else "",
    )


def vanished(stored: Baseline, chosen: Sequence[Chosen], bench: str) -> list[str]:
    """What the baseline has, the expression selects, and today's suite does not know any more."""
    labels = {one.label for one in chosen}
    gone = [name for name in stored.benchmarks if name not in labels and re.search(bench, name)]
    return [f"in the baseline alone: {', '.join(gone)}"] if gone else []


class _Measured(NamedTuple):
    """A commit's figures, and why others of its benchmarks have none."""

    chosen: list[Chosen]
    baseline: Baseline
    lost: dict[Key, Lost]


def _measure(root: Path, side: Side, *, bench: str, say: Say) -> _Measured:
    with judging(root, side, side, say=say, control=False) as judge:
        chosen = judge.chosen(bench)
        figures, lost = _figures(judge, chosen)
        facts = fingerprint.here(judge.built["head"])
    made = Baseline(command=command(), date=now(), side=side, fingerprint=facts, benchmarks=figures)
    return _Measured(chosen, made, lost)


def _figures(judge: Judge, chosen: Sequence[Chosen]) -> tuple[dict[str, Stored], dict[Key, Lost]]:
    counts = judge.count(chosen)
    pythons = {side: judge.built[side].python for side in ("base", "head")}
    pairs = Pairs(pythons, judge.leash, seed=judge.seed, say=judge.say)
    pairs.take([one.key for one in chosen if one.sampled], PAIRS)
    found = {one.label: _stored(one, counts.get(one.twin), pairs.taken.get(one.key, [])) for one in chosen}
    lost = {key: one for key, one in counts.items() if isinstance(one, tuple)} | pairs.lost
    return found, {key: ("head", how, reason) for key, (_, how, reason) in lost.items()}


def _stored(one: Chosen, counted: Counts | Lost | None, pairs: Sequence[tuple[float, float]]) -> Stored:
    instructions = counted.head if isinstance(counted, Counts) else None
    return Stored(version=one.version, instructions=instructions, samples=[figure for pair in pairs for figure in pair])


def judge(
    chosen: Sequence[Chosen], before: Mapping[str, Stored], now: Mapping[str, Stored], failed: Mapping[Key, Lost]
) -> list[Row]:
    """What became of each benchmark's figures; *failed*: why some have none now."""
    counts: dict[Key, Counts | Lost] = {}
    lost: dict[Key, Lost] = {}
    pairs: dict[Key, list[tuple[float, float]]] = {}
    for one in chosen:
        old, new = before.get(one.label), now[one.label]
        if old is None or old.version != new.version:
            changed = f"its version changed from {old.version} to {new.version}" if old else ""
            lost[one.key] = ("base", "skipped", changed or "the baseline does not have it")
            continue
        if old.instructions and one.twin in failed:
            counts[one.twin] = failed[one.twin]
        if old.samples and one.key in failed:
            lost[one.key] = failed[one.key]
        if old.instructions and new.instructions:
            counts[one.twin] = deciding.judge_counts(old.instructions, new.instructions, one.gate)
        if len(old.samples) == len(new.samples) and new.samples:
            pairs[one.key] = list(zip(old.samples, new.samples, strict=True))
    gates = {one.key: one.gate for one in chosen}
    judged = deciding.judge_samples(_without_drift(pairs, gates), gates, last=True) if pairs else {}
    return rows.make(chosen, counts, {key: _hint(found) for key, found in judged.items()}, lost)


def _without_drift(
    pairs: Mapping[Key, list[tuple[float, float]]], gates: Mapping[Key, deciding.Gate]
) -> dict[Key, list[tuple[float, float]]]:
    """The same pairs, divided by what moved most of the times: the hour, not the commit."""
    ratios = [ratio for key, some in pairs.items() for ratio in deciding.log_ratios(some, gates[key]) or []]
    drift = math.exp(statistics.median(ratios)) if ratios else 1.0
    return {
        key: [(base, head / drift if gates[key].less_is_better else head * drift) for base, head in some]
        for key, some in pairs.items()
    }


def _hint(found: PairedSamples) -> PairedSamples:
    return msgspec.structs.replace(found, verdict=Verdict.INCONCLUSIVE) if found.verdict.gates else found
