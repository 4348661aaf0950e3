"""The case table: what a strict HTTP/1.1 origin server does with what a client may send.

Each MUST and MUST NOT of RFC 9110 and RFC 9112 that binds a server, an origin server, a sender of answers or a
recipient of requests has rows in `CASES`, is held of every answer to all of them (`ALWAYS`), or is left out with its
reason (`EXCLUDED`).
"""

from __future__ import annotations

from . import rfc9110, rfc9112_bodies, rfc9112_connections, rfc9112_heads
from .building import Case, get, post, to
from .excluded import ALWAYS, EXCLUDED, SECTIONS_WITH_A_MUST

__all__ = ("ALWAYS", "CASES", "EXCLUDED", "SECTIONS_WITH_A_MUST", "Case", "get", "post", "to")

CASES = rfc9110.ROWS + rfc9112_heads.ROWS + rfc9112_bodies.ROWS + rfc9112_connections.ROWS
