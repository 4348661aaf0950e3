import datetime
import decimal
import enum
import json
import uuid
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, NotRequired, TypedDict, TypeVar

import msgspec
import pytest

from pyrt import GType, UsageError, ValidationError, Violation
from pyrt.gtype import DateTime, Decimal, Email, Secret, Url, Uuid, check


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


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
MOMENT = "an RFC 3339 date and time with a time zone"


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
    assert only(annotation, value) == Violation("$", expected, got, code)


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


class Around(msgspec.Struct):
    default: int = 1
    shadowed: Closed = Closed()
    maybe: Secret[str] | None = "hunter2"
    open: str = "shown"


def test_the_value_of_an_unknown_field_is_not_shown() -> None:
    # It may be that of a secret field whose name is misspelt.
    violation = only(Closed, {"Password": "hunter22"})
    assert violation == Violation("$.Password", "no such field", "a value", "unknown")
    assert only(Secret[Closed], {"Password": "hunter22"}).got == "***"


def test_no_schema_shows_the_default_of_what_is_secret() -> None:
    schema = GType(Around).json_schema()
    assert "hunter2" not in json.dumps(schema)
    found = schema["$defs"]["Around"]["properties"]
    assert found["default"] == {"type": "integer", "default": 1}
    assert found["open"]["default"] == "shown"
    assert schema["$defs"]["Closed"]["properties"]["retries"]["default"] == 3


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


@pytest.mark.parametrize("annotation", [dict[float, int], dict[float | None, int]])
@pytest.mark.parametrize("key", ["nan", "inf", "-Infinity"])
def test_a_key_that_is_a_number_is_finite(annotation: Any, key: str) -> None:
    assert GType(annotation).decode(b'{"1.5":1}') == {1.5: 1}
    assert only(annotation, {key: 1}).expected == "a key that is a finite number"


def test_beside_any_nothing_is_looked_at() -> None:
    assert GType(list[EVEN] | Any).decode(b"[3]") == [3]
    assert GType(EVEN | Any).decode(b"3") == 3


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


@pytest.mark.parametrize("annotation", [complex, list[object], msgspec.msgpack.Ext])
def test_what_json_cannot_carry_is_refused_at_compile(annotation: Any) -> None:
    with pytest.raises(UsageError, match="JSON cannot carry"):
        GType(annotation)


class Said(msgspec.Struct):
    name: str
    secret: Secret[str] = ""

    def __post_init__(self) -> None:
        raise ValueError(f"no user `{self.name}` with {self.secret}")


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    x: int = 0


class Kebab(msgspec.Struct, rename="kebab"):
    some_name: int


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
    assert (only(annotation, value).path, only(annotation, value).code) == (path, code)


def test_what_an_author_says_of_a_whole_with_secrets_in_it_is_not_shown() -> None:
    violation = only(Said, {"name": "ada", "secret": "canary"})
    assert (violation.expected, violation.code) == ("another value", "check")


def test_what_an_author_says_is_cut() -> None:
    def refuse(value: int) -> None:
        raise ValueError("x" * 100_000)

    assert len(only(Annotated[int, check(refuse)], 1).expected) == 300


class Crashing(msgspec.Struct):
    inner: dict[str, Email | list[Email]]


T = TypeVar("T")
U = TypeVar("U")
AText = Annotated[str, msgspec.Meta(pattern="^a")]
Bound = TypeVar("Bound", bound=AText)
FewEntries = Annotated[dict[str, int], msgspec.Meta(min_length=1)]


class Box(msgspec.Struct, Generic[T]):
    x: T | list[int]
    more: "Box[T] | None" = None


class InBox(Box[AText]):
    pass


class BoxOf(Box[U], Generic[U]):
    y: U | None = None


class Bounded(msgspec.Struct, Generic[Bound]):
    x: Bound | list[int]


class Beside(msgspec.Struct, Generic[T]):
    x: AText | list[int]
    y: T


@dataclass
class Data(Generic[T]):
    x: AText | dict[str, int]
    y: T


class Typed(TypedDict, Generic[T]):
    x: NotRequired[T | dict[str, int]]


class Growing(msgspec.Struct, Generic[T]):
    x: "Growing[list[T]] | None" = None


