"""What git says of the project. Everything in `benchmarks/` that wants to know the history asks here."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from .errors import WrongUse

ROOT = Path(__file__).parents[2]  # not resolved: the project from which this was imported


def ask(root: Path, *arguments: str) -> str:
    """What git prints, without the newlines at its end; nothing where it refuses. Raises WrongUse without git."""
    done = _run(root, *arguments)
    return done.stdout.rstrip("\n") if done.returncode == 0 else ""


def log(root: Path, *arguments: str) -> str:
    """What `git log` prints. Raises WrongUse where it refuses."""
    done = _run(root, "log", *arguments)
    if done.returncode != 0:
        raise WrongUse(f"git cannot list the commits in {root}: {done.stderr.strip()}")
    return done.stdout.rstrip("\n")


def commit(root: Path, revision: str) -> str:
    """The whole hash of the commit that a branch, tag, hash or HEAD~1 names; nothing where git knows none."""
    return ask(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")


def changes(root: Path, *paths: str) -> list[str]:
    """The files below *paths* that are not as they were committed."""
    return [line[3:] for line in ask(root, "status", "--porcelain", "--", *paths).splitlines()]


def file_at(root: Path, commit: str, path: str) -> str:
    """The text of a file in a commit; empty where that has none."""
    return ask(root, "show", f"{commit}:{path}")


def is_shallow(root: Path) -> bool:
    return ask(root, "rev-parse", "--is-shallow-repository") == "true"


def _run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["git", "-C", os.fspath(root), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", errors="replace", check=False)
    except FileNotFoundError as error:
        raise WrongUse("git is not installed, and commits are compared; install it first") from error
