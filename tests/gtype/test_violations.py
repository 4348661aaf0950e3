"""The promises of the list of violations, for any type and any value."""

import json
import re
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from pyrt import GType, ValidationError, Violation

from .shapes import Shape, cases

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
        inside = shape.inside(key)
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
        if violation.code == "unknown" or is_of_a_key(violation):
            parent.pop(last, None)
        else:
            inside = parent_shape.inside(last)
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
