"""Types with the values they take, for property tests: what the oracle knows of them without asking pyrt."""

import datetime
import itertools
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

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
    """

    annotation: Any
    valid: Values
    inside: Callable[[Any], "Shape | None"] = field(default=lambda key: None)


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
    Shape(Annotated[int, check(_even, "an even number")], st.sampled_from([0, 2])),
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
        str: st.sampled_from(["a", "b c", 'd"']),
        int: st.sampled_from(["1", "-2"]),
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


def structs(fields: Mapping[str, tuple[Shape, bool]], is_closed: bool, tag: str | None = None) -> Shape:
    """An object; each field with whether it is required."""
    described: list[Any] = [(name, each.annotation) for name, (each, required) in fields.items() if required]
    described += [(name, each.annotation, None) for name, (each, required) in fields.items() if not required]
    made = msgspec.defstruct(f"Made{next(_names)}", described, forbid_unknown_fields=is_closed, tag=tag, kw_only=True)
    valid = st.fixed_dictionaries(
        {name: each.valid for name, (each, required) in fields.items() if required}
        | ({} if tag is None else {"type": st.just(tag)}),
        optional={name: each.valid for name, (each, required) in fields.items() if not required},
    )
    known = {name: each for name, (each, _) in fields.items()}
    return Shape(made, valid, known.get)


FIELDS = st.sampled_from(["a", "b", "c"])


def objects(inner: st.SearchStrategy[Shape]) -> st.SearchStrategy[Shape]:
    fields = st.dictionaries(FIELDS, st.tuples(inner, st.booleans()), min_size=1, max_size=3)
    return st.builds(structs, fields, st.booleans())


def optional(shape: Shape) -> Shape:
    return Shape(shape.annotation | None, st.none() | shape.valid, shape.inside)


def secret(shape: Shape) -> Shape:
    return Shape(Secret[shape.annotation], shape.valid, shape.inside)


SHAPES = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: st.one_of(
        inner.flatmap(many),
        inner.flatmap(entries),
        st.lists(inner, min_size=1, max_size=2).map(lambda items: rows(tuple(items))),
        objects(inner),
        inner.filter(lambda shape: shape.annotation not in (None, Any)).map(optional),
    ),
    max_leaves=5,
)
SCALARS: list[Any] = [0, 1, -1, 1.5, "", "a", "abc", True, False, None, 10**30]
JSON = st.recursive(
    st.sampled_from(SCALARS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS | st.just("zz z"), inner, max_size=3),
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
            value["zz z" if change == "add" else "abcd"] = draw(JSON)
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
