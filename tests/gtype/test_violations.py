"""The promises of the list of violations, for any type and any value."""

import json
import re
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from pyrt import GType, ValidationError, Violation
from pyrt.gtype import Secret

from .shapes import FIELDS, JSON, SHAPES, Shape, cases, checked

STEP = re.compile(r"""\.([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]""")


def steps(path: str) -> list[Any]:
    """The keys and indices of a path."""
    assert path.startswith("$")
    found = [(name or (int(index) if index else json.loads(key))) for name, index, key in STEP.findall(path)]
    assert STEP.sub("", path) == "$", path
    return found


def at(value: Any, shape: Shape, keys: list[Any]) -> tuple[Any, Shape]:
    """What stands there, and its shape."""
    for key in keys:
        inside = shape.under(value, key)
        assert inside is not None
        value, shape = value[key], inside
    return value, shape


def is_of_a_key(violation: Violation) -> bool:
    return violation.expected.startswith("a key that is")


def mended(value: Any, shape: Shape, found: list[Violation], draw: Any) -> Any:
    """*value* with all that is named put right, and nothing else: the deepest first; a key goes after its value."""
    holder = [json.loads(json.dumps(value))]
    around = Shape(None, shape.valid, lambda _: shape)
    for violation in sorted(found, key=lambda each: (-len(steps(each.path)), is_of_a_key(each))):
        *keys, last = [0, *steps(violation.path)]
        parent, parent_shape = at(holder, around, keys)
        inside = parent_shape.under(parent, last)
        if violation.code == "unknown" or is_of_a_key(violation):
            parent.pop(last, None)
        elif parent_shape.of is not None and last == "type":
            # Which of several it is nobody knows: it is written anew.
            outer, _ = at(holder, around, keys[:-1])
            outer[keys[-1]] = draw(parent_shape.valid)
        else:
            assert inside is not None
            parent[last] = draw(inside.valid)
    return holder[0]


def accepted(annotation: Any, data: bytes) -> bool:
    try:
        GType(annotation).decode(data)
    except ValidationError:
        return False
    return True


@settings(max_examples=300)
@given(cases())
def test_there_are_violations_exactly_when_decoding_fails(case: tuple[Shape, Any]) -> None:
    shape, value = case
    data = msgspec.json.encode(value)
    assert (GType(shape.annotation).violations(data) == []) is accepted(shape.annotation, data)


@settings(max_examples=300)
@given(cases(), st.data())
def test_mending_exactly_the_named_parts_makes_decoding_succeed(case: tuple[Shape, Any], data: st.DataObject) -> None:
    shape, value = case
    found = GType(shape.annotation).violations(msgspec.json.encode(value))
    good = mended(value, shape, found, data.draw)
    assert GType(shape.annotation).violations(msgspec.json.encode(good)) == []
    if not found:
        assert good == value


@settings(max_examples=300)
@given(cases())
def test_no_valid_part_is_named(case: tuple[Shape, Any]) -> None:
    shape, value = case
    for violation in GType(shape.annotation).violations(msgspec.json.encode(value)):
        if violation.code in ("missing", "unknown") or is_of_a_key(violation):
            continue
        inside, inner = at(value, shape, steps(violation.path))
        assert not accepted(inner.annotation, msgspec.json.encode(inside))


@settings(max_examples=300)
@given(cases())
def test_plain_values_have_the_violations_of_their_json(case: tuple[Shape, Any]) -> None:
    shape, value = case
    gtype = GType(shape.annotation)
    assert gtype.violations(value) == gtype.violations(msgspec.json.encode(value))


@settings(max_examples=300)
@given(cases())
def test_convert_fails_exactly_when_there_are_violations(case: tuple[Shape, Any]) -> None:
    shape, value = case
    gtype = GType(shape.annotation)
    raised: list[Violation] = []
    try:
        gtype.convert(value)
    except ValidationError as error:
        raised = list(error.violations)
    assert raised == gtype.violations(value)


@settings(max_examples=300)
@given(SHAPES.flatmap(lambda shape: st.tuples(st.just(shape), shape.valid)))
def test_what_was_decoded_is_valid_and_taken_as_it_is(case: tuple[Shape, Any]) -> None:
    shape, value = case
    gtype = GType(shape.annotation)
    made = gtype.decode(msgspec.json.encode(value))
    again = gtype.convert(made)
    assert again == made
    if isinstance(made, msgspec.Struct):
        assert again is made


@settings(max_examples=300)
@given(
    SHAPES.map(checked).flatmap(
        lambda shape: st.tuples(st.just(shape), st.lists(JSON | shape.valid, max_size=3) | shape.valid)
    ),
    st.data(),
)
def test_what_is_checked_as_a_whole_is_named_when_its_parts_are_right(
    case: tuple[Shape, Any], data: st.DataObject
) -> None:
    shape, value = case
    gtype = GType(shape.annotation)
    for _ in range(3):  # a tag, what it calls for, the whole
        found = gtype.violations(msgspec.json.encode(value))
        assert (found == []) is accepted(shape.annotation, msgspec.json.encode(value))
        value = mended(value, shape, found, data.draw)
    assert gtype.violations(msgspec.json.encode(value)) == []


def replaced(value: Any, text: str) -> Any:
    """*value* with *text* for every string and key."""
    if isinstance(value, dict):
        return {text if key not in FIELDS else key: replaced(inner, text) for key, inner in value.items()}
    if isinstance(value, list):
        return [replaced(inner, text) for inner in value]
    return text if isinstance(value, str) else value


@settings(max_examples=300)
@given(cases())
def test_no_violation_of_a_secret_shows_any_text_of_it(case: tuple[Shape, Any]) -> None:
    shape, value = case
    found = GType(Secret[shape.annotation]).violations(msgspec.json.encode(replaced(value, "canary")))
    assert "canary" not in repr(found)
