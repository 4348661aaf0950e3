"""Header fields: their grammar, and field lines in order.

Names and values are kept as bytes; values are decoded as Latin-1 when they are read (RFC 9110 section 5.5).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from ..errors import UsageError

__all__ = ("NAME", "TOKEN", "VALUE", "Headers", "Pairs", "pairs_of")

Pair = tuple[str | bytes, str | bytes]
Pairs = Iterable[Pair] | Mapping[str, str]
"""Field lines to be sent: pairs, or a mapping if no name occurs twice."""

# RFC 9110 section 5.6.2 (token) and 5.5 (field-value): without control characters, a value cannot forge a line.
TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
NAME = re.compile(TOKEN + rb"++")
VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*+")


def _raw(text: str | bytes) -> bytes:
    return text.encode("latin-1") if isinstance(text, str) else text


def pairs_of(pairs: Pairs) -> Iterable[Pair]:
    return pairs.items() if isinstance(pairs, Mapping) else pairs


class Headers:
    """Field lines in order; one name may occur many times; names compare case-insensitively."""

    __slots__ = ("raw",)

    def __init__(self, pairs: Pairs = ()) -> None:
        self.raw: list[tuple[bytes, bytes]] = [(_raw(name), _raw(value)) for name, value in pairs_of(pairs)]

    @classmethod
    def from_raw(cls, raw: list[tuple[bytes, bytes]]) -> Headers:
        """A view of a parser's list, without a copy."""
        headers = cls.__new__(cls)
        headers.raw = raw
        return headers

    def get_all(self, name: str) -> list[str]:
        """Every value of *name*, in order."""
        wanted = name.lower().encode("latin-1")
        return [value.decode("latin-1") for key, value in self.raw if key.lower() == wanted]

    def get(self, name: str, default: str | None = None) -> str | None:
        """The first value of *name*, or *default*."""
        wanted = name.lower().encode("latin-1")
        for key, value in self.raw:
            if key.lower() == wanted:
                return value.decode("latin-1")
        return default

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((name.decode("latin-1"), value.decode("latin-1")) for name, value in self.raw)

    def __len__(self) -> int:
        return len(self.raw)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self.raw == other.raw

    def __repr__(self) -> str:
        return f"Headers({list(self)!r})"

    def add(self, name: str | bytes, value: str | bytes) -> None:
        """Append a field line.

        Raises:
            UsageError: the name is not a token, or the value has a control character.
        """
        line = _names.get(name) or _name(name), _raw(value)
        if not VALUE.fullmatch(line[1]):
            raise UsageError(f"header field {name!r}: the value {value!r} has control characters; remove them")
        self.raw.append(line)


# Names that were checked before. Values are not kept: they may be secrets.
_names: dict[str | bytes, bytes] = {}
_NAMES = 1000


def _name(name: str | bytes) -> bytes:
    raw = _raw(name)
    if not NAME.fullmatch(raw):
        raise UsageError(f"header field {name!r}: the name has characters that are not allowed")
    if len(_names) >= _NAMES:
        _names.clear()
    _names[name] = raw
    return raw
