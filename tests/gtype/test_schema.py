from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, NotRequired, TypedDict, TypeVar

import msgspec
import pytest

from pyrt import Email, GType, ValidationError
from pyrt.errors import MalformedBody
from pyrt.gtype import Caps, Secret


class Item(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(min_length=1)]
    price: Annotated[float, msgspec.Meta(ge=0)]
    tags: list[str] = []


class Order(msgspec.Struct, rename="camel"):
    items: list[Item]
    ship_to: Email | None
    scores: dict[str, int] = {}


class Cat(msgspec.Struct, tag="cat"):
    lives: int


class Dog(msgspec.Struct, tag="dog"):
    good: bool


@dataclass
class Point:
    x: int
    y: int = 0


class Named(NamedTuple):
    a: int
    b: str


class Options(TypedDict):
    a: int
    b: NotRequired[str]


Ids = NewType("Ids", Annotated[list[int], msgspec.Meta(max_length=3)])
T = TypeVar("T")


class Box(msgspec.Struct, Generic[T], forbid_unknown_fields=True):
    value: T


class Envelope(msgspec.Struct):
    payload: msgspec.Raw
    n: int


class Tree(msgspec.Struct):
    value: int
    children: "list[Tree]" = []


class Rings(msgspec.Struct, array_like=True):
    inner: "Rings | None"


class Raised(msgspec.Struct):
    low: int
    high: int

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("low is over high")


def paths(annotation: Any, value: Any) -> list[str]:
    return [violation.path for violation in GType(annotation).violations(value)]


@pytest.mark.parametrize(
    ("annotation", "value", "wrong"),
    [
        (int, "1", ["$"]),
        (Item, {"name": "a", "price": 1}, []),
        (Item, {"name": "", "price": -1, "tags": [1, "a"], "x": 0}, ["$.name", "$.price", "$.tags[0]", "$.x"]),
        (Item, {}, ["$.name", "$.price"]),
        (Item, [], ["$"]),
        (Order, {"items": [{"name": "a", "price": 1}, {"name": "b"}], "shipTo": "x"}, ["$.items[1].price", "$.shipTo"]),
        (Order, {"items": [], "shipTo": None, "scores": {"a b": "x", "c": 1}}, ['$.scores["a b"]']),
        (dict[int, int], {"1": 1, "x": 1, "2": "y"}, ["$.x", '$["2"]']),
        (Cat | Dog, {"type": "dog", "good": 1}, ["$.good"]),
        (Cat | Dog, {"type": "cow"}, ["$.type"]),
        (Point, {"y": "a"}, ["$.x", "$.y"]),
        (Options, {"b": 1}, ["$.a", "$.b"]),
        (tuple[int, str], ["a", 1], ["$[0]", "$[1]"]),
        (tuple[int, ...], [1, "a"], ["$[1]"]),
        (Named, ["a", 1], ["$[0]", "$[1]"]),
        (Annotated[list[int], msgspec.Meta(max_length=1)], [1, 2], ["$"]),
        (Literal["a", "b"], "c", ["$"]),
        (int | None, "x", ["$"]),
        (Ids, [1, "x", 2], ["$[1]"]),
        (Mapping[str, int], {"a": "x", "b": "y"}, ["$.a", "$.b"]),
        (Box[int], {"value": "x", "z": 1}, ["$.value", "$.z"]),
        (Tree, {"value": 1, "children": [{"children": [{"value": 1}]}]}, ["$.children[0].value"]),
    ],
)  # fmt: skip
def test_every_violation_is_named_with_its_path(annotation: Any, value: Any, wrong: list[str]) -> None:
    assert paths(annotation, value) == wrong
    assert paths(annotation, msgspec.json.encode(value)) == wrong


def test_decode_raises_all_violations_at_once() -> None:
    with pytest.raises(ValidationError) as caught:
        GType(Item).decode(b'{"price": "x"}')
    assert [violation.path for violation in caught.value.violations] == ["$.name", "$.price"]


