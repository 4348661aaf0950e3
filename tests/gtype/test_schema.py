import datetime
import decimal
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, NotRequired, TypedDict, TypeVar

import msgspec
import pytest

from pyrt import Email, GType, HttpError, UsageError, ValidationError
from pyrt.errors import MalformedBody
from pyrt.gtype import Caps, Decimal, Secret, check
from pyrt.gtype.compiling import taken_apart
from pyrt.gtype.readers import Plain


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


SURROGATE = "\ud800"


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(
    ("annotation", "value", "path", "expected"),
    [
        (int, SURROGATE, "$", "int"),
        (bool | None, SURROGATE, "$", "bool | null"),
        (datetime.date, SURROGATE, "$", "an RFC 3339 date"),
        (decimal.Decimal, SURROGATE, "$", "a decimal number"),
        (bytes, SURROGATE, "$", "base64 text"),
        (Literal["?"], SURROGATE, "$", "another value"),
        (list[float], [1.5, SURROGATE], "$[1]", "float"),
        (dict[int, int], {SURROGATE: 1}, '$["\\ud800"]', "a key that is another value"),
    ],
)
def test_half_of_a_surrogate_pair_is_refused_as_other_text_is(
    annotation: Any, value: Any, path: str, expected: str, strict: bool
) -> None:
    (violation,) = GType(annotation).violations(value, strict=strict)
    assert (violation.path, violation.expected) == (path, expected)


class Count:
    made = 0


def one_more() -> int:
    Count.made += 1
    return 0


class Full(msgspec.Struct):
    n: int = msgspec.field(default_factory=one_more)
    inner: "list[Full]" = []
    a: list[int] = []
    b: dict[str, int] = {}
    c: set[int] = set()
    d: list[str] = []
    e: list[int] = []
    f: dict[str, int] = {}
    x: int = 0


def nested_empty_objects() -> bytes:
    data = b'{"x":""}'
    for _ in range(20):
        data = b'{"inner":[' + b"{}," * 2_000 + data + b"]}"
    return data


def empty_objects_deep_inside() -> dict[str, Any]:
    data: dict[str, Any] = {"inner": [{}] * 20_000 + [{"x": ""}]}
    for _ in range(40):
        data = {"inner": [data]}
    return data


@pytest.mark.parametrize("value", [nested_empty_objects(), empty_objects_deep_inside()], ids=["json", "plain"])
def test_what_makes_much_of_little_is_not_made_again_and_again(value: Any) -> None:
    Count.made = 0
    read = msgspec.json.decode if isinstance(value, bytes) else msgspec.convert
    with pytest.raises(msgspec.ValidationError):
        read(value, type=Full)
    once, Count.made = Count.made, 0
    (violation,) = GType(Full).violations(value)
    assert violation.path.endswith(".x")
    assert Count.made < 10 * once


def test_what_is_deep_inside_a_plain_value_costs_as_much_as_outside() -> None:
    part, flat = taken_apart(Any), [1] * 1000
    cost = Plain(strict=True).cost(part, flat)
    assert cost < Plain(strict=True).cost(part, {"a": [flat, {"b": 1}]}) < 1.1 * cost
    assert Plain(strict=True).cost(part, [flat, list(flat)]) > 1.9 * cost


def test_there_is_no_bound_to_what_is_beside_each_other() -> None:
    many: list[Any] = [1] * 500
    many[300] = many[400] = "x"
    assert paths(list[int], many) == ["$[300]", "$[400]"]


def test_a_plain_value_may_hold_itself_where_anything_may_stand() -> None:
    ring: list[Any] = []
    ring.append(ring)
    assert paths(Box[Any], {"value": ring, "more": 1}) == ["$.more"]


def test_convert_reads_numbers_from_strings_as_query_and_path_have_them() -> None:
    assert GType(int).convert("7", strict=False) == 7
    with pytest.raises(ValidationError) as caught:
        GType(int).convert("x", strict=False, path="$query.n")
    assert caught.value.violations[0].path == "$query.n"


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


def test_an_instance_that_was_changed_to_what_its_class_refuses_is_refused() -> None:
    raised = Raised(1, 2)
    raised.low = 3
    assert codes_of(Raised, raised) == [("$", "check")]


def codes_of(annotation: Any, value: Any) -> list[tuple[str, str]]:
    return [(each.path, each.code) for each in GType(annotation).violations(value)]


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


