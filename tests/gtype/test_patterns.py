"""Patterns that could run away, and an oracle: a matcher that backtracks as `re` does, and counts its steps."""

import re
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
    r"^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$", r"^[a-z]{1,20}[a-z0-9]{0,20}$",
    r"^([\"']).*\1$", r"^(?:AF|AX|AL|DZ|AS|AD)(?:,(?:AF|AX|AL|DZ|AS|AD))*$", r"^.{1,4096}$", r"^.{2,4096}x$",
    r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
    r"^[a-z0-9]+(?:-[a-z0-9]+)*$", r"(?i)^abc+d$", r"^.*x$", r"^-?\d+(\.\d+)?$", r"^(?!.*  )[a-z ]+$", r"^[^-]+-[^-]$",
    r"^(?P<q>['\"])x(?P=q)$", r"^(a)?(?(1)b|c)$", r"\Aa+\Z", r"^(?>a+)b$", r"[^a]b", r"^(?s:.)*$", r"^(\w|\d)*$",
]  # fmt: skip
RUNAWAY = [
    r"^(a*)*$", r"^(a+)+$", r"^(a|a)*$", r"^(a|aa)+$", r"^(\w+\s?)*$", r"^([a-zA-Z]+)*$", r"^(.*)*$", r"a+$", r"\s+$",
    r"^\d+\d+$", r".*x.*y", r"^(?:a?){20}a{20}$", r"^(a*b*)*$", r"^([a-z]+)*@$", r"^(?:(?=.*x)a)*$", r"^.*.*$",
    r"^(([a-z])+.)+[A-Z]([a-z])+$", r"^(a?a?)*$", r"^\S+@\S+$", r"(?i)^[a-z]+[A-Z]+$", r"(?m)^a+$", r"(?:^|b)a+$",
    r"[^@]+@", r"^((é)|([à-ü]))*$", r"^((\w)|(\d))*$", r"^(?:(?!.*x)a)+$", r"^(a+)\1+$",
    r"^(?:a+){30}", r"^(?:[a-z]+ ?){30,}", r"^(?:\w+\W?){30}", r"((?:a|ab)(?:(?:a|b|ab)|A)+)\1", r"(?=(?:x|\w+ ))y",
    r"^(?:(?!(?:--|.*x)).)+$", r"(?:a++){2}", r"^(?:a{1,200}){200}$",
]  # fmt: skip


@pytest.mark.parametrize("pattern", FINE)
def test_what_takes_linear_time_is_taken(pattern: str) -> None:
    refuse_runaway(pattern, None)


@pytest.mark.parametrize("pattern", RUNAWAY)
def test_what_could_run_away_is_refused(pattern: str) -> None:
    with pytest.raises(UsageError, match="could run away"):
        refuse_runaway(pattern, None)


@pytest.mark.parametrize("pattern", [r"a+$", r".*x.*y", r"^(a|a)*$", r"^\S+@\S+$"])
def test_a_pattern_that_grows_is_taken_for_texts_that_are_short_enough(pattern: str) -> None:
    with pytest.raises(UsageError) as caught:
        refuse_runaway(pattern, None)
    found = re.search(r"a text of (\d+) characters", str(caught.value))
    assert found
    refuse_runaway(pattern, int(found[1]) - 1)
    with pytest.raises(UsageError):
        refuse_runaway(pattern, int(found[1]))


@pytest.mark.parametrize(
    "pattern", ["(" * 500 + "a" + ")" * 500, "^(?:" + "|".join(map("{:b}".format, range(3000))) + ")*$", "a" * 3000]
)
def test_a_pattern_that_nobody_could_judge_in_time_is_refused(pattern: str) -> None:
    with pytest.raises(UsageError, match="too complex"):
        refuse_runaway(pattern, None)


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


def counted(one: Piece, least: int, most: int) -> Piece:
    def match(text: str, at: int, go: Go, counter: Counter, left: int = most, due: int = least) -> bool:
        if left and one[1](text, at, lambda then: match(text, then, go, counter, left - 1, due - 1), counter):
            return True
        return due <= 0 and go(at)

    return f"(?:{one[0]}){{{least},{most}}}", match


PIECES = st.recursive(
    st.sampled_from([letter("a"), letter("b"), letter("ab")]),
    lambda inner: st.one_of(
        st.builds(joined, inner, inner),
        st.builds(either, inner, inner),
        st.builds(repeated, inner),
        st.builds(
            lambda one, least, more: counted(one, least, least + more), inner, st.integers(0, 3), st.integers(0, 3)
        ),
    ),
    max_leaves=6,
)
LIMIT = 30_000


def steps(piece: Piece, text: str, anchored: bool, fails: bool) -> int:
    """The steps that a search takes in *text*; one that has to fail has at its end what no text has."""
    counter = Counter()

    def end(at: int) -> bool:
        if counter.steps > LIMIT:
            raise OverflowError
        return not fails

    try:
        any(piece[1](text, start, end, counter) for start in range(1 if anchored else len(text) + 1))
    except OverflowError:
        return LIMIT
    return counter.steps


@settings(max_examples=500, deadline=None)
@given(PIECES, st.text("ab", max_size=2), st.text("ab", min_size=1, max_size=3), st.booleans(), st.booleans())
def test_no_text_makes_a_pattern_that_is_taken_run_away(
    piece: Piece, before: str, pump: str, anchored: bool, fails: bool
) -> None:
    try:
        refuse_runaway(f"{'^' * anchored}{piece[0]}{'$' * fails}", None)
    except UsageError:
        assume(False)
    once, twice = (steps(piece, before + pump * times, anchored, fails) for times in (20, 40))
    assert twice <= 3 * once + 100
    assert twice < LIMIT
