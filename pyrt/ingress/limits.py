"""What a stranger may send."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ("Limits",)


@dataclass(frozen=True, slots=True)
class Limits:
    """The ingress's limits; past one, the request is refused with the status named here.

    Attributes:
        target_bytes: of the request target (414).
        head_bytes: of the request line and all header lines together (431).
        headers: number of header lines (431).
        body_bytes: of the body, checked against Content-Length before reading (413).
        pipelined_requests: waiting on one connection; past it, the connection is not read until some are answered.
    """

    target_bytes: int = 8 * 1024
    head_bytes: int = 32 * 1024
    headers: int = 100
    body_bytes: int = 1024 * 1024
    pipelined_requests: int = 16
