"""How values are judged: JSON text and plain values."""

import datetime
import decimal
from typing import Any, Literal

import msgspec
import pytest

from pyrt import GType, ValidationError
from pyrt.gtype import Secret
from pyrt.gtype.compiling import taken_apart
from pyrt.gtype.parts import Entries
from pyrt.gtype.readers import Plain, Reader, Text


class Said(msgspec.Struct):
    name: str
    secret: Secret[str] = ""

    def __post_init__(self) -> None:
        raise ValueError(f"no user `{self.name}` with {self.secret}")


class Kebab(msgspec.Struct, rename="kebab"):
    some_name: int


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    x: int = 0


@pytest.mark.parametrize(
    ("annotation", "value", "path", "code"),
    [
        (Strict, {"x": 1, "y - at `$.x": 1}, '$["y - at `$.x"]', "unknown"),
        (list[Said], [{"name": "a - at `$.other"}], "$[0]", "check"),
        (Said, {"name": "Expected `int`, got `str` - at `$.name`"}, "$", "check"),
        (Kebab, {"some-name": "x"}, '$["some-name"]', "type"),
        (Kebab, {}, '$["some-name"]', "missing"),
    ],
)
def test_no_text_of_a_client_is_taken_for_a_place(annotation: Any, value: Any, path: str, code: str) -> None:
    (violation,) = GType(annotation).violations(msgspec.json.encode(value))
    assert (violation.path, violation.code) == (path, code)


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


def test_convert_reads_numbers_from_strings_as_query_and_path_have_them() -> None:
    assert GType(int).convert("7", strict=False) == 7
    with pytest.raises(ValidationError) as caught:
        GType(int).convert("x", strict=False, path="$query.n")
    assert caught.value.violations[0].path == "$query.n"


@pytest.mark.parametrize("text", ["nan", "inf", "Infinity", "-inf"])
def test_no_text_is_a_number_that_json_has_not(text: str) -> None:
    with pytest.raises(ValidationError, match="a finite number"):
        GType(float).convert(text, strict=False)


def test_a_string_is_no_number_unless_everything_is_text() -> None:
    assert [each.code for each in GType(int).violations("7")] == ["type"]
    assert GType(int).violations("7", strict=False) == []


@pytest.mark.parametrize(
    ("data", "kind"),
    [("{}", "object"), ("[]", "array"), ('"a"', "string"), ("true", "boolean"), ("null", "null"), ("-1.5", "number")],
)
def test_both_readers_tell_the_kinds_of_json(data: str, kind: str) -> None:
    assert Text().kind(msgspec.Raw(data.encode())) == kind
    assert Plain(strict=True).kind(msgspec.json.decode(data)) == kind


def test_where_all_is_text_a_text_may_be_of_any_kind() -> None:
    assert Plain(strict=False).kind("1") == ""
    assert Plain(strict=True).kind(object()) == ""


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b'"abc"', '"abc"'), (b'"%s"' % (b"a" * 20), '"aaaaaa...'), (b"[1,2]", "an array of 2"), (b"123", "123"),
        (b"1234567890123", "1234567..."), (b'"\xff"', "text that is not UTF-8"), (b"null", "null"),
    ],
)  # fmt: skip
def test_json_text_is_shown_in_one_short_line(data: bytes, shown: str) -> None:
    assert Text().shown(msgspec.Raw(data), 10) == shown


@pytest.mark.parametrize("reader", [Text(), Plain(strict=True)])
def test_a_key_is_judged_as_in_a_dict_of_such_keys(reader: Reader) -> None:
    part = taken_apart(dict[int, str])
    assert isinstance(part, Entries)
    assert reader.keyed(part.keys, "7") == (None, 7)
    refusal, made = reader.keyed(part.keys, "x")
    assert refusal is not None
    assert (refusal.text, refusal.inside, made) == ("Expected `int`, got `str`", "$", None)


def test_json_text_costs_its_bytes_and_the_defaults_that_it_makes() -> None:
    assert Text.cost(taken_apart(list[int]), b"[1,2]") == 5
    assert Text.cost(taken_apart(Full), b"{}") > Text.cost(taken_apart(Full), b"1 ") == 2
