"""Pairs of processes, base and head in turn: what the machine does meanwhile meets both.

Pair by pair the order turns (base head, head base, ...), so that a drift helps neither. Both processes of a pair get
the same hash seed, environment and processor; the next pair gets others. Some benchmarks are taken from a second copy
of the base too, in the same breath: what separates the two copies is the machine's noise and nothing else.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from ..harness import measuring
from .errors import Invalid
from .noise import watched

TIMEOUT_S = 600  # of one process
AGAIN = 3  # pairs of a look that are taken once more because something else had the processor
CONTROLLED, LEAST_CONTROLS = 0.1, 3
MODULE = str(Path(measuring.__file__).resolve())


class Runner(Protocol):
    """What starts the processes, and sees that none outlives this one."""

    def run(self, command: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]: ...


class Key(NamedTuple):
    """One benchmark at one choice of parameters, by the choice's number."""

    name: str
    choice: int

    @property
    def alone(self) -> bool:
        """Whether it takes a process of its own: a high-water mark of memory is the process's."""
        return self.name.rpartition(".")[2].startswith("peakmem_")

    @property
    def group(self) -> str:
        """What is measured in one process: the benchmarks of one file."""
        return f"{self.name}-{self.choice}" if self.alone else self.name.rsplit(".", 2)[0]


Answers = dict[Key, dict[str, Any]]
DIED = {"error": "its process died"}


