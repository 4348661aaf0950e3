"""Children that do not outlive this process, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Any

# Reads a pipe whose other end only its parent holds; the end of that is the parent's end, also by SIGKILL.
_WATCHDOG = "import os, sys; sys.stdin.buffer.read(); os.killpg(0, 9)"


class Leash:
    """Owns all processes that are started through it, and theirs.

    They form a process group, which is led by a watchdog: when this process is gone, it kills the group. So does
    leaving the context.
    """

    def __enter__(self) -> Leash:
        command = [sys.executable, "-I", "-S", "-c", _WATCHDOG]
        self._watchdog = subprocess.Popen(command, stdin=subprocess.PIPE, process_group=0)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._watchdog.stdin is not None
        self._watchdog.stdin.close()
        self._watchdog.wait()

    def run(self, command: Sequence[str | os.PathLike[str]], **options: Any) -> subprocess.CompletedProcess[Any]:
        """As `subprocess.run`, in the group. What a child that runs out of time started ends with the group alone."""
        return subprocess.run(command, process_group=self._watchdog.pid, check=False, **options)

    @property
    def group(self) -> int:
        """The process group's number."""
        return self._watchdog.pid

    def kill(self) -> None:
        """End all of them now; the leash is of no use afterwards."""
        os.killpg(self.group, signal.SIGKILL)
