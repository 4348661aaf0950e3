"""What a stranger may send, and how long it may take."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from .errors import UsageError

__all__ = ("LIMITS", "Limits")


@dataclass(frozen=True, slots=True)
class Limits:
    """The ingress's limits, per connection unless it says otherwise; the number behind one is what answers past it.

    Attributes:
        request_line_bytes: method, target and version together (414).
        header_line_bytes: one header line (431).
        head_bytes: all header lines together (431).
        headers: number of header lines (431).
        body_bytes: of a request's body; by Content-Length before any of it is read (413).
        pipelined_bytes: of requests that come before earlier ones are answered; past it the connection is not read.
        head_s: from the first byte of a request's head to its last (408).
        body_s: from the end of the head to the end of the body (408).
        body_bytes_s: least rate of a body, in bytes per second, after five seconds of grace (408).
        keep_alive_s: between requests; past it the connection is closed.
        write_s: how long a client may read nothing of what is due to it; past it the connection is broken off.
        write_buffer_bytes: of an answer that may wait for the client; past it what makes the answer waits.
        requests: answered on one connection; the last one closes it.
        age_s: of a connection; the first answer after it closes it.
        connections: of one worker; past it a new one is answered 503 and closed.
        form_fields: of a form (413).
        form_files: of a form (413).
        form_text_bytes: of one field of a form that is no file (413).
        form_memory_bytes: of a file in a form; past it the file is on disk.
    """

    request_line_bytes: int = 8 * 1024
    header_line_bytes: int = 8 * 1024
    head_bytes: int = 32 * 1024
    headers: int = 100
    body_bytes: int = 1024 * 1024
    pipelined_bytes: int = 64 * 1024
    head_s: float = 10.0
    body_s: float = 300.0
    body_bytes_s: int = 500
    keep_alive_s: float = 65.0
    write_s: float = 30.0
    write_buffer_bytes: int = 64 * 1024
    requests: int = 10_000
    age_s: float = 3600.0
    connections: int = 4096
    form_fields: int = 1000
    form_files: int = 100
    form_text_bytes: int = 64 * 1024
    form_memory_bytes: int = 64 * 1024

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            is_number = isinstance(value, int if field.type == "int" else int | float) and not isinstance(value, bool)
            if not is_number or not 0 < value < math.inf:
                raise UsageError(f"{field.name} is a {'whole ' * (field.type == 'int')}number over 0, got {value!r}")


LIMITS = Limits()
