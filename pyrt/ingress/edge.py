"""State that the connections of one server share: limits, a coarse clock, and one sweep over all instead of timers."""

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
"""Seconds between two sweeps over all connections: a slow one may be ended so much later than its limit."""

SWEPT_AT_ONCE = 32
"""Connections that are swept before the event loop gets its turn."""


class Edge:
    """The shared state of a server's connections.

    Args:
        log: access log; None for none.
        clock: monotonic clock, in seconds; a `ManualClock` in tests.

    Attributes:
        connections: open connections.
        refused: connections past the limit, which are answered with 503 and not closed yet.
        refused_connections: number of connections that were refused so far.
        context: context variables; each request runs in a copy.
        now_s: time of the clock at the last tick.
        date: `Date` line for responses, made at the last tick.
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
            _log.exception("the check of all connections failed; the next one is in %g s", SWEEP_S)

    def stop(self) -> None:
        """Stop ticking, and write the rest of the access log."""
        if self._timer is not None:
            self._timer.cancel()
        if self.log is not None:
            self.log.close()

    def tick(self) -> None:
        """Read the clock, and sweep all connections."""
        since_s, self.now_s = self.now_s, self._clock()
        second = int(time.time())
        if second != self._second:
            self._second = second
            self.date = f"date: {formatdate(second, usegmt=True)}\r\n".encode()
        self._sweep([*self.connections, *self.refused], 0, self.now_s, since_s)
        if self.log is not None:
            self.log.flush()

    def _sweep(self, connections: list[Connection], start: int, now_s: float, since_s: float) -> None:
        """Sweep a group of connections, then yield to the event loop before the next: many may end in one sweep."""
        end = start + SWEPT_AT_ONCE
        for connection in connections[start:end]:
            if connection in self.connections or connection in self.refused:
                connection.sweep(now_s, since_s)
        if end < len(connections):
            asyncio.get_running_loop().call_soon(self._sweep, connections, end, now_s, since_s)