def test_a_violation_that_only_the_bytes_show_is_still_named() -> None:
    assert paths(Item, b'{"name": 1, "name": "a", "price": 1}') == ["$.name"]


@pytest.mark.parametrize("data", [b"", b"{", b'["a"', b'{"name": "\xff"}', b"[" * 100_000])
def test_bytes_that_are_not_json_are_malformed_not_invalid(data: bytes) -> None:
    with pytest.raises(MalformedBody):
        GType(list[Item]).decode(data)


def test_deep_nesting_is_malformed_even_for_a_recursive_type() -> None:
    deep = b'{"value":1,"children":[' * 5_000 + b"]}" * 5_000
    with pytest.raises((MalformedBody, ValidationError)):
        GType(Tree).decode(deep)


def test_a_raw_part_is_never_a_violation() -> None:
    assert paths(Envelope, b'{"payload": {"any": "thing"}, "n": "x"}') == ["$.n"]


def test_a_refused_key_is_named_in_its_types_own_words() -> None:
    short = Annotated[str, msgspec.Meta(max_length=1)]
    (violation,) = GType(dict[short, int]).violations({"ab": 1})
    assert violation.expected == "a key that is str of length <= 1"


def test_the_search_for_violations_is_bounded() -> None:
    many = [1] * 60_000 + ["x"]
    (violation,) = GType(list[Annotated[int, msgspec.Meta(ge=0)]]).violations(many)
    assert violation.path == "$[60000]"


class Closed(msgspec.Struct, forbid_unknown_fields=True):
    x: Annotated[int, msgspec.Meta(ge=0)] = 0
    secret: Secret[str] = ""


@pytest.mark.parametrize(
    ("annotation", "good", "bad", "found"),
    [
        (list[Item], {"name": "a", "price": 1}, {"price": 1}, ("$[52000].name", "a value (required)", "missing")),
        (list[Closed], {}, {"zz": 1}, ("$", "no such field", "unknown")),
        (list[Closed], {}, {"x": -1}, ("$[52000].x", "int >= 0", "range")),
        (list[int | Closed], {}, {"x": "hunter2"}, ("$[52000].x", "int", "type")),
    ],
)
def test_past_the_bound_of_the_search_one_violation_is_named_as_ever(
    annotation: Any, good: Any, bad: Any, found: Any
) -> None:
    data = msgspec.json.encode([good] * 52_000 + [bad])
    (violation,) = GType(annotation, Caps(violations=1)).violations(data)
    assert (violation.path, violation.expected, violation.code) == found
    assert "hunter2" not in repr(violation)


def test_there_is_no_bound_to_what_is_beside_each_other() -> None:
    many: list[Any] = [1] * 500
    many[300] = many[400] = "x"
    assert paths(list[int], many) == ["$[300]", "$[400]"]


def test_a_plain_value_may_hold_itself_where_anything_may_stand() -> None:
    ring: list[Any] = []
    ring.append(ring)
    assert paths(Box[Any], {"value": ring, "more": 1}) == ["$.more"]


def test_the_list_of_violations_is_bounded() -> None:
    assert len(GType(list[int]).violations(["x"] * 1000)) == 100


class Row(msgspec.Struct, array_like=True, tag="row", forbid_unknown_fields=True):
    x: int
    y: str = "a"


class Other(msgspec.Struct, array_like=True, tag="other"):
    z: int


class Left(msgspec.Struct, tag=1, tag_field="kind"):
    a: int


class Right(msgspec.Struct, tag=2, tag_field="kind"):
    b: int


class Partial(NamedTuple):
    a: int
    b: int = 0


def codes(annotation: Any, value: Any) -> list[tuple[str, str]]:
    """Path and code of each violation; those of the JSON and of the plain value are the same."""
    found = GType(annotation).violations(msgspec.json.encode(value))
    assert GType(annotation).violations(value) == found
    return [(violation.path, violation.code) for violation in found]


