"""Limits on what clients may send, and on how long they may take."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from .errors import UsageError

__all__ = ("LIMITS", "Limits")


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of the ingress, for one connection unless stated; past one with a number, the client gets that status.

    Attributes:
        request_line_bytes: bytes of a request line: method, target and version together (414).
        header_line_bytes: bytes of one header line (431).
        head_bytes: bytes of all header lines together (431).
        headers: number of header lines (431).
        body_bytes: bytes of a request's body (413); a `Content-Length` past it is refused before the body is read.
        pipelined_bytes: bytes of requests that wait for earlier ones; past it, the connection is not read.
        head_s: seconds from the first byte of a request's head to its last (408).
        body_s: seconds from the end of the head to the end of the body (408).
        body_bytes_s: lowest rate of a body, in bytes per second, after five seconds of grace (408).
        keep_alive_s: seconds without a request; past it, the connection is closed.
        write_s: seconds in which the client reads nothing of its response; past it, the connection is aborted.
        write_buffer_bytes: bytes of a response that wait for the client; past it, the handler's stream pauses.
        requests: requests answered on one connection; the last response closes it.
        age_s: seconds since the connection was opened; past it, the next response closes it.
        connections: open connections of one worker; past it, a new one is answered with 503 and closed.
        form_fields: fields of one form (413).
        form_files: files of one form (413).
        form_text_bytes: bytes of one text field of a form (413).
        form_memory_bytes: bytes of a file in a form; past it, the file is on disk.
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
                raise UsageError(f"{field.name} needs a {'whole ' * (field.type == 'int')}number over 0, got {value!r}")


LIMITS = Limits()
