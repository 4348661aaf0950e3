"""A type, taken apart: for each part what msgspec is asked about it, and the parts inside.

Made once per type from msgspec's own description of it (`msgspec.inspect`), so that what is a field, an item or a
branch is never decided twice. Pure data but for `Part.refusal`, the author's own checks.
"""

from __future__ import annotations

import copy
import datetime
import decimal
import functools
import graphlib
import math
import operator
import types
import uuid
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import inspect

from ..errors import UsageError
from .kinds import EXPECTED, SECRET, Check
from .patterns import refuse_runaway
from .wording import step

__all__ = ("Array", "Entries", "Field", "Object", "Part", "Row", "Variants", "is_bottomless", "taken_apart")

_SCALARS: dict[type[inspect.Type], Any] = {
    inspect.AnyType: Any,
    inspect.NoneType: None,
    inspect.BoolType: bool,
    inspect.IntType: int,
    inspect.FloatType: float,
    inspect.StrType: str,
    inspect.BytesType: bytes,
    inspect.ByteArrayType: bytearray,
    inspect.MemoryViewType: memoryview,
    inspect.DateTimeType: datetime.datetime,
    inspect.DateType: datetime.date,
    inspect.TimeType: datetime.time,
    inspect.TimeDeltaType: datetime.timedelta,
    inspect.UUIDType: uuid.UUID,
    inspect.DecimalType: decimal.Decimal,
    inspect.RawType: msgspec.Raw,
}
_COLLECTIONS: dict[type[inspect.Type], Any] = {
    inspect.ListType: list,
    inspect.SetType: set,
    inspect.FrozenSetType: frozenset,
    inspect.VarTupleType: tuple,
}
# What is text in JSON, and no text of Python's: msgspec's own words for it say less.
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
_FINITE = Check(math.isfinite, "a finite number")


class Part:
    """One part of a type; a scalar, unless a subclass says more.

    Attributes:
        annotation: the type, as msgspec takes it.
        makes: the Python types of its values; empty where they can be any.
        checks: the author's.
        is_secret: its values are not shown.
        expected: what violations call it; empty for msgspec's own words.
        values: of a Literal or Enum, all that it takes.
        is_checked, has_floats, hides: it or some part inside has checks, is a float, is secret.
    """

    __slots__ = (
        "_decode", "annotation", "checks", "expected", "has_floats", "hides", "is_checked", "is_secret", "makes",
        "values",
    )  # fmt: skip

    def __init__(self, annotation: Any, *makes: type) -> None:
        self.annotation, self.makes = annotation, makes
        self.checks: tuple[Check, ...] = ()
        self.expected, self.is_secret = "", False
        self.values: tuple[Any, ...] = ()
        self.is_checked = self.has_floats = self.hides = False
        self._decode: Callable[[Any], Any] | None = None

    @property
    def decode(self) -> Callable[[Any], Any]:
        """From JSON, by msgspec alone; made when first asked for."""
        if self._decode is None:
            self._decode = msgspec.json.Decoder(self.annotation).decode
        return self._decode

    def inner(self) -> Iterator[Part]:
        """The parts inside, each once."""
        return iter(())

    def contents(self, value: Any) -> Iterator[tuple[Part, Any]]:
        """The values inside a decoded *value*, each with its part."""
        return iter(())

    def refusal(self, value: Any, finite: bool) -> str | None:
        """What a check of it, or of some part inside, asks for that the decoded *value* does not meet.

        Args:
            finite: whether floats have to be finite; those from JSON are.
        """
        for part, inside in self.contents(value):
            if part.is_checked or (finite and part.has_floats):
                message = part.refusal(inside, finite)
                if message is not None:
                    return message
        for check in (*self.checks, _FINITE) if finite and type(value) is float and self.has_floats else self.checks:
            message = check.refusal(value)
            if message is not None:
                return message
        return None


class Field(NamedTuple):
    """A field of an object type.

    Attributes:
        attribute: its name in Python.
        step: its name in JSON as part of a path.
        required: whether it has to be there.
        default: what it is otherwise.
    """

    attribute: str
    step: str
    part: Part
    required: bool
    default: Any


class Object(Part):
    """An object with fields: Struct, dataclass or TypedDict.

    Attributes:
        fields: by their names in JSON.
        is_closed: other fields are refused.
        tag_field: that tells which of several Structs it is; empty without one.
        tag: what stands there; None without one.
    """

    __slots__ = ("fields", "is_closed", "tag", "tag_field")

    def __init__(self, annotation: Any, makes: type, info: Any) -> None:
        super().__init__(annotation, makes)
        self.fields: dict[str, Field] = {}
        self.is_closed: bool = getattr(info, "forbid_unknown_fields", False)
        self.tag_field: str = getattr(info, "tag_field", None) or ""
        self.tag = _tag(info)

    def inner(self) -> Iterator[Part]:
        return (field.part for field in self.fields.values())

    def contents(self, value: Any) -> Iterator[tuple[Part, Any]]:
        if isinstance(value, dict):
            return ((field.part, value[name]) for name, field in self.fields.items() if name in value)
        found = ((field, getattr(value, field.attribute)) for field in self.fields.values())
        # A default was not sent: the author need not refuse it.
        return ((field.part, inside) for field, inside in found if inside is not field.default)


