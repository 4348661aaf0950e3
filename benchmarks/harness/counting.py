"""Instructions per call, exact: one callgrind process counts every `instr_` benchmark.

The work runs N, 2N and 4N times in a loop inside a function, with a marker between (`os.getloadavg`, whose end makes
callgrind write its total); the slopes are the count, so that everything around the loop cancels. They must agree to
0.5 %, or the work is not steady (it grows, or draws lots) and has no count. What happens once in thousands of calls,
such as an allocator's tidying, spoils two slopes: then the work runs 8N and 16N times too, until two agree.

CPython's own caches go by address, so a path that is one letter longer can move a count by 2 %. The counting process
therefore sees the same everywhere: a clean environment, one hash seed, the base interpreter without site, constant
paths (`/proc/self/cwd/...`), only the packages that the work imports, byte code of its own. Each benchmark runs in a
fork of it, so that no count depends on which others there are.

Imports with asv_runner and the standard library alone: this file is also the script that the counting process runs.
"""

from __future__ import annotations

import gc
import importlib
import itertools
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

TIMEOUT_S = 1200  # of each of the two runs over the whole suite
ONE_TIMEOUT_S = 300  # of one benchmark with one choice of parameters
# What N must come to, unless the benchmark's attribute `calls` says it: many instructions against the markers' own
# noise, and enough calls for the interpreter to settle, which work of very many instructions does by itself.
LEAST_INSTRUCTIONS = 16_000_000
LEAST_CALLS = 32
SETTLES_BY_ITSELF = 1_000_000
STEADY = 0.005
WINDOWS, MORE_WINDOWS = 3, 2
SUITE = Path(os.path.abspath(__file__)).parents[1]  # not resolved: in the counting process its name is constant
PACKAGES = "/proc/self/cwd/packages"
WORK = "work"  # the file that says how much of it is done for each call


class CountingError(RuntimeError):
    """Nothing could be counted; the message says why."""


class Outcome(NamedTuple):
    """What became of one benchmark with one choice of parameters: a count, or why there is none.

    Attributes:
        params: by name, as asv writes their values.
        instructions: per call.
    """

    params: dict[str, str]
    instructions: float | None = None
    error: str = ""
    skipped: str = ""


class Work(NamedTuple):
    """One benchmark with one choice of parameters."""

    benchmark: Any
    choice: int
    params: tuple[Any, ...]

    @property
    def key(self) -> tuple[str, int]:
        return self.benchmark.name, self.choice

    @property
    def inner(self) -> int:
        """How many calls the function makes in its own loop."""
        return int(getattr(self.benchmark.func, "inner", 1))

    def described(self) -> dict[str, str]:
        values = next(itertools.islice(itertools.product(*self.benchmark.params), self.choice, None))
        return dict(zip(self.benchmark.param_names, values, strict=True))

    def matches(self, regex: str) -> bool:
        """Whether *regex* is found, as asv finds it, in its label or in that of its twin."""
        # Here, since the counting process runs this file as a script, which has nothing beside it.
        from .names import label, matches

        return matches(regex, label(self.benchmark.name, self.described().values()))


def count(regex: str | None = None, module: str = SUITE.name, work: float = 1.0) -> dict[tuple[str, int], Outcome]:
    """Count the `instr_` benchmarks that *regex* selects by their own or their `time_` twin's name; all by default.

    Args:
        module: whose benchmarks; by default the whole suite's.
        work: how much of it to do for each call that is owned up to; a self-test makes it 1.1, which is 10 % slower.

    Returns:
        Outcomes by benchmark name and index of its parameters.

    Raises:
        CountingError: the counting process failed, or this process's pyrt is not the one to be measured.
    """
    chosen = {at: work for at, work in enumerate(works(module)) if work.matches(regex or "")}
    pyrt = measured_pyrt()
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        reason = "valgrind is not installed, so instructions cannot be counted (Debian: apt-get install valgrind)"
        return {work.key: Outcome(work.described(), skipped=reason) for work in chosen.values()}
    if not chosen:
        return {}
    with tempfile.TemporaryDirectory(prefix="pyrt-count-") as name:
        folder = Path(name)
        lay_out(folder, pyrt)
        (folder / WORK).write_text(str(work))
        # The first run finds errors, and writes byte code: to compile it costs more than most of the work.
        tried = run_child([], folder, list(chosen), module)
        leave_only({module for row in tried.values() for module in row["modules"]}, folder)
        sound = [at for at, row in tried.items() if not row["error"] and not row["skipped"]]
        options = ["--quiet", "--tool=callgrind", "--dump-after=getloadavg", "--callgrind-out-file=out.%p"]
        counted = run_child([valgrind, *options], folder, sound, module) if sound else {}
        rows = tried | counted
        return {work.key: _outcome(work, rows.get(at)) for at, work in chosen.items()}


