"""Replace instances of classes in plain values by their fields, since msgspec takes such instances unread."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from .parts import Array, Entries, Object, Part, Row, Variants

__all__ = ("ARRAYS", "opened")

# The types that msgspec takes for an array.
ARRAYS = (list, tuple, set, frozenset)


def opened(part: Part, value: Any) -> Any:
    """*value*, with each instance of a class replaced by its fields, without those that have their default.

    If there are no instances in *value*, it is *value* itself. The result shares with it what has none inside.
    """
    return _OPENED[type(part)](part, value) if part.has_classes else value


def _object(part: Object, value: Any) -> Any:
    if isinstance(value, Mapping):
        if not part.holds_classes:
            return value
        return _entries_by(value, ((name, field.part) for name, field in part.fields.items() if name in value))
    if type(value) is not part.makes[0]:
        return value
    found = {} if part.tag is None else {part.tag_field: part.tag.values[0]}
    for name, field in part.fields.items():
        inside = getattr(value, field.attribute, msgspec.UNSET)
        if not _is_unsent(inside, field.default):
            found[name] = opened(field.part, inside)
    return found


def _is_unsent(value: Any, default: Any) -> bool:
    """Whether a field has the value that it has if nobody sends it. Such a value is not looked at."""
    return value is msgspec.UNSET or value is default or (type(value) is type(default) and bool(value == default))


def _entries(part: Entries, value: Any) -> Any:
    return _entries_by(value, ((key, part.value) for key in value)) if isinstance(value, Mapping) else value


def _entries_by(value: Mapping[Any, Any], parts: Iterable[tuple[Any, Part]]) -> Any:
    news = {}
    for key, part in parts:
        if part.has_classes:
            found = opened(part, value[key])
            if found is not value[key]:
                news[key] = found
    return {**value, **news} if news else value


def _array(part: Array, value: Any) -> Any:
    if not isinstance(value, ARRAYS):
        return value
    found = [opened(part.item, each) for each in value]
    return found if any(map(operator.is_not, found, value)) else value


def _row(part: Row, value: Any) -> Any:
    parts = [inner for _, inner in part.items]
    tag = [] if part.tag is None else [part.tag.values[0]]
    if isinstance(value, ARRAYS) and not _is_instance(part, value):
        found = list(value)
        for at, inner in enumerate(parts[: len(found) - len(tag)], len(tag)):
            found[at] = opened(inner, found[at])
        return found if any(map(operator.is_not, found, value)) else value
    if not _is_instance(part, value):
        return value
    inside = [getattr(value, name, msgspec.UNSET) for name, _ in part.items]
    while inside and _is_unsent(inside[-1], part.defaults[len(inside) - 1]):
        inside.pop()
    return tag + [opened(inner, each) for inner, each in zip(parts, inside, strict=False)]


def _is_instance(part: Row, value: Any) -> bool:
    """Whether it is an instance of the class. A plain tuple is not."""
    return type(value) is part.makes[0] and type(value) is not tuple


def _variants(part: Variants, value: Any) -> Any:
    if isinstance(value, Mapping):
        options: list[Part] = [each for each in part.options if isinstance(each, Object | Entries)]
    elif isinstance(value, ARRAYS):
        options = [each for each in part.options if isinstance(each, Array | Row)]
    else:
        options = [each for each in part.options if type(value) in each.makes]
    if len(options) > 1:
        options = [each for each in options if _has_tag(each, value)]
    return opened(options[0], value) if options else value


def _has_tag(part: Part, value: Any) -> bool:
    if isinstance(part, Object) and part.tag is not None:
        return bool(value.get(part.tag_field) == part.tag.values[0])
    if isinstance(part, Row) and part.tag is not None:
        return next(iter(value), None) in part.tag.values
    return False


_OPENED: dict[type[Part], Callable[..., Any]] = {
    Object: _object,
    Entries: _entries,
    Array: _array,
    Row: _row,
    Variants: _variants,
}
