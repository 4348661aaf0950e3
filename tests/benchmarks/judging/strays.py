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

    def alive(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get(NAME) == self.mark and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def left(self, within_s: float = 20) -> list[psutil.Process]:
        """Those that do not end by themselves; they are killed, so that they harm no other test."""
        deadline = time.monotonic() + within_s
        while (found := self.alive()) and time.monotonic() < deadline:
            psutil.wait_procs(found, timeout=deadline - time.monotonic())
        for process in found:
            with suppress(psutil.Error):
                process.kill()
        return found
