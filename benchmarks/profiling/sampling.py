"""Samples of a benchmark's stacks, by py-spy, and what the garbage collector and memory take; each a run of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from ..judging.leash import Leash
from .stacks import Stack, fold, scaled
from .subject import Job, ProfilingError, packages_of

RATE = 500  # samples per second
FEW = 300
MEMORY_S = 0.1
MEMORY_LOOPS = 200


class Plain(NamedTuple):
    """A run that nothing watches: seconds per call, on the clock and of the processor; calls in one loop."""

    per_call: float
    cpu_per_call: float
    inner: int
    python: str


class StackSamples(NamedTuple):
    """What one run under py-spy found.

    Attributes:
        stacks: samples.
        expected: the rate, times the seconds that it took; fewer where it waited, or the sampler came too late.
        cpu_per_call: seconds of the processor, while being sampled.
    """

    stacks: dict[Stack, int]
    expected: float
    cpu_per_call: float

    @property
    def samples(self) -> int:
        return sum(self.stacks.values())

    @property
    def coverage(self) -> float:
        """Samples, as a share of those that there should be."""
        return self.samples / self.expected if self.expected else 0.0

    @property
    def per_call(self) -> dict[Stack, float]:
        """Microseconds of the processor per call, by stack."""
        return scaled(self.stacks, 1e6 * self.cpu_per_call)


class Garbage(msgspec.Struct, frozen=True):
    """What the garbage collector does in 1,000 calls: collections, and seconds of pause, by generation."""

    collections: list[float]
    pauses_s: list[float]


class Memory(msgspec.Struct, frozen=True):
    """What the calls allocate, Python's own allocator included: bytes at most at one time, allocations, bytes."""

    peak_bytes: int
    allocations_per_call: float
    bytes_per_call: float
    calls: int


def plain(job: Job, seconds: float) -> Plain:
    """Raises ProfilingError."""
    found = job.drive(seconds=seconds)
    calls = found["calls"]
    return Plain(found["seconds"] / calls, found["cpu_seconds"] / calls, found["inner"], found["python"])


def sampled(job: Job, **how_long: float) -> StackSamples:
    """Run it under py-spy for `seconds`, or as many `loops`. Raises ProfilingError."""
    with tempfile.NamedTemporaryFile(suffix=".folded") as raw:
        options = ["--rate", str(RATE), "--format", "raw", "--function", "--full-filenames", "--output", raw.name]
        found = job.drive([*_on_one_core(), _spy(), "record", *options, "--"], **how_long)
        folded = fold(Path(raw.name).read_text(encoding="utf-8"), found)
    return StackSamples(dict(folded), RATE * found["seconds"], found["cpu_seconds"] / found["calls"])


def _on_one_core() -> list[str]:
    """What makes a command share one core with what it starts.

    Elsewhere a sampler may stop a program late, where it next enters the kernel: then system calls seem to take nearly
    all time. On one core the program stands still whenever the sampler runs.
    """
    if not hasattr(os, "sched_setaffinity"):
        return []
    core = max(os.sched_getaffinity(0))
    code = f"import os, sys; os.sched_setaffinity(0, {{{core}}}); os.execv(sys.argv[1], sys.argv[1:])"
    return [sys.executable, "-P", "-S", "-c", code]


def _spy() -> str:
    beside = Path(sys.executable).with_name("py-spy")
    if found := str(beside) if beside.exists() else shutil.which("py-spy"):
        return found
    raise ProfilingError("py-spy is not installed; `make setup` brings it")


def garbage(job: Job, seconds: float) -> Garbage:
    """Raises ProfilingError."""
    found = job.drive(seconds=seconds, gc=True)
    per_thousand = 1000 / found["calls"]
    return Garbage(
        [count * per_thousand for count in found["collections"]], [pause * per_thousand for pause in found["pauses"]]
    )


def memory(job: Job, page: Path, per_loop: float) -> Memory:
    """What some calls allocate; a flame graph of it becomes *page*. Raises ProfilingError."""
    if not (packages := packages_of("memray")):
        raise ProfilingError("memray is not installed; `make setup` brings it where there is one for this system")
    loops = max(1, min(MEMORY_LOOPS, round(MEMORY_S / per_loop)))
    with tempfile.TemporaryDirectory(prefix="pyrt-memory-") as name:
        recorded, statistics = Path(name, "memory.bin"), Path(name, "statistics.json")
        calls = job.drive(loops=loops, memory=str(recorded), packages=packages)["calls"]
        _memray(job.leash, "stats", "--json", "--output", str(statistics), str(recorded))
        _memray(job.leash, "flamegraph", "--no-web", "--force", "--output", str(page), str(recorded))
        found: dict[str, Any] = json.loads(statistics.read_text(encoding="utf-8"))
    return Memory(
        found["metadata"]["peak_memory"],
        found["total_num_allocations"] / calls,
        found["total_bytes_allocated"] / calls,
        calls,
    )


def _memray(leash: Leash, *arguments: str) -> None:
    command = [sys.executable, "-P", "-m", "memray", *arguments]
    try:
        done = leash.run(command, capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired as error:
        raise ProfilingError(f"memray {arguments[0]} took longer than 300 s") from error
    if done.returncode != 0:
        raise ProfilingError(f"memray {arguments[0]} failed: {done.stderr.strip()[-500:]}")
