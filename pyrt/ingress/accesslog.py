"""The access log: one line of JSON per answer, written by a thread of its own and not by the event loop.

A line is ASCII, whatever a client sent: nothing in it ends it but the newline behind it.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
from datetime import UTC, datetime
from typing import Any, TextIO

from ..messages import Headers, Request

__all__ = ("AccessLog",)

_log = logging.getLogger("pyrt")

Asked = tuple[str, str, str, str, list[tuple[bytes, bytes]]]
"""Of a request: method, path, query, version, header lines; without its body, which need not wait to be written."""

Entry = tuple[float, Asked | None, tuple[str, int] | None, int, int, float]


class AccessLog:
    """Writes down what was answered, in the order of the answers.

    Where the file takes no more, entries are dropped rather than kept waiting, and how many is written down in their
    place.

    Args:
        file: takes lines of text; it is flushed, and not closed.
        limit_pending: answers that wait to be written.
        now_s: seconds since 1970.
    """

    def __init__(self, file: TextIO, limit_pending: int = 50_000, now_s: Any = time.time) -> None:
        self._file, self._limit_pending, self._now_s = file, limit_pending, now_s
        self._entries: list[Entry] = []
        self._dropped = 0
        self._batches: queue.SimpleQueue[tuple[list[Entry], int] | None] = queue.SimpleQueue()
        # Handed to the thread, and done with by it: each is counted on one side alone.
        self._handed = self._done = 0
        self._torn = ""
        self._thread: threading.Thread | None = None

    def add(
        self, request: Request | None, client: tuple[str, int] | None, status: int, size: int, duration_s: float
    ) -> None:
        """Note an answer; *request* is None where what came was none."""
        if len(self._entries) + self._handed - self._done >= self._limit_pending:
            self._dropped += 1
            return
        asked = None
        if request is not None:
            asked = request.method, request.path, request.query, request.version, request.raw
        self._entries.append((self._now_s(), asked, client, status, size, duration_s))

    def flush(self) -> None:
        """Hand what was noted to the thread."""
        if not self._entries and not self._dropped:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._write, name="pyrt access log", daemon=True)
            self._thread.start()
        entries, self._entries, dropped, self._dropped = self._entries, [], self._dropped, 0
        self._handed += len(entries)
        self._batches.put((entries, dropped))

    def close(self, timeout_s: float = 5.0) -> None:
        """Write what is left, for no longer than *timeout_s*."""
        self.flush()
        if self._thread is not None:
            self._batches.put(None)
            self._thread.join(timeout_s)
            self._thread = None

    def _write(self) -> None:
        while (batch := self._batches.get()) is not None:
            entries, dropped = batch
            try:
                lines = [_line(entry) for entry in entries]
                if dropped:
                    lines.append(json.dumps({"dropped": dropped}) + "\n")
                # Where the last line was written in part, the next one is none the less a line.
                lines, self._torn = [self._torn, *lines], "\n"
                self._file.write("".join(lines))
                self._file.flush()
                self._torn = ""
            except Exception:
                _log.exception("the access log cannot be written; %d answers are lost", len(entries) + dropped)
            self._done += len(entries)


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
        method, path, query, version, raw = asked
        headers = Headers.from_raw(raw)
        fields |= {
            "duration_s": round(duration_s, 6),
            "method": method,
            "target": f"{path}?{query}" if query else path,
            "version": version,
            "referer": headers.get("referer"),
            "user_agent": headers.get("user-agent"),
        }
    return json.dumps(fields) + "\n"
