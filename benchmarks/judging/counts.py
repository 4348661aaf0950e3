"""Instruction counts of one commit's environment."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

from ..harness import counting
from .leash import Leash
from .pairs import Key
from .sides import Built

_SCRIPT = """
import json, sys
from asv_runner._aux import update_sys_path
update_sys_path(sys.argv[1])
import importlib
counting = importlib.import_module("benchmarks.harness.counting")
rows = [[*key, *outcome] for key, outcome in counting.count(sys.argv[2], work=float(sys.argv[3])).items()]
open("rows.json", "w").write(json.dumps(rows))
"""


def need_valgrind() -> None:
    """Raises CountingError where it is not installed."""
    if shutil.which("valgrind") is None:
        raise counting.CountingError(
            "valgrind is not installed, so instructions cannot be counted (Debian: apt-get install valgrind)"
        )


def count_commit(built: Built, regex: str, leash: Leash, work: float = 1.0) -> dict[Key, counting.Outcome]:
    """What *regex* selects, counted in the commit's own environment; keys are the `instr_` twins'.

    *work* is more than 1 in a self-test: so much is done for each call.

    Raises:
        CountingError: nothing could be counted; the message says why.
    """
    with tempfile.TemporaryDirectory(prefix="pyrt-counted-") as name:
        command = [built.python, "-P", "-c", _SCRIPT, counting.SUITE, regex, work]
        done = leash.run(
            list(map(str, command)), cwd=name, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True
        )
        if done.returncode != 0:
            raise counting.CountingError(f"{built.commit[:8]} cannot be counted:\n{done.stderr[-2000:].strip()}")
        rows = json.loads((Path(name) / "rows.json").read_text())
    return {Key(row[0], row[1]): counting.Outcome(*row[2:]) for row in rows}
