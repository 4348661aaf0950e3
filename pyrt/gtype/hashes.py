"""Which values a set can hold: only those that have a hash."""

from __future__ import annotations

import decimal
from typing import Any

import msgspec

from ..errors import UsageError
from .parts import Array, Entries, Object, Part, Row, Variants

__all__ = ("ask_for_hashes",)

# Whether the values of a part have a hash. For several parts together, the least of these counts.
_NEVER, _PERHAPS, _ALWAYS = range(3)
_OWN: dict[Any, int] = {
    Any: _PERHAPS,
    decimal.Decimal: _PERHAPS,  # a signaling NaN has none
    bytearray: _NEVER,
    msgspec.Raw: _NEVER,
}


def ask_for_hashes(part: Part) -> None:
    """If the items of a set may have no hash, have each of them tried in a set (`Array.single`).

    Raises:
        UsageError: the items of a set, or the keys of a dict, never have a hash.
    """
    if isinstance(part, Entries):
        found = _hash(part.key, [])
    elif isinstance(part, Array) and part.makes[0] in (set, frozenset):
        found = _hash(part.item, [])
        if found == _PERHAPS:
            part.single = Part(part.makes[0][part.item.annotation])
    else:
        return
    if found == _NEVER:
        raise UsageError(
            f"{part.annotation} cannot be made: its items or keys have no hash; use a list, or a frozen class"
        )


def _hash(part: Part, around: list[Part]) -> int:
    if isinstance(part, Variants):
        found = {_hash(option, around) for option in part.options}
        return found.pop() if len(found) == 1 else _PERHAPS
    if isinstance(part, Array):
        return _hash(part.item, around) if part.makes[0] is tuple else _ALWAYS if part.makes[0] is frozenset else _NEVER
    if isinstance(part, Entries):
        return _NEVER
    if not isinstance(part, Object | Row):
        annotation = getattr(part.annotation, "__origin__", part.annotation)
        return _OWN.get(annotation, _ALWAYS)
    if any(part is each for each in around):
        return _ALWAYS  # the class contains itself, so its other fields decide
    fields = min((_hash(inner, [*around, part]) for inner in part.inner()), default=_ALWAYS)
    cls = part.makes[0]
    if cls.__hash__ is None:
        return _NEVER
    if issubclass(cls, tuple):
        return fields
    if cls.__hash__ is object.__hash__:
        return _ALWAYS
    if cls.__hash__ is not msgspec.Struct.__hash__:
        return min(max(fields, _PERHAPS), _ALWAYS)  # the author's own may leave fields out
    config = cls.__struct_config__  # type: ignore[attr-defined]
    return fields if config.frozen else _NEVER if config.eq else _ALWAYS
