"""The two commits of a comparison, each built into an environment of its own."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from . import git
from .comparison import Side
from .errors import WrongUse
from .git import ROOT
from .leash import Leash

Say = Callable[[str], None]
FOLDER = ".asv/sides"
KEPT = 20
WHOLE = "whole"
NEEDED = ("constraints.txt", "pyproject.toml", "pyrt/__init__.py")
TIMEOUT_S = 600  # of each step of a build
LAST_LINES = 15


class SideError(WrongUse):
    """A commit cannot be compared; the message says why and what to do."""


class Unbuildable(SideError):
    """A commit's pyrt, or what it needs, cannot be installed."""


class Built(NamedTuple):
    """A commit in an environment of its own."""

    commit: str
    python: Path

    @property
    def packages(self) -> Path:
        """Its site-packages."""
        (found,) = self.python.parents[1].glob("lib/python*/site-packages")
        return found


def resolve(root: Path, base: str | None = None, head: str | None = None) -> tuple[Side, Side]:
    """The commits that are meant: by default where HEAD left main, or on main the commit before; and HEAD.

    Raises:
        SideError: there is no such commit, or it has no pyrt/ that can be built.
    """
    _mind_the_repository(root)
    head_hash = _commit(root, head or "HEAD")
    base_hash = _commit(root, base) if base else _default_base(root, head_hash)
    return _side(root, base_hash), _side(root, head_hash)


def notes(root: Path, base: Side, head: Side) -> list[str]:
    """What a reader of their comparison should know of the two commits."""
    same = f"BASE and HEAD are both {base.short}: whatever differs is noise" if base.commit == head.commit else ""
    return [note for note in (same, _uncommitted(root)) if note]


def mind_the_working_copy(root: Path, say: Say) -> None:
    """Say that uncommitted changes are not measured, where there are any."""
    if note := _uncommitted(root):
        say(f"{note}. `.venv/bin/python -m benchmarks run` measures the working copy")


def measurable(root: Path, commit: str) -> bool:
    """Whether it has what building takes."""
    return not _missing(root, commit)


def _uncommitted(root: Path) -> str:
    changed = git.changes(root, "pyrt", "constraints.txt", "pyproject.toml")
    return "the working copy has changes that are not committed: they are not measured, commits are" if changed else ""


def _mind_the_repository(root: Path) -> None:
    if not git.ask(root, "rev-parse", "--git-dir"):
        raise SideError(f"{root} is no git repository; commits are compared, so run this in a clone")
    if not git.commit(root, "HEAD"):
        raise SideError("nothing is committed here, and commits are measured; commit first")


def _default_base(root: Path, head: str) -> str:
    for main in ("main", "origin/main"):
        if git.commit(root, main):
            base = git.ask(root, "merge-base", main, head)
            if not base:
                raise SideError(f"{head[:8]} and {main} have no commit in common; {_deepen(root)}name a BASE")
            return _parent(root, head) if base == head else base
    raise SideError("there is no branch main, nor origin/main, to compare with; name a BASE: `compare BASE HEAD`")


def _parent(root: Path, head: str) -> str:
    if parent := git.commit(root, f"{head}^"):
        return parent
    raise SideError(f"{head[:8]} has no commit before it in this clone; {_deepen(root)}name a BASE")


def _commit(root: Path, revision: str) -> str:
    if found := git.commit(root, revision):
        return found
    raise SideError(
        f"{revision} is no commit of this clone; {_deepen(root)}`git log --oneline --all` lists those there are"
    )


def _deepen(root: Path) -> str:
    return "the clone is shallow: `git fetch --unshallow` brings the rest; or " if git.is_shallow(root) else ""


def _side(root: Path, commit: str) -> Side:
    if missing := _missing(root, commit):
        raise SideError(f"{commit[:8]} cannot be measured: it has no {', no '.join(missing)}; name another commit")
    return Side(commit=commit, subject=git.ask(root, "log", "-1", "--format=%s", commit))


def _missing(root: Path, commit: str) -> list[str]:
    held = git.ask(root, "ls-tree", "--name-only", "--full-tree", commit, "--", *NEEDED).splitlines()
    return [name for name in NEEDED if name not in held]


