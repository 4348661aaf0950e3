import functools
from typing import Any

import pytest

from pyrt.naming import describe, phrase


def plain() -> None: ...


@functools.wraps(plain)
def wrapper() -> None: ...


class Callable:
    def __call__(self) -> None: ...


@pytest.mark.parametrize(
    ("function", "code"),
    [
        (plain, plain.__code__),
        (wrapper, plain.__code__),
        (functools.partial(functools.partial(plain)), plain.__code__),
        (Callable().__call__, Callable.__call__.__code__),
        (Callable(), Callable.__call__.__code__),
    ],
)
def test_a_function_is_described_with_the_place_where_it_is_written(function: Any, code: Any) -> None:
    assert f"({code.co_filename}:{code.co_firstlineno})" in describe(function)


@pytest.mark.parametrize("function", [len, int, 5])
def test_what_is_written_nowhere_is_described_by_its_name(function: Any) -> None:
    assert describe(function) in ("len", "int", "5")


@pytest.mark.parametrize(("status", "words"), [(404, "Not Found"), (799, "Unknown")])
def test_a_status_has_the_words_of_the_standard(status: int, words: str) -> None:
    assert phrase(status) == words
