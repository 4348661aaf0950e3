import datetime
import decimal
import uuid
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

import msgspec
import pytest

from pyrt import GType, UsageError, ValidationError, Violation
from pyrt.gtype import DateTime, Decimal, Email, Secret, Url, Uuid, check


class Login(msgspec.Struct):
    user: str
    password: Secret[Annotated[str, msgspec.Meta(min_length=8)]]


class Span(msgspec.Struct):
    low: int
    high: int

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError(f"low, {self.low}, is over high")


@dataclass
class Pair:
    a: int
    b: Annotated[str, check(str.islower, "lower case")] = "X"


class Even(NamedTuple):
    n: Annotated[int, check(lambda n: n % 2 == 0, "an even number")]


EVEN = Annotated[int, check(lambda number: number % 2 == 0, "even")]


def only(annotation: Any, value: Any) -> Violation:
    (violation,) = GType(annotation).violations(msgspec.json.encode(value))
    return violation


@pytest.mark.parametrize(
    ("annotation", "good", "bad"),
    [
        (Email, "a@b.c", "a@b..c"),
        (Email, "a@" + "b" * 63, "a@" + "b" * 64),
        (Email, "a@b", "a@b\n"),
        (Url, "https://a.b:80/c?d=%20#e", "https://a b/"),
        (Url, "http://[::1]/", "ftp://a/"),
        (Url, "http://a?b", "http://user:secret@a/"),
        (Uuid, "12345678-1234-1234-1234-123456789abc", "1234"),
        (DateTime, "2026-11-24T10:00:00+01:00", "2026-11-24T10:00:00"),
        (Decimal, "0.10", "ten"),
        (Decimal, 1.25, True),
        (Decimal, "-1e1000", "1e1001"),
        (Decimal, 0, "nan"),
        (Decimal, "1e-1000", "Infinity"),
    ],
)  # fmt: skip
def test_a_ready_made_kind_takes_what_it_says(annotation: Any, good: Any, bad: Any) -> None:
    gtype = GType(annotation)
    gtype.decode(msgspec.json.encode(good))
    with pytest.raises(ValidationError):
        gtype.decode(msgspec.json.encode(bad))


def test_ready_made_kinds_decode_to_the_standard_librarys_types() -> None:
    found = GType(tuple[Uuid, DateTime, Decimal]).decode(
        b'["12345678123412341234123456789abc","2026-11-24T10:00:00Z",0.1]'
    )
    assert found == (
        uuid.UUID("12345678-1234-1234-1234-123456789abc"),
        datetime.datetime(2026, 11, 24, 10, tzinfo=datetime.UTC),
        decimal.Decimal("0.1"),
    )


@pytest.mark.parametrize("value", ["hunter2", 7, ["hunter2"], {"hunter2": "hunter2"}, None])
def test_no_violation_shows_what_is_secret(value: Any) -> None:
    violation = only(Login, {"user": "ada", "password": value})
    assert (violation.path, violation.got) == ("$.password", "***")
    assert "hunter2" not in repr(violation)


@pytest.mark.parametrize(
    ("annotation", "value", "path"),
    [
        (Secret[dict[str, int]], {"hunter2": "hunter2"}, "$[***]"),
        (Secret[dict[Annotated[str, msgspec.Meta(max_length=3)], Any]], {"hunter2": 1}, "$[***]"),
        (Secret[list[Literal["a"]]], ["hunter2"], "$[0]"),
        (Secret[Annotated[str, check(lambda text: int(text))]], "hunter2", "$"),
        (list[Secret[str] | None], [["hunter2"]], "$[0]"),
        (dict[str, Secret[int]], {"a": "hunter2"}, "$.a"),
        (Secret[Uuid], "hunter2", "$"),
    ],
)  # fmt: skip
def test_nothing_inside_a_secret_is_shown_either(annotation: Any, value: Any, path: str) -> None:
    violation = only(annotation, value)
    assert (violation.path, violation.got) == (path, "***")
    assert "hunter2" not in repr(violation)


def repeats(key: str) -> None:
    raise ValueError(f"bad {key}")


Repeating = Annotated[str, check(repeats)]


@pytest.mark.parametrize("annotation", [dict[Secret[Repeating], int], Secret[dict[Repeating, int]]])
def test_what_an_author_says_of_a_secret_key_is_not_shown(annotation: Any) -> None:
    violation = only(annotation, {"hunter2": 1})
    assert (violation.path, violation.expected) == ("$[***]", "a key that is another value")


def test_what_an_author_says_of_a_key_is_cut() -> None:
    assert len(only(dict[Repeating, int], {"x" * 5000: 1}).expected) == 300


