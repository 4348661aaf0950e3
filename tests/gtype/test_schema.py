from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, NotRequired, TypedDict, TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyrt import Email, GType, ValidationError
from pyrt.errors import MalformedBody


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


def test_a_violation_says_what_was_expected_what_came_and_why() -> None:
    (violation,) = GType(Item).violations({"name": "a", "price": "much"})
    assert violation.as_dict() == {"path": "$.price", "expected": "float", "got": '"much"', "code": "type"}


def test_a_described_type_is_named_by_its_description() -> None:
    (violation,) = GType(Email).violations("nobody")
    assert violation.expected == "an e-mail address"


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


def test_convert_reads_numbers_from_strings_as_query_and_path_have_them() -> None:
    assert GType(int).convert("7") == 7
    with pytest.raises(ValidationError) as caught:
        GType(int).convert("x", path="$query.n")
    assert caught.value.violations[0].path == "$query.n"


def test_the_list_of_violations_is_bounded() -> None:
    assert len(GType(list[int]).violations(["x"] * 1000)) == 100


@pytest.mark.parametrize(("address", "valid"), [("a@b.c", True), ("a@b", True), ("a", False), ("a@b.c\n", False)])
def test_email_accepts_what_browsers_accept(address: str, valid: bool) -> None:
    assert (GType(Email).violations(address) == []) is valid


TYPES = st.recursive(
    st.sampled_from([int, str, bool, None, float, Item, Point, Cat | Dog]),
    lambda inner: st.one_of(
        inner.map(lambda t: list[t]),
        inner.map(lambda t: dict[str, t]),
        st.tuples(inner, inner).map(lambda pair: tuple[pair]),
        inner.filter(lambda t: t is not None).map(lambda t: t | None),
    ),
    max_leaves=4,
)
KEYS = st.sampled_from(["name", "price", "tags", "x", "y", "type", "good", "lives"])
VALUES = st.recursive(
    st.sampled_from([0, -1, 1.5, "", "a", "cat", "dog", True, None]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=10,
)


@given(TYPES, VALUES)
def test_there_are_violations_exactly_when_decoding_fails(annotation: Any, value: Any) -> None:
    gtype, data = GType(annotation), msgspec.json.encode(value)
    try:
        gtype.decode(data)
        accepted = True
    except ValidationError:
        accepted = False
    assert (gtype.violations(data) == []) is accepted