def measured_pyrt() -> Path:
    """The folder of the pyrt that is measured.

    Raises:
        CountingError: it comes from elsewhere than the environment that runs it, so it is not the commit's.
    """
    found = Path(str(importlib.import_module("pyrt").__file__)).resolve().parent
    if os.environ.get("PYRT_BENCH_WORKING_COPY") != "1" and not found.is_relative_to(Path(sys.prefix).resolve()):
        raise CountingError(f"pyrt comes from {found}, not from the measured environment {sys.prefix}")
    return found


def works(module: str) -> Iterator[Work]:
    """Every `instr_` benchmark of a module, and of those in it, with every choice of its parameters, as discovered."""
    from asv_runner._aux import update_sys_path
    from asv_runner.discovery import disc_benchmarks

    if SUITE.name not in sys.modules:
        update_sys_path(str(SUITE))
    for benchmark in disc_benchmarks(module):
        if benchmark.type == "instructions":
            for index, params in enumerate(itertools.product(*benchmark._params)):
                yield Work(benchmark, index, params)


def lay_out(folder: Path, pyrt: Path) -> None:
    """Make the counting process's folder: links to the suite, to this very pyrt, and to what both import."""
    packages = folder / "packages"
    packages.mkdir()
    (packages / "pyrt").symlink_to(pyrt)
    (packages / SUITE.name).symlink_to(SUITE)
    for entry in Path(str(importlib.import_module("asv_runner").__file__)).resolve().parents[1].iterdir():
        if entry.suffix not in (".dist-info", ".pth", ".egg-link") and not (packages / entry.name).exists():
            (packages / entry.name).symlink_to(entry)


def leave_only(modules: set[str], folder: Path) -> None:
    """Take away the packages that nothing imports: a longer list of names would lie elsewhere in memory."""
    for link in (folder / "packages").iterdir():
        if link.name.partition(".")[0] not in modules:
            link.unlink()


