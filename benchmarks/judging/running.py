"""Measuring the working copy: the pyrt that this interpreter imports, with all that is not committed."""

from __future__ import annotations

import itertools
import math
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from asv import environment
from asv.benchmarks import Benchmarks
from asv.config import Config
from asv.console import log
from asv.repo import NoRepository
from asv.results import Results
from asv.runner import run_benchmarks
from asv.util import UserError

from ..harness import counting
from .errors import Invalid, WrongUse
from .git import ROOT


@dataclass
class Run:
    """Figures of one run.

    Attributes:
        results: by benchmark name: its unit, and a row for each choice of parameters with `params`, `status` ("ok",
            "failed", "skipped"), `value`, and either `samples` or the `reason` why there is no value.
        failed: names of benchmarks with at least one failure.
    """

    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {"results": self.results, "failed": self.failed}

    def add(self, name: str, unit: str, params: dict[str, str], **outcome: Any) -> None:
        entry = self.results.setdefault(name, {"unit": unit, "results": []})
        entry["results"].append({"params": params, **outcome})
        if outcome["status"] == "failed" and name not in self.failed:
            self.failed.append(name)


def run(bench: str | None = None, counts: bool = False, quick: bool = False, progress: bool = True) -> Run:
    """Measure the benchmarks whose `name(parameters)` matches the regular expression *bench*; saves nothing.

    Args:
        counts: only instruction counts, and only of those that match (by their own name or their `time_` twin's).
        quick: each benchmark once. Counts are exact and take as long as ever.

    Raises:
        WrongUse: the expression is malformed, or nothing matches; or pyrt is not installed from the working copy.
        Invalid: the suite cannot be imported, or counting failed as a whole.
    """
    try:
        re.compile(bench or "")
    except re.error as error:
        raise WrongUse(f"--bench {bench!r} is not a regular expression: {error}") from error
    mind_what_is_installed()
    os.environ["PYRT_BENCH_WORKING_COPY"] = "1"
    os.chdir(ROOT)  # asv reads its configuration's paths from here
    if progress:
        log.enable()
        log.set_level("INFO")
    done = Run()
    try:
        for name, unit, params, outcome in _counted(bench) if counts else _measured(bench, quick):
            done.add(name, unit, params, **outcome)
    except (UserError, counting.CountingError) as error:
        raise Invalid(str(error)) from error
    if not done.results:
        kind = "counted" if counts else "measured"
        raise WrongUse(f"no benchmark that is {kind} matches {bench!r}; leave --bench out to see all names")
    return done


def mind_what_is_installed() -> None:
    """Raises WrongUse where the pyrt that this Python imports is not the working copy's."""
    code = "import os, pyrt; print(os.path.dirname(os.path.realpath(pyrt.__file__)))"
    done = subprocess.run([sys.executable, "-P", "-c", code], cwd="/", capture_output=True, text=True, check=False)
    found, here = done.stdout.strip() or "nowhere", str((ROOT / "pyrt").resolve())
    if found != here:
        raise WrongUse(
            f"the working copy's pyrt is in {here}, but {sys.executable} imports it from {found}; "
            "run `make setup`, or `python -m pip install -e .`"
        )


Row = tuple[str, str, dict[str, str], dict[str, Any]]


def _counted(bench: str | None) -> Iterator[Row]:
    for (name, _), outcome in counting.count(bench).items():
        row: dict[str, Any] = {"status": "ok", "value": outcome.instructions}
        if outcome.skipped:
            row = {"status": "skipped", "value": None, "reason": outcome.skipped}
        elif outcome.error:
            row = {"status": "failed", "value": None, "reason": outcome.error}
        yield name, "instructions", outcome.params, row


def _measured(bench: str | None, quick: bool) -> Iterator[Row]:
    conf = Config.load("asv.conf.json")
    conf.dvcs = "none"
    here = environment.ExistingEnvironment(conf, sys.executable, {}, {})
    chosen = Benchmarks.discover(conf, NoRepository(), [here], [None], regex=bench)
    counts = {name for name, benchmark in chosen.items() if benchmark["type"] == "instructions"}
    # asv would count the whole suite for the sake of one count.
    timed, found = chosen.filter_out(counts), Results.unnamed()
    if timed:
        run_benchmarks(timed, here, results=found, quick=quick, show_stderr=True, record_samples=True)
    for name, benchmark in sorted(timed.items()):
        for params, row in _rows(found, benchmark, chosen.benchmark_selection[name]):
            yield name, benchmark["unit"], params, row
    if counts:
        yield from (row for row in _counted(bench) if row[0] in counts)


def _rows(
    found: Results, benchmark: dict[str, Any], selected: list[int] | None
) -> Iterator[tuple[dict[str, str], dict[str, Any]]]:
    """Each selected choice of parameters with its outcome."""
    name, axes = benchmark["name"], benchmark["params"]
    values = found.get_result_value(name, axes)
    samples = found.get_result_samples(name, axes)
    reason = (found.stderr.get(name) or "").strip()
    for index, choice in enumerate(itertools.product(*axes)):
        if selected is not None and index not in selected:
            continue
        value = values[index]
        row: dict[str, Any] = {"status": "ok", "value": value, "samples": samples[index]}
        if value is None:
            row = {"status": "failed", "value": None, "reason": reason}
        elif math.isnan(value):
            row = {"status": "skipped", "value": None, "reason": reason}
        yield dict(zip(benchmark["param_names"], choice, strict=True)), row
