"""Refuse sets and dicts of many items or keys with one hash. To hold n of them takes n * n steps."""

from __future__ import annotations

import decimal
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from ..errors import ValidationError, Violation
from ..http.jsontext import UNREADABLE, malformed
from .parts import Array, Entries, Object, Part, Row, Variants
from .readers import Text

__all__ = ("is_crowd", "without_crowds")

# JSON with fewer commas is not looked at; and at most so many different items may have one hash.
LIMIT_ITEMS, LIMIT_SAME = 4_096, 256
# A sender cannot choose many values of these with one hash: that of text depends on a secret, and the others are few.
_SAFE = {str, bytes, memoryview, bool, type(None)}
_raw = msgspec.json.Decoder(msgspec.Raw).decode
_reader = Text()


def is_crowd(part: Part) -> bool:
    """Whether a part is a set or dict for which a sender can choose many items or keys with one hash."""
    if isinstance(part, Entries):
        # Keys of any type are text.
        return part.key.annotation is not Any and _is_chosen(part.key)
    return isinstance(part, Array) and part.makes[0] in (set, frozenset) and _is_chosen(part.item)


def _is_chosen(part: Part) -> bool:
    """Whether a sender can choose many values with one hash. There are few such floats, moments, or 64-bit integers."""
    if isinstance(part, Variants):
        return any(map(_is_chosen, part.options))
    if isinstance(part, Array | Row | Object):
        # Many combinations of several numbers have one hash, whatever the numbers are.
        return any(_is_number(inner, [part]) for inner in part.inner())
    if int in part.makes and not part.values:
        limits = getattr(part.annotation, "__metadata__", (msgspec.Meta(),))[0]
        return (limits.ge is None and limits.gt is None) or (limits.le is None and limits.lt is None)
    return part.annotation is Any or decimal.Decimal in part.makes or uuid.UUID in part.makes


def _is_number(part: Part, around: list[Part]) -> bool:
    """Whether a part of an item has a number in it, or a value that has the hash of a number."""
    if isinstance(part, Variants | Array | Row | Object | Entries):
        is_known = any(part is each for each in around)
        return not is_known and any(_is_number(inner, [*around, part]) for inner in part.inner())
    return not part.values and not _SAFE.intersection(part.makes)


def without_crowds(read: Callable[[bytes], Any], part: Part) -> Callable[[bytes], Any]:
    """*read*, for JSON in which no such set or dict has many items or keys with one hash.

    JSON with few items is not looked at: it takes little time in any case.
    """

    def reading(data: bytes) -> Any:
        if data.count(b",") >= LIMIT_ITEMS:
            try:
                _visit(part, _raw(data))
            except UNREADABLE as error:
                raise malformed(error) from None
        return read(data)

    return reading


def _visit(part: Part, value: Any) -> None:
    if part.crowds and len(memoryview(value)) >= LIMIT_ITEMS:
        kind = _reader.kind(value)
        options = part.options if isinstance(part, Variants) else (part,)
        for option in options:
            if kind in option.reads and kind in _INSIDE:
                for inner, inside in _INSIDE[kind](option, value):
                    _visit(inner, inside)


def _in_object(part: Part, value: Any) -> list[tuple[Part, Any]]:
    members = _reader.members(value)
    if isinstance(part, Entries):
        if is_crowd(part):
            _count((key.encode(), _reader.keyed(part.keys, key)[1]) for key in members)
        return [(part.value, inside) for inside in members.values()]
    fields = part.fields.items() if isinstance(part, Object) else ()
    return [(field.part, members[name]) for name, field in fields if name in members]


def _in_array(part: Part, value: Any) -> list[tuple[Part, Any]]:
    items = _reader.items(value)
    if isinstance(part, Array):
        if is_crowd(part):
            _count((bytes(item), _reader.judged(part.item, item)[1]) for item in items)
        return [(part.item, inside) for inside in items]
    tags = 1 if isinstance(part, Row) and part.tag is not None else 0
    return list(zip(part.inner(), items[tags:], strict=False))


_INSIDE = {"object": _in_object, "array": _in_array}


def _count(items: Iterable[tuple[bytes, Any]]) -> None:
    """Refuse *items*, each a text and the value made of it, if many different texts have values with one hash."""
    found: defaultdict[int, set[bytes]] = defaultdict(set)
    for text, made in items:
        try:
            same = found[hash(made)]
        except TypeError:
            continue  # the value has no hash; reading it will say so
        same.add(text)
        if len(same) > LIMIT_SAME:
            wanted = f"at most {LIMIT_SAME} items or keys of one hash in a set or object"
            raise ValidationError([Violation("$", wanted, "more", "length")])
