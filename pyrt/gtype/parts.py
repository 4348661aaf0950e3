"""The parts of a type. A part has what msgspec is asked about it, the checks of the author, and the parts inside it."""

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
    """One part of a type. A part that is not of a subclass is a scalar.

    Attributes:
        annotation: the type, as msgspec takes it.
        makes: the Python types of its values; empty if they can be of any type.
        reads: the kinds of JSON that it takes: `string`, `number`, `boolean`, `null`, `array`, `object`.
        checks: the checks of the author.
        is_secret: its values are not shown.
        expected: what violations call it; empty for msgspec's own words.
        values: all values that it takes, if it is a Literal or an Enum.
        is_checked: it, or a part inside, has checks.
        has_floats: it, or a part inside, is a float.
        hides: it, or a part inside, is secret.
        runs_code: it, or a part inside, is a class whose instances run code of the author's when they are made.
        has_classes: it, or a part inside, is a class with fields.
        holds_classes: a part inside has classes.
        crowds: it, or a part inside, is a set or dict for which a sender can choose many items or keys with one hash.
        bulk: the greatest number of fields with defaults that an object of it, or of a part inside, has.
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
        """Decodes JSON, by msgspec alone. It is made on first use."""
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
        """Whether values that msgspec accepts have to be looked at: for checks or, if *finite*, for floats."""
        return self.is_checked or (finite and self.has_floats)

    def missed(self, value: Any, finite: bool) -> Asked | None:
        """What the first check that refuses the decoded *value*, or a value inside it, expects.

        Defaults that nobody sent are checked as well.
        """
        for part, inside in self.contents(value):
            if part.needs(finite) and inside is not msgspec.UNSET:
                asked = part.missed(inside, finite)
                if asked is not None:
                    return asked
        return self.asked(value, finite)

    def asked(self, value: Any, finite: bool) -> Asked | None:
        """What the first check of this part that refuses the decoded *value* expects."""
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
        step: its name in JSON, as a step of a path.
        required: whether it has to be there.
        default: its default in Python, if that is known.
    """

    attribute: str
    step: str
    part: Part
    required: bool
    default: Any = msgspec.NODEFAULT


class Object(Part):
    """An object with fields: Struct, dataclass or TypedDict.

    Attributes:
        fields: its fields, by their names in JSON.
        is_closed: other fields are refused.
        tag_field: the field that tells which of several Structs it is; empty without a tag.
        tag: what that field holds; None without a tag.
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
    """An object with any keys: a dict.

    Attributes:
        key: the part for its keys.
        value: the part for its values.
        keys: a dict of such keys with any values, in which msgspec judges a key.
        frame: a dict of anything with the same limits of length; None without limits.
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
    """An array whose items are all of one type: list, set, frozenset, tuple of any length.

    Attributes:
        item: the part for its items.
        frame: a list of anything with the same limits of length; None without limits.
        distinct: the set itself, if it is one with a greatest length; otherwise None.
        single: such a set of any length, if its items may have no hash; otherwise None.
    """

    __slots__ = ("distinct", "frame", "item", "single")

    def __init__(self, annotation: Any, makes: type, item: Part, constraints: dict[str, Any]) -> None:
        super().__init__(annotation, makes, reads=("array",))
        self.item = item
        is_set = makes in (set, frozenset)
        # In a set, equal items count once, so its length is known only after all items are read.
        bounds = {name: value for name, value in constraints.items() if not (is_set and name == "max_length")}
        self.frame = Part(Annotated[list[Any], msgspec.Meta(**bounds)]) if bounds else None
        self.distinct = Part(annotation) if is_set and "max_length" in constraints else None
        self.single: Part | None = None

    def inner(self) -> Iterator[Part]:
        return iter((self.item,))

    def contents(self, value: Any) -> Iterator[tuple[Part, Any]]:
        return ((self.item, each) for each in value)


class Row(Part):
    """An array of a known number of items, each of its own type: tuple, NamedTuple, Struct as an array.

    Attributes:
        items: the items in order, without the tag, each with the name of its attribute, if it has one.
        least: how many items there have to be, the tag included.
        is_closed: more items are refused.
        tag: the first item of a tagged Struct; None without a tag.
        defaults: the defaults of the items in Python, as far as they are known.
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
        """What is expected in place of *count* items; empty if that many are allowed."""
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
    """A union. msgspec accepts only unions in which the kind of JSON, or a tag, tells which branch is meant.

    Attributes:
        options: its branches.
        tags: the tags of all branches; None if no branch has a tag.
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
        # A plain value may be of a subclass, such as a subclass of str.
        found = found or [option for option in self.options if isinstance(value, option.makes)]
        return ((option, value) for option in found)


def in_query(part: Part, *, is_item: bool = False) -> str:
    """How a query can have such values: `one`, `many` under one name, or `none`, since queries have no objects."""
    if isinstance(part, Variants):
        found = {in_query(option, is_item=is_item) for option in part.options}
        return next(each for each in ("none", "many", "one") if each in found)
    if isinstance(part, Array | Row) and not is_item:
        return "many" if all(in_query(item, is_item=True) == "one" for item in part.inner()) else "none"
    return "none" if isinstance(part, Array | Row | Object | Entries) else "one"


def literal(values: tuple[Any, ...]) -> Part:
    """A part that takes only *values*."""
    reads = {bool: "boolean", int: "number", str: "string", type(None): "null"}
    part = Part(Literal[values], *map(type, values), reads=tuple({reads[type(value)] for value in values}))
    part.values = values
    return part


def is_without_hash(error: TypeError) -> bool:
    """Whether Python itself raised the error, because a set cannot hold a value."""
    return "unhashable" in str(error) or "Cannot hash" in str(error)


def dict_of(key: Any, value: Any) -> Any:
    return types.GenericAlias(dict, (key, value))


def _branch(annotation: Any) -> Any:
    """*annotation* in a form that `|` can join to others; None itself cannot be joined."""
    return type(None) if annotation is None else annotation