@pytest.mark.parametrize(
    "annotation",
    [
        Box[AText],
        list[Box[AText] | None],
        BoxOf[AText],
        InBox,
        Bounded,
        Beside[int],
        Data[int],
        Typed[AText],
        FewEntries | tuple[int, str],
        Annotated[bytearray, msgspec.Meta(min_length=1)] | tuple[int, str],
        Annotated[int | str, msgspec.Meta(ge=0)] | tuple[int, str],
        NewType("Few", FewEntries) | tuple[int, str],
        Email | list[str],
        Email | dict[str, int],
        Email | tuple[int, str],
        Annotated[int, msgspec.Meta(ge=0)] | tuple[int, str],
        Crashing,
        list[Crashing],
    ],
)
def test_unions_that_crash_msgspec_are_refused(annotation: Any) -> None:
    with pytest.raises(UsageError, match="msgspec"):
        GType(annotation)


@pytest.mark.parametrize(
    "annotation",
    [
        Email | int | None,
        Annotated[str, msgspec.Meta(max_length=3)] | list[int],
        Annotated[int, check(bool)] | tuple[int, str],
        FewEntries | list[int],
        Box[int],
        BoxOf[int],
        Typed[int],
    ],
)
def test_unions_that_look_like_them_are_taken(annotation: Any) -> None:
    assert GType(annotation).violations(b"1.5") != []


def test_a_generic_class_that_grows_without_end_is_refused() -> None:
    with pytest.raises(UsageError, match="names itself without end"):
        GType(Growing[int])


class Frozen(msgspec.Struct, frozen=True):
    a: Any = 0
    inner: "Frozen | None" = None


class FrozenRow(msgspec.Struct, frozen=True, array_like=True):
    a: Any


class FrozenList(msgspec.Struct, frozen=True):
    a: list[int]


class Same(msgspec.Struct, eq=False):
    a: list[int]


@dataclass
class Changing:
    a: int


@dataclass(frozen=True)
class Fixed:
    a: int | list[int]


class OwnHash(msgspec.Struct):
    a: list[int]

    def __hash__(self) -> int:
        if not self.a:
            raise TypeError("no items")
        return 1


@pytest.mark.parametrize(
    "annotation",
    [
        set[list[int]],
        set[Strict],
        set[FrozenList],
        set[Changing],
        set[bytearray],
        set[msgspec.Raw],
        list[frozenset[dict[str, int]]],
        set[tuple[int, list[int]]],
        set[tuple[set[int], ...]],
        dict[list[int], int],
    ],
)
def test_a_set_of_what_has_no_hash_is_refused_at_compile(annotation: Any) -> None:
    with pytest.raises(UsageError, match="has no hash"):
        GType(annotation)


@pytest.mark.parametrize(
    ("annotation", "value", "path"),
    [
        (set, [1, [1]], "$[1]"),
        (set[Any], [{}], "$[0]"),
        (dict[str, frozenset[Any]], {"a": [[]]}, "$.a[0]"),
        (set[int | list[int]], [1, [1]], "$[1]"),
        (set[tuple[Any, ...]], [[1], [[]]], "$[1]"),
        (set[Frozen], [{"a": 1}, {"a": []}], "$[1]"),
        (set[Frozen], [{"inner": {}}, {"inner": {"a": []}}], "$[1]"),
        (set[FrozenRow], [[1], [[]]], "$[1]"),
        (set[Fixed], [{"a": 1}, {"a": [1]}], "$[1]"),
        (Annotated[set[Any], msgspec.Meta(min_length=3)], [1, []], "$[1]"),
        (set[decimal.Decimal], ["1", "sNaN"], "$[1]"),
        (set[Decimal], ["1", "sNaN"], "$[1]"),
    ],
)
def test_an_item_that_no_set_can_hold_is_a_violation(annotation: Any, value: Any, path: str) -> None:
    gtype = GType(annotation)
    found = gtype.violations(msgspec.json.encode(value))
    assert [each.path for each in found if each.code != "length"] == [path]
    assert gtype.violations(value) == found


def test_a_set_of_what_has_a_hash_of_its_own_is_taken() -> None:
    assert len(GType(set[Same]).decode(b'[{"a":[]},{"a":[]}]')) == 2
    assert len(GType(set[OwnHash]).decode(b'[{"a":[1]}]')) == 1
    for refuse in (GType(set[OwnHash]).decode, GType(set[OwnHash]).violations):
        with pytest.raises(TypeError, match="no items"):
            refuse(b'[{"a":[]}]')
    with pytest.raises(TypeError, match="no items"):
        GType(set[OwnHash]).convert([{"a": []}])


async def waits(value: Any) -> bool:
    return True


class Waiting:
    async def __call__(self, value: Any) -> bool:
        return True


@pytest.mark.parametrize("function", [waits, Waiting(), "lower", None])
def test_a_check_is_a_function_that_answers_at_once(function: Any) -> None:
    with pytest.raises(UsageError, match="a check is a plain function of the value"):
        check(function)