@pytest.mark.parametrize(
    ("annotation", "value", "wrong"),
    [
        (Row, ["row", 1, "b"], []),
        (Row, ["row", "x"], [("$[1]", "type")]),
        (Row, ["col", "x"], [("$[0]", "choice"), ("$[1]", "type")]),
        (Row, ["row"], [("$", "length")]),
        (Row, ["row", "x", "b", 2], [("$", "length")]),
        (Row | Other, ["other", "x"], [("$[1]", "type")]),
        (Row | Other, ["none", "x"], [("$[0]", "choice")]),
        (Row | Other, [], [("$[0]", "missing")]),
        (Row | Other | None, 1, [("$", "type")]),
        (Left | Right, {"kind": 2, "b": "x"}, [("$.b", "type")]),
        (Left | Right, {"kind": 3, "b": "x"}, [("$.kind", "choice")]),
        (Left | Right, {"kind": "1"}, [("$.kind", "type")]),
        (Left | Right, {"b": "x"}, [("$.kind", "missing")]),
        (Left | list[int], {"kind": 2, "a": "x"}, [("$.kind", "choice"), ("$.a", "type")]),
        (Left | list[int], [1, "x"], [("$[1]", "type")]),
        (Cat | None, {"lives": 1}, []),
        (Partial, ["x"], [("$[0]", "type")]),
        (Partial, [], [("$", "length")]),
        (Partial, [1, 2, 3], [("$", "length")]),
        (Annotated[list[int], msgspec.Meta(max_length=1)], [1, "x"], [("$[1]", "type"), ("$", "length")]),
        (Annotated[dict[str, int], msgspec.Meta(min_length=2)], {"a": "x"}, [("$.a", "type"), ("$", "length")]),
        (Annotated[set[int], msgspec.Meta(max_length=1)], [1, 2, "x"], [("$[2]", "type"), ("$", "length")]),
        (Annotated[set[int], msgspec.Meta(max_length=1)], [1, "x"], [("$[1]", "type")]),
        (Annotated[frozenset[int], msgspec.Meta(min_length=3)], [1, "x"], [("$[1]", "type"), ("$", "length")]),
        (list[Raised], [{"low": 2, "high": 1}, {"low": "x", "high": 1}], [("$[0]", "check"), ("$[1].low", "type")]),
    ],
)  # fmt: skip
def test_every_violation_is_named_with_its_path_and_code(annotation: Any, value: Any, wrong: Any) -> None:
    assert codes(annotation, value) == wrong


def test_the_lengths_of_a_set_are_those_of_its_different_items() -> None:
    gtype = GType(Annotated[set[int], msgspec.Meta(max_length=1)])
    assert gtype.decode(b"[1,1]") == {1}
    assert [each.path for each in gtype.violations(b'[1,1,"x"]')] == ["$[2]"]


def test_one_schema_is_made_per_type_and_caps() -> None:
    assert GType(list[Item]) is GType(list[Item])
    assert GType(Annotated[int, msgspec.Meta(ge=0)]) is GType(Annotated[int, msgspec.Meta(ge=0)])
    assert GType(int, Caps(violations=1)) is not GType(int)
    assert GType(Literal[1]) is not GType(Literal[True])


def test_a_type_without_a_hash_has_a_schema_each_time() -> None:
    annotation = Annotated[int, {"no": "hash"}]
    assert GType(annotation).decode(b"1") == 1


def test_encode_writes_json() -> None:
    assert GType(Point).encode(Point(1, 2)) == b'{"x":1,"y":2}'


# What is no JSON text.


def test_a_plain_value_without_an_end_is_a_violation_and_no_error_of_the_server() -> None:
    ring: list[Any] = []
    ring.append(ring)
    with pytest.raises(ValidationError) as caught:
        GType(Rings).convert(ring)
    assert caught.value.violations[0].code == "depth"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [float("nan")], {"price": float("inf"), "name": "a"}])
def test_a_number_of_a_plain_value_is_finite_as_in_json(value: Any) -> None:
    (violation,) = GType(float | list[float] | Item).violations(value)
    assert (violation.expected, violation.code) == ("a finite number", "check")
