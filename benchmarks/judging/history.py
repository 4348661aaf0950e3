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
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
from asv.machine import Machine, MachineCollection
from asv.util import load_json

from ..reporting.results import REFERENCE
from . import fingerprint, git, sides
from .git import ROOT
from .leash import Leash

FINE, WRONG_USE, INVALID = 0, 2, 3
COUNTS_ONLY = r"\.instr_"
Verb = Callable[[Path], int]
NAMESAKE = f"this machine is called {REFERENCE!r}, the name that only `make history` writes; rename the machine"


def bench(root: Path = ROOT) -> int:
    """Measure HEAD and one earlier commit under this machine's own name; an exit code of `python -m benchmarks`."""
    machine = Machine.get_unique_machine_name()
    if machine == REFERENCE:
        return _refuse(NAMESAKE)
    commits = commits_to_measure(root)
    if not commits:
        return _refuse(
            "HEAD is no commit with pyrt/, pyproject.toml and constraints.txt; commits are measured, so commit"
        )
    sides.mind_the_working_copy(root, _say)
    register(machine)
    _say(f"Measuring {' and '.join(commit[:8] for commit in commits)} as {machine!r}")
    return _asv_run(root, machine, commits)


def history(root: Path = ROOT, span: str = "HEAD") -> int:
    """Measure every commit of *span* that changed pyrt/ or the pins, oldest first, under the name `reference`.

    A span is what `git log` takes: HEAD for all, or `BASE..HEAD`. Returns an exit code of `python -m benchmarks`; what
    is measured already is not measured again.
    """
    machine = Machine.get_unique_machine_name()
    if machine == REFERENCE:
        return _refuse(NAMESAKE)
    if git.is_shallow(root):
        return _refuse("this clone is shallow, so it does not hold the history; run `git fetch --unshallow` first")
    sides.mind_the_working_copy(root, _say)
    folder = root / "results" / REFERENCE
    known, here = recorded(folder), fingerprint.machine()
    differing = fingerprint.differences(known, here, here) if known else []
    if "python" in differing:
        return _refuse(
            f"{REFERENCE!r} is measured with {known.get('python')}, and this is {here['python']}; counts of two "
            "builds differ by a tenth and more. Use that Python, or remove results/reference to start a new history"
        )
    if differing:
        names = ", ".join(differing)
        _say(f"Not the machine that {REFERENCE!r} was measured on ({names} differ): adding instruction counts only")
    is_known = git.ask(root, "rev-list", "--max-count=1", span, "--")
    commits = changed(root, "pyrt", "constraints.txt", span=span)[::-1] if is_known else []
    if not commits:
        return _refuse(f"no commit of {span} has pyrt/, pyproject.toml and constraints.txt: nothing to measure")
    register(machine)
    register(REFERENCE, load_json(folder / "machine.json") if (folder / "machine.json").exists() else None)
    if not known:
        record(folder, here)
    _say(f"{len(commits)} commits changed pyrt/ or the pins; measuring those that are not measured yet")
    return _asv_run(root, REFERENCE, commits, *(["--bench", COUNTS_ONLY] if differing else []))


def commits_to_measure(root: Path = ROOT) -> list[str]:
    """The newest earlier commit with another pyrt/, and HEAD; HEAD alone where the clone has no other, and says so."""
    head = git.commit(root, "HEAD")
    if not head or not sides.measurable(root, head):
        return []
    # The first of them is HEAD's own pyrt/, whether HEAD itself changed it or not.
    earlier = changed(root, "pyrt")[1:]
    if earlier:
        return [earlier[0], head]
    if git.is_shallow(root):
        _say(
            "This clone is shallow and has no earlier commit with another pyrt/: measuring HEAD alone. "
            "`git fetch --unshallow` brings the rest"
        )
    else:
        _say("No earlier commit has another pyrt/: measuring HEAD alone")
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


def _asv_run(root: Path, machine: str, commits: Sequence[str], *options: str) -> int:
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
            _say("Interrupted: commits that were done are kept, and the same command goes on from there")
            return INVALID
    return FINE if done.returncode == 0 else INVALID


def _say(text: str) -> None:
    click.echo(f"==> {text}", err=True)


def _refuse(text: str) -> int:
    click.echo(f"Error: {text}.", err=True)
    return WRONG_USE
