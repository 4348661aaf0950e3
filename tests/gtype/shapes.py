"""Types with the values they take, for property tests: what the oracle knows of them without asking pyrt."""

import datetime
import functools
import itertools
import operator
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, make_dataclass
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, TypedDict

import msgspec
from hypothesis import strategies as st

from pyrt.gtype import DateTime, Decimal, Email, Secret, Uuid, check

Values = st.SearchStrategy[Any]
_names = itertools.count()


@dataclass(frozen=True)
class Shape:
    """A type, plain values that it takes, and what is inside them.

    Attributes:
        inside: the shape under a key or index of a value; None where there is none.
        of: what `inside` is for one value, where the value tells.
    """

    annotation: Any
    valid: Values
    inside: Callable[[Any], "Shape | None"] = field(default=lambda key: None)
    of: Callable[[Any], Callable[[Any], "Shape | None"]] | None = None

    def under(self, value: Any, key: Any) -> "Shape | None":
        """The shape under a key or index of *value*."""
        return self.inside(key) if self.of is None else self.of(value)(key)


def _even(number: int) -> bool:
    return number % 2 == 0


LEAVES = [
    Shape(int, st.integers(-5, 5)),
    Shape(Annotated[int, msgspec.Meta(ge=0, multiple_of=3)], st.sampled_from([0, 3, 6])),
    Shape(float, st.sampled_from([0, 1.5, -2])),
    Shape(str, st.sampled_from(["", "a", "é\u2028"])),
    Shape(Annotated[str, msgspec.Meta(min_length=2, pattern="^[a-c]*$")], st.sampled_from(["ab", "abc"])),
    Shape(bool, st.booleans()),
    Shape(None, st.none()),
    Shape(Any, st.sampled_from([1, "a", [1], {"a": None}])),
    Shape(Literal["a", "b"], st.sampled_from(["a", "b"])),
    Shape(Email, st.just("a@b.c")),
    Shape(Uuid, st.just(str(uuid.UUID(int=1)))),
    Shape(DateTime, st.just("2026-01-01T00:00:00Z")),
    Shape(datetime.date, st.just("2026-01-01")),
    Shape(Decimal, st.sampled_from(["1.5", 2, 3.25])),
    Shape(bytes, st.sampled_from(["", "aGk="])),
    Shape(Secret[int], st.integers(0, 3)),
    Shape(Annotated[int, check(_even, "an even number")], st.sampled_from([0, 2])),
    Shape(Annotated[int, check(_even, "an even number")] | float, st.sampled_from([0, 2, 1.5])),
    Shape(Annotated[int, check(_even, "even")] | Annotated[str, check(str.islower)], st.sampled_from([2, "a"])),
]  # fmt: skip


def many(item: Shape) -> st.SearchStrategy[Shape]:
    least, most = 1, 3
    values = st.lists(item.valid, min_size=least, max_size=most)
    bounds = msgspec.Meta(min_length=least, max_length=most)
    return st.sampled_from(
        [
            Shape(list[item.annotation], values, lambda at: item),
            Shape(tuple[item.annotation, ...], values, lambda at: item),
            Shape(Annotated[list[item.annotation], bounds], values, lambda at: item),
        ]
    )


def entries(item: Shape) -> st.SearchStrategy[Shape]:
    keys = {
        str: st.sampled_from(["a", "b c", 'd"', "*", "é"]),
        Annotated[str, check(str.islower, "lower case")]: st.sampled_from(["a", "b c"]),
        int: st.sampled_from(["1", "-2"]),
        Annotated[int, check(_even, "an even number")] | None: st.sampled_from(["0", "-2"]),
        Annotated[str, msgspec.Meta(max_length=2)]: st.sampled_from(["a", "b c"[:2]]),
    }
    return st.sampled_from(
        [
            made
            for key, names in keys.items()
            for values in [st.dictionaries(names, item.valid, min_size=1, max_size=2)]
            for made in [
                Shape(dict[key, item.annotation], values, lambda name: item),
                Shape(Annotated[dict[key, item.annotation], msgspec.Meta(max_length=2)], values, lambda name: item),
            ]
        ]
    )


