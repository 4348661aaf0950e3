"""The words of violations: msgspec's messages and values, shortened, and safe to show."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

__all__ = ("HIDDEN", "LACKS", "MISSING", "NO_HASH", "UNKNOWN", "shortened", "shown", "step", "worded")

HIDDEN = "***"
MISSING = ("a value (required)", "nothing", "missing")
NO_HASH = "Expected `value that a set can hold`"
LACKS = "Object missing required field `"
UNKNOWN = "Object contains unknown field `"
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def step(key: Any, limit_characters: int = 1000) -> str:
    """The step of a path that leads to *key*: `.name`, or `["any text"]`."""
    if isinstance(key, str) and len(key) <= limit_characters and _PLAIN_KEY.fullmatch(key):
        return f".{key}"
    return f"[{shown(key, limit_characters)}]"


def shown(value: Any, limit_characters: int) -> str:
    """A plain value in one short line of ASCII; for an array or object, only its length."""
    if isinstance(value, str):
        return shortened(quoted(value[: limit_characters + 1]), limit_characters)
    if isinstance(value, Mapping):
        return f"an object with {len(value)} field{'' if len(value) == 1 else 's'}"
    if isinstance(value, list | tuple | set | frozenset):
        return f"an array of {len(value)}"
    if isinstance(value, int | float | None) and not (isinstance(value, int) and value.bit_length() > 1000):
        return shortened(json.dumps(value), limit_characters)
    return f"a value of type {type(value).__name__}"


def shortened(text: str, limit_characters: int) -> str:
    return text if len(text) <= limit_characters else text[: max(0, limit_characters - 3)] + "..."


# The word after the type in msgspec's `Expected `...` ...`.
_CODES = {
    "": "type",
    "got": "type",
    "matching": "pattern",
    "of": "length",
    "that's": "multiple",
    ">=": "range",
    ">": "range",
    "<=": "range",
    "<": "range",
    "with": "format",
    "without": "format",
}


def worded(text: str) -> tuple[str, str]:
    """What msgspec expected, from its own words, and the code; `format` if the words are not known."""
    if text.startswith("Expected `"):
        name, _, rest = text[10:].partition("`")
        words = rest.split(" ", 2)
        code = _CODES.get(words[1] if len(words) > 1 else "", "format")
        return name + (rest if code == "pattern" else rest.partition(", got ")[0]), code
    if text.startswith(("Invalid enum value", "Invalid value")):
        return "another value", "choice"
    if text.endswith("out of range"):
        return "a number in range", "range"
    return "another value", "format"
