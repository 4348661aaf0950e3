"""JSON text to plain Python values, no deeper than it may be."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from ..errors import MalformedBody

__all__ = ("LIMIT_DEPTH", "UNREADABLE", "check_depth", "malformed", "read")

# Arrays and objects inside each other. What is read may go through recursive functions of the author's, which must
# not meet Python's own limit.
LIMIT_DEPTH = 64

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises on text that it cannot read."""

# A last string without an end is one, too, so that the search for it is never begun again: no text takes long.
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_BRACKETS = b"[]{}"
_OTHERS = bytes(set(range(256)) - set(_BRACKETS))
_AS_BRACKETS = bytes.maketrans(b"{}", b"[]")


def read(data: bytes, limit_depth: int = LIMIT_DEPTH) -> Any:
    """The plain value of JSON *data*.

    Raises:
        MalformedBody: it is not JSON, or nested too deeply; answered with 400.
    """
    check_depth(data, limit_depth)
    try:
        return msgspec.json.decode(data)
    except UNREADABLE as error:
        raise malformed(error) from None


def malformed(error: Exception) -> MalformedBody:
    """The answer to text that cannot be read, from one of `UNREADABLE`."""
    if isinstance(error, RecursionError):
        return MalformedBody("the body is nested too deeply")
    return MalformedBody(f"the body is not JSON: {error}")


def check_depth(data: bytes, limit_depth: int) -> None:
    """Raise MalformedBody if arrays and objects lie more than *limit_depth* deep in each other.

    Cost: two counts over *data*; more only where it has that many brackets.
    """
    if data.count(b"[") + data.count(b"{") <= limit_depth:
        return
    left, too_many = _STRING.sub(b"", data).translate(_AS_BRACKETS, _OTHERS), b"[" * (limit_depth + 1)
    for _ in range(limit_depth):
        # Each round takes the innermost pairs away, all at once.
        inner = left.replace(b"[]", b"")
        if inner == left or too_many in left:
            break
        left = inner
    # What is no JSON leaves brackets without a pair, which are the reader's to refuse.
    if b"[]" in left or too_many in left:
        raise MalformedBody(f"the body is nested too deeply: over {limit_depth} levels")
