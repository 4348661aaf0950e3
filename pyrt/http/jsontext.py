"""JSON text to plain Python values, up to a depth."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from ..errors import MalformedBody

__all__ = ("LIMIT_DEPTH", "UNREADABLE", "check_depth", "malformed", "read")

# Arrays and objects inside each other. Recursive functions of the app may walk the value: they must not meet Python's
# recursion limit.
LIMIT_DEPTH = 64

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises on text that it cannot read."""

# The closing quote is optional: a string without an end also matches, so the search does not restart inside it.
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_BRACKETS = b"[]{}"
_OTHERS = bytes(set(range(256)) - set(_BRACKETS))
_AS_BRACKETS = bytes.maketrans(b"{}", b"[]")


def read(data: bytes, limit_depth: int = LIMIT_DEPTH) -> Any:
    """The plain value of JSON *data*.

    Raises:
        MalformedBody: *data* is not JSON, or nested too deeply; answered with 400.
    """
    check_depth(data, limit_depth)
    try:
        return msgspec.json.decode(data)
    except UNREADABLE as error:
        raise malformed(error) from None


def malformed(error: Exception) -> MalformedBody:
    """The error for text that cannot be read, made from one of `UNREADABLE`."""
    if isinstance(error, RecursionError):
        return MalformedBody("the body is nested too deeply")
    return MalformedBody(f"the body is not JSON: {error}")


def check_depth(data: bytes, limit_depth: int) -> None:
    """Raise MalformedBody if arrays and objects are nested more than *limit_depth* deep.

    Cost: two counts over *data*; more only if it has more than *limit_depth* opening brackets.
    """
    if data.count(b"[") + data.count(b"{") <= limit_depth:
        return
    left, too_many = _STRING.sub(b"", data).translate(_AS_BRACKETS, _OTHERS), b"[" * (limit_depth + 1)
    for _ in range(limit_depth):
        # Each round removes all innermost pairs.
        inner = left.replace(b"[]", b"")
        if inner == left or too_many in left:
            break
        left = inner
    # Brackets without a partner are no JSON; the decoder refuses them later.
    if b"[]" in left or too_many in left:
        raise MalformedBody(f"the body is nested too deeply: over {limit_depth} levels")
