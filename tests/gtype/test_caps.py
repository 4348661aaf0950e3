"""How far a schema goes: at each limit, and one past it."""

from typing import Annotated, Any

import msgspec
import pytest

from pyrt import GType, HttpError, UsageError
from pyrt.errors import MalformedBody
from pyrt.gtype import Caps, check


class Tree(msgspec.Struct):
    value: int
    children: "list[Tree]" = []


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
