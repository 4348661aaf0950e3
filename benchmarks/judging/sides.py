"""The two commits of a comparison, each built into an environment of its own."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from .comparison import Side
from .leash import Leash

FOLDER = ".asv/sides"
KEPT = 20
WHOLE = "whole"
NEEDED = ("pyrt/__init__.py", "pyproject.toml", "constraints.txt")


class SideError(ValueError):
    """A commit cannot be compared; the message says why and what to do."""


class Unbuildable(SideError):
    """A commit's pyrt, or what it needs, cannot be installed."""


class Built(NamedTuple):
    """A commit in an environment of its own."""

    commit: str
    python: Path


def resolve(root: Path, base: str | None = None, head: str | None = None) -> tuple[Side, Side]:
    """The commits that are meant: by default where HEAD left main, or on main the commit before; and HEAD.

    Raises:
        SideError: there is no such commit, or it has no pyrt/ that can be built.
    """
    shallow = _git(root, "rev-parse", "--is-shallow-repository") == "true"
    head_hash = _commit(root, head or "HEAD", shallow)
    base_hash = _commit(root, base, shallow) if base else _default_base(root, head_hash, shallow)
    return _side(root, base_hash), _side(root, head_hash)


def _default_base(root: Path, head: str, shallow: bool) -> str:
    for main in ("main", "origin/main"):
        if _git(root, "rev-parse", "--verify", "--quiet", f"{main}^{{commit}}"):
            base = _git(root, "merge-base", main, head)
            if not base:
                raise SideError(f"{head[:8]} and {main} have no commit in common; {_deepen(shallow)}name a BASE")
            return _commit(root, f"{head}^", shallow) if base == head else base
    raise SideError("there is no branch main to compare with; name a BASE: `compare BASE HEAD`")


def _commit(root: Path, revision: str, shallow: bool) -> str:
    if found := _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"):
        return found
    raise SideError(
        f"{revision} is no commit of this clone; {_deepen(shallow)}`git log --oneline` lists those there are"
    )


def _deepen(shallow: bool) -> str:
    return "it is shallow: `git fetch --unshallow` brings the rest; " if shallow else ""


def _side(root: Path, commit: str) -> Side:
    held = _git(root, "ls-tree", "--name-only", commit, "--", *NEEDED).split()
    if missing := sorted(set(NEEDED) - set(held)):
        raise SideError(f"{commit[:8]} has no {', '.join(missing)}, so it cannot be built and measured")
    return Side(commit=commit, subject=_git(root, "log", "-1", "--format=%s", commit))


def build(root: Path, commit: str, leash: Leash, *, copy: str = "a") -> Built:
    """The commit's pyrt with its own pins, and what the suite needs, in a virtual environment that is kept.

    Args:
        copy: one letter; another copy of the same commit, elsewhere.

    Raises:
        Unbuildable: pip could not; its last words are in the message.
    """
    kept = root / FOLDER
    kept.mkdir(parents=True, exist_ok=True)
    build_of_python = f"{sys.version_info.major}.{sys.version_info.minor}"
    folder = kept / f"{build_of_python}-{commit[:12]}{copy}"
    built = Built(commit, folder / "bin/python")
    with _locked(kept / f"{folder.name}.lock"):
        if not (folder / WHOLE).exists():
            shutil.rmtree(folder, ignore_errors=True)
            try:
                _make(root, commit, folder, leash)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
        (folder / WHOLE).touch()
    _forget(kept, folder)
    return built


def _make(root: Path, commit: str, folder: Path, leash: Leash) -> None:
    source = folder / "source"
    _try(leash, commit, [sys.executable, "-m", "venv", "--without-pip", folder])
    source.mkdir()
    archive = folder / "source.tar"
    _try(leash, commit, ["git", "-C", root, "archive", "--output", archive, commit])
    _try(leash, commit, ["tar", "-xf", archive, "-C", source])
    pip = [sys.executable, "-m", "pip", "--python", folder, "install", "--quiet", "--disable-pip-version-check"]
    pins = source / "constraints.txt"
    _try(leash, commit, [*pip, "-c", pins, source, *_tools(source)])
    shutil.rmtree(source)
    archive.unlink()


def _tools(source: Path) -> list[str]:
    """What measuring needs beside pyrt: asv_runner as this project pins it, and pympler."""
    here = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = here.get("project", {}).get("optional-dependencies", {}).get("bench", [])
    return [*(one for one in wanted if one.startswith("asv_runner")), "pympler"]


def _try(leash: Leash, commit: str, command: list[object]) -> None:
    done = leash.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        said = "\n".join((done.stderr or done.stdout).strip().splitlines()[-15:])
        raise Unbuildable(f"{commit[:8]} cannot be built, `{command[0]}` ended with {done.returncode}:\n{said}")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One at a time, also among processes."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _forget(kept: Path, used: Path) -> None:
    """Remove what was not used for longest, beyond what is kept."""
    whole = sorted(kept.glob(f"*/{WHOLE}"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in whole[KEPT:]:
        if path.parent != used:
            shutil.rmtree(path.parent, ignore_errors=True)


def _git(root: Path, *arguments: str) -> str:
    """What git prints; nothing where it refuses."""
    done = subprocess.run(["git", "-C", os.fspath(root), *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