class Entries(Part):
    """An object of any keys: a dict.

    Attributes:
        key: judged within `keys`, a dict of such keys and anything.
        value: of every entry.
        frame: what it says of its length; None where it says nothing.
    """

    __slots__ = ("frame", "key", "keys", "value")

    def __init__(self, annotation: Any, key: Part, value: Part, constraints: dict[str, Any]) -> None:
        super().__init__(annotation, dict)
        self.key, self.value = key, value
        self.keys = Part(_dict(key.annotation, Any))
        self.frame = Part(Annotated[dict[str, Any], msgspec.Meta(**constraints)]) if constraints else None

    def inner(self) -> Iterator[Part]:
        return iter((self.key, self.value))

    def contents(self, value: Any) -> Iterator[tuple[Part, Any]]:
        for key, item in value.items():
            yield self.key, key
            yield self.value, item


class Array(Part):
    """An array of equal items: list, set, frozenset, tuple of any length.

    Attributes:
        item: of every item.
        frame: as of `Entries`.
        distinct: of a set with a greatest length, that set; None for all others.
    """

    __slots__ = ("distinct", "frame", "item")

    def __init__(self, annotation: Any, makes: type, item: Part, constraints: dict[str, Any]) -> None:
        super().__init__(annotation, makes)
        self.item = item
        is_set = makes in (set, frozenset)
        # Of a set, equal items count once: how many there are is known when all can be read.
        bounds = {name: value for name, value in constraints.items() if not (is_set and name == "max_length")}
        self.frame = Part(Annotated[list[Any], msgspec.Meta(**bounds)]) if bounds else None
        self.distinct = Part(annotation) if is_set and "max_length" in constraints else None

    def inner(self) -> Iterator[Part]:
        return iter((self.item,))

    def contents(self, value: Any) -> Iterator[tuple[Part, Any]]:
        return ((self.item, each) for each in value)


class Row(Part):
    """An array of a known number of different items: tuple, NamedTuple, Struct as an array.

    Attributes:
        items: in order, each with the name of its attribute, if it has one; a tag is none of them.
        least: how many there have to be, the tag among them.
        is_closed: more are refused.
        tag: what stands first in a tagged Struct; None without one.
    """

    __slots__ = ("is_closed", "items", "least", "tag")

    def __init__(
        self, annotation: Any, makes: type, *, least: int, is_closed: bool = True, tag: Part | None = None
    ) -> None:
        super().__init__(annotation, makes)
        self.items: list[tuple[str, Part]] = []
        self.least, self.is_closed, self.tag = least, is_closed, tag

    def misfit(self, count: int) -> str:
        """What is expected in place of *count* items; nothing where they may be so many."""
        most = len(self.items) + (self.tag is not None)
        if self.least <= count and (count <= most or not self.is_closed):
            return ""
        kind = "" if self.least == most and self.is_closed else "at least " if count < self.least else "at most "
        return f"array of {kind}length {self.least if count < self.least else most}"

    def inner(self) -> Iterator[Part]:
        return (part for _, part in self.items)

    def contents(self, value: Any) -> Iterator[tuple[Part, Any]]:
        if isinstance(value, tuple):
            return ((part, item) for (_, part), item in zip(self.items, value, strict=True))
        return ((part, getattr(value, name)) for name, part in self.items)


class Variants(Part):
    """A union. msgspec takes only those in which JSON's kind, or a tag, tells which branch is meant.

    Attributes:
        options: its branches.
        tags: the tags of all of them; None where none has one.
    """

    __slots__ = ("options", "tags")

    def __init__(self, options: tuple[Part, ...]) -> None:
        super().__init__(functools.reduce(operator.or_, (_branch(option.annotation) for option in options)))
        self.options = options
        tags = [option.tag for option in options if isinstance(option, Object | Row) and option.tag]
        self.tags = _literal(tuple(value for tag in tags for value in tag.values)) if tags else None
        self.values = tuple(value for option in options for value in option.values)
        self.is_secret = any(option.is_secret for option in options)
        named = [option for option in options if option.annotation is not None]
        if len(named) == 1 and named[0].expected:
            self.expected = named[0].expected + " or null"

    def inner(self) -> Iterator[Part]:
        return iter(self.options)

    def contents(self, value: Any) -> Iterator[tuple[Part, Any]]:
        kind = type(value)
        return ((option, value) for option in self.options if kind in option.makes)


