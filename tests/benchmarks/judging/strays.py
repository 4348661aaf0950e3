"""Processes that a test started and lost sight of, known by a variable that all of them inherit."""

from __future__ import annotations

import os
import time
import uuid
from contextlib import suppress

import psutil

NAME = "PYRT_TEST_STRAY"


class Strays:
    """Those of one test: what it starts with `environment` carries the mark, and so does whatever that starts."""

    def __init__(self) -> None:
        self.mark = uuid.uuid4().hex
        self.environment = os.environ | {NAME: self.mark}
        self._others = set(psutil.pids())

    def alive(self) -> list[psutil.Process]:
        found = []
        for pid in set(psutil.pids()) - self._others:
            with suppress(psutil.Error):
                process = psutil.Process(pid)
                if process.environ().get(NAME) == self.mark and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def left(self, within_s: float = 20) -> list[psutil.Process]:
        """Those that do not end by themselves; they are killed, so that they harm no other test."""
        deadline = time.monotonic() + within_s
        while (found := self.alive()) and time.monotonic() < deadline:
            time.sleep(0.005)  # until the next look; psutil.wait_procs waits for zombies too
        for process in found:
            with suppress(psutil.Error):
                process.kill()
        return found
