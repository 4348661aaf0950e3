"""What a violation says."""

import datetime
import enum
from typing import Annotated, Any, Literal

import msgspec
import pytest

from pyrt import Email, GType, Violation
from pyrt.gtype import DateTime, Decimal, Uuid, check
from pyrt.gtype.wording import shortened, shown, step, worded


class Span(msgspec.Struct):
    low: int
    high: int

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError(f"low, {self.low}, is over high")


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


MOMENT = "an RFC 3339 date and time with a time zone"


@pytest.mark.parametrize(
    ("annotation", "value", "expected", "got", "code"),
    [
        (int, "1", "int", '"1"', "type"),
        (int | None, "1", "int | null", '"1"', "type"),
        (Annotated[int, msgspec.Meta(ge=0)], -1, "int >= 0", "-1", "range"),
        (Annotated[float, msgspec.Meta(gt=1)], 1, "float > 1.0", "1", "range"),
        (Annotated[str, msgspec.Meta(min_length=2)], "a", "str of length >= 2", '"a"', "length"),
        (Annotated[list[int], msgspec.Meta(max_length=1)], [1, 2], "array of length <= 1", "an array of 2", "length"),
        (Annotated[str, msgspec.Meta(pattern="^a$")], "b", "str matching regex '^a$'", '"b"', "pattern"),
        (Annotated[int, msgspec.Meta(multiple_of=5)], 6, "int that's a multiple of 5", "6", "multiple"),
        (Literal["a", 1], "b", 'one of 1, "a"', '"b"', "choice"),
        (Literal["a"] | None, "b", 'one of "a"', '"b"', "choice"),
        (Colour, "green", 'one of "red", "blue"', '"green"', "choice"),
        (Email, "a", "an e-mail address", '"a"', "pattern"),
        (Email | None, 1, "an e-mail address or null", "1", "type"),
        (Uuid, "a", "a UUID", '"a"', "format"),
        (DateTime, "a", MOMENT, '"a"', "format"),
        (DateTime | None, "2026-01-01T00:00:00", MOMENT, '"2026-01-01T00:00:00"', "format"),
        (datetime.date | None, "a", "an RFC 3339 date", '"a"', "format"),
        (datetime.date | None, 1, "an RFC 3339 date or null", "1", "type"),
        (Uuid | int, "a", "a UUID", '"a"', "format"),
        (bytes | int | None, 1.5, "int", "1.5", "type"),
        (datetime.timedelta, "P1Y", "an ISO 8601 duration", '"P1Y"', "format"),
        (Decimal, "a", "a decimal number", '"a"', "format"),
        (bytes, "a", "base64 text", '"a"', "format"),
        (Annotated[bytes, msgspec.Meta(min_length=2)], "YQ==", "bytes of length >= 2", '"YQ=="', "length"),
        (Annotated[str, check(str.islower, "lower case")], "A", "lower case", '"A"', "check"),
        (Span, {"low": 2, "high": 1}, "low, 2, is over high", "an object with 2 fields", "check"),
        (float, {"a": [1]}, "float", "an object with 1 field", "type"),
        (bool, None, "bool", "null", "type"),
        (bool, 10**30, "bool", "1" + "0" * 30, "type"),
        (tuple[int, int], [1], "array of length 2", "an array of 1", "length"),
    ],
)  # fmt: skip
def test_a_violation_says_what_was_expected_what_came_and_why(
    annotation: Any, value: Any, expected: str, got: str, code: str
) -> None:
    found = GType(annotation).violations(msgspec.json.encode(value))
    assert found == [Violation("$", expected, got, code)]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("name", ".name"),
        ("_a1", "._a1"),
        ("a b", '["a b"]'),
        ("", '[""]'),
        ("1", '["1"]'),
        (1, "[1]"),
        ("é", '["\\u00e9"]'),
    ],
)
def test_a_step_of_a_path_is_a_name_or_quoted(key: Any, expected: str) -> None:
    assert step(key) == expected


def test_a_step_is_cut_where_the_key_is_long() -> None:
    assert step("a" * 10, 10) == "." + "a" * 10
    assert step("a" * 11, 10) == '["aaaaaa...]'


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("é\n", '"\\u00e9\\n"'), ({}, "an object with 0 fields"), ({"a": 1}, "an object with 1 field"),
        ((), "an array of 0"), ({1, 2}, "an array of 2"), (True, "true"), (1.5, "1.5"), (None, "null"),
        (10**400, "a value of type int"), (b"a", "a value of type bytes"),
    ],
)  # fmt: skip
def test_a_value_is_shown_in_one_short_line(value: Any, expected: str) -> None:
    assert shown(value, 60) == expected


def test_what_is_shortened_is_as_long_as_allowed() -> None:
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened("abcdefg", 6) == "abc..."
    assert shortened("abcdefg", 2) == "..."


def test_words_of_msgspec_that_nobody_knows_are_of_the_format() -> None:
    assert worded("Something new") == ("another value", "format")
    assert worded("Expected `int` something new") == ("int something new", "format")
