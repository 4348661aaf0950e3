"""What asv has stored: the figures of a machine, commit by commit, read through asv's own classes."""

from __future__ import annotations

import datetime
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asv import results as asv_results
from asv import util
from asv.benchmarks import Benchmarks
from asv.config import Config
from asv.machine import Machine, iter_machine_files

from ..harness import names
from ..judging import git
from ..judging.errors import WrongUse
from ..judging.git import ROOT
from ..judging.history import REFERENCE
from .targets import Shape


class NothingMeasured(WrongUse):
    """There is no result at all yet."""


@dataclass(frozen=True)
class Benchmark:
    """A benchmark's description. `shape` holds its parameters and unit; parameter values are their repr."""

    name: str
    kind: str
    shape: Shape
    less_is_better: bool
    title: str = ""

    @property
    def unit(self) -> str:
        return self.shape.unit


@dataclass(frozen=True)
class Figure:
    """A median in the benchmark's unit with its 99 % interval. `value` None: failed; NaN: not applicable."""

    value: float | None
    low: float | None = None
    high: float | None = None

    @property
    def measured(self) -> bool:
        return self.value is not None and math.isfinite(self.value)


Key = tuple[str, tuple[str, ...]]


@dataclass(frozen=True)
class Commit:
    """One measured commit. `date` is the author's; `figures` are keyed by benchmark name and parameters."""

    hash: str
    date: datetime.datetime
    python: str
    figures: Mapping[Key, Figure] = field(repr=False)
    subject: str = ""

    @property
    def short(self) -> str:
        return self.hash[:8]

    def value(self, name: str, parameters: tuple[str, ...] = ()) -> float | None:
        """The figure, None when it failed, NaN when it was skipped or never measured."""
        return self.figures.get((name, parameters), Figure(math.nan)).value


@dataclass(frozen=True)
class Measured:
    """All that one machine has measured, in one environment, oldest commit first."""

    machine: Mapping[str, str]
    benchmarks: Mapping[str, Benchmark]
    commits: Sequence[Commit]

    @property
    def name(self) -> str:
        return self.machine["machine"]

    @property
    def shapes(self) -> dict[str, Shape]:
        return {name: benchmark.shape for name, benchmark in self.benchmarks.items()}

    def find(self, revision: str) -> Commit:
        """The measured commit with this hash or start of it. Raises WrongUse where not exactly one is."""
        found = [commit for commit in self.commits if commit.hash.startswith(revision)]
        if len(found) != 1:
            known = ", ".join(commit.short for commit in self.commits)
            raise WrongUse(f"{revision} is not one measured commit on {self.name}; measured are: {known}")
        return found[0]


@contextmanager
def asv_errors() -> Iterator[None]:
    """asv's user errors become ours."""
    try:
        yield
    except util.UserError as error:
        raise WrongUse(str(error)) from error


def configuration(root: Path = ROOT) -> Any:
    """asv's configuration of the project at `root`, with absolute folders. Raises WrongUse."""
    with asv_errors():
        conf = Config.load(str(root / "asv.conf.json"))
    conf.results_dir = str(root / conf.results_dir)
    conf.html_dir = str(root / conf.html_dir)
    return conf


def machines(results: Path) -> list[str]:
    """Names of the machines that have results: the reference first, then by name."""
    found = [
        path.parent.name
        for path in map(Path, iter_machine_files(str(results)))
        if any(other.name != "machine.json" for other in path.parent.glob("*.json"))
    ]
    return sorted(found, key=lambda name: (name != REFERENCE, name))


def choose_machine(results: Path) -> str:
    """This host's results if it has any, else the reference's, else the only ones. Raises WrongUse."""
    found = machines(results)
    if not found:
        raise NothingMeasured(f"Nothing is measured yet: {results} holds no results. Run `make bench` first.")
    for name in (Machine.get_unique_machine_name(), REFERENCE):
        if name in found:
            return name
    if len(found) == 1:
        return found[0]
    raise WrongUse(f"Several machines have results: {', '.join(found)}. Choose one with --machine.")


def load(conf: Any, machine: str | None = None, history: Mapping[str, str] | None = None) -> Measured:
    """The results of a machine (by default `choose_machine`), in the order of `history`.

    `history` maps commit hashes, oldest first, to their subjects; results of other commits are left out. By
    default it is HEAD's own history. Raises NothingMeasured, or else WrongUse.
    """
    results = Path(conf.results_dir)
    machine = machine or choose_machine(results)
    if machine not in machines(results):
        raise NothingMeasured(f"Nothing is measured on {machine}; {results} holds: {', '.join(machines(results))}")
    if history is None:
        history = subjects(Path(results).parent, "HEAD")
    with asv_errors():
        benchmarks = Benchmarks.load(conf)
        about = util.load_json(str(results / machine / "machine.json"))
        stored = list(asv_results.iter_results_for_machine(str(results), machine))
    kept = _one_environment([one for one in stored if one.commit_hash in history])
    if not kept:
        raise NothingMeasured(f"None of {machine}'s {len(stored)} results belongs to a commit of this history.")
    order = {commit: position for position, commit in enumerate(history)}
    kept.sort(key=lambda one: order[one.commit_hash])
    return Measured(
        about,
        {name: _benchmark(one) for name, one in benchmarks.items()},
        [_commit(one, benchmarks, history[one.commit_hash]) for one in kept],
    )


def subjects(repository: Path, *revisions: str) -> dict[str, str]:
    """Hash and subject of the commits reachable from the revisions, oldest first. Raises WrongUse."""
    lines = git.log(repository, "--date-order", "--reverse", "--format=%H %s", *revisions, "--").splitlines()
    return dict(line.partition(" ")[::2] for line in lines)


def _one_environment(stored: Iterable[Any]) -> list[Any]:
    # Two Pythons on one machine are two curves; a table that mixed them would compare unlike with unlike.
    found = list(stored)
    counts = Counter(one.env_name for one in found)
    chosen = max(counts, key=lambda name: (counts[name], name), default=None)
    return [one for one in found if one.env_name == chosen]


def _benchmark(stored: Mapping[str, Any]) -> Benchmark:
    shape = Shape(stored["param_names"], stored["params"], stored["unit"])
    return Benchmark(
        stored["name"], stored["type"], shape, names.less_is_better(stored), stored.get("pretty_name") or ""
    )


def _commit(stored: Any, benchmarks: Mapping[str, Any], subject: str) -> Commit:
    figures: dict[Key, Figure] = {}
    for name in stored.get_result_keys(benchmarks):
        shape = Shape(benchmarks[name]["param_names"], benchmarks[name]["params"])
        values = stored.get_result_value(name, shape.values)
        stats = stored.get_result_stats(name, shape.values)
        for parameters, value, stat in zip(shape.combinations(), values, stats, strict=True):
            figures[name, parameters] = Figure(value, *_interval(stat))
    date = datetime.datetime.fromtimestamp(stored.date / 1000, datetime.UTC)
    return Commit(stored.commit_hash, date, stored.params.get("python", ""), figures, subject)


def _interval(stats: Mapping[str, Any] | None) -> tuple[float | None, float | None]:
    # One sample alone has the interval from minus to plus infinity, which says nothing.
    low, high = ((stats or {}).get(bound) for bound in ("ci_99_a", "ci_99_b"))
    if low is None or high is None or not math.isfinite(low) or not math.isfinite(high):
        return None, None
    return low, high