class Pairs:
    """Takes pairs of figures of base and head, and keeps them all.

    Attributes:
        taken: of each benchmark its pairs in order.
        controls: of some benchmarks, base and second copy of the base.
        lost: why a benchmark has no pair on a side: (side, "skipped" or "error", reason).
        disturbed: how many pairs were taken again, by benchmark.
    """

    def __init__(
        self, sides: Mapping[str, Path], runner: Runner, *, seed: int, say: Callable[[str], None] = lambda text: None
    ) -> None:
        """*sides*: the interpreters of "base", "head", and of "again", a second copy of the base, if there is one."""
        self.sides, self.runner, self.seed, self._say = dict(sides), runner, seed, say
        self.taken: dict[Key, list[tuple[float, float]]] = {}
        self.controls: dict[Key, list[tuple[float, float]]] = {}
        self.lost: dict[Key, tuple[str, str, str]] = {}
        self.disturbed: dict[Key, int] = {}
        self.more_work: dict[str, float] = {}  # by side: what a self-test makes slower, and by how much
        self._loops: dict[Key, int] = {}
        self._number = 0

    def take(self, keys: Sequence[Key], count: int) -> None:
        """Take *count* more pairs of each benchmark that was not lost."""
        controlled = self._controlled(keys)
        groups = _grouped(keys)
        again = dict.fromkeys(groups, AGAIN)
        for at in range(count):
            for group, members in self._shuffled(groups):
                wanted = [key for key in members if key not in self.lost]
                if not wanted:
                    continue
                self._say(f"pair {at + 1} of {count}: {group}, {len(wanted)} benchmarks")
                answers, calm = self._pair(wanted, controlled)
                while not calm and again[group]:
                    again[group] -= 1
                    self.disturbed.update({key: self.disturbed.get(key, 0) + 1 for key in wanted})
                    answers, calm = self._pair(wanted, controlled)
                for key in wanted:
                    self._keep(key, {side: rows.get(key, DIED) for side, rows in answers.items()})
            self._number += 1

    def _controlled(self, keys: Sequence[Key]) -> set[Key]:
        if "again" not in self.sides:
            return set()
        known = [key for key in keys if key in self.controls]
        candidates = sorted(key for key in keys if not key.alone and key not in self.lost)
        wanted = min(len(candidates), max(LEAST_CONTROLS, round(CONTROLLED * len(candidates))))
        drawn = random.Random(self.seed).sample(candidates, len(candidates))
        return set([*known, *drawn][: max(wanted, len(known))])

    def _shuffled(self, groups: Mapping[str, list[Key]]) -> Iterator[tuple[str, list[Key]]]:
        chance = random.Random(f"{self.seed} {self._number}")
        for group in chance.sample(sorted(groups), len(groups)):
            yield group, chance.sample(groups[group], len(groups[group]))

    def _pair(self, wanted: Sequence[Key], controlled: set[Key]) -> tuple[dict[str, Answers], bool]:
        """One pair of a group: what each side answered, and whether nothing else had the processors meanwhile."""
        order = ["base", "head", "again"] if self._number % 2 == 0 else ["again", "head", "base"]
        environment, answers, calm = self._environment(), {}, True
        for side in order:
            chosen = [key for key in wanted if key in controlled] if side == "again" else wanted
            if chosen and side in self.sides:
                with watched() as disturbance:
                    answers[side] = self._process(side, chosen, environment)
                calm = calm and not disturbance.disturbed
        return answers, calm

    def _keep(self, key: Key, found: Mapping[str, dict[str, Any]]) -> None:
        for side, how in ((side, how) for side in ("base", "head") for how in ("error", "skipped")):
            if how in found[side]:
                self.lost.setdefault(key, (side, how, found[side][how]))
        if key in self.lost:
            return
        base, head = (float(found[side]["value"]) for side in ("base", "head"))
        self._loops.setdefault(key, found["base"].get("loops", 0))
        self.taken.setdefault(key, []).append((base, head))
        if "value" in (again := found.get("again", {})):
            self.controls.setdefault(key, []).append((base, float(again["value"])))

    def _environment(self) -> dict[str, str]:
        chance = random.Random(f"{self.seed} environment {self._number}")
        return {
            "PATH": os.defpath,
            "PYTHONHASHSEED": str(chance.randrange(2**32)),
            "PYRT_BENCH_PADDING": "x" * chance.randrange(4096),  # moves the stack, as a longer path or name would
        }

    def _process(self, side: str, keys: Sequence[Key], environment: Mapping[str, str]) -> Answers:
        processors = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        cpu = processors[-1 - self._number % len(processors)] if len(processors) > 1 else None
        wanted = [{"name": key.name, "choice": key.choice, "loops": self._loops.get(key)} for key in keys]
        request = {"verb": "measure", "cpu": cpu, "benchmarks": wanted, "work": self.more_work.get(side, 1.0)}
        try:
            rows = ask(self.sides[side], self.runner, request, environment)
        except MeasuringError as error:
            return {key: {"error": str(error)} for key in keys}
        return {Key(row["name"], row["choice"]): row for row in rows}


class MeasuringError(Invalid):
    """A measuring process could not answer at all; the message says why."""


def ask(
    python: Path, runner: Runner, request: Mapping[str, Any], environment: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """Run the measuring process in one commit's environment, and read what it answered before it ended.

    Raises:
        MeasuringError: it ended in an error of its own, and answered nothing.
    """
    with tempfile.TemporaryDirectory(prefix="pyrt-pair-") as name:
        folder = Path(name)
        (folder / measuring.REQUEST).write_text(json.dumps(request))
        command = [str(python), "-P", MODULE]
        options = {"cwd": folder, "env": environment or {"PATH": os.defpath}, "timeout": TIMEOUT_S}
        try:
            done = runner.run(command, capture_output=True, text=True, **options)
            told = f"exit code {done.returncode}: {done.stderr[-2000:].strip()}"
        except subprocess.TimeoutExpired:
            told = f"it took longer than {TIMEOUT_S} s"
        path = folder / measuring.ANSWER
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    if not lines:
        raise MeasuringError(f"the measuring process of {python} answered nothing: {told}")
    return [json.loads(line) for line in lines if line.endswith("}")]


def _grouped(keys: Iterable[Key]) -> dict[str, list[Key]]:
    groups: dict[str, list[Key]] = {}
    for key in keys:
        groups.setdefault(key.group, []).append(key)
    return groups
