"""What grew between two commits: the same calls on both sides, function by function."""

from __future__ import annotations

import enum
import math
import statistics
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from ..judging.comparison import now
from ..judging.sides import Say
from . import sampling
from .sampling import FEW, StackSamples
from .single import SCHEMA, Attempts, FrameCounts, count_frames, few, scaled_note
from .stacks import Stack, by_self, component, unfolded
from .subject import Job, ProfilingError

PAIRS = 5
SECONDS = 1.0  # of each run, about
LONGEST = 3  # times as long a run of the slower side may be
SAME_SHARE, SAME_INSTRUCTIONS = 0.01, 5.0  # unrelated code moves counts by a part of a per cent
MOST_LOOPS = 10_000_000
WAITING = 5  # times as long on the clock as asked for, at most


class Change(enum.StrEnum):
    """What became of a function's own cost."""

    GROWN = "grown"
    SHRUNK = "shrunk"
    NEW = "new"
    GONE = "gone"
    SAME = "same"


class FrameChange(msgspec.Struct, frozen=True, kw_only=True):
    """One function's own cost per call at both commits.

    Attributes:
        us: difference, the median of the pairs of runs. `low_us`, `high_us`: the least and the most of them.
        by_time: grown or shrunk where every run of one side is above every run of the other.
        instructions: difference, exact.
    """

    name: str
    component: str
    base_us: float | None = None
    head_us: float | None = None
    us: float | None = None
    low_us: float | None = None
    high_us: float | None = None
    by_time: Change | None = None
    base_instructions: float | None = None
    head_instructions: float | None = None
    instructions: float | None = None
    by_instructions: Change | None = None


class Differential(msgspec.Struct, frozen=True, kw_only=True):
    """What `profile.json` holds of two commits.

    Attributes:
        commit: the later one's whole hash; `base` is the earlier one's.
        base_us, head_us: of the processor per call, a figure for each run.
        loops: how often each run called the benchmark's function.
        frames: those that grew most come first: by instructions, where both sides have them, else by time.
    """

    schema: int = SCHEMA
    benchmark: str
    parameters: dict[str, str]
    base: str
    commit: str
    command: str
    date: str
    base_us: list[float]
    head_us: list[float]
    loops: int
    samples: int
    base_instructions: float | None
    head_instructions: float | None
    frames: list[FrameChange]
    notes: list[str]


class StackedDifferential(msgspec.Struct, frozen=True):
    """A differential profile with the stacks that it was made from, base and head: microseconds, instructions."""

    differential: Differential
    times: tuple[dict[Stack, float], dict[Stack, float]]
    instructions: tuple[dict[Stack, float], dict[Stack, float]]


Runs = tuple[list[StackSamples], list[StackSamples]]
Counts = tuple[FrameCounts, FrameCounts]


def make(base: Job, head: Job, *, command: str, say: Say, seconds: float) -> StackedDifferential:
    """Profile one benchmark at two commits. Raises ProfilingError."""
    attempts = Attempts(say, [base.choice.note] if base.choice.note else [])
    loops = equal_loops(base, head, seconds)
    runs = attempts.get("samples", lambda: alternating(base, head, loops, say)) or ([], [])
    counts = attempts.get("instructions", lambda: count_both(base, head))
    if not any(runs) and counts is None:
        raise ProfilingError(" ".join(attempts.notes))
    samples = min((sum(one.samples for one in side) for side in runs), default=0)
    if samples < FEW:
        attempts.notes.append(few(samples))
    attempts.notes.extend(scaled_note(counts or ()))
    exact = [unfolded(one.stacks) for one in counts or ()] or [{}, {}]
    made = Differential(
        benchmark=base.choice.label,
        parameters=base.choice.parameters,
        base=base.subject.commit,
        commit=head.subject.commit,
        command=command,
        date=now(),
        base_us=[1e6 * one.cpu_per_call for one in runs[0]],
        head_us=[1e6 * one.cpu_per_call for one in runs[1]],
        loops=loops,
        samples=samples,
        base_instructions=counts[0].instructions if counts else None,
        head_instructions=counts[1].instructions if counts else None,
        frames=frames(runs, counts),
        notes=attempts.notes,
    )
    return StackedDifferential(made, (_mean(runs[0]), _mean(runs[1])), (exact[0], exact[1]))