def rows(items: tuple[Shape, ...]) -> Shape:
    valid = st.tuples(*(each.valid for each in items)).map(list)
    annotation = tuple[tuple(each.annotation for each in items)]  # type: ignore[misc]
    return Shape(annotation, valid, lambda at: items[at] if at < len(items) else None)


_OF_NO_UNION = (None, Any)
# What a field is called in JSON, with what it is called in Python.
FIELDS = {"a": "a", "b": "other", "c-d": "c_d", "e f": "e_f"}
_names_in_json = st.sampled_from(sorted(FIELDS))


def _without(kind: str, annotation: Any) -> tuple[Any, Any]:
    """The annotation and the default of a field that need not be there."""
    if kind == "unset" and annotation not in _OF_NO_UNION:
        return annotation | msgspec.UnsetType, msgspec.UNSET
    return annotation, list if kind == "factory" else None


def structs(fields: Mapping[str, tuple[Shape, str]], is_closed: bool, tag: str | None = None) -> Shape:
    """An object; each field with what stands in for it: empty where it has to be there."""
    described: list[Any] = []
    for name, (each, kind) in fields.items():
        if not kind:
            described.append((FIELDS[name], each.annotation, msgspec.field(name=name)))
            continue
        annotation, default = _without(kind, each.annotation)
        given = {"default_factory": default} if kind == "factory" else {"default": default}
        described.append((FIELDS[name], annotation, msgspec.field(name=name, **given)))
    made = msgspec.defstruct(f"Made{next(_names)}", described, forbid_unknown_fields=is_closed, tag=tag, kw_only=True)
    valid = st.fixed_dictionaries(
        {name: each.valid for name, (each, kind) in fields.items() if not kind}
        | ({} if tag is None else {"type": st.just(tag)}),
        optional={name: each.valid for name, (each, kind) in fields.items() if kind},
    )
    known = {name: each for name, (each, _) in fields.items()}
    return Shape(made, valid, known.get)


def _fields(inner: st.SearchStrategy[Shape]) -> st.SearchStrategy[dict[str, tuple[Shape, str]]]:
    some = st.tuples(inner, st.sampled_from(["", "", "default", "factory", "unset"]))
    return st.dictionaries(_names_in_json, some, min_size=1, max_size=3)


def objects(inner: st.SearchStrategy[Shape]) -> st.SearchStrategy[Shape]:
    return st.builds(structs, _fields(inner), st.booleans())


def classes(kind: str, fields: Sequence[tuple[Shape, bool]]) -> Shape:
    """A class of the standard library's; each field with whether it has to be there, those that have come first."""
    ordered = sorted(fields, key=lambda field: not field[1])
    names = ["x", "y", "z"][: len(ordered)]
    name, required = f"Made{next(_names)}", [each for each, (_, needed) in zip(names, ordered, strict=True) if needed]
    shapes = {each: shape for each, (shape, _) in zip(names, ordered, strict=True)}
    annotations = {each: shape.annotation for each, shape in shapes.items()}
    if kind == "typed":
        marked = {key: kept if key in required else NotRequired[kept] for key, kept in annotations.items()}
        made: Any = TypedDict(name, marked)  # type: ignore[misc]
    elif kind == "dataclass":
        made = make_dataclass(
            name, [(key, kept) if key in required else (key, kept, None) for key, kept in annotations.items()]
        )
    else:
        made = NamedTuple(name, list(annotations.items()))  # type: ignore[misc]
        made.__new__.__defaults__ = (None,) * (len(names) - len(required))
        made._field_defaults = dict.fromkeys(names[len(required) :])
        return _array(made, [shapes[each] for each in names], len(required))
    valid = st.fixed_dictionaries(
        {each: shapes[each].valid for each in required},
        optional={each: shapes[each].valid for each in names if each not in required},
    )
    return Shape(made, valid, shapes.get)


def _array(annotation: Any, items: list[Shape], least: int) -> Shape:
    valid = st.integers(least, len(items)).flatmap(
        lambda count: st.tuples(*(each.valid for each in items[:count])).map(list)
    )
    return Shape(annotation, valid, lambda at: items[at] if at < len(items) else None)


