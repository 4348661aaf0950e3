"""Ends processes and all that they started; as a script, the process group that it leads, once its input ends."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress

import psutil


def end(roots: Iterable[int]) -> None:
    """Kill these processes and their descendants, also those in process groups and sessions of their own.

    All are stopped before any is killed: the children of one that is killed are nobody's, and would not be found.
    """
    known = set(roots)
    stopped: set[psutil.Process] = set()
    while fresh := _families(known) - stopped:
        for process in fresh:
            with suppress(psutil.Error):
                process.suspend()
        stopped |= fresh
    for process in stopped:
        with suppress(psutil.Error):
            process.kill()


def _families(roots: set[int]) -> set[psutil.Process]:
    """The roots, their children, theirs, and so on; from one look at all processes."""
    everyone = {process.pid: process for process in psutil.process_iter(["ppid"])}
    found: set[int] = set()
    fresh = roots
    while fresh:
        found |= fresh
        fresh = {pid for pid, process in everyone.items() if process.info["ppid"] in fresh} - found
    return {everyone[pid] for pid in found if pid in everyone}


def _group() -> list[int]:
    """All processes of this one's group but itself."""
    found = []
    for pid in psutil.pids():
        with suppress(OSError):
            if pid != os.getpid() and os.getpgid(pid) == os.getpgrp():
                found.append(pid)
    return found


def main() -> None:
    """Wait for the end of the input, which is the end of the process that holds its other end."""
    sys.stdin.buffer.read()
    try:
        end(_group())
    finally:
        os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
