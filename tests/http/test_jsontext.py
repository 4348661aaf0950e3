import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyrt.errors import MalformedBody
from pyrt.http.jsontext import LIMIT_DEPTH, check_depth, read

VALUES = st.recursive(
    st.none() | st.text(alphabet='[]{}"\\aé\n') | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='[]{"\\'), inner, max_size=3),
    max_leaves=12,
)


def depth(value: Any) -> int:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inside is None else 1 + max(map(depth, inside), default=0)


@given(VALUES, st.integers(1, 4))
def test_depth_is_that_of_arrays_and_objects_whatever_stands_in_strings(value: Any, limit: int) -> None:
    data = json.dumps(value).encode()
    if depth(value) <= limit:
        check_depth(data, limit)
    else:
        with pytest.raises(MalformedBody, match=f"over {limit} levels"):
            check_depth(data, limit)


@pytest.mark.parametrize(("levels", "is_read"), [(LIMIT_DEPTH, True), (LIMIT_DEPTH + 1, False), (100_000, False)])
def test_text_is_read_to_the_limit_and_no_deeper(levels: int, is_read: bool) -> None:
    data = b"[" * levels + b"]" * levels
    if is_read:
        assert read(data) is not None
    else:
        with pytest.raises(MalformedBody, match="too deeply"):
            read(data)


def test_text_without_an_end_does_not_take_long() -> None:
    # Were each quote the start of a new search, this would be a million times a million steps.
    check_depth(b'{{"' + rb"\"" * 500_000 + b"{" * 100, 2)


@pytest.mark.parametrize("data", [b"", b"{", b'"\xff"', b"nan", b"1e999"])
def test_what_is_no_json_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedBody):
        read(data)
