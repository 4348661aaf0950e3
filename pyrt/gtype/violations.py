"""The walk over a refused value: every violation, with its path.

Pure. Knows types and values, nothing of JSON text. Each part is judged by `msgspec.convert`.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import re
import types
import typing
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import Annotated, Any, Union, cast, get_args, get_origin

import msgspec

from ..errors import Violation

__all__ = ("from_message", "shown", "walk")

LIMIT_VIOLATIONS = 100
LIMIT_SHOWN_CHARACTERS = 60
# Parts put to msgspec in one walk, a container counting for each of its items: a refused body of a megabyte must not
# hold the event loop for seconds. Past it the list has what was found until then.
LIMIT_JUDGED_PARTS = 50_000

_MESSAGE = re.compile(r"(?P<text>.*?)(?: - at `(?P<path>.*)`)?", re.DOTALL)
_EXPECTED_GOT = re.compile(r"Expected (?P<expected>.*?)(?:, got (?P<got>.*))?", re.DOTALL)
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


_MAPPINGS = (dict, Mapping, MutableMapping)


class Field(typing.NamedTuple):
    """A field of an object type, by the name it has in JSON."""

    name: str
    annotation: Any
    required: bool


class _Exhausted(Exception):
    """The walk has judged as many parts as it may."""


class _Judge:
    """Asks msgspec about parts, so often and no more."""

    __slots__ = ("_left", "_strict")

    def __init__(self, strict: bool) -> None:
        self._left, self._strict = LIMIT_JUDGED_PARTS, strict

    def refusal(self, annotation: Any, value: Any, *, key: bool = False) -> str | None:
        """Why msgspec refuses the value, or None; a *key* of an object may be text for a number."""
        if self._left <= 0:
            raise _Exhausted
        self._left -= 1 + (len(value) if isinstance(value, (dict, list)) else 0)
        if _bare(annotation) is msgspec.Raw:
            return None  # takes anything from JSON, and nothing from a plain value
        try:
            msgspec.convert(value, annotation, strict=self._strict and not key, str_keys=True)
        except msgspec.ValidationError as error:
            return str(error)
        return None


def walk(annotation: Any, value: Any, path: str, *, strict: bool) -> list[Violation]:
    """All violations of *value* (plain Python: dict, list, str, int, float, bool, None), 100 at the most."""
    found: list[Violation] = []
    try:
        for violation in _walk(annotation, value, path, _Judge(strict)):
            found.append(violation)
            if len(found) == LIMIT_VIOLATIONS:
                break
    except _Exhausted:
        pass
    return found


def _walk(annotation: Any, value: Any, path: str, judge: _Judge) -> Iterator[Violation]:
    message = judge.refusal(annotation, value)
    if message is None:
        return
    inside = False
    for violation in _parts(annotation, value, path, judge):
        inside = True
        yield violation
    if not inside:
        yield _described(annotation, from_message(message, path, value))


def _described(annotation: Any, violation: Violation) -> Violation:
    """In the type's own words, where it has a description."""
    if get_origin(annotation) is Annotated:
        for mark in get_args(annotation)[1:]:
            if isinstance(mark, msgspec.Meta) and mark.description:
                return dataclasses.replace(violation, expected=mark.description)
    return violation


def _parts(annotation: Any, value: Any, path: str, judge: _Judge) -> Iterator[Violation]:
    """The violations inside a refused value; nothing where the value as a whole is refused."""
    annotation = _bare(annotation)
    if get_origin(annotation) in (Union, types.UnionType):
        branch = _branch(get_args(annotation), value)
        if branch is not None:
            yield from _walk(branch, value, path, judge)
    elif isinstance(value, dict):
        yield from _object_parts(annotation, value, path, judge)
    elif isinstance(value, list):
        for index, (item, item_type) in enumerate(zip(value, _item_types(annotation, len(value)), strict=False)):
            yield from _walk(item_type, item, f"{path}[{index}]", judge)


def _object_parts(annotation: Any, value: dict[str, Any], path: str, judge: _Judge) -> Iterator[Violation]:
    fields = _fields(annotation)
    if get_origin(annotation) in _MAPPINGS:
        key_type, value_type = get_args(annotation)
        yield from _entry_parts(key_type, value_type, value, path, judge)
    elif fields is not None:
        yield from _field_parts(fields, value, path, judge)
        yield from _unknown_fields(annotation, fields, value, path)


def _entry_parts(
    key_type: Any, value_type: Any, value: dict[str, Any], path: str, judge: _Judge
) -> Iterator[Violation]:
    for key, item in value.items():
        refused = judge.refusal(key_type, key, key=True)
        if refused is not None:
            violation = from_message(refused, _join(path, key), key)
            yield dataclasses.replace(violation, expected=f"a key that is {violation.expected}")
        yield from _walk(value_type, item, _join(path, key), judge)


def _field_parts(fields: Mapping[str, Field], value: dict[str, Any], path: str, judge: _Judge) -> Iterator[Violation]:
    for field in fields.values():
        if field.name in value:
            yield from _walk(field.annotation, value[field.name], _join(path, field.name), judge)
        elif field.required:
            yield Violation(_join(path, field.name), "a value (required)", "nothing", "missing")