def run_child(
    prefix: Sequence[str], folder: Path, wanted: Sequence[int], module: str, *, script: str = "harness/counting.py"
) -> dict[int, dict[str, Any]]:
    """Run a *script* of the suite, by default this one, in *folder*, under *prefix*; the rows it wrote, by position."""
    for mark in folder.glob("*.wanted"):
        mark.unlink()
    for at in wanted:
        (folder / f"{at}.wanted").touch()
    rows = folder / "rows.jsonl"
    rows.write_text("")
    python = getattr(sys, "_base_executable", sys.executable)
    options = ["-P", "-S", "-X", "pycache_prefix=/proc/self/cwd/bytecode"]
    command = [*prefix, python, *options, f"{PACKAGES}/{SUITE.name}/{script}", module]
    # PYTHONHASHSEED would be ignored under -I, and anything else in the environment moves the stack.
    environment = {"PATH": os.defpath, "PYTHONHASHSEED": "0"}
    try:
        done = subprocess.run(
            command, env=environment, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise CountingError(f"counting took longer than {TIMEOUT_S} s") from error
    if done.returncode != 0:
        raise CountingError(f"counting failed with exit code {done.returncode}:\n{done.stderr[-4000:]}")
    return {row["at"]: row for row in map(json.loads, rows.read_text().splitlines())}


def _outcome(work: Work, row: dict[str, Any] | None) -> Outcome:
    params = work.described()
    if row is None or (row["name"], row["index"]) != work.key:
        return Outcome(params, error=f"no count: its process died, or ran longer than {ONE_TIMEOUT_S} s")
    if row["error"] or row["skipped"]:
        return Outcome(params, error=row["error"], skipped=row["skipped"])
    if not row["totals"]:
        return Outcome(params, error="no count was printed")
    calls = row["loops"] * row["inner"]
    slopes = [slope / calls for slope in _slopes(row["totals"])]
    if not _steady(slopes):
        listed = ", ".join(f"{slope:.1f}" for slope in slopes)
        return Outcome(params, error=f"not steady: {listed} instructions per call, from {calls} calls on and doubling")
    return Outcome(params, slopes[-1])


def _slopes(totals: Sequence[int]) -> list[float]:
    """Instructions per N calls between windows of N, 2N, 4N ... calls."""
    return [(long - short) / 2**at for at, (short, long) in enumerate(itertools.pairwise(totals))]


def _steady(slopes: Sequence[float]) -> bool:
    """Whether the last slope agrees with an earlier one: an event that comes once spoils the two beside its window."""
    return slopes[-1] > 0 and any(abs(slope - slopes[-1]) <= STEADY * slopes[-1] for slope in slopes[:-1])


def total(path: Path) -> int:
    """The total of one of callgrind's dumps; it stands near the end of a file that may be large."""
    with path.open("rb") as dump:
        dump.seek(0, os.SEEK_END)
        dump.seek(max(0, dump.tell() - 4096))
        found = re.search(rb"^totals: (\d+)", dump.read(), re.MULTILINE)
    if found is None:
        raise ValueError(f"{path.name} has no totals")
    return int(found[1])


# The counting process. Until it forks it does the same whatever is wanted, and whoever asks.


def child(module: str, of_one: Callable[[Work], dict[str, Any]]) -> None:
    """Do *of_one* for each benchmark that is wanted, in a fork of its own, and write down the row that it returns."""
    _sort_listings()
    sys.path.append(PACKAGES)
    pyrt = importlib.import_module("pyrt")
    if os.path.dirname(str(pyrt.__file__)) != f"{PACKAGES}/pyrt":
        raise SystemExit(f"this process imports pyrt from {pyrt.__file__}, not from {os.path.realpath(PACKAGES)}/pyrt")
    found, at_once, running = list(works(module)), len(os.sched_getaffinity(0)), 0
    for at, work in enumerate(found):
        if os.path.exists(f"{at}.wanted"):
            if running == at_once:
                os.wait()
                running -= 1
            if os.fork() == 0:
                _in_fork(at, work, of_one)
            running += 1
    for _ in range(running):
        os.wait()


def _sort_listings() -> None:
    """Let imports see folders in one order, and without byte code that lies about: both would move addresses."""
    import posix

    listdir: Callable[..., list[Any]] = posix.listdir
    posix.listdir = lambda *path: sorted(name for name in listdir(*path) if name != "__pycache__")


def _in_fork(at: int, work: Work, of_one: Callable[[Work], dict[str, Any]]) -> None:
    # Kills this process alone; who waits for the row finds it missing.
    signal.alarm(ONE_TIMEOUT_S)
    try:
        row = {"at": at, "name": work.benchmark.name, "index": work.choice, "error": "", "skipped": ""}
        row |= of_one(work)
        row["modules"] = sorted({name.partition(".")[0] for name in sys.modules})
        with open("rows.jsonl", "a", encoding="utf-8") as rows:
            rows.write(json.dumps(row) + "\n")
    finally:
        os._exit(0)


def _count_one(work: Work) -> dict[str, Any]:
    from asv_runner.benchmarks.mark import SkipNotImplemented

    function, dumps = work.benchmark.func, itertools.count(1)
    more = float(Path(WORK).read_text())
    try:
        loop(function, work.params, 2)
        loops = _loops(work, dumps)
        if more != 1:
            loops = 20 * math.ceil(loops / 20)  # of which a tenth, a quarter and six tenths are whole calls
        loop(function, work.params, loops)
        gc.collect()
        gc.disable()
        _mark(dumps)
        totals = _windows(work, loops * more, dumps)
    except SkipNotImplemented as reason:
        return {"skipped": str(reason) or "not in this pyrt"}
    except BaseException as error:  # also SystemExit: it is this benchmark's failure and nobody else's
        return {"error": f"{type(error).__name__}: {error}"}
    return {"inner": work.inner, "loops": loops, "totals": totals}


def _windows(work: Work, loops: float, dumps: Iterator[int]) -> list[int]:
    """The totals of N, 2N, 4N ... calls, until they agree; none when this is not under callgrind."""
    marks: list[int] = []
    while True:
        loop(work.benchmark.func, work.params, round(loops * 2 ** len(marks)))
        marks.append(_mark(dumps))
        if len(marks) < WINDOWS:
            continue
        paths = [Path(f"out.{os.getpid()}.{mark}") for mark in marks]
        if not paths[-1].exists():
            return []
        totals = [total(path) for path in paths]
        if _steady(_slopes(totals)) or len(marks) == WINDOWS + MORE_WINDOWS:
            return totals


def _loops(work: Work, dumps: Iterator[int]) -> int:
    """N in loops of the function: from the count of one, as callgrind has just written it; then a power of two."""
    from asv_runner.benchmarks._base import _get_first_attr

    inner = work.inner
    if calls := _get_first_attr(work.benchmark._attr_sources, "calls", 0):
        return math.ceil(max(int(calls), LEAST_CALLS) / inner)
    _mark(dumps)
    loop(work.benchmark.func, work.params, 1)
    dump = Path(f"out.{os.getpid()}.{_mark(dumps)}")
    if not dump.exists():
        return 1  # not under callgrind: the run that is thrown away
    once = total(dump)
    least_calls = LEAST_CALLS if once / inner < SETTLES_BY_ITSELF else 1
    least: float = max(1, LEAST_INSTRUCTIONS / once, least_calls / inner)
    return int(2 ** math.ceil(math.log2(least)))


def _mark(dumps: Iterator[int]) -> int:
    """Make callgrind write what it counted since the last mark; the number of that dump."""
    os.getloadavg()
    return next(dumps)


def loop(function: Callable[..., Any], params: tuple[Any, ...], times: int) -> None:
    for _ in range(times):
        function(*params)


if __name__ == "__main__":
    child(sys.argv[1], _count_one)
