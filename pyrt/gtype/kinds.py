"""Ready-made kinds of value beyond Python's own types, and marks for the author's own kinds."""

from __future__ import annotations

import datetime
import decimal
import inspect
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import msgspec

from ..errors import UsageError

__all__ = ("Check", "DateTime", "Decimal", "Email", "Secret", "Url", "Uuid", "check")

T = TypeVar("T")

# Keys of `Meta(extra=...)`, which msgspec hands on and does not look at.
EXPECTED = "pyrt.expected"
"""What violations call the type: text."""
SECRET = "pyrt.secret"
"""Violations do not show the value."""
CHECK = "pyrt.check"
"""How the key of a `Check` begins. Each key goes on in another way, so that one type can have several."""


class Asked(str):
    """What a check expects of a value that it refuses; not one of msgspec's messages."""

    __slots__ = ()


class Said(Asked):
    """The same, in words that the check's function wrote for this value. They may repeat the value."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Check:
    """A function that a value has to pass beyond its type, as `check` puts it into `Meta(extra=...)`.

    Attributes:
        function: called with the decoded value; to refuse it, it returns False or raises a ValueError.
        expected: what it expects, in words; if empty, the text of the ValueError says it.
    """

    function: Callable[[Any], object]
    expected: str = ""

    def refusal(self, value: Any) -> Asked | None:
        """What the check expects, if it refuses *value*."""
        reason = ""
        try:
            if self.function(value) is not False:
                return None
        except ValueError as error:
            reason = str(error)
        return Said(reason) if reason and not self.expected else Asked(self.expected or "another value")


def check(function: Callable[[Any], object], expected: str = "") -> msgspec.Meta:
    """A mark for an annotation: `Annotated[str, check(str.isidentifier, "an identifier")]`.

    Args:
        function: called with the decoded value; to refuse it, it returns False or raises a ValueError.
        expected: what it expects, in words, for the violation and the schema.

    Raises:
        UsageError: *function* cannot be called, or is asynchronous.
    """
    if not callable(function) or any(map(inspect.iscoroutinefunction, (function, type(function).__call__))):
        raise UsageError(f"a check is a plain function of the value, got {function!r}")
    return msgspec.Meta(
        extra={f"{CHECK} {id(function)} {expected}": Check(function, expected)}, description=expected or None
    )


Secret = Annotated[T, msgspec.Meta(extra={SECRET: True}, extra_json_schema={"writeOnly": True})]
"""`password: Secret[str]`: no violation shows the value, nor anything inside it."""


def _kind(name: str, **constraints: Any) -> msgspec.Meta:
    return msgspec.Meta(extra={EXPECTED: name}, description=name, **constraints)


# The end of the text, for Python and for JSON Schema alike: in Python `$` alone also matches before a last newline.
_END = r"(?!\n)$"

# The HTML standard's "valid e-mail address" (4.10.5.1.5): what browsers accept; runs in linear time.
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_EMAIL = rf"^[a-zA-Z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@{_LABEL}(?:\.{_LABEL})*{_END}"

# RFC 3986: a scheme of the web, a host, a port, then what a path, query and fragment may have; a "%" begins an escape.
_URL_CHARACTER = r"(?:[!$&'()*+,;=:@/?A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*\.?|\[(?:[0-9A-Fa-f]{{0,4}}:){{2,7}}[0-9A-Fa-f.]{{0,15}}\])"
_URL = rf"^[hH][tT][tT][pP][sS]?://{_HOST}(?::[0-9]{{1,5}})?(?:[/?#]{_URL_CHARACTER}*(?:#{_URL_CHARACTER}*)?)?{_END}"

Email = Annotated[str, _kind("an e-mail address", pattern=_EMAIL, max_length=254, examples=["ada@example.org"])]
"""An e-mail address as browsers accept it. Whether somebody reads it, only a mail can show."""

Url = Annotated[str, _kind("an http or https URL", pattern=_URL, max_length=2083, examples=["https://example.org/"])]
"""An absolute URL of the web, without a user or password in it."""

Uuid = uuid.UUID
"""A UUID (RFC 9562), with or without hyphens; decoded to `uuid.UUID`."""

DateTime = Annotated[datetime.datetime, msgspec.Meta(tz=True)]
"""A moment: date and time with an offset or `Z` (RFC 3339); decoded to an aware `datetime.datetime`."""


def _is_of_this_world(number: decimal.Decimal) -> bool:
    # 1e999999999 is short to send, but calculating with it takes all memory.
    return number.is_finite() and abs(number.adjusted()) <= 1000


Decimal = Annotated[decimal.Decimal, check(_is_of_this_world, "a finite decimal number, its exponent within 1000")]
"""A decimal number, as a string or a JSON number, digit by digit; decoded to `decimal.Decimal`."""