def build(root: Path, commit: str, leash: Leash, *, copy: str = "a") -> Built:
    """The commit's pyrt with its own pins, and what the suite needs, in a virtual environment that is kept.

    It stays while *leash* holds, whatever else is built; paths of all of them are equally long.

    Args:
        commit: its whole hash.
        copy: one letter; another copy of the same commit, elsewhere.

    Raises:
        Unbuildable: pip could not; its last words are in the message.
    """
    kept = root / FOLDER
    kept.mkdir(parents=True, exist_ok=True)
    folder = kept / f"{_environment()}-{commit[:12]}{copy}"
    with (kept / "lock").open("w") as lock:
        # What builds holds the lock too: whoever builds next waits for it, when this process is gone and it not yet.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / WHOLE).exists():
            with _whole_or_not_at_all(folder):
                _make(root, commit, folder, _Steps(leash, commit, lock))
        leash.keep(_in_use(folder))
        _forget(kept)
    return Built(commit, folder / "bin/python")


def _environment() -> str:
    """What makes another environment of the same commit: another build of Python, or other tools."""
    told = [sys.version, getattr(sys, "_base_executable", sys.executable), *_tools()]
    return hashlib.sha256("\0".join(told).encode()).hexdigest()[:8]


def _tools() -> list[str]:
    """What measuring needs beside pyrt, as this project pins it: asv_runner and pympler."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["optional-dependencies"]["bench"]
    return [*(one for one in wanted if one.startswith("asv_runner")), "pympler"]


@contextmanager
def _whole_or_not_at_all(folder: Path) -> Iterator[None]:
    """Mark it when it is done; a half-made one is removed, before and after."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        yield
        (folder / WHOLE).touch()
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


class _Steps(NamedTuple):
    """Runs what builds a commit, one after the other."""

    leash: Leash
    commit: str
    lock: IO[str]

    def run(self, *command: str | Path) -> None:
        """Raises Unbuildable, with the last lines that it wrote."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        try:
            done = self.leash.run(
                list(map(str, command)),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                env=environment,
                pass_fds=[self.lock.fileno()],
                timeout=TIMEOUT_S,
            )
        except subprocess.TimeoutExpired as error:
            raise Unbuildable(f"{self.commit[:8]} cannot be built: it took longer than {TIMEOUT_S} s") from error
        if done.returncode != 0:
            said = "\n".join(done.stdout.strip().splitlines()[-LAST_LINES:])
            program = command[2] if command[1] == "-m" else command[0]
            raise Unbuildable(f"{self.commit[:8]} cannot be built; the last lines of {program} were:\n{said}")

    def pip(self, *arguments: str | Path) -> None:
        self.run(sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments)


def _make(root: Path, commit: str, folder: Path, steps: _Steps) -> None:
    """A virtual environment in *folder*, with a wheel of what is committed."""
    steps.run(sys.executable, "-m", "venv", "--without-pip", folder)
    source, archive, wheels = folder / "source", folder / "source.tar", folder / "wheels"
    source.mkdir()
    steps.run("git", "-C", root, "archive", "--output", archive, commit)
    steps.run("tar", "-xf", archive, "-C", source)
    steps.pip("wheel", "--no-deps", "-w", wheels, source)
    install: Sequence[str | Path] = ("--python", folder, "install", "-c")
    steps.pip(*install, source / "constraints.txt", *wheels.glob("*.whl"))
    steps.pip(*install, ROOT / "constraints.txt", *_tools())
    archive.unlink()
    for done in (source, wheels):
        shutil.rmtree(done)


def _in_use(folder: Path) -> IO[str]:
    """The marker, newly touched: nobody removes the folder while it is open here."""
    marker = (folder / WHOLE).open("w")
    fcntl.flock(marker, fcntl.LOCK_SH)
    os.utime(folder / WHOLE)
    return marker


def _forget(kept: Path) -> None:
    """Remove what was not used for longest, beyond what is kept, unless a process uses it."""
    whole = sorted(kept.glob(f"*/{WHOLE}"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in whole[KEPT:]:
        with path.open() as marker:
            try:
                fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            path.unlink()  # first: what is half removed is not whole
            shutil.rmtree(path.parent, ignore_errors=True)