def array_structs(fields: Sequence[tuple[Shape, bool]], is_closed: bool) -> Shape:
    ordered = sorted(fields, key=lambda field: not field[1])
    described: list[Any] = [
        (f"f{at}", each.annotation) if needed else (f"f{at}", each.annotation, None)
        for at, (each, needed) in enumerate(ordered)
    ]
    made = msgspec.defstruct(f"Made{next(_names)}", described, array_like=True, forbid_unknown_fields=is_closed)
    return _array(made, [each for each, _ in ordered], sum(needed for _, needed in ordered))


def tagged(branches: Sequence[Mapping[str, tuple[Shape, str]]], is_closed: bool) -> Shape:
    """A union of objects that their tags tell apart."""
    tags = ["one", "two", "three"][: len(branches)]
    made = [structs(fields, is_closed, tag) for tag, fields in zip(tags, branches, strict=True)]
    union = functools.reduce(operator.or_, (each.annotation for each in made))
    tag = Shape(Literal[tuple(tags)], st.sampled_from(tags))

    def of(value: Any) -> Callable[[Any], Shape | None]:
        branch = made[tags.index(value["type"])] if isinstance(value, dict) and value.get("type") in tags else None
        return lambda key: tag if key == "type" else branch and branch.inside(key)

    return Shape(union, st.one_of(*(each.valid for each in made)), lambda key: tag if key == "type" else None, of)


def optional(shape: Shape) -> Shape:
    if shape.annotation in _OF_NO_UNION:
        return shape
    return Shape(shape.annotation | None, st.none() | shape.valid, shape.inside, shape.of)


def _is_not_two(items: Any) -> bool:
    return len(items) != 2


def checked(item: Shape) -> Shape:
    """A list with a check of the whole."""
    values = st.lists(item.valid, max_size=3).filter(_is_not_two)
    return Shape(Annotated[list[item.annotation], check(_is_not_two, "not two")], values, lambda at: item)  # type: ignore[name-defined]


def _grown(inner: st.SearchStrategy[Shape]) -> st.SearchStrategy[Shape]:
    few = st.lists(st.tuples(inner, st.booleans()), min_size=1, max_size=3)
    return st.one_of(
        inner.flatmap(many),
        inner.flatmap(entries),
        st.lists(inner, min_size=1, max_size=2).map(lambda items: rows(tuple(items))),
        objects(inner),
        st.builds(classes, st.sampled_from(["typed", "dataclass", "named"]), few),
        st.builds(array_structs, few, st.booleans()),
        st.builds(tagged, st.lists(_fields(inner), min_size=2, max_size=3), st.booleans()),
        inner.map(optional),
    )


SHAPES = st.recursive(st.sampled_from(LEAVES), _grown, max_leaves=5)
SCALARS: list[Any] = [0, 1, -1, 1.5, "", "a", "abc", True, False, None, 10**30]
JSON = st.recursive(
    st.sampled_from(SCALARS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(_names_in_json | st.sampled_from(["zz z", "type"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def damaged(draw: st.DrawFn, value: Any) -> Any:
    """A plain value with something in it changed, taken away or added."""
    if draw(st.integers(0, 3)) == 0:
        return draw(JSON)
    if isinstance(value, dict) and value:
        value = dict(value)
        key = draw(st.sampled_from(sorted(value)))
        change = draw(st.sampled_from(["inside", "drop", "add", "key"]))
        if change == "inside":
            value[key] = draw(damaged(value[key]))
        elif change == "drop":
            del value[key]
        else:
            value["zz z" if change == "add" else draw(st.sampled_from(["abcd", "Ab"]))] = draw(JSON)
    elif isinstance(value, list) and value:
        value = list(value)
        at = draw(st.integers(0, len(value) - 1))
        if draw(st.booleans()):
            value[at] = draw(damaged(value[at]))
        else:
            value += draw(st.lists(st.just(value[at]) | JSON, min_size=1, max_size=3))
    else:
        value = draw(JSON)
    return value


@st.composite
def cases(draw: st.DrawFn) -> tuple[Shape, Any]:
    """A shape and a plain value that mostly does not fit."""
    shape = draw(SHAPES)
    value = draw(shape.valid)
    for _ in range(draw(st.integers(0, 3))):
        value = draw(damaged(value))
    return shape, value
