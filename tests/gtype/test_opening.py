"""Instances in plain values."""

import decimal
from dataclasses import dataclass
from typing import Annotated, Any, Generic, NamedTuple, NotRequired, TypedDict, TypeVar

import msgspec
import pytest

from pyrt import GType
from pyrt.gtype import Decimal
from pyrt.gtype.compiling import taken_apart
from pyrt.gtype.opening import opened


@dataclass
class Point:
    x: int
    y: int = 0


class Other(msgspec.Struct, array_like=True, tag="other"):
    z: int


T = TypeVar("T")


class Box(msgspec.Struct, Generic[T], forbid_unknown_fields=True):
    value: T


class Raised(msgspec.Struct):
    low: int
    high: int

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("low is over high")


class Envelope(msgspec.Struct):
    payload: msgspec.Raw
    n: int


class Leaf(msgspec.Struct, frozen=True):
    name: Annotated[str, msgspec.Meta(min_length=1)]


class Pine(msgspec.Struct, tag="pine", rename="upper"):
    leaf: Leaf
    age: int | msgspec.UnsetType = msgspec.UNSET


class Oak(msgspec.Struct, tag="oak"):
    leaf: list[Leaf]


class RowOfLeaf(msgspec.Struct, array_like=True, tag="row"):
    n: int
    leaf: Leaf
    more: int | msgspec.UnsetType = msgspec.UNSET


@dataclass
class Holder:
    leaf: Leaf | None


class NamedLeaf(NamedTuple):
    leaf: Leaf


class NamedPrice(NamedTuple):
    price: Decimal
    was: Decimal = None  # type: ignore[assignment]


class TypedLeaf(TypedDict):
    leaf: NotRequired[Leaf]


class Linked(msgspec.Struct):
    x: int
    next: "Linked | None" = None


LEAF, BAD = Leaf("a"), Leaf("")


def paths(annotation: Any, value: Any) -> list[str]:
    return [violation.path for violation in GType(annotation).violations(value)]


@pytest.mark.parametrize(
    ("annotation", "value", "wrong"),
    [
        (Leaf, BAD, ["$.name"]),
        (list[Leaf], [LEAF, Leaf(5), {"name": ""}], ["$[1].name", "$[2].name"]),  # type: ignore[arg-type]
        (Pine | Oak, Pine(BAD), ["$.LEAF.name"]),
        (Pine | Oak, Oak([BAD]), ["$.leaf[0].name"]),
        (Pine | Oak, {"type": "oak", "leaf": [BAD]}, ["$.leaf[0].name"]),
        (Pine | Oak, {"type": "oak", "leaf": BAD}, ["$.leaf"]),
        (Pine | Oak | None, {"type": "pine", "LEAF": BAD}, ["$.LEAF.name"]),
        (RowOfLeaf, RowOfLeaf("x", BAD), ["$[1]", "$[2].name"]),  # type: ignore[arg-type]
        (RowOfLeaf, ["row", 1, BAD], ["$[2].name"]),
        (RowOfLeaf | Other, ["row", 1, BAD], ["$[2].name"]),
        (RowOfLeaf | Other | None, Other("x"), ["$[1]"]),  # type: ignore[arg-type]
        (Holder, Holder(BAD), ["$.leaf.name"]),
        (Point, Point(1, "x"), ["$.y"]),  # type: ignore[arg-type]
        (NamedLeaf, NamedLeaf(BAD), ["$[0].name"]),
        (list[NamedPrice], [NamedPrice(decimal.Decimal(1)), NamedPrice(decimal.Decimal("nan"))], ["$[1][0]"]),
        (TypedLeaf, {"leaf": BAD}, ["$.leaf.name"]),
        (dict[str, Leaf | int], {"a": BAD, "b": 1}, ["$.a.name"]),
        (tuple[int, Leaf], (1, BAD), ["$[1].name"]),
        (set[Leaf], {BAD}, ["$[0].name"]),
        (Box[Leaf], Box(BAD), ["$.value.name"]),
        (Raised, Raised(1, 2), []),
        (Leaf, Point(1), ["$"]),
        (list[int], [LEAF], ["$[0]"]),
        (Any, BAD, []),
    ],
)
def test_an_instance_is_valid_if_its_fields_are(annotation: Any, value: Any, wrong: list[str]) -> None:
    assert paths(annotation, value) == wrong


def codes_of(annotation: Any, value: Any) -> list[tuple[str, str]]:
    return [(each.path, each.code) for each in GType(annotation).violations(value)]


def test_an_instance_that_was_changed_to_what_its_class_refuses_is_refused() -> None:
    raised = Raised(1, 2)
    raised.low = 3
    assert codes_of(Raised, raised) == [("$", "check")]


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (Leaf, LEAF),
        (Pine | Oak, Pine(LEAF)),
        (RowOfLeaf | None, RowOfLeaf(1, LEAF)),
        (Holder, Holder(LEAF)),
        (NamedPrice, NamedPrice(decimal.Decimal(1))),
        (Envelope, Envelope(msgspec.Raw(b"1"), 1)),
    ],
)
def test_a_valid_instance_is_taken_as_it_is(annotation: Any, value: Any) -> None:
    assert GType(annotation).convert(value) is value
    (inside,) = GType(list[annotation]).convert([value])
    assert inside is value


def test_what_any_takes_may_be_anything_in_an_instance_too() -> None:
    anything = object()
    box = Box(anything)
    assert GType(Box[Any]).convert(box) is box


def test_an_instance_that_holds_itself_is_a_violation() -> None:
    ring = Linked(1)
    ring.next = ring
    assert codes_of(Linked, ring) == [("$", "depth")]


class Renamed(msgspec.Struct, rename="upper", tag="renamed"):
    leaf: Leaf
    count: int = 0
    more: int | msgspec.UnsetType = msgspec.UNSET


@pytest.mark.parametrize(
    ("annotation", "value", "plain"),
    [
        (Leaf, Leaf("a"), {"name": "a"}),
        (Renamed, Renamed(Leaf("a")), {"type": "renamed", "LEAF": {"name": "a"}}),
        (Renamed, Renamed(Leaf("a"), 1, 2), {"type": "renamed", "LEAF": {"name": "a"}, "COUNT": 1, "MORE": 2}),
        (RowOfLeaf, RowOfLeaf(1, Leaf("a")), ["row", 1, {"name": "a"}]),
        (NamedPrice, NamedPrice(decimal.Decimal(1)), [decimal.Decimal(1)]),
        (dict[str, list[Leaf]], {"a": [Leaf("a"), {"name": "b"}]}, {"a": [{"name": "a"}, {"name": "b"}]}),
        (tuple[int, Leaf | None], (1, Leaf("a")), [1, {"name": "a"}]),
    ],
)
def test_an_instance_is_opened_to_its_fields_without_those_that_nobody_sent(
    annotation: Any, value: Any, plain: Any
) -> None:
    assert opened(taken_apart(annotation), value) == plain


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (list[int], [1, 2]),
        (list[Leaf], [{"name": "a"}]),
        (dict[str, Leaf], {"a": {"name": "a"}}),
        (RowOfLeaf, ["row", 1, {"name": "a"}]),
        (Leaf, 5),
        (Leaf | None, None),
    ],
)
def test_a_value_without_instances_is_opened_to_itself(annotation: Any, value: Any) -> None:
    assert opened(taken_apart(annotation), value) is value
