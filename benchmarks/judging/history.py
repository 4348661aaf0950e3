"""Which commits are measured, and under whose name: `make bench` and `make history`.

`make bench` writes the results of this machine's own name, which are nobody's business. `make history` writes the name
`reference`, whose results are committed; so it knows the machine by a fingerprint, and on another one adds nothing but
instruction counts, which do not depend on it.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from asv.machine import Machine, MachineCollection
from asv.util import load_json

from . import fingerprint, git, sides
from .errors import WrongUse
from .leash import Leash
from .sides import Say

REFERENCE = "reference"
COUNTS_ONLY = r"\.instr_"


def bench(root: Path, say: Say) -> bool:
    """Measure HEAD and one earlier commit under this machine's own name. Whether that worked. Raises WrongUse."""
    machine = _own_name()
    commits = commits_to_measure(root, say)
    if not commits:
        raise WrongUse(
            "HEAD is no commit with pyrt/, pyproject.toml and constraints.txt; commits are measured, so commit."
        )
    sides.mind_the_working_copy(root, say)
    register(machine)
    say(f"Measuring {' and '.join(commit[:8] for commit in commits)} as {machine!r}")
    return _asv_run(root, machine, commits, say=say)


def history(root: Path, say: Say, span: str = "HEAD") -> bool:
    """Measure every commit of *span* that changed pyrt/ or the pins, oldest first, under the name `reference`.

    A span is what `git log` takes: HEAD for all, or `BASE..HEAD`. What is measured already is not measured again.
    Returns whether that worked. Raises WrongUse.
    """
    machine = _own_name()
    if git.is_shallow(root):
        raise WrongUse("this clone is shallow, so it does not hold the history; run `git fetch --unshallow` first.")
    sides.mind_the_working_copy(root, say)
    folder = root / "results" / REFERENCE
    known, here = recorded(folder), fingerprint.machine()
    differing = fingerprint.differences(known, here, here) if known else []
    if "python" in differing:
        raise WrongUse(
            f"{REFERENCE!r} is measured with {known.get('python')}, and this is {here['python']}; counts of two "
            "builds differ by a tenth and more. Use that Python, or remove results/reference to start a new history."
        )
    if differing:
        names = ", ".join(differing)
        say(f"Not the machine that {REFERENCE!r} was measured on ({names} differ): adding instruction counts only")
    is_known = git.ask(root, "rev-list", "--max-count=1", span, "--")
    commits = changed(root, "pyrt", "constraints.txt", span=span)[::-1] if is_known else []
    if not commits:
        raise WrongUse(f"no commit of {span} has pyrt/, pyproject.toml and constraints.txt: nothing to measure.")
    register(machine)
    register(REFERENCE, load_json(folder / "machine.json") if (folder / "machine.json").exists() else None)
    if not known:
        record(folder, here)
    say(f"{len(commits)} commits changed pyrt/ or the pins; measuring those that are not measured yet")
    return _asv_run(root, REFERENCE, commits, *(["--bench", COUNTS_ONLY] if differing else []), say=say)


def commits_to_measure(root: Path, say: Say) -> list[str]:
    """The newest earlier commit with another pyrt/, and HEAD; HEAD alone where the clone has no other, and says so."""
    head = git.commit(root, "HEAD")
    if not head or not sides.measurable(root, head):
        return []
    # The first of them is HEAD's own pyrt/, whether HEAD itself changed it or not.
    earlier = changed(root, "pyrt")[1:]
    if earlier:
        return [earlier[0], head]
    if git.is_shallow(root):
        say(
            "This clone is shallow and has no earlier commit with another pyrt/: measuring HEAD alone. "
            "`git fetch --unshallow` brings the rest"
        )
    else:
        say("No earlier commit has another pyrt/: measuring HEAD alone")
    return [head]


def changed(root: Path, *paths: str, span: str = "HEAD") -> list[str]:
    """The commits of a first-parent history that changed *paths* and can be measured, newest first."""
    found = git.log(root, "--first-parent", "--format=%H", span, "--", *paths).split()
    return [commit for commit in found if sides.measurable(root, commit)]


def register(machine: str, facts: dict[str, Any] | None = None) -> None:
    """Make a machine known to asv, as `asv machine --yes` does; *facts* take the place of what is known of it.

    asv takes a sole entry for everybody, whatever its name: so the machine's own name comes before `reference`,
    and what is known is looked up in asv's file itself.
    """
    path = Path(MachineCollection.get_machine_file_path())
    known = load_json(str(path)) if path.exists() else {}
    if facts is not None or machine not in known:
        facts = facts or Machine.get_defaults() | {"machine": machine}
        MachineCollection.save(machine, {name: value for name, value in facts.items() if name != "version"})


def record(folder: Path, facts: dict[str, str]) -> None:
    """Write a fingerprint. Not as .json: asv reads every other .json there as a result."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = (f"{name} = {json.dumps(value)}\n" for name, value in facts.items())
    (folder / "fingerprint.toml").write_text("".join(lines), encoding="utf-8")


def recorded(folder: Path) -> dict[str, str]:
    """The fingerprint that was written there; empty where none was."""
    path = folder / "fingerprint.toml"
    return tomllib.loads(path.read_text()) if path.exists() else {}


def _asv_run(root: Path, machine: str, commits: Sequence[str], *options: str, say: Say) -> bool:
    # asv takes the first python3.x of PATH, which need not be the one that runs it.
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    }
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as hashes:
        hashes.write("\n".join(commits))
        hashes.flush()
        # One commit after the other, saved as each is done: an interruption loses the one under way.
        command = ["run", "--machine", machine, "--skip-existing-successful", "--no-interleave-rounds"]
        try:
            with Leash() as leash:
                done = leash.run(
                    [sys.executable, "-m", "asv", *command, *options, "--show-stderr", f"HASHFILE:{hashes.name}"],
                    cwd=root,
                    env=environment,
                )
        except KeyboardInterrupt:
            say("Interrupted: commits that were done are kept, and the same command goes on from there")
            return False
    return bool(done.returncode == 0)


def _own_name() -> str:
    """This machine's. Raises WrongUse where it is the one under which the history is committed."""
    machine: str = Machine.get_unique_machine_name()
    if machine == REFERENCE:
        raise WrongUse(
            f"this machine is called {REFERENCE!r}, the name that only `make history` writes; rename the machine."
        )
    return machine
