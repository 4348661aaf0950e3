"""The access log: one line of JSON per response, written by its own thread and not by the event loop.

A line is printable ASCII, whatever a client sent, so only its own newline ends it.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TextIO

from ..http.headers import Headers
from ..http.messages import Request

__all__ = ("AccessLog",)

_log = logging.getLogger("pyrt")

Asked = tuple[str, str, str, str, str | None, str | None]
"""Parts of a request that are kept until they are written: method, path, query, version, referer, user agent."""

Entry = tuple[float, Asked | None, tuple[str, int] | None, int, int, float]


class AccessLog:
    """Writes a line for each response, in their order.

    If the file is too slow, entries past the limits are dropped, and a line with their number is written instead.

    Args:
        file: text file for the lines; it is flushed, but not closed.
        limit_pending: number of responses that may wait to be written; past it, entries are dropped.
        limit_bytes: size of the waiting requests' text, in bytes; past it, entries are dropped.
        now_s: clock in seconds since 1970.
    """

    def __init__(
        self,
        file: TextIO,
        limit_pending: int = 50_000,
        limit_bytes: int = 16 * 1024 * 1024,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._file, self._limit_pending, self._limit_bytes, self._now_s = file, limit_pending, limit_bytes, now_s
        self._entries: list[Entry] = []
        self._dropped = self._bytes = 0
        self._batches: queue.SimpleQueue[tuple[list[Entry], int, int] | None] = queue.SimpleQueue()
        # Passed to the thread, and done by it: each counter is written on one side only, so no lock is needed.
        self._handed = self._done = self._handed_bytes = self._done_bytes = 0
        self._torn = ""
        self._thread: threading.Thread | None = None

    def add(
        self, request: Request | None, client: tuple[str, int] | None, status: int, size: int, duration_s: float
    ) -> None:
        """Note a response; *request* is None if it was refused before it was a request."""
        asked = _asked(request) if request is not None else None
        size_bytes = sum(len(text) for text in asked if text) if asked is not None else 0
        waiting, waiting_bytes = self._handed - self._done, self._handed_bytes - self._done_bytes
        if (
            waiting + len(self._entries) >= self._limit_pending
            or waiting_bytes + self._bytes + size_bytes > self._limit_bytes
        ):
            self._dropped += 1
            return
        self._bytes += size_bytes
        self._entries.append((self._now_s(), asked, client, status, size, duration_s))

    def flush(self) -> None:
        """Pass the noted entries to the thread."""
        if not self._entries and not self._dropped:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._write, name="pyrt access log", daemon=True)
            self._thread.start()
        entries, self._entries, dropped, self._dropped = self._entries, [], self._dropped, 0
        size, self._bytes = self._bytes, 0
        self._handed += len(entries)
        self._handed_bytes += size
        self._batches.put((entries, dropped, size))

    def close(self, timeout_s: float = 5.0) -> None:
        """Write what is left; wait for the thread for at most *timeout_s*."""
        self.flush()
        if self._thread is not None:
            self._batches.put(None)
            self._thread.join(timeout_s)
            self._thread = None

    def _write(self) -> None:
        while (batch := self._batches.get()) is not None:
            entries, dropped, size = batch
            try:
                lines = [_line(entry) for entry in entries]
                if dropped:
                    lines.append(json.dumps({"dropped": dropped}) + "\n")
                # If a write failed in the middle of a line, a newline ends that line first.
                lines, self._torn = [self._torn, *lines], "\n"
                self._file.write("".join(lines))
                self._file.flush()
                self._torn = ""
            except Exception:
                _log.exception("the access log cannot be written; %d lines are lost", len(entries) + dropped)
            self._done += len(entries)
            self._done_bytes += size


def _asked(request: Request) -> Asked:
    headers = Headers.from_raw(request.raw)
    said = headers.get("referer"), headers.get("user-agent")
    return request.method, request.path, request.query, request.version, *said


def _line(entry: Entry) -> str:
    at_s, asked, client, status, size, duration_s = entry
    fields: dict[str, Any] = {
        "time": datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds"),
        "client": client and client[0],
        "status": status,
        "bytes": size,
        "duration_s": None,
    }
    fields |= dict.fromkeys(("method", "target", "version", "referer", "user_agent"))
    if asked is not None:
        method, path, query, version, referer, user_agent = asked
        fields |= {
            "duration_s": round(duration_s, 6),
            "method": method,
            "target": f"{path}?{query}" if query else path,
            "version": version,
            "referer": referer,
            "user_agent": user_agent,
        }
    return json.dumps(fields) + "\n"
