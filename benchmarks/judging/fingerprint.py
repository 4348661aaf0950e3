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

from ..harness.counting import SUITE
from .sides import Built

# What measures, and nothing that judges or tells: below benchmarks/.
MEASURING = ("harness/*.py", "judging/counts.py", "judging/noise.py", "judging/pairs.py", "judging/sides.py")


def machine() -> dict[str, str]:
    """What does not change from commit to commit: processor, cores, kernel, and the build of Python."""
    return {
        "cpu": Machine.get_defaults()["cpu"],
        "cores": str(os.cpu_count()),
        "kernel": platform.release(),
        "python": f"{sys.version.split()[0]} {' '.join(platform.python_build())} {platform.python_compiler()}",
    }


def here(built: Built | None = None) -> dict[str, str]:
    """All of it; the pins are those that are installed beside a commit's pyrt, or here."""
    pins = installed(built)
    listed = ", ".join(f"{name} {version}" for name, version in pins.items())
    return machine() | {
        "arch": platform.machine(),
        "pins": listed,
        "pins_digest": _digest([listed.encode()]),
        "harness": harness(),
        "load": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }


def harness(suite: Path = SUITE) -> str:
    """A digest of what measures."""
    return _digest(path.read_bytes() for part in MEASURING for path in sorted(suite.glob(part)))


def differences(one: Mapping[str, str], other: Mapping[str, str], names: Iterable[str]) -> list[str]:
    """In which of *names* two fingerprints differ; what one of them does not have differs."""
    return [name for name in names if one.get(name) != other.get(name)]


def installed(built: Built | None = None) -> dict[str, str]:
    """What is installed beside a commit's pyrt, or here, by name: versions."""
    path = [str(built.packages)] if built else sys.path
    # The first of a name is the one that is imported.
    found = {one.name.lower(): one.version for one in reversed(list(metadata.distributions(path=path)))}
    return dict(sorted((name, version) for name, version in found.items() if name != "pyrt"))


def changed_pins(base: Built, head: Built) -> list[str]:
    """Which dependencies differ between two commits: `msgspec 0.20.0 to 0.22.0`, in place of their code, perhaps."""
    before, after = installed(base), installed(head)
    names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return [f"{name} {before.get(name, 'none')} to {after.get(name, 'none')}" for name in names]


def _digest(parts: Iterable[bytes]) -> str:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()[:16]
