"""The parts of a type: for each, what msgspec is asked about it, what the author checks, and the parts inside."""

from __future__ import annotations

import functools
import math
import operator
import types
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

from .kinds import Asked, Check
from .wording import shown, worded

__all__ = (
    "Array",
    "Entries",
    "Field",
    "Object",
    "Part",
    "Row",
    "Variants",
    "dict_of",
    "in_query",
    "is_without_hash",
    "literal",
)


_SHOWN_CHOICES = 10


class Part:
    """One part of a type; a scalar, unless a subclass says more.

    Attributes:
        annotation: the type, as msgspec takes it.
        makes: the Python types of its values; empty where they can be any.
        reads: the kinds of JSON that it takes: `string`, `number`, `boolean`, `null`, `array`, `object`.
        checks: the author's.
        is_secret: its values are not shown.
        expected: what violations call it; empty for msgspec's own words.
        values: of a Literal or Enum, all that it takes.
        is_checked, has_floats, hides, runs_code, has_classes: it or some part inside has checks, is a float, is secret,
            is a class whose instances run code of the author's when they are made, is a class with fields.
        holds_classes: some part inside has classes.
        crowds: it or some part inside is a set or dict whose items or keys a sender can choose to have one hash.
        bulk: how many fields an object of it, or of some part inside, may have that nobody sent: the most.
    """

    __slots__ = (
        "_decode", "annotation", "bulk", "checks", "crowds", "expected", "has_classes", "has_floats", "hides",
        "holds_classes", "is_checked", "is_secret", "makes", "reads", "runs_code", "values",
    )  # fmt: skip

    def __init__(self, annotation: Any, *makes: type, reads: tuple[str, ...] = ()) -> None:
        self.annotation, self.makes, self.reads = annotation, makes, reads
        self.checks: tuple[Check, ...] = ()
        self.expected, self.is_secret = "", False
        self.values: tuple[Any, ...] = ()
        self.is_checked = self.has_floats = self.hides = self.runs_code = False
        self.has_classes = self.holds_classes = self.crowds = False
        self.bulk = 0
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

    def described(self, text: str, limit_characters: int = 60) -> tuple[str, str]:
        """What the part expects, in its own words if it has some, and the code, when msgspec refuses with *text*."""
        expected, code = worded(text)
        if code == "choice" and self.values:
            listed = [shown(value, limit_characters) for value in self.values[:_SHOWN_CHOICES]]
            return "one of " + ", ".join(listed) + (", ..." if len(self.values) > _SHOWN_CHOICES else ""), code
        return (self.expected, code) if self.expected and code in ("type", "format", "pattern") else (expected, code)

    def needs(self, finite: bool) -> bool:
        """Whether values that msgspec takes have to be looked at; *finite*: since floats have to be finite, too."""
        return self.is_checked or (finite and self.has_floats)

    def missed(self, value: Any, finite: bool) -> Asked | None:
        """What a check inside the decoded *value*, or one of its own, asks for that is not met.

        Defaults that nobody sent count, too.
        """
        for part, inside in self.contents(value):
            if part.needs(finite) and inside is not msgspec.UNSET:
                asked = part.missed(inside, finite)
                if asked is not None:
                    return asked
        return self.asked(value, finite)

    def asked(self, value: Any, finite: bool) -> Asked | None:
        """What a check of its own asks for that the decoded *value* does not meet."""
        if finite and type(value) is float and not math.isfinite(value):
            return Asked("a finite number")
        for check in self.checks:
            if (asked := check.refusal(value)) is not None:
                return asked
        return None


class Field(NamedTuple):
    """A field of an object type.

    Attributes:
        attribute: its name in Python.
        step: its name in JSON as part of a path.
        required: whether it has to be there.
        default: of an instance, if it is known.
    """

    attribute: str
    step: str
    part: Part
    required: bool
    default: Any = msgspec.NODEFAULT


