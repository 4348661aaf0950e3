"""Sets of values that may have no hash."""

import decimal
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
import pytest

from pyrt import GType, UsageError
from pyrt.gtype import Decimal


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    x: int = 0


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
    with pytest.raises(UsageError, match="have no hash"):
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
