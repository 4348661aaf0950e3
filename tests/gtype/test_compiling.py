"""Types that are taken apart."""

from typing import Annotated, Any

import msgspec
import pytest

from pyrt import GType, UsageError
from pyrt.gtype import check

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
