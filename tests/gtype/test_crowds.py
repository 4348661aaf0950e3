"""Sets and dicts whose items or keys a sender chose to have one hash."""

import datetime
import decimal
import json
import uuid
from typing import Annotated, Any, Literal

import msgspec
import pytest

from pyrt import GType, ValidationError
from pyrt.errors import MalformedBody
from pyrt.gtype import Uuid
from pyrt.gtype.compiling import taken_apart

MODULUS = 2**61 - 1  # of Python's hash of numbers
CROWD = [MODULUS * (n + 1) for n in range(257)]
OTHERS = list(range(1, 4000))


class Pair(msgspec.Struct, frozen=True):
    a: int
    b: int = 0


class Holder(msgspec.Struct, tag="holder"):
    ids: set[int]


class Tuple(msgspec.Struct, tag="tuple", array_like=True):
    ids: frozenset[int]


class Chain(msgspec.Struct):
    ids: set[int] = set()
    next: "Chain | None" = None


def array(items: list[Any]) -> bytes:
    return json.dumps(items).encode()


def entries(keys: list[Any]) -> bytes:
    return json.dumps({str(key): 1 for key in keys}).encode()


def uuids(numbers: list[int]) -> list[str]:
    return [str(uuid.UUID(int=number)) for number in numbers]


def objects(numbers: list[int]) -> list[Any]:
    return [{"a": number} for number in numbers]


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (set[int], array),
        (set[int], lambda some: array([*some, "x"])),
        (set, array),
        (dict[int, int], entries),
        (dict[int, int], lambda some: entries(some).replace(b'"2', b'"\\u0032')),
        (dict[int | None, int], entries),
        (set[Uuid], lambda some: array(uuids(some))),
        (dict[Uuid, int], lambda some: entries(uuids(some))),
        (set[decimal.Decimal], lambda some: array(list(map(str, some)))),
        (set[Pair], lambda some: array(objects(some))),
        (set[tuple[int, ...]], lambda some: array([[each] for each in some])),
        (Holder, lambda some: b'{"type":"holder","ids":%s}' % array(some)),
        (Holder | set[int] | None, lambda some: b'{"type":"holder","ids":%s}' % array(some)),
        (Tuple | int, lambda some: b'["tuple",%s]' % array(some)),
        (list[dict[str, Holder | None]], lambda some: b'[{"a":{"type":"holder","ids":%s}}]' % array(some)),
        (tuple[int, frozenset[int]], lambda some: b"[1,%s]" % array(some)),
        (Chain, lambda some: b'{"next":{"ids":%s}}' % array(some)),
    ],
)
def test_a_crowd_of_one_hash_is_refused_before_it_is_made(annotation: Any, text: Any) -> None:
    gtype = GType(annotation)
    with pytest.raises(ValidationError) as caught:
        gtype.decode(text(CROWD + OTHERS))
    (violation,) = caught.value.violations
    assert (violation.path, violation.code) == ("$", "length")
    # One less, or the same ones again, and they are items like others.
    assert "length" not in [each.code for each in gtype.violations(text(CROWD[1:] * 2 + OTHERS))]


def test_a_crowd_that_does_not_end_is_no_json() -> None:
    with pytest.raises(MalformedBody):
        GType(set[int]).decode(array(CROWD + OTHERS)[:-1])


@pytest.mark.parametrize(
    ("annotation", "crowds"),
    [
        (list[int], False),
        (set[str], False),
        (set[float], False),
        (set[datetime.datetime], False),
        (set[Literal[1, 2]], False),
        (set[Annotated[int, msgspec.Meta(ge=0, lt=100)]], False),
        (set[Annotated[int, msgspec.Meta(ge=0)]], True),
        (set[tuple[str, bool | None]], False),
        (set[tuple[float, float]], True),
        (dict[str, int], False),
        (dict[Any, int], False),
        (dict[str, dict[int, str]], True),
    ],
)
def test_only_what_a_sender_can_crowd_is_looked_at(annotation: Any, crowds: bool) -> None:
    assert taken_apart(annotation).crowds is crowds