def _unknown_fields(
    annotation: Any, fields: Mapping[str, Field], value: dict[str, Any], path: str
) -> Iterator[Violation]:
    config = _struct_config(annotation)
    if config is not None and config.forbid_unknown_fields:
        for key in value:
            if key not in fields and key != config.tag_field:
                yield Violation(_join(path, key), "no such field", shown(value[key]), "unknown")


def _bare(annotation: Any) -> Any:
    """The type itself, without Annotated, NewType and `type X = ...` around it."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif hasattr(annotation, "__supertype__"):
            annotation = annotation.__supertype__
        elif type(annotation).__name__ == "TypeAliasType":
            annotation = annotation.__value__
        else:
            return annotation


def _struct_config(annotation: Any) -> Any:
    """A Struct's settings, also of a generic one with its arguments; None for other types."""
    return getattr(get_origin(annotation) or annotation, "__struct_config__", None)


def _branch(options: Sequence[Any], value: Any) -> Any:
    """The one member of a union that a container value can be meant for; None where that is not clear."""
    if isinstance(value, dict):
        candidates = [o for o in options if _fields(_bare(o)) is not None or get_origin(_bare(o)) in _MAPPINGS]
        tagged = [o for o in candidates if _tag_fits(_bare(o), value)]
        candidates = tagged or [o for o in candidates if _tag(_bare(o)) is None]
    elif isinstance(value, list):
        candidates = [o for o in options if get_origin(_bare(o)) in (list, set, frozenset, tuple)]
    else:
        candidates = [o for o in options if o is not type(None)]
    return candidates[0] if len(candidates) == 1 else None


def _tag(annotation: Any) -> Any:
    return getattr(_struct_config(annotation), "tag", None)


def _tag_fits(annotation: Any, value: dict[str, Any]) -> bool:
    tag = _tag(annotation)
    return tag is not None and value.get(_struct_config(annotation).tag_field) == tag


def _item_types(annotation: Any, count: int) -> list[Any]:
    if isinstance(annotation, type) and issubclass(annotation, tuple) and hasattr(annotation, "_fields"):
        return list(typing.get_type_hints(annotation, include_extras=True).values())
    arguments = get_args(annotation)
    if get_origin(annotation) is tuple and arguments[-1:] != (...,):
        return list(arguments)
    return [arguments[0]] * count if arguments else []


@functools.lru_cache(maxsize=1024)
def _fields(annotation: Any) -> Mapping[str, Field] | None:
    """The fields of an object type by JSON name; None for what is not decoded from an object."""
    origin = get_origin(annotation) or annotation
    if not isinstance(origin, type):
        return None
    if issubclass(origin, msgspec.Struct):
        if origin.__struct_config__.array_like:
            return None
        rows = [Field(f.encode_name, f.type, f.required) for f in msgspec.structs.fields(annotation)]
    elif dataclasses.is_dataclass(origin):
        hints = typing.get_type_hints(origin, include_extras=True)
        rows = [Field(f.name, hints[f.name], _required(f)) for f in dataclasses.fields(origin) if f.init]
    elif typing.is_typeddict(origin):
        hints = typing.get_type_hints(origin, include_extras=True)
        required = cast(Any, origin).__required_keys__
        rows = [Field(name, _unwrapped(hint), name in required) for name, hint in hints.items()]
    else:
        return None
    return {row.name: row for row in rows}


def _unwrapped(hint: Any) -> Any:
    """What stands inside `Required[...]` or `NotRequired[...]`."""
    return get_args(hint)[0] if get_origin(hint) in (typing.Required, typing.NotRequired) else hint


def _required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _join(path: str, key: Any) -> str:
    if isinstance(key, str) and _PLAIN_KEY.fullmatch(key):
        return f"{path}.{key}"
    return f"{path}[{json.dumps(key) if isinstance(key, str) else repr(key)}]"


def shown(value: Any) -> str:
    """A value in one short line for an error message."""
    text = json.dumps(value, ensure_ascii=True, default=repr) if not isinstance(value, (dict, list)) else ""
    if isinstance(value, dict):
        text = f"an object with {len(value)} fields"
    elif isinstance(value, list):
        text = f"an array of {len(value)}"
    return text if len(text) <= LIMIT_SHOWN_CHARACTERS else text[: LIMIT_SHOWN_CHARACTERS - 3] + "..."


def from_message(message: str, path: str, value: Any) -> Violation:
    """msgspec's own words about one part (`Expected `int` >= 0 - at `$.age``) as a violation at *path*."""
    parsed = _MESSAGE.fullmatch(message)
    text, inner = (parsed["text"], parsed["path"]) if parsed else (message, None)
    if inner and inner.startswith("$"):
        path += inner[1:]
    words = _EXPECTED_GOT.fullmatch(text)
    expected = (words["expected"] if words else text).replace("`", "")
    code = "type" if words and words["got"] else "constraint"
    return Violation(path, expected, (shown(value) if not inner else "another value"), code)
