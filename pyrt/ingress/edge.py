"""What the connections of one server share: limits, a coarse clock, and one sweep over all in place of timers."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import time
from email.utils import formatdate

from ..limits import Limits
from ..types import Clock, Connection
from .accesslog import AccessLog

__all__ = ("Edge",)

_log = logging.getLogger("pyrt")

SWEEP_S = 0.25
"""Between two looks at every connection: how much later than its limit a slow one may be ended."""

SWEPT_AT_ONCE = 32
"""Connections that are looked at before everything else has its turn."""


class Edge:
    """The shared state of a server's connections.

    Args:
        log: of answers; None for none.
        clock: seconds, monotonic; a `ManualClock` in tests.

    Attributes:
        connections: those that are open.
        refused: those that are told that there are as many as there may be, and not closed yet.
        refused_connections: how many there have been.
        context: in copies of which requests run.
        now_s: of the clock, at the last tick.
        date: the `Date` line of answers, of the last tick.
    """

    def __init__(
        self, limits: Limits | None = None, log: AccessLog | None = None, clock: Clock = time.monotonic
    ) -> None:
        self.limits, self.log = limits or Limits(), log
        self.connections: set[Connection] = set()
        self.refused: set[Connection] = set()
        self.refused_connections = 0
        self.context = contextvars.copy_context()
        self.date = b""
        self._clock, self._second = clock, 0
        self._timer: asyncio.TimerHandle | None = None
        self.now_s = clock()

    def start(self) -> None:
        """Tick from now on, on the running event loop."""
        self._timer = asyncio.get_running_loop().call_later(SWEEP_S, self.start)
        try:
            self.tick()
        except Exception:
            _log.exception("a look at all connections failed; the next one is due in %g s", SWEEP_S)

    def stop(self) -> None:
        """Tick no more; what was answered is written down."""
        if self._timer is not None:
            self._timer.cancel()
        if self.log is not None:
            self.log.close()

    def tick(self) -> None:
        """Look at the clock, and at every connection."""
        since_s, self.now_s = self.now_s, self._clock()
        second = int(time.time())
        if second != self._second:
            self._second = second
            self.date = f"date: {formatdate(second, usegmt=True)}\r\n".encode()
        self._sweep([*self.connections, *self.refused], 0, self.now_s, since_s)
        if self.log is not None:
            self.log.flush()

    def _sweep(self, connections: list[Connection], start: int, now_s: float, since_s: float) -> None:
        """Look at some, and at those behind them after the others' turn: many may have to be ended at once."""
        end = start + SWEPT_AT_ONCE
        for connection in connections[start:end]:
            if connection in self.connections or connection in self.refused:
                connection.sweep(now_s, since_s)
        if end < len(connections):
            asyncio.get_running_loop().call_soon(self._sweep, connections, end, now_s, since_s)
