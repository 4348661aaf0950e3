"""JSON Schemas of types; a document has the schemas of classes under names."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from itertools import count
from typing import Any

import msgspec

from ..gtype.jsonschema import schemas

__all__ = ("REF", "Components", "untaken")

REF = "#/components/schemas/"


class Components:
    """The schemas of *annotations*; classes with equal names and different schemas get numbers.

    Attributes:
        named: schemas of classes, by name.
    """

    def __init__(self, annotations: Iterable[Any]) -> None:
        self.named: dict[str, Any] = {}
        self._names: dict[bytes, str] = {}
        self._found = {id(annotation): self._added(annotation) for annotation in annotations}

    def of(self, annotation: Any) -> dict[str, Any]:
        """The schema of one of the annotations."""
        return self._found[id(annotation)]

    def _added(self, annotation: Any) -> dict[str, Any]:
        try:
            (schema,), named = schemas([annotation], REF + "{name}")
        except (TypeError, ValueError, KeyError):  # no schema exists, or msgspec confuses two classes
            return {}
        names = {name: self._name(name, named) for name in named}
        for name, each in named.items():
            self.named.setdefault(names[name], _renamed(each, names))
        return _renamed(schema, names)  # type: ignore[no-any-return]

    def _name(self, name: str, named: Mapping[str, Any]) -> str:
        """The document's name for the schema *name* of *named*: equal schemas share one."""
        own = msgspec.json.encode([name, {each: named[each] for each in sorted(_reached(name, named))}])
        if own not in self._names:
            self._names[own] = untaken(name or "Schema", set(self._names.values()))
        return self._names[own]


def untaken(name: str, taken: Container[str]) -> str:
    """*name*, with the first number appended that makes it unique if it is taken."""
    if name not in taken:
        return name
    return next(numbered for number in count(2) if (numbered := f"{name}_{number}") not in taken)


def _reached(name: str, named: Mapping[str, Any]) -> set[str]:
    """The names that a schema refers to, directly or not, and its own."""
    reached, waiting = {name}, [name]
    while waiting:
        for each in _references(named[waiting.pop()]):
            if each not in reached:
                reached.add(each)
                waiting.append(each)
    return reached


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, str) and schema.startswith(REF):
        yield schema.removeprefix(REF)
    elif isinstance(schema, dict | list):
        for each in schema.values() if isinstance(schema, dict) else schema:
            yield from _references(each)


def _renamed(schema: Any, names: Mapping[str, str]) -> Any:
    """A copy of a schema in which references have other names."""
    if isinstance(schema, list):
        return [_renamed(each, names) for each in schema]
    if isinstance(schema, dict):
        return {key: _renamed(value, names) for key, value in schema.items()}
    if isinstance(schema, str) and schema.startswith(REF):
        return REF + names.get(schema.removeprefix(REF), schema.removeprefix(REF))
    return schema