def equal_loops(base: Job, head: Job, seconds: float) -> int:
    """How often to call the function, on both sides: about *seconds* for what lies between the two in speed."""
    plain = [sampling.plain(one, seconds / 4) for one in (base, head)]
    # What waits is slow on the clock alone, and so is what has to share its processor.
    each = [max(one.cpu_per_call, one.per_call / WAITING) * one.inner for one in plain]
    between = max(math.sqrt(math.prod(each)), max(each) / LONGEST)
    return max(1, min(MOST_LOOPS, round(seconds / between)))


def count_both(base: Job, head: Job) -> Counts:
    """At the same time: counts do not depend on what else runs. Raises ProfilingError."""
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(count_frames, (base, head))
    return first, second


def alternating(base: Job, head: Job, loops: int, say: Say) -> Runs:
    """Pairs of runs, each a fresh process, base and head in turn first."""
    runs: Runs = ([], [])
    for pair in range(PAIRS):
        say(f"samples, pair {pair + 1} of {PAIRS}")
        for side in (0, 1) if pair % 2 == 0 else (1, 0):
            runs[side].append(sampling.sampled((base, head)[side], loops=loops))
    return runs


def frames(runs: Runs, counts: Counts | None) -> list[FrameChange]:
    """Every function of either side, the most grown first."""
    timed = [[by_self(one.per_call) for one in side] for side in runs]
    exact = [by_self(unfolded(one.stacks)) for one in counts] if counts else []
    names = {name for side in (*timed, exact) for one in side for name in one}
    found = [_frame(name, timed, exact) for name in names]
    return sorted(found, key=lambda one: (-(one.instructions or 0.0), -(one.us or 0.0), one.name))


def _frame(
    name: str, timed: Sequence[Sequence[Mapping[str, float]]], exact: Sequence[Mapping[str, float]]
) -> FrameChange:
    base, head = ([one.get(name, 0.0) for one in side] for side in timed)
    by_time = {}
    if base:
        differences = [after - before for before, after in zip(base, head, strict=True)]
        by_time = {
            "base_us": statistics.median(base),
            "head_us": statistics.median(head),
            "us": statistics.median(differences),
            "low_us": min(differences),
            "high_us": max(differences),
            "by_time": change_of_runs(base, head),
        }
    by_count = {}
    if exact:
        before, after = (one.get(name, 0.0) for one in exact)
        by_count = {
            "base_instructions": before,
            "head_instructions": after,
            "instructions": after - before,
            "by_instructions": change_of_counts(before, after),
        }
    return FrameChange(name=name, component=component(name), **by_time, **by_count)  # type: ignore[arg-type]


def change_of_runs(base: Sequence[float], head: Sequence[float]) -> Change:
    """By samples: a difference counts where the runs of the two sides lie apart altogether."""
    if not any(base) and all(head):
        return Change.NEW
    if not any(head) and all(base):
        return Change.GONE
    if min(head) > max(base):
        return Change.GROWN
    return Change.SHRUNK if max(head) < min(base) else Change.SAME


def change_of_counts(base: float, head: float) -> Change:
    """By instructions, which are exact: a difference counts above what unrelated code does to them."""
    if abs(head - base) <= max(SAME_INSTRUCTIONS, SAME_SHARE * max(base, head)):
        return Change.SAME
    if base == 0 or head == 0:
        return Change.NEW if base == 0 else Change.GONE
    return Change.GROWN if head > base else Change.SHRUNK


def _mean(runs: Sequence[StackSamples]) -> dict[Stack, float]:
    found: dict[Stack, float] = {}
    for one in runs:
        for stack, value in one.per_call.items():
            found[stack] = found.get(stack, 0.0) + value / len(runs)
    return found