def taken_apart(annotation: Any) -> Part:
    """The part that is the whole of a type.

    Raises:
        TypeError: msgspec does not know the type.
        UsageError: a type that JSON cannot carry, or a pattern that could run away.
    """
    (info,) = inspect.multi_type_info([annotation])
    made: dict[Any, Part] = {}
    whole = _part(info, made)
    parts = list(_all(whole))
    for part in parts:
        part.is_checked, part.has_floats, part.hides = bool(part.checks), float in part.makes, part.is_secret
    # What is true of a part is true of all around it; types may contain themselves.
    news = True
    while news:
        news = max(list(map(_inherits, parts)))
    return whole


def is_bottomless(whole: Part) -> bool:
    """Whether a type sets no end to how deep arrays and objects lie in each other."""
    parts = list(_all(whole))
    try:
        graphlib.TopologicalSorter({id(part): [id(inner) for inner in part.inner()] for part in parts}).prepare()
    except graphlib.CycleError:
        return True
    return any(part.annotation in (Any, msgspec.Raw) for part in parts)


def _inherits(part: Part) -> bool:
    """Take over what is true of the parts inside; whether that is news."""
    before = part.is_checked, part.has_floats, part.hides
    for inner in part.inner():
        part.is_checked |= inner.is_checked
        part.has_floats |= inner.has_floats
        part.hides |= inner.hides
    return before != (part.is_checked, part.has_floats, part.hides)


def _all(whole: Part) -> Iterator[Part]:
    """A part and all inside it, each once."""
    seen, waiting = {id(whole)}, [whole]
    while waiting:
        part = waiting.pop()
        yield part
        for inner in part.inner():
            if id(inner) not in seen:
                seen.add(id(inner))
                waiting.append(inner)


def _part(info: Any, made: dict[Any, Part]) -> Part:
    """The part that msgspec describes by *info*; *made* has the classes that are known already."""
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
        if "pattern" in constraints:
            refuse_runaway(constraints["pattern"], constraints.get("max_length"))
        makes = [each for each in (_SCALARS[kind] or type(None),) if isinstance(each, type)]
        part = Part(_marked(_SCALARS[kind], constraints), *makes)
        part.expected = _NAMES.get((kind, constraints.get("tz")), "")
        return part
    if kind in _COLLECTIONS:
        item, origin = _part(info.item_type, made), _COLLECTIONS[kind]
        arguments = (item.annotation, ...) if origin is tuple else item.annotation
        return Array(_marked(origin[arguments], constraints), origin, item, constraints)
    if kind is inspect.DictType:
        key, value = _part(info.key_type, made), _part(info.value_type, made)
        return Entries(_marked(_dict(key.annotation, value.annotation), constraints), key, value, constraints)
    if kind is inspect.UnionType:
        return Variants(tuple(_part(each, made) for each in info.types))
    if kind is inspect.LiteralType:
        return _literal(info.values)
    if kind is inspect.EnumType:
        part = Part(info.cls, info.cls)
        part.values = tuple(each.value for each in info.cls)
        return part
    if kind is inspect.TupleType:
        row = Row(Any, tuple, least=len(info.item_types))
        row.items = [("", _part(each, made)) for each in info.item_types]
        row.annotation = types.GenericAlias(tuple, tuple(item.annotation for _, item in row.items))
        return row
    if hasattr(info, "fields"):
        return _with_fields(info, made)
    raise UsageError(f"JSON cannot carry {getattr(info, 'cls', info)!r}; use what msgspec decodes, such as a Struct")


def _branch(annotation: Any) -> Any:
    """One that can be joined to others by `|`, as None itself cannot."""
    return type(None) if annotation is None else annotation


def _dict(key: Any, value: Any) -> Any:
    return types.GenericAlias(dict, (key, value))


def _marked(annotation: Any, constraints: dict[str, Any]) -> Any:
    return Annotated[annotation, msgspec.Meta(**constraints)] if constraints else annotation


def _literal(values: tuple[Any, ...]) -> Part:
    part = Part(Literal[values], *map(type, values))
    part.values = values
    return part


def _tag(info: Any) -> Part | None:
    tag = getattr(info, "tag", None)
    return None if tag is None else _literal((tag,))


def _with_fields(info: Any, made: dict[Any, Part]) -> Part:
    """A class with fields, which may be of that class again: it is known before they are."""
    if info.cls in made:
        return made[info.cls]
    makes = getattr(info.cls, "__origin__", info.cls)
    tag = _tag(info)
    is_tuple = isinstance(info, inspect.NamedTupleType)
    if is_tuple or getattr(info, "array_like", False):
        least = max((at for at, field in enumerate(info.fields, 1) if field.required), default=0) + (tag is not None)
        is_closed = is_tuple or info.forbid_unknown_fields
        row = made[info.cls] = Row(info.cls, makes, least=least, is_closed=is_closed, tag=tag)
        row.items += ((field.name, _part(field.type, made)) for field in info.fields)
        return row
    part = made[info.cls] = Object(info.cls, dict if isinstance(info, inspect.TypedDictType) else makes, info)
    for field in info.fields:
        name, inner = field.encode_name, _part(field.type, made)
        part.fields[name] = Field(field.name, step(name), inner, field.required, field.default)
    return part
