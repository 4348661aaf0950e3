"""Take a type apart, once. msgspec's own description of it decides what is a field, an item or a branch."""

from __future__ import annotations

import copy
import datetime
import decimal
import enum
import graphlib
import math
import types
import uuid
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from msgspec import inspect

from ..errors import UsageError
from .crowds import is_crowd
from .hashes import ask_for_hashes
from .kinds import EXPECTED, SECRET, Check
from .parts import Array, Entries, Field, Object, Part, Row, Variants, dict_of, literal
from .patterns import refuse_runaway
from .unions import refuse_crashing
from .wording import step

__all__ = ("is_bottomless", "taken_apart")

_ANY = ("string", "number", "boolean", "null", "array", "object")
# For each scalar of msgspec: its Python type, and the kinds of JSON that it takes.
_SCALARS: dict[type[inspect.Type], tuple[Any, tuple[str, ...]]] = {
    inspect.AnyType: (Any, _ANY),
    inspect.NoneType: (None, ("null",)),
    inspect.BoolType: (bool, ("boolean",)),
    inspect.IntType: (int, ("number",)),
    inspect.FloatType: (float, ("number",)),
    inspect.StrType: (str, ("string",)),
    inspect.BytesType: (bytes, ("string",)),
    inspect.ByteArrayType: (bytearray, ("string",)),
    inspect.MemoryViewType: (memoryview, ("string",)),
    inspect.DateTimeType: (datetime.datetime, ("string",)),
    inspect.DateType: (datetime.date, ("string",)),
    inspect.TimeType: (datetime.time, ("string",)),
    inspect.TimeDeltaType: (datetime.timedelta, ("string",)),
    inspect.UUIDType: (uuid.UUID, ("string",)),
    inspect.DecimalType: (decimal.Decimal, ("string", "number")),
    inspect.RawType: (msgspec.Raw, _ANY),
}
_COLLECTIONS: dict[type[inspect.Type], Any] = {
    inspect.ListType: list,
    inspect.SetType: set,
    inspect.FrozenSetType: frozenset,
    inspect.VarTupleType: tuple,
}
# What violations call types that are text in JSON but not in Python; msgspec's own words say less.
_MOMENT = "an RFC 3339 date and time"
_NAMES = {
    (inspect.BytesType, None): "base64 text",
    (inspect.ByteArrayType, None): "base64 text",
    (inspect.MemoryViewType, None): "base64 text",
    (inspect.DateTimeType, None): _MOMENT,
    (inspect.DateTimeType, True): f"{_MOMENT} with a time zone",
    (inspect.DateTimeType, False): f"{_MOMENT} without a time zone",
    (inspect.DateType, None): "an RFC 3339 date",
    (inspect.TimeType, None): "an RFC 3339 time",
    (inspect.TimeType, True): "an RFC 3339 time with a time zone",
    (inspect.TimeType, False): "an RFC 3339 time without a time zone",
    (inspect.TimeDeltaType, None): "an ISO 8601 duration",
    (inspect.UUIDType, None): "a UUID",
    (inspect.DecimalType, None): "a decimal number",
}
_CONSTRAINTS = ("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "pattern", "tz")


def taken_apart(annotation: Any) -> Part:
    """The part for a whole type.

    Raises:
        TypeError: msgspec does not know the type.
        UsageError: JSON cannot carry the type, the items of a set have no hash, or a pattern could run away.
    """
    refuse_crashing(annotation)
    try:
        (info,) = inspect.multi_type_info([annotation])
    except RecursionError:
        raise UsageError(f"{annotation!r} names itself without end; give it a class of its own") from None
    whole = _part(info, {})
    parts = list(_all(whole))
    for part in parts:
        part.is_checked, part.has_floats, part.hides = bool(part.checks), float in part.makes, part.is_secret
        # msgspec reads every dict, such as a TypedDict, and every plain tuple; it takes other instances unread.
        part.has_classes = isinstance(part, Object | Row) and part.makes[0] not in (dict, tuple)
        part.runs_code = any(hasattr(kind, "__post_init__") for kind in part.makes)
        ask_for_hashes(part)
        part.crowds = is_crowd(part)
    # What is true of a part is true of the parts around it. Types may contain themselves: repeat until nothing changes.
    news = True
    while news:
        news = max(list(map(_inherits, parts)))
    for part in parts:
        part.holds_classes = any(inner.has_classes for inner in part.inner())
    return whole


def is_bottomless(whole: Part) -> bool:
    """Whether a type allows arrays and objects in each other to any depth."""
    parts = list(_all(whole))
    try:
        graphlib.TopologicalSorter({id(part): [id(inner) for inner in part.inner()] for part in parts}).prepare()
    except graphlib.CycleError:
        return True
    return any(part.annotation in (Any, msgspec.Raw) for part in parts)


_INHERITED = ("is_checked", "has_floats", "hides", "runs_code", "has_classes", "crowds", "bulk")


def _inherits(part: Part) -> bool:
    """Take over what is true of the parts inside, and their greatest numbers; whether that changed the part."""
    before = [getattr(part, name) for name in _INHERITED]
    for inner in part.inner():
        for name in _INHERITED:
            setattr(part, name, max(getattr(part, name), getattr(inner, name)))
    return before != [getattr(part, name) for name in _INHERITED]


def _all(whole: Part) -> Iterator[Part]:
    """A part and all parts inside it, each once."""
    seen, waiting = {id(whole)}, [whole]
    while waiting:
        part = waiting.pop()
        yield part
        for inner in part.inner():
            if id(inner) not in seen:
                seen.add(id(inner))
                waiting.append(inner)


def _part(info: Any, made: dict[Any, Part]) -> Part:
    """The part for msgspec's description *info*; *made* has the parts of the classes that were met before."""
    if not isinstance(info, inspect.Metadata):
        return _unmarked(info, made)
    part, extra = _unmarked(info.type, made), info.extra or {}
    if not extra:
        return part
    part = copy.copy(part)  # a class may be marked in one place and not in another
    part.checks = tuple(mark for mark in extra.values() if isinstance(mark, Check))
    part.is_secret = part.is_secret or SECRET in extra
    part.expected = extra.get(EXPECTED, part.expected)
    return part


def _unmarked(info: Any, made: dict[Any, Part]) -> Part:
    constraints = {name: value for name in _CONSTRAINTS if (value := getattr(info, name, None)) is not None}
    kind = type(info)
    if kind in _SCALARS:
        return _scalar(kind, constraints)
    if kind in _COLLECTIONS:
        item, origin = _part(info.item_type, made), _COLLECTIONS[kind]
        arguments = (item.annotation, ...) if origin is tuple else item.annotation
        return Array(_marked(origin[arguments], constraints), origin, item, constraints)
    if kind is inspect.DictType:
        key, value = _finite(_part(info.key_type, made)), _part(info.value_type, made)
        return Entries(_marked(dict_of(key.annotation, value.annotation), constraints), key, value, constraints)
    if kind is inspect.UnionType:
        options = tuple(_part(each, made) for each in info.types)
        # If one of the branches is Any, msgspec does not look at the others.
        return next((each for each in options if each.annotation is Any), None) or Variants(options)
    if kind is inspect.LiteralType:
        return literal(info.values)
    if kind is inspect.EnumType:
        return _enum(info.cls)
    if kind is inspect.TupleType:
        row = Row(Any, tuple, least=len(info.item_types))
        row.items = [("", _part(each, made)) for each in info.item_types]
        row.annotation = types.GenericAlias(tuple, tuple(item.annotation for _, item in row.items))
        return row
    if hasattr(info, "fields"):
        return _with_fields(info, made)
    raise UsageError(f"JSON cannot carry {getattr(info, 'cls', info)!r}; use what msgspec decodes, such as a Struct")


def _finite(key: Part) -> Part:
    """A key of a dict, with a check for finite numbers: msgspec reads "nan" as a number, which JSON does not have."""
    if isinstance(key, Variants):
        key.options = tuple(map(_finite, key.options))
    elif float in key.makes:
        key = copy.copy(key)
        key.checks = (Check(math.isfinite, "a finite number"), *key.checks)
    return key


def _scalar(kind: type[inspect.Type], constraints: dict[str, Any]) -> Part:
    if "pattern" in constraints:
        refuse_runaway(constraints["pattern"], constraints.get("max_length"))
    base, reads = _SCALARS[kind]
    makes = [each for each in (base or type(None),) if isinstance(each, type)]
    part = Part(_marked(base, constraints), *makes, reads=reads)
    part.expected = _NAMES.get((kind, constraints.get("tz")), "")
    return part


def _marked(annotation: Any, constraints: dict[str, Any]) -> Any:
    return Annotated[annotation, msgspec.Meta(**constraints)] if constraints else annotation


def _enum(cls: type[enum.Enum]) -> Part:
    values = tuple(each.value for each in cls)
    part = Part(cls, cls, reads=literal(values).reads)
    part.values = values
    return part


def _tag(info: Any) -> Part | None:
    tag = getattr(info, "tag", None)
    return None if tag is None else literal((tag,))


def _with_fields(info: Any, made: dict[Any, Part]) -> Part:
    """The part for a class with fields. It is in *made* before its fields are, which may be of the same class."""
    if info.cls in made:
        return made[info.cls]
    makes = getattr(info.cls, "__origin__", info.cls)
    tag = _tag(info)
    is_tuple = isinstance(info, inspect.NamedTupleType)
    if is_tuple or getattr(info, "array_like", False):
        least = max((at for at, field in enumerate(info.fields, 1) if field.required), default=0) + (tag is not None)
        is_closed = is_tuple or info.forbid_unknown_fields
        row = made[info.cls] = Row(info.cls, makes, least=least, is_closed=is_closed, tag=tag)
        row.bulk = _unsent(info)
        row.defaults += map(_default, info.fields)
        row.items += ((field.name, _part(field.type, made)) for field in info.fields)
        return row
    part = made[info.cls] = Object(
        info.cls,
        dict if isinstance(info, inspect.TypedDictType) else makes,
        is_closed=getattr(info, "forbid_unknown_fields", False),
        tag_field=getattr(info, "tag_field", None) or "",
        tag=tag,
    )
    part.bulk = 0 if part.makes[0] is dict else _unsent(info)
    for field in info.fields:
        name, inner = field.encode_name, _part(field.type, made)
        part.fields[name] = Field(field.name, step(name), inner, field.required, _default(field))
    return part


def _default(field: inspect.Field) -> Any:
    """The default of a field, if it is known without running code of the author's."""
    if field.default_factory in (list, dict, set, frozenset, tuple, bytearray):
        return field.default_factory()
    return field.default


def _unsent(info: Any) -> int:
    return sum(not field.required for field in info.fields)