class Object(Part):
    """An object with fields: Struct, dataclass or TypedDict.

    Attributes:
        fields: by their names in JSON.
        is_closed: other fields are refused.
        tag_field: that tells which of several Structs it is; empty without one.
        tag: what stands there; None without one.
    """

    __slots__ = ("fields", "is_closed", "tag", "tag_field")

    def __init__(self, annotation: Any, makes: type, *, is_closed: bool, tag_field: str, tag: Part | None) -> None:
        super().__init__(annotation, makes, reads=("object",))
        self.fields: dict[str, Field] = {}
        self.is_closed, self.tag_field, self.tag = is_closed, tag_field, tag

    def inner(self) -> Iterator[Part]:
        return (field.part for field in self.fields.values())

    def contents(self, value: Any) -> Iterator[tuple[Part, Any]]:
        if isinstance(value, dict):
            return ((field.part, value[name]) for name, field in self.fields.items() if name in value)
        return ((field.part, getattr(value, field.attribute)) for field in self.fields.values())


class Entries(Part):
    """An object of any keys: a dict.

    Attributes:
        key: judged within `keys`, a dict of such keys and anything.
        value: of every entry.
        frame: what it says of its length; None where it says nothing.
    """

    __slots__ = ("frame", "key", "keys", "value")

    def __init__(self, annotation: Any, key: Part, value: Part, constraints: dict[str, Any]) -> None:
        super().__init__(annotation, dict, reads=("object",))
        self.key, self.value = key, value
        self.keys = Part(dict_of(key.annotation, Any))
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
        single: of a set whose items may have no hash, such a set of any length; None for all others.
    """

    __slots__ = ("distinct", "frame", "item", "single")

    def __init__(self, annotation: Any, makes: type, item: Part, constraints: dict[str, Any]) -> None:
        super().__init__(annotation, makes, reads=("array",))
        self.item = item
        is_set = makes in (set, frozenset)
        # Of a set, equal items count once: how many there are is known when all can be read.
        bounds = {name: value for name, value in constraints.items() if not (is_set and name == "max_length")}
        self.frame = Part(Annotated[list[Any], msgspec.Meta(**bounds)]) if bounds else None
        self.distinct = Part(annotation) if is_set and "max_length" in constraints else None
        self.single: Part | None = None

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
        defaults: of an instance, as far as they are known, in the order of the items.
    """

    __slots__ = ("defaults", "is_closed", "items", "least", "tag")

    def __init__(
        self, annotation: Any, makes: type, *, least: int, is_closed: bool = True, tag: Part | None = None
    ) -> None:
        super().__init__(annotation, makes, reads=("array",))
        self.items: list[tuple[str, Part]] = []
        self.defaults: list[Any] = []
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
        self.tags = literal(tuple(value for tag in tags for value in tag.values)) if tags else None
        self.values = tuple(value for option in options for value in option.values)
        self.is_secret = any(option.is_secret for option in options)
        named = [option for option in options if option.annotation is not None]
        if len(named) == 1 and named[0].expected:
            self.expected = named[0].expected + " or null"

    def inner(self) -> Iterator[Part]:
        return iter(self.options)

    def contents(self, value: Any) -> Iterator[tuple[Part, Any]]:
        kind = type(value)
        found = [option for option in self.options if kind in option.makes]
        # A plain value may be of a subclass, such as one of str.
        found = found or [option for option in self.options if isinstance(value, option.makes)]
        return ((option, value) for option in found)


def in_query(part: Part, *, is_item: bool = False) -> str:
    """How a query has it: as `one` value, as `many` under one name, or `none` at all, as it has no objects."""
    if isinstance(part, Variants):
        found = {in_query(option, is_item=is_item) for option in part.options}
        return next(each for each in ("none", "many", "one") if each in found)
    if isinstance(part, Array | Row) and not is_item:
        return "many" if all(in_query(item, is_item=True) == "one" for item in part.inner()) else "none"
    return "none" if isinstance(part, Array | Row | Object | Entries) else "one"


def literal(values: tuple[Any, ...]) -> Part:
    """A part that takes *values* and no others."""
    reads = {bool: "boolean", int: "number", str: "string", type(None): "null"}
    part = Part(Literal[values], *map(type, values), reads=tuple({reads[type(value)] for value in values}))
    part.values = values
    return part


def is_without_hash(error: TypeError) -> bool:
    """Whether an error is Python's own of a value that no set can hold."""
    return "unhashable" in str(error) or "Cannot hash" in str(error)


def dict_of(key: Any, value: Any) -> Any:
    return types.GenericAlias(dict, (key, value))


def _branch(annotation: Any) -> Any:
    """One that can be joined to others by `|`, as None itself cannot."""
    return type(None) if annotation is None else annotation