class Closed(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    password: Secret[str] = "hunter2"
    retries: int = 3


def test_the_value_of_an_unknown_field_is_not_shown() -> None:
    # It may be that of a secret field whose name is misspelt.
    violation = only(Closed, {"Password": "hunter22"})
    assert violation == Violation("$.Password", "no such field", "a value", "unknown")
    assert only(Secret[Closed], {"Password": "hunter22"}).got == "***"


def test_a_class_is_secret_only_where_it_is_marked() -> None:
    class Both(msgspec.Struct):
        open: Span
        hidden: Secret[Span]

    found = GType(Both).violations(b'{"open":{"low":"a","high":0},"hidden":{"low":"b","high":0}}')
    assert [(each.path, each.got) for each in found] == [("$.open.low", '"a"'), ("$.hidden.low", "***")]


def test_a_check_that_raises_a_value_error_says_why() -> None:
    def positive(number: int) -> None:
        if number < 1:
            raise ValueError(f"{number} is not over 0")

    assert only(list[Annotated[int, check(positive)]], [0]) == Violation("$[0]", "0 is not over 0", "0", "check")
    assert GType(Annotated[int, check(positive)]).violations(b"1") == []


def test_checks_are_asked_wherever_the_type_stands() -> None:
    lower = Annotated[str, check(str.islower, "lower case")]
    named: list[tuple[Any, Any, str]] = [
        (dict[str, lower], {"a": "A"}, "$.a"),
        (dict[lower, int], {"A": 1}, "$.A"),
        (dict[lower, int], {"a": 1, "A b": 1}, '$["A b"]'),
        (tuple[int, lower], [1, "A"], "$[1]"),
        (tuple[lower, ...], ["a", "A"], "$[1]"),
        (list[lower | None], [None, "A"], "$[1]"),
        (Pair, {"a": 1, "b": "A"}, "$.b"),
        (Even, [1], "$[0]"),
        (frozenset[lower], ["A"], "$[0]"),
        (Annotated[list[int], check(bool, "items")], [], "$"),
        (dict[str, Annotated[dict[str, int], check(bool, "entries")]], {"a": {}}, "$.a"),
        (Annotated[Pair, check(lambda pair: pair.a > 0, "positive")], {"a": 0}, "$"),
        (list[EVEN | float], [2, 2.5, 3], "$[2]"),
        (dict[lower | None, int], {"a": 1, "A": 1}, "$.A"),
        (dict[EVEN | None, int], {"2": 1, "3": 1}, '$["3"]'),
        (set[EVEN] | None, [3], "$[0]"),
    ]
    for annotation, value, path in named:
        assert (only(annotation, value).path, only(annotation, value).code) == (path, "check")
        (violation,) = GType(annotation).violations(value)
        assert (violation.path, violation.code) == (path, "check")


class Word(str):
    pass


@pytest.mark.parametrize(
    ("annotation", "good", "bad"),
    [
        (EVEN | None, "2", "3"),
        (EVEN | float, "2.5", "3"),
        (EVEN | bool | None, "true", "3"),
        (float | None, "1", "nan"),
        (int | float, "1.5", "inf"),
        (list[float | None], ["1"], ["inf"]),
        (Decimal | None, "1", "1e999999999"),
        (Decimal | None, "1", "NaN"),
        (Annotated[bool, check(bool, "yes")] | None, 1, 0),
        (Annotated[datetime.datetime, check(lambda moment: moment.year > 1970, "later")] | None, 10**9, 5),
        (Annotated[str, check(str.isalpha)] | None, Word("a"), Word("1")),
        (set[EVEN], {2}, {3}),
        (dict[int | float, int], {1.5: 1}, {float("nan"): 1}),
    ],
)
def test_the_branch_of_a_union_that_a_value_became_is_checked(annotation: Any, good: Any, bad: Any) -> None:
    gtype = GType(annotation)
    gtype.convert(good, strict=False)
    with pytest.raises(ValidationError) as caught:
        gtype.convert(bad, strict=False)
    assert [each.code for each in caught.value.violations] == ["check"]


class Patch(msgspec.Struct):
    age: Annotated[int, check(lambda age: age >= 0, "an age")] | msgspec.UnsetType = msgspec.UNSET
    tags: Annotated[list[str], check(lambda tags: len(tags) > 0, "a tag")] = []
    size: Annotated[int, check(lambda size: size != 5, "not five")] = 5
    marks: list[Annotated[int, check(bool, "a mark")]] = None  # type: ignore[assignment]


def test_a_default_is_taken_as_it_is_and_what_was_sent_is_checked() -> None:
    gtype = GType(Patch)
    assert gtype.decode(b"{}") == Patch()
    assert gtype.convert({}) == Patch()
    assert gtype.violations(Patch()) == gtype.violations(Patch(size=int("5"), tags=[])) == []
    assert [each.path for each in gtype.violations(Patch(age=-1, marks=[0]))] == ["$.age", "$.marks[0]"]
    found = gtype.violations(b'{"age":-1,"tags":[],"size":5,"marks":[0]}')
    assert [each.path for each in found] == ["$.age", "$.tags", "$.size", "$.marks[0]"]
    assert gtype.violations({"age": -1, "tags": [], "size": 5, "marks": [0]}) == found


def test_several_checks_of_one_value_are_all_asked() -> None:
    both = Annotated[str, check(str.islower, "lower case"), check(str.isalpha, "letters")]
    assert [only(both, value).expected for value in ("A", "a1")] == ["lower case", "letters"]


def test_a_check_meets_the_decoded_value() -> None:
    def this_century(day: datetime.date) -> bool:
        return day.year >= 2000

    assert only(Annotated[datetime.date, check(this_century, "a day since 2000")], "1999-12-31").code == "check"


class Said(msgspec.Struct):
    name: str
    secret: Secret[str] = ""

    def __post_init__(self) -> None:
        raise ValueError(f"no user `{self.name}` with {self.secret}")


def test_what_an_author_says_of_a_whole_with_secrets_in_it_is_not_shown() -> None:
    violation = only(Said, {"name": "ada", "secret": "canary"})
    assert (violation.expected, violation.code) == ("another value", "check")


def test_what_an_author_says_is_cut() -> None:
    def refuse(value: int) -> None:
        raise ValueError("x" * 100_000)

    assert len(only(Annotated[int, check(refuse)], 1).expected) == 300


T = TypeVar("T")


async def waits(value: Any) -> bool:
    return True


class Waiting:
    async def __call__(self, value: Any) -> bool:
        return True


@pytest.mark.parametrize("function", [waits, Waiting(), "lower", None])
def test_a_check_is_a_function_that_answers_at_once(function: Any) -> None:
    with pytest.raises(UsageError, match="a check is a plain function of the value"):
        check(function)
