"""The profile of one benchmark at one commit: what it takes, and where."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from ..judging.comparison import now
from ..judging.sides import Say
from . import sampling
from .sampling import FEW, Garbage, Memory
from .stacks import Stack, by_component, by_self, by_total, component, scaled, unfolded
from .subject import Job, ProfilingError, packages_of

SCHEMA = 1
TOP = 25
OTHER_S = 1.0  # of each of the runs beside the sampled one
Result = TypeVar("Result")


class FrameCost(msgspec.Struct, frozen=True, kw_only=True):
    """One function: microseconds of the processor per call, its own and with all it calls; the same in instructions.

    `entered` is how often it is called per call of the benchmark. None where it was not sampled, or not counted.
    """

    name: str
    component: str
    self_us: float | None = None
    total_us: float | None = None
    self_instructions: float | None = None
    total_instructions: float | None = None
    entered: float | None = None


class ComponentCost(msgspec.Struct, frozen=True, kw_only=True):
    """One part of the program, by its functions' own cost per call. `share` is of samples."""

    name: str
    share: float | None = None
    us: float | None = None
    instructions: float | None = None


class FrameCounts(msgspec.Struct, frozen=True):
    """Exact instructions per call.

    Attributes:
        scaled: whether the stacks are shares that were scaled to it, else each is exact too.
        stacks: self instructions per call by stack, frames joined by ";".
        entered: how often each frame is entered per call.
    """

    instructions: float
    scaled: bool
    stacks: dict[str, float]
    entered: dict[str, float]


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What `profile.json` holds of one commit.

    Attributes:
        benchmark: as asv writes it, with its parameters.
        commit: whole hash; empty for the working copy.
        seconds_per_call: on the clock, with nothing watching; the processor's beside it.
        samples: below the benchmark's function. `coverage`: as a share of those that there should be.
        frames: the dearest, by their own cost.
        notes: what a reader has to know, and what is missing and why.
    """

    schema: int = SCHEMA
    benchmark: str
    parameters: dict[str, str]
    commit: str
    command: str
    date: str
    python: str
    seconds_per_call: float
    cpu_seconds_per_call: float
    samples: int
    coverage: float
    instructions_per_call: float | None
    components: list[ComponentCost]
    frames: list[FrameCost]
    garbage: Garbage | None
    memory: Memory | None
    notes: list[str]


class StackedProfile(msgspec.Struct, frozen=True):
    """A profile with the stacks that it was made from: microseconds, and instructions, per call."""

    profile: Profile
    times: dict[Stack, float]
    instructions: dict[Stack, float]


def count_frames(job: Job) -> FrameCounts:
    """Raises ProfilingError: its message says why there is no count."""
    if not job.choice.twin:
        raise ProfilingError("only `time_` benchmarks of a class under @counted are counted")
    if not (packages := packages_of("bytecode")):
        raise ProfilingError("bytecode is not installed; `make setup` brings it")
    order = {"name": job.choice.twin, "index": job.choice.index, "packages": packages}
    found = job.subject.ask("instructions.py", order, job.leash)
    if reason := found.get("missing"):
        raise ProfilingError(reason)
    return FrameCounts(found["instructions"], found["scaled"], found["folded"], found["entered"])


@dataclass
class Attempts:
    """Tries one thing after the other, says which, and notes why there is none of it."""

    say: Say
    notes: list[str]

    def get(self, what: str, work: Callable[[], Result]) -> Result | None:
        self.say(what)
        try:
            return work()
        except ProfilingError as error:
            self.notes.append(f"Without {what}: {str(error).rstrip('.')}.")
            return None


def make(job: Job, folder: Path, *, seconds: float, command: str, say: Say) -> StackedProfile:
    """Profile it; the memory's own page goes to *folder* at once. Raises ProfilingError."""
    attempts = Attempts(say, [job.choice.note] if job.choice.note else [])
    short = min(OTHER_S, seconds)
    say("time")
    plain = sampling.plain(job, short)
    sampled = attempts.get("samples", lambda: sampling.sampled(job, seconds=seconds))
    count = attempts.get("instructions", lambda: count_frames(job))
    page, per_loop = folder / "memory.html", plain.per_call * plain.inner
    times = scaled(sampled.stacks, 1e6 * plain.cpu_per_call) if sampled else {}
    instructions = unfolded(count.stacks) if count else {}
    profile = Profile(
        benchmark=job.choice.label,
        parameters=job.choice.parameters,
        commit=job.subject.commit,
        command=command,
        date=now(),
        python=plain.python,
        seconds_per_call=plain.per_call,
        cpu_seconds_per_call=plain.cpu_per_call,
        samples=sampled.samples if sampled else 0,
        coverage=sampled.coverage if sampled else 0.0,
        instructions_per_call=count.instructions if count else None,
        components=components(times, instructions),
        frames=frames(times, instructions, count.entered if count else {})[:TOP],
        garbage=attempts.get("garbage collections", lambda: sampling.garbage(job, short)),
        memory=attempts.get("memory", lambda: sampling.memory(job, page, per_loop)),
        notes=attempts.notes,
    )
    if sampled and sampled.samples < FEW:
        attempts.notes.append(few(sampled.samples))
    attempts.notes.extend(scaled_note([count] if count else []))
    return StackedProfile(profile, times, instructions)


def scaled_note(counts: Iterable[FrameCounts]) -> list[str]:
    """What to know of counts that are shares."""
    said = "Instructions by function are shares of a part of the run, scaled to the exact count of the whole."
    return [said] if any(one.scaled for one in counts) else []


def few(samples: int) -> str:
    return f"Only {samples} samples, fewer than {FEW}: shares of time are rough; take more with --seconds."


def components(times: Mapping[Stack, float], instructions: Mapping[Stack, float]) -> list[ComponentCost]:
    """All of them, the dearest in instructions first, else in time."""
    us, counts = by_component(times), by_component(instructions)
    whole = sum(us.values())
    names = sorted(us.keys() | counts.keys(), key=lambda name: (-counts.get(name, 0.0), -us.get(name, 0.0), name))
    return [
        ComponentCost(
            name=name,
            share=us.get(name, 0.0) / whole if whole else None,
            us=us.get(name, 0.0) if whole else None,
            instructions=counts.get(name, 0.0) if counts else None,
        )
        for name in names
    ]


def frames(
    times: Mapping[Stack, float], instructions: Mapping[Stack, float], entered: Mapping[str, float]
) -> list[FrameCost]:
    """All of them, the dearest by their own time first, else by instructions."""
    own, whole = by_self(times), by_total(times)
    own_counts, whole_counts = by_self(instructions), by_total(instructions)
    names = sorted(
        whole.keys() | whole_counts.keys(), key=lambda name: (-own.get(name, 0.0), -own_counts.get(name, 0.0), name)
    )
    return [
        FrameCost(
            name=name,
            component=component(name),
            self_us=own.get(name, 0.0) if times else None,
            total_us=whole.get(name, 0.0) if times else None,
            self_instructions=own_counts.get(name, 0.0) if instructions else None,
            total_instructions=whole_counts.get(name, 0.0) if instructions else None,
            entered=entered.get(name, 0.0) if instructions else None,
        )
        for name in names
    ]
