"""What is profiled: a pyrt in an environment, and one benchmark with one choice of parameters."""

from __future__ import annotations

import difflib
import functools
import importlib.util
import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ..harness import names
from ..judging.errors import Invalid, WrongUse
from ..judging.leash import Leash
from ..judging.pairs import ask

FOLDER = Path(os.path.abspath(__file__)).parent
TIMEOUT_S = 900
NEAR = 5


class ProfilingError(Invalid):
    """Nothing could be profiled; the message says why."""


class UnknownBenchmark(WrongUse):
    """There is no such benchmark, or none with such parameters; the message lists near ones."""


class Subject(NamedTuple):
    """A pyrt and the Python whose environment it is installed in; without a commit it is the working copy's."""

    python: Path
    commit: str = ""

    @property
    def label(self) -> str:
        return self.commit[:8] or "working copy"

    def ask(self, script: str, order: Mapping[str, Any], leash: Leash, prefix: Sequence[str] = ()) -> dict[str, Any]:
        """Run a script of this folder in the environment, under *prefix*, with an order; what it answers.

        Raises:
            ProfilingError: it failed, the benchmark failed, or this pyrt has not what the benchmark needs.
        """
        with tempfile.TemporaryDirectory(prefix="pyrt-profile-") as name:
            given, out = Path(name, "order.json"), Path(name, "answer.json")
            given.write_text(json.dumps({**order, "out": str(out)}), encoding="utf-8")
            command = [*prefix, str(self.python), "-P", str(FOLDER / script), str(given)]
            try:
                done = leash.run(
                    command, cwd=name, env=self._environment(), timeout=TIMEOUT_S, capture_output=True, text=True
                )
            except subprocess.TimeoutExpired as error:
                raise ProfilingError(f"{script} took longer than {TIMEOUT_S} s at {self.label}") from error
            if not out.exists():
                said = "\n".join(done.stderr.strip().splitlines()[-5:]) or "no word of why"
                raise ProfilingError(f"{script} ended with {done.returncode} at {self.label}: {said}")
            answer: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
        if reason := answer.get("failed"):
            raise ProfilingError(f"at {self.label}: {reason}")
        return answer

    def _environment(self) -> dict[str, str]:
        # One hash seed, so that profiles of two commits do not differ by it; the rest is not the benchmark's business.
        clean = {"PATH": os.environ.get("PATH", os.defpath), "PYTHONHASHSEED": "0"}
        return clean if self.commit else clean | {"PYRT_BENCH_WORKING_COPY": "1"}


@dataclass(frozen=True)
class Choice:
    """One benchmark with one choice of parameters.

    Attributes:
        twin: the name of the one that is counted; empty where it has none.
        note: what was chosen for the caller, in words.
    """

    name: str
    index: int
    parameters: dict[str, str]
    twin: str = ""
    note: str = ""

    @property
    def label(self) -> str:
        return names.label(self.name, self.parameters.values())


class Job(NamedTuple):
    """A benchmark to be run in an environment."""

    subject: Subject
    choice: Choice
    leash: Leash

    def drive(self, prefix: Sequence[str] = (), **how: Any) -> dict[str, Any]:
        """Run the driver, under *prefix*; *how* is what it takes beside the benchmark. Raises ProfilingError."""
        order = {"name": self.choice.name, "index": self.choice.index, **how}
        return self.subject.ask("driver.py", order, self.leash, prefix)


def choose(wanted: str, subject: Subject, leash: Leash) -> Choice:
    """The benchmark that is meant by a name as asv writes it, `name(10, 'static')` or `name` alone.

    Raises:
        UnknownBenchmark: there is none, or it cannot be profiled.
    """
    known = catalogue(subject, leash)
    name, parenthesis, values = wanted.strip().partition("(")
    if name not in known:
        raise UnknownBenchmark(f"there is no benchmark {name}; {_near(name, list(known))}")
    found = known[name]
    if ".timeraw_" in name:
        raise UnknownBenchmark(
            f"{name} cannot be profiled: it writes a program of its own, so there is nothing to call"
        )
    choices = [", ".join(each) for each in itertools.product(*found["params"])]
    index, note = 0, ""
    if parenthesis:
        if (asked := values.removesuffix(")").strip()) not in choices:
            raise UnknownBenchmark(f"{name} has no parameters ({asked}); {_near(asked, choices)}")
        index = choices.index(asked)
    elif found["params"]:
        note = f"No parameters were named: this is the first of {len(choices)} choices, ({choices[0]})."
    values_of = next(itertools.islice(itertools.product(*found["params"]), index, None))
    parameters = dict(zip(found["param_names"], values_of, strict=True))
    return Choice(name, index, parameters, _twin(name, known), note)


@functools.lru_cache(maxsize=4)
def catalogue(subject: Subject, leash: Leash) -> dict[str, dict[str, Any]]:
    """What there is to be profiled, by name. Raises MeasuringError."""
    return {each["name"]: each for each in ask(subject.python, leash, {"verb": "describe"})}


def _twin(name: str, known: Mapping[str, Any]) -> str:
    twin = names.as_count(name)
    return twin if names.is_time(names.as_time(name)) and twin in known else ""


def _near(wanted: str, known: list[str]) -> str:
    """Those that look like it, else the first few."""
    inside = [one for one in known if wanted.lower() in one.lower()]
    found = list(dict.fromkeys([*difflib.get_close_matches(wanted, known, NEAR, 0.5), *inside]))[:NEAR]
    listed = "; ".join(found or known[:NEAR])
    return f"near it: {listed}" if found else f"there are {len(known)}, such as {listed}"


def working_copy() -> Subject:
    """The pyrt that this interpreter imports."""
    return Subject(Path(sys.executable))


def packages_of(module: str) -> str:
    """The folder that holds a package of this interpreter; empty where it is not installed."""
    found = importlib.util.find_spec(module)
    return str(Path(str(found.origin)).parents[1]) if found and found.origin else ""