def test_the_json_schema_has_named_types_under_defs() -> None:
    schema = GType(list[Point]).json_schema()
    assert schema["items"] == {"$ref": "#/$defs/Point"}
    assert schema["$defs"]["Point"]["properties"]["y"] == {"type": "integer", "default": 0}


def test_the_json_schema_is_json_whatever_the_tags_are() -> None:
    schema = GType(Left | Right).json_schema()
    assert json.loads(json.dumps(schema)) == schema
    assert schema["discriminator"]["mapping"] == {"1": "#/$defs/Left", "2": "#/$defs/Right"}


def test_the_json_schema_says_that_a_decimal_may_be_a_number() -> None:
    assert GType(decimal.Decimal).json_schema() == {"type": ["string", "number"], "format": "decimal"}


# Caps: at the limit, and one past it.


def test_json_of_as_many_bytes_as_allowed_is_decoded_and_no_more() -> None:
    gtype = GType(str, Caps(input_bytes=10))
    assert gtype.decode(b'"' + b"a" * 8 + b'"') == "a" * 8
    for refuse in (gtype.decode, gtype.violations):
        with pytest.raises(HttpError, match="over 10 bytes") as caught:
            refuse(b'"' + b"a" * 9 + b'"')
        assert caught.value.status == 413


@pytest.mark.parametrize("annotation", [Tree, Any, list[Any], dict[str, Tree | None]])
def test_a_type_without_a_bottom_is_decoded_as_deep_as_allowed(annotation: Any) -> None:
    gtype = GType(annotation, Caps(depth=3))
    with pytest.raises(MalformedBody, match="too deeply: over 3 levels"):
        gtype.decode(b"[[[[]]]]")
    if annotation is Any:
        assert gtype.decode(b"[[[]]]") == [[[]]]


EVEN = Annotated[int, check(lambda number: number % 2 == 0, "even")]


class Chain(msgspec.Struct):
    next: "Chain | None" = None
    x: EVEN = 0


@pytest.mark.parametrize(
    ("depth", "wrong", "path", "code"),
    [
        (99, b'"bad"', "$" + ".next" * 99 + ".x", "type"),
        (255, b'"bad"', "$" + ".next" * 255 + ".x", "type"),
        (99, b"1", "$" + ".next" * 99 + ".x", "check"),
        (255, b"1", "$", "check"),  # so far inside, msgspec has nothing to say of a check
    ],
)
def test_what_is_as_deep_as_allowed_has_its_violations(depth: int, wrong: bytes, path: str, code: str) -> None:
    gtype = GType(Chain, Caps(depth=256))
    data = b'{"next":' * depth + b'{"x":%s}' + b"}" * depth
    assert gtype.decode(data % b"2").next is not None
    (violation,) = gtype.violations(data % wrong)
    assert (violation.path, violation.code) == (path, code)


def test_what_nobody_could_look_at_is_no_cap() -> None:
    with pytest.raises(UsageError, match="depth is at most 256, got 257"):
        Caps(depth=257)


def test_as_many_violations_are_listed_as_allowed() -> None:
    gtype = GType(list[int], Caps(violations=2))
    assert [each.path for each in gtype.violations(b'["a"]')] == ["$[0]"]
    assert [each.path for each in gtype.violations(b'["a","b","c"]')] == ["$[0]", "$[1]"]


def test_a_violation_shows_as_many_characters_as_allowed() -> None:
    gtype = GType(dict[str, int], Caps(shown_characters=10))
    (fits,) = gtype.violations({"a" * 10: "12345678"})
    assert (fits.path, fits.got) == ("$." + "a" * 10, '"12345678"')
    (cut,) = gtype.violations({"a" * 11: "123456789"})
    assert (cut.path, cut.got) == ('$["aaaaaa...]', '"123456...')
    for data in (b'"' + b"a" * 10**6 + b'"', b"9" * 4000):
        (violation,) = GType(bool).violations(data)
        assert len(violation.got) == 60


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, None])
def test_a_cap_is_a_whole_number_over_nothing(wrong: Any) -> None:
    with pytest.raises(UsageError, match="depth is a whole number over 0"):
        Caps(depth=wrong)


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


@pytest.mark.parametrize("text", ["nan", "inf", "Infinity", "-inf"])
def test_no_text_is_a_number_that_json_has_not(text: str) -> None:
    with pytest.raises(ValidationError, match="a finite number"):
        GType(float).convert(text, strict=False)


def test_a_string_is_no_number_unless_everything_is_text() -> None:
    assert [each.code for each in GType(int).violations("7")] == ["type"]
    assert GType(int).violations("7", strict=False) == []
