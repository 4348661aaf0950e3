"""Types that are taken apart."""

from typing import Annotated, Any

import msgspec
import pytest

from pyrt import GType, UsageError
from pyrt.gtype import Secret, check
from pyrt.gtype.compiling import is_bottomless, taken_apart

EVEN = Annotated[int, check(lambda number: number % 2 == 0, "even")]


@pytest.mark.parametrize("annotation", [complex, list[object], msgspec.msgpack.Ext])
def test_what_json_cannot_carry_is_refused_at_compile(annotation: Any) -> None:
    with pytest.raises(UsageError, match="JSON cannot carry"):
        GType(annotation)


def test_beside_any_nothing_is_looked_at() -> None:
    assert GType(list[EVEN] | Any).decode(b"[3]") == [3]
    assert GType(EVEN | Any).decode(b"3") == 3


@pytest.mark.parametrize("annotation", [dict[float, int], dict[float | None, int]])
@pytest.mark.parametrize("key", ["nan", "inf", "-Infinity"])
def test_a_key_that_is_a_number_is_finite(annotation: Any, key: str) -> None:
    assert GType(annotation).decode(b'{"1.5":1}') == {1.5: 1}
    (violation,) = GType(annotation).violations({key: 1})
    assert violation.expected == "a key that is a finite number"


class Tree(msgspec.Struct):
    children: "list[Tree]" = []


class Holder(msgspec.Struct):
    tree: Tree | None
    secret: Secret[str] = ""
    even: EVEN = 0


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [(int, False), (list[dict[str, int]], False), (Tree, True), (Holder, True), (Any, True), (list[msgspec.Raw], True)],
)
def test_a_type_that_sets_no_end_to_its_depth_is_bottomless(annotation: Any, expected: bool) -> None:
    assert is_bottomless(taken_apart(annotation)) is expected


def test_what_is_true_of_a_part_is_true_of_what_is_around_it() -> None:
    whole, plain = taken_apart(list[Holder | None]), taken_apart(list[Tree])
    assert (whole.hides, whole.is_checked, whole.has_classes, whole.holds_classes) == (True, True, True, True)
    assert (plain.hides, plain.is_checked, plain.has_classes, plain.holds_classes) == (False, False, True, True)
    assert (whole.bulk, plain.bulk) == (2, 1)
