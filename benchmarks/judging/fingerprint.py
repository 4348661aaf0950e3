"""What figures depend on beside the code: the machine, the build of Python, the pins, and what measures."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path

from asv.machine import Machine

from .sides import Built

MACHINE = ("cpu", "cores", "kernel", "arch", "python")  # another machine's figures cannot be compared
HERE = Path(__file__).resolve().parents[1]


def machine() -> dict[str, str]:
    """What makes two machines' times comparable: processor, cores, kernel, and the build of Python."""
    return {
        "cpu": Machine.get_defaults()["cpu"],
        "cores": str(os.cpu_count()),
        "kernel": platform.release(),
        "python": f"{sys.version.split()[0]} {' '.join(platform.python_build())} {platform.python_compiler()}",
    }


def here(built: Built | None = None) -> dict[str, str]:
    """All of it; the pins are those that are installed beside a commit's pyrt, or here."""
    return machine() | {"arch": platform.machine(), "pins": _pins(built), "harness": _harness()}


def differences(one: Mapping[str, str], other: Mapping[str, str], names: Iterable[str]) -> list[str]:
    """In which of *names* two fingerprints differ; what one of them does not have differs."""
    return [name for name in names if one.get(name) != other.get(name)]


def _pins(built: Built | None) -> str:
    """What is installed, but for pyrt itself: `msgspec 0.20.0, uvloop 0.22.1`."""
    path = [str(folder) for folder in built.python.parents[1].glob("lib/python*/site-packages")] if built else sys.path
    found = {(one.name.lower(), one.version) for one in metadata.distributions(path=path)}
    return ", ".join(f"{name} {version}" for name, version in sorted(found) if name != "pyrt")


def _harness() -> str:
    """A digest of the suite's own code: what measures, and what is measured with."""
    digest = hashlib.sha256()
    for path in sorted(HERE.rglob("*.py")):
        part = path.relative_to(HERE).parts[0]
        if part not in ("peers", "profiling", "reporting"):
            digest.update(path.relative_to(HERE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
