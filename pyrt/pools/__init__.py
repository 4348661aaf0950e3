"""Pools for plain handlers: bounded threads for functions that block, bounded processes for functions that compute."""

from __future__ import annotations

import asyncio
import logging

from .processes import ProcessPool
from .threads import ThreadPool

__all__ = ("Pools", "ProcessPool", "ThreadPool")

_log = logging.getLogger("pyrt")


class Pools:
    """The pools of an app; `close` replaces them by new ones, for the next start.

    Args:
        threads: how many plain functions run at the same time.
        processes: how many `cpu=True` functions run at the same time; by default one per core.
    """

    def __init__(self, threads: int = 40, processes: int | None = None) -> None:
        self._limits = threads, processes
        self._open()

    def _open(self) -> None:
        threads, processes = self._limits
        self.threads, self.processes = ThreadPool(threads), ProcessPool(processes)

    async def close(self, timeout_s: float) -> None:
        """Wait up to *timeout_s* for running calls; then threads are abandoned, and processes killed."""
        closing: list[ThreadPool | ProcessPool] = [self.threads, self.processes]
        self._open()
        left = await asyncio.gather(*(pool.close(timeout_s) for pool in closing))
        for pool, count in zip(closing, left, strict=True):
            if count:
                _log.error("%d calls of %s had not ended after %g s", count, pool.what, timeout_s)
