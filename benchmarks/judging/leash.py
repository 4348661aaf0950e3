"""Children that do not outlive this process, however it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import IO, Any

from . import watchdog


class Leash:
    """Owns all processes that are started through it, and theirs.

    They form a process group, which is led by a watchdog. It reads a pipe whose other end this process alone holds:
    when that is gone, by SIGKILL too, or when the context is left, it ends the group and all descendants of the group,
    in whatever group they are. A daemon goes free, which has left the group and whose parent has ended.
    """

    def __enter__(self) -> Leash:
        command = [sys.executable, "-P", watchdog.__file__]
        self._watchdog = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, process_group=0)
        self._kept = ExitStack()
        return self

    def keep(self, file: IO[Any]) -> None:
        """Hold a file open until the context is left: what is locked stays locked."""
        self._kept.enter_context(file)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._watchdog.stdin is not None
        self._watchdog.stdin.close()
        self._watchdog.wait()
        self._kept.close()

    def run(
        self,
        command: Sequence[str | os.PathLike[str]],
        *,
        timeout: float | None = None,
        capture_output: bool = False,
        **options: Any,
    ) -> subprocess.CompletedProcess[Any]:
        """As `subprocess.run`, in the group; *options* are those of `subprocess.Popen`.

        Nothing is read from the terminal: a process in the background would be stopped by it, for ever.

        Raises:
            subprocess.TimeoutExpired: it took longer than *timeout* seconds; it, and what it started, are no more.
        """
        if capture_output:
            options |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        options.setdefault("stdin", subprocess.DEVNULL)
        with subprocess.Popen(command, process_group=self._watchdog.pid, **options) as child:
            try:
                out, err = child.communicate(timeout=timeout)
            except BaseException:
                watchdog.end([child.pid])
                raise
        return subprocess.CompletedProcess(command, child.returncode, out, err)
