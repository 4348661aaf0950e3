"""Timeouts: what a connection may wait for, and how long.

The server sweeps all connections four times a second (see `edge`), which costs less than a timer for each wait.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING

from ..errors import ProtocolError
from .bodies import BodyStream

if TYPE_CHECKING:
    from .http1 import Http1Protocol

__all__ = ("Phase", "sweep")

# Seconds from the beginning of a body until its rate is checked.
_GRACE_S = 5.0
# After the last response, keep reading this long, so that the client can receive it.
_LINGER_S = 2.0


class Phase(Enum):
    """What a connection waits for."""

    REQUEST = "a request"
    HEAD = "the rest of a head"
    BODY = "the rest of a body"
    ANSWER = "the response to a request"
    LAST = "the client to take the last response"
    END = "the client to close, while it may still be sending"


def sweep(connection: Http1Protocol, now_s: float, since_s: float) -> None:
    """End a connection or its request if it has waited too long; the last sweep was at *since_s*."""
    if now_s - connection.born_s > connection.edge.limits.age_s:
        connection.requests_left = 0
    if connection.flowing:
        _SWEEPS[connection.phase](connection, now_s - connection.since_s, now_s - since_s)
    else:
        _sweep_writing(connection)


def _sweep_writing(connection: Http1Protocol, *_: float) -> None:
    now_s, unsent = connection.edge.now_s, connection.transport.get_write_buffer_size()
    if unsent != connection.unsent:
        connection.unsent, connection.since_s = unsent, now_s
    elif now_s - connection.since_s > connection.edge.limits.write_s:
        connection.abort()


def _sweep_idle(connection: Http1Protocol, waited_s: float, _: float) -> None:
    if waited_s > connection.edge.limits.keep_alive_s:
        connection.close()


def _sweep_head(connection: Http1Protocol, waited_s: float, _: float) -> None:
    limit_s = connection.edge.limits.head_s
    if waited_s > limit_s:
        connection.refuse(ProtocolError(408, f"the head did not arrive within {limit_s:g} s"), lingers=False)


def _sweep_body(connection: Http1Protocol, waited_s: float, _: float) -> None:
    if error := _too_slow(connection, waited_s):
        connection.refuse(error, lingers=False)


def _sweep_answer(connection: Http1Protocol, waited_s: float, passed_s: float) -> None:
    sink = connection.reader.sink
    if isinstance(sink, BodyStream):
        if not sink.is_awaited:
            connection.since_s += passed_s  # the client is not late: the handler does not read
        elif error := _too_slow(connection, waited_s):
            connection.fail(error)


def _too_slow(connection: Http1Protocol, waited_s: float) -> ProtocolError | None:
    """An error if too little of a body has come in the time that it has waited."""
    limits = connection.edge.limits
    is_slow = waited_s > _GRACE_S and connection.received < waited_s * limits.body_bytes_s
    return ProtocolError(408, "the body arrived too slowly") if is_slow or waited_s > limits.body_s else None


def _sweep_end(connection: Http1Protocol, waited_s: float, _: float) -> None:
    if connection.transport.get_write_buffer_size():
        _sweep_writing(connection)  # the client has not received the answer yet
    elif waited_s > _LINGER_S:
        connection.abort()


_SWEEPS: dict[Phase, Callable[[Http1Protocol, float, float], None]] = {
    Phase.REQUEST: _sweep_idle,
    Phase.HEAD: _sweep_head,
    Phase.BODY: _sweep_body,
    Phase.ANSWER: _sweep_answer,
    Phase.LAST: _sweep_writing,
    Phase.END: _sweep_end,
}
