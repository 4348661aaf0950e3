"""Patterns that could run away, and an oracle: a matcher that backtracks as `re` does, and counts its steps."""

from collections.abc import Callable
from typing import Annotated

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pyrt import GType, UsageError
from pyrt.gtype.patterns import refuse_runaway

FINE = [
    r"^[a-z]+$", r"^\d{4}-\d{2}-\d{2}$", r"@", r"\d+", r"^(?:[a-z]+\.)*[a-z]+$", r"^a?b?c?$", r"^(a|b)*$", r"", r"^$",
    r"^https?://[^\s/$.?#].[^\s]*$", r"^(?=.*\d)(?=.*[a-z]).{8,}$", r"^[A-Z]{2}\d{2}[A-Z0-9]{1,30}$", r"^a{0}b",
    r"^(\d{1,3}\.){3}\d{1,3}$", r"^\+?[1-9]\d{1,14}$", r"^#(?:[0-9a-fA-F]{3}){1,2}$", r"^\w+( \w+)*$", r"a$",
    r"^[a-z0-9]+(?:-[a-z0-9]+)*$", r"(?i)^abc+d$", r"^.*x$", r"^-?\d+(\.\d+)?$", r"^(?!.*  )[a-z ]+$", r"^[^-]+-[^-]$",
    r"^(?P<q>['\"])x(?P=q)$", r"^(a)?(?(1)b|c)$", r"\Aa+\Z", r"^(?>a+)b$", r"[^a]b", r"^(?s:.)*$", r"^(\w|\d)*$",
]  # fmt: skip
RUNAWAY = [
    r"^(a*)*$", r"^(a+)+$", r"^(a|a)*$", r"^(a|aa)+$", r"^(\w+\s?)*$", r"^([a-zA-Z]+)*$", r"^(.*)*$", r"a+$", r"\s+$",
    r"^\d+\d+$", r".*x.*y", r"^(?:a?){20}a{20}$", r"^(a*b*)*$", r"^([a-z]+)*@$", r"^(?:(?=.*x)a)*$", r"^.*.*$",
    r"^(([a-z])+.)+[A-Z]([a-z])+$", r"^(a?a?)*$", r"^\S+@\S+$", r"(?i)^[a-z]+[A-Z]+$", r"(?m)^a+$", r"(?:^|b)a+$",
    r"[^@]+@", r"^((é)|([à-ü]))*$", r"^((\w)|(\d))*$", r"^(?:(?!.*x)a)+$", r"^(a+)\1+$",
]  # fmt: skip


@pytest.mark.parametrize("pattern", FINE)
def test_what_takes_linear_time_is_taken(pattern: str) -> None:
    refuse_runaway(pattern, None)


@pytest.mark.parametrize("pattern", RUNAWAY)
def test_what_could_run_away_is_refused(pattern: str) -> None:
    with pytest.raises(UsageError, match="could run away"):
        refuse_runaway(pattern, None)


@pytest.mark.parametrize(("pattern", "enough"), [(r"a+$", 1000), (r".*x.*y", 100)])
def test_a_power_of_the_length_is_taken_where_the_length_is_small(pattern: str, enough: int) -> None:
    refuse_runaway(pattern, enough)
    with pytest.raises(UsageError, match=f"{enough} characters"):
        refuse_runaway(pattern, enough + 1)


def test_what_is_exponential_is_refused_at_any_length() -> None:
    with pytest.raises(UsageError, match="exponentially"):
        refuse_runaway(r"^(a|a)*$", 10)


def test_what_is_no_pattern_is_refused() -> None:
    with pytest.raises(UsageError, match="no regular expression"):
        refuse_runaway("(", None)


def test_a_type_with_such_a_pattern_anywhere_does_not_compile() -> None:
    with pytest.raises(UsageError, match="could run away"):
        GType(dict[str, list[Annotated[str, msgspec.Meta(pattern="^(a*)*$")] | None]])


class Counter:
    """Counts the steps of one search."""

    def __init__(self) -> None:
        self.steps = 0


# A piece of a pattern: its text, and how it is matched at a place of a text, each way being tried by calling `go`.
Go = Callable[[int], bool]
Piece = tuple[str, Callable[[str, int, Go, Counter], bool]]


def letter(one: str) -> Piece:
    def match(text: str, at: int, go: Go, counter: Counter) -> bool:
        counter.steps += 1
        return at < len(text) and text[at] in one and go(at + 1)

    return f"([{one}])", match  # a group: `re` makes one class of two that stand bare beside each other


def joined(one: Piece, other: Piece) -> Piece:
    def match(text: str, at: int, go: Go, counter: Counter) -> bool:
        return one[1](text, at, lambda then: other[1](text, then, go, counter), counter)

    return one[0] + other[0], match


def either(one: Piece, other: Piece) -> Piece:
    def match(text: str, at: int, go: Go, counter: Counter) -> bool:
        return one[1](text, at, go, counter) or other[1](text, at, go, counter)

    return f"(?:{one[0]}|{other[0]})", match


def repeated(one: Piece) -> Piece:
    def match(text: str, at: int, go: Go, counter: Counter) -> bool:
        def again(then: int) -> bool:
            return then > at and match(text, then, go, counter)  # `re` ends a repeat that reads nothing

        return one[1](text, at, again, counter) or go(at)

    return f"(?:{one[0]})*", match


PIECES = st.recursive(
    st.sampled_from([letter("a"), letter("b"), letter("ab")]),
    lambda inner: st.one_of(
        st.builds(joined, inner, inner), st.builds(either, inner, inner), st.builds(repeated, inner)
    ),
    max_leaves=5,
)
LIMIT = 20_000


def steps(piece: Piece, text: str) -> int:
    """The steps that it takes to refuse *text*, which has at its end what no piece takes."""
    counter = Counter()

    def end(at: int) -> bool:
        if counter.steps > LIMIT:
            raise OverflowError
        return False

    try:
        piece[1](text + "!", 0, end, counter)
    except OverflowError:
        return LIMIT
    return counter.steps


@settings(max_examples=500, deadline=None)
@given(PIECES, st.text("ab", max_size=2), st.text("ab", min_size=1, max_size=3))
def test_no_text_makes_a_pattern_that_is_taken_run_away(piece: Piece, before: str, pump: str) -> None:
    try:
        refuse_runaway(f"^{piece[0]}$", None)
    except UsageError:
        assume(False)
    assert steps(piece, before + pump * 40) <= 3 * steps(piece, before + pump * 20) < LIMIT
