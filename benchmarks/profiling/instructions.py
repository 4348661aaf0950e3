"""Exact instructions of one benchmark by Python frame, for the interpreter that runs this.

Run as a script with one argument, a file of JSON: `name`, `index` (of the choice of parameters), `packages` (the folder
that holds the package `bytecode`), `out` (the file that takes the answer). Imports with asv_runner and the standard
library alone.
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

SUITE = Path(os.path.abspath(__file__)).parents[1]
SLACK = 0.1  # what comes once may be as much of a call
SCRIPT = "profiling/marking.py"
CALLGRIND = ("--quiet", "--tool=callgrind", "--dump-after=sched_yield", "--dump-line=no", "--callgrind-out-file=out.%p")


def by_frame(name: str, index: int, packages: Path) -> dict[str, Any]:
    """Instructions per call of the benchmark `name` with its choice number *index*.

    Returns:
        `instructions`: per call, exact, of the run without marks. `folded`: self instructions per call by stack (frames
        joined by ";"), which add up to that. `entered`: how often each frame is entered per call. `scaled`: whether
        they add up because they were scaled. Or `missing`: why there is nothing.
    """
    from benchmarks.harness import counting

    try:
        exact = counting.count(_only(name, index))
        (outcome,) = (each for key, each in exact.items() if key == (name, index))
        if outcome.instructions is None:
            return {"missing": outcome.error or outcome.skipped}
        return {"instructions": outcome.instructions} | _marked(name, index, packages, outcome.instructions)
    except (counting.CountingError, OSError, ValueError) as error:
        return {"missing": f"{type(error).__name__}: {error}"}


def _only(name: str, index: int) -> str:
    from benchmarks.harness import counting, names

    (work,) = (work for work in counting.works(SUITE.name) if work.key == (name, index))
    return f"^{re.escape(names.label(name, work.described().values()))}$"


def _marked(name: str, index: int, packages: Path, exact: float) -> dict[str, Any]:
    from benchmarks.harness import counting

    (module,) = (each.benchmark.func.__module__ for each in counting.works(SUITE.name) if each.key == (name, index))
    # The benchmark's own module alone: what else the suite holds would only take time.
    (at,) = (at for at, each in enumerate(counting.works(module)) if each.key == (name, index))
    with tempfile.TemporaryDirectory(prefix="pyrt-marks-") as place:
        folder = Path(place)
        counting.lay_out(folder, counting.measured_pyrt())
        if not (folder / "packages/bytecode").exists():
            (folder / "packages/bytecode").symlink_to(packages / "bytecode")
        row: dict[str, Any] = {}
        for prefix in ([], [], [str(shutil.which("valgrind")), *CALLGRIND]):
            rows = counting.run_child(prefix, folder, [at], module, script=SCRIPT)
            row = rows.get(at) or {"error": "its process died, or took too long"}
            if row["error"] or row["skipped"]:
                return {"missing": row["error"] or row["skipped"]}
            if "noted" not in row:  # the byte code of the first run has no marks
                shutil.rmtree(folder / "bytecode", ignore_errors=True)
            elif not prefix:
                counting.leave_only(set(row["modules"]), folder)
        return _attributed(row, folder, exact)


def _attributed(row: dict[str, Any], folder: Path, exact: float) -> dict[str, Any]:
    from benchmarks.harness import counting
    from benchmarks.profiling.marking import CALIBRATING, ENTERS

    counted = row["counted"]
    dumps = [folder / f"out.{row['pid']}.{at}" for at in range(2, CALIBRATING + counted + 2)]
    totals = [counting.total(dump) for dump in dumps]
    alone = statistics.median_low(totals[:CALIBRATING])
    noted = list(notes(bytes.fromhex(row["noted"]), folder))
    spent: Counter[tuple[str, ...]] = Counter()
    # What is counted up to a mark belongs to the frame that the mark before it left running.
    for stack, total in zip(list(stacks(noted))[-counted:-1], totals[CALIBRATING + 1 :], strict=True):
        spent[stack] += total - alone
    entered = Counter(name for kind, name in noted[-counted:-1] if kind == ENTERS)
    calls, sum_ = row["calls"], sum(spent.values())
    around = exact - sum_ / calls if calls else math.inf
    scaled = not -SLACK * exact <= around <= SLACK * exact
    times = sum_ / exact if scaled else calls
    per_call = {stack: value / times for stack, value in spent.items()}
    if not scaled:
        # Calling the benchmark's function, and what it does once and not for each call, is its own cost.
        per_call[(noted[0][1],)] = per_call.get((noted[0][1],), 0.0) + around
    return {
        "folded": {";".join(stack): value for stack, value in sorted(per_call.items())},
        "entered": {name: round(count / times, 3) for name, count in sorted(entered.items())},
        "scaled": scaled,
    }


def notes(written: bytes, folder: Path) -> Iterator[tuple[bytes, str]]:
    """Kind and frame of each mark."""
    from benchmarks.profiling.marking import NAMES, WIDTH

    names = dict(line.split(" ", 1) for line in (folder / NAMES).read_text(encoding="utf-8").splitlines())
    for at in range(0, len(written), WIDTH):
        yield written[at : at + 1], names[written[at + 1 : at + WIDTH].hex()]


def stacks(notes: Iterable[tuple[bytes, str]]) -> Iterator[tuple[str, ...]]:
    """The frames that run after each mark, the outermost first."""
    from benchmarks.profiling.marking import ENTERS, LEAVES

    stack: list[str] = []
    for kind, name in notes:
        if kind == ENTERS:
            stack.append(name)
        elif name in stack:  # an exception may have left frames without a mark
            while stack[-1] != name:
                stack.pop()
            if kind == LEAVES:
                stack.pop()
        yield tuple(stack)


def main(file: str) -> None:
    from asv_runner._aux import update_sys_path

    update_sys_path(str(SUITE))
    order = json.loads(Path(file).read_text(encoding="utf-8"))
    found = by_frame(order["name"], order["index"], Path(order["packages"]))
    Path(order["out"]).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
