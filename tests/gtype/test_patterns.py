"""Patterns that could run away: which are refused, and that no search takes more steps than are counted."""

import re
from typing import Annotated

import msgspec
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from pyrt import GType, UsageError, ValidationError
from pyrt.gtype.patterns import LIMIT_STEPS_PER_CHARACTER, Growth, refuse_runaway

from .backtracking import reads
from .common_patterns import COMMON, REFUSED, SHORT, TAKEN, TOO_STRICT, Common

FINE = [
    r"^[a-z]+$", r"^\d{4}-\d{2}-\d{2}$", r"@", r"\d+", r"^(?:[a-z]+\.)*[a-z]+$", r"^a?b?c?$", r"^(a|b)*$", r"", r"^$",
    r"^https?://[^\s/$.?#].[^\s]*$", r"^(?=.*\d)(?=.*[a-z]).{8,}$", r"^[A-Z]{2}\d{2}[A-Z0-9]{1,30}$", r"^a{0}b",
    r"^(\d{1,3}\.){3}\d{1,3}$", r"^\+?[1-9]\d{1,14}$", r"^#(?:[0-9a-fA-F]{3}){1,2}$", r"^\w+( \w+)*$", r"a$",
    r"^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$", r"^[a-z]{1,20}[a-z0-9]{0,20}$",
    r"^([\"']).*\1$", r"^(?:AF|AX|AL|DZ|AS|AD)(?:,(?:AF|AX|AL|DZ|AS|AD))*$", r"^.{1,4096}$", r"^.{2,4096}x$",
    r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$", r"^(?:\w{1,100}\.){1,20}$", r"^\S+@\S+",
    r"^[a-z0-9]+(?:-[a-z0-9]+)*$", r"(?i)^abc+d$", r"^.*x$", r"^-?\d+(\.\d+)?$", r"^(?!.*  )[a-z ]+$", r"^[^-]+-[^-]$",
    r"^(?P<q>['\"])x(?P=q)$", r"^(a)?(?(1)b|c)$", r"\Aa+\Z", r"^(?>a+)b$", r"[^a]b", r"^(?s:.)*$", r"^(\w|\d)*$",
    r"\d+(?:\.\d+)?", r"https?://\S+", r"\bfoo\w+", r"^(?:a+b|c)*", r"^[A-Z]{1,100}[A-Z0-9]{0,50}$",
    r"^.{0,100}x.{0,40}$", r"^(?=.{1,9}$)(?:(?!-)[a-z-]{1,63}(?<!-)\.)+$", r"(?:x*y)?", r"\b^a+$", r"(?:^a|^b)+$",
    r"^(\d)(:?)\1\2[a-z]+$", r"(?<!\d)\d{4}(?!\d)", r"(?<=a{30})b",
]  # fmt: skip
RUNAWAY = [
    r"^(a*)*$", r"^(a+)+$", r"^(a|a)*$", r"^(a|aa)+$", r"^(\w+\s?)*$", r"^([a-zA-Z]+)*$", r"^(.*)*$", r"a+$", r"\s+$",
    r"^\d+\d+$", r".*x.*y", r"^(?:a?){20}a{20}$", r"^(a*b*)*$", r"^([a-z]+)*@$", r"^(?:(?=.*x)a)*$", r"^.*.*$",
    r"^(([a-z])+.)+[A-Z]([a-z])+$", r"^(a?a?)*$", r"^\S+@\S+$", r"(?i)^[a-z]+[A-Z]+$", r"(?m)^a+$", r"(?:^|b)a+$",
    r"[^@]+@", r"^((é)|([à-ü]))*$", r"^((\w)|(\d))*$", r"^(?:(?!.*x)a)+$", r"^(a+)\1+$", r"^(?:a+){30}",
    r"^(?:[a-z]+ ?){30,}", r"^(?:\w+\W?){30}", r"((?:a|ab)(?:(?:a|b|ab)|A)+)\1", r"(?=(?:x|\w+ ))y",
    r"^(?:(?!(?:--|.*x)).)+$", r"(?:a++){2}", r"^(?:a{1,200}){200}$", r"^https?://(?:(?:\w+\.?)+@)?",
    r"^x(?:(?:a+)+b)?", r"^x(?:(?:a+)+b)*", r"^x(?:(?:a+)+b|)", r"^x(?:(?:a+)+b)?y?", r"^x(?:y(?:(?:a+)+b)?)*",
    r"(?:(?:a+)+b)?", r"^x(?:a+b|a)*", r"^x(?:a*+b|a)*", r"^x(?:(?:(?:a+)+b)??c)?", r"^(?:\ba|(?:a+)+b|)$",
    r"^(x)?(?:a|(?(1)(?:a+)+b|))$", r"^x(?:b*|c*){22}$", r"^(?:b*|c*){22}$", r"^a++a|^(?:a+)+b",
    r"^(x)(?:a(?(1)c|)|(?:a+)+b)", r"^x(?:\ba|(?:a+)+b)", r"\Ba|(?:a+)+b", r"^x(?:|){30}$", r"^(?:|){30}$",
    r"^x(?:|){30}y", r"^xa*?(?:(?:a+)+b)?", r"^.*(?=.*x)", r"^.{0,64}(?=(?:a+)+x)", r"^(?:(a)|[ab]){,40}$",
    r"x(?<=(?:(x)|[xy]){30})y", r"^(?:(?:(?:(?:(?:(?:(?:(?:x?)*)*)*)*)*)*)*)*y", "a" * 3000, "a{400,}",
    r"^(?:a|(?:|){30})*c", r"(?!^b)a+$", r"(?:^b)*a+$",
]  # fmt: skip


def is_taken(pattern: str, max_length: int | None) -> bool:
    try:
        refuse_runaway(pattern, max_length)
    except UsageError:
        return False
    return True


@pytest.mark.parametrize("pattern", FINE)
def test_what_takes_linear_time_is_taken(pattern: str) -> None:
    assert is_taken(pattern, None)


@pytest.mark.parametrize("pattern", RUNAWAY)
def test_what_could_run_away_is_refused(pattern: str) -> None:
    with pytest.raises(UsageError, match="could run away"):
        refuse_runaway(pattern, None)


@pytest.mark.parametrize("common", COMMON, ids=lambda common: common.name)
def test_a_pattern_that_people_write_is_taken_unless_a_text_makes_it_run_away(common: Common) -> None:
    assert is_taken(common.pattern, None) is (common.verdict == TAKEN)
    assert is_taken(common.pattern, common.max_length) is (common.verdict in (TAKEN, SHORT))
    allowed = LIMIT_STEPS_PER_CHARACTER * len(common.attack)
    assert (reads(common.pattern, common.attack, allowed) <= allowed) is (common.verdict == TAKEN)
    if common.verdict == REFUSED:
        assert len(common.attack) <= common.max_length


@pytest.mark.parametrize(("pattern", "max_length"), TOO_STRICT)
def test_a_pattern_that_takes_more_steps_by_the_count_alone_is_refused_too(pattern: str, max_length: int) -> None:
    assert not is_taken(pattern, max_length)


@pytest.mark.parametrize(
    "pattern", [*RUNAWAY, "(?i)[a-z]+$", *(each.pattern for each in COMMON if each.verdict != TAKEN)]
)
def test_what_an_error_says_to_do_makes_the_pattern_acceptable(pattern: str) -> None:
    with pytest.raises(UsageError) as caught:
        refuse_runaway(pattern, None)
    found = re.search(r"text of (\d+) characters .* character; (.*)$", str(caught.value))
    assert found
    remedies = found[2].split(", or ")
    assert remedies
    for remedy in remedies:
        if remedy == "begin it with '^'":
            assert is_taken(re.sub(r"^(\(\?i\))?", r"\1^", pattern, count=1), None)
        elif length := re.fullmatch(r"give the text max_length=(\d+)", remedy):
            assert is_taken(pattern, int(length[1]))
            assert not is_taken(pattern, int(length[1]) + 1)
        else:
            assert remedy == "rewrite it so that no two repeats in a row can take the same characters"
            assert "begin it with '^'" not in remedies


def test_the_way_out_of_a_missing_anchor_is_the_anchor() -> None:
    with pytest.raises(UsageError, match=r"; begin it with '\^', or give the text max_length=296$"):
        refuse_runaway("[a-z]+$", None)


def test_a_text_that_is_too_long_is_refused_before_it_is_searched() -> None:
    with pytest.raises(ValidationError) as caught:
        GType(Annotated[str, msgspec.Meta(pattern="[a-z]+$", max_length=200)]).decode(b'"%s"' % (b"1" * 201))
    assert [each.code for each in caught.value.violations] == ["length"]


@pytest.mark.parametrize(
    "pattern", ["(" * 500 + "a" + ")" * 500, "^(?:" + "|".join(map("{:b}".format, range(3000))) + ")*$"]
)
def test_a_pattern_that_nobody_could_judge_in_time_is_refused(pattern: str) -> None:
    with pytest.raises(UsageError, match="too complex"):
        refuse_runaway(pattern, None)


def test_what_is_not_a_pattern_is_refused() -> None:
    with pytest.raises(UsageError, match="is not a regular expression"):
        refuse_runaway("(", None)


def test_a_type_with_such_a_pattern_anywhere_does_not_compile() -> None:
    with pytest.raises(UsageError, match="could run away"):
        GType(dict[str, list[Annotated[str, msgspec.Meta(pattern="^(a*)*$")] | None]])


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:  # a lookbehind of no fixed width, or a group that is not there
        return False
    return True


def _grouped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    counts, moods = ["*", "+", "?", "{2}", "{0,2}", "{1,3}", "{2,}"], ["", "", "?", "+"]
    return st.one_of(
        st.builds("{}{}".format, inner, inner),
        st.builds("(?:{}|{})".format, inner, inner),
        st.builds("(?:{}){}{}".format, inner, st.sampled_from(counts), st.sampled_from(moods)),
        st.builds("(?:{}){}".format, inner, st.sampled_from(["*", "+", "?"])),
        st.builds("({}{})".format, st.sampled_from(["?>", "?=", "?!", "?<=", "?<!", ""]), inner),
    )


PIECES = st.recursive(st.sampled_from(["a", "b", "[ab]", "[^a]", "."]), _grouped, max_leaves=6)
TAILS = st.one_of(st.just(""), st.builds("(?:{}){}".format, PIECES, st.sampled_from(["?", "*", "??", "?+", "{0,2}"])))
PATTERNS = st.builds(
    "{}{}{}{}".format, st.sampled_from(["^", "", "^c"]), PIECES, TAILS, st.sampled_from(["", "$", "c", r"\1", "|c"])
).filter(_compiles)
TEXTS = st.builds(
    lambda before, pump, count, after: before + pump * count + after,
    st.text("abc", max_size=2), st.text("ab", min_size=1, max_size=3), st.integers(1, 30), st.sampled_from("abcd"),
)  # fmt: skip


@settings(max_examples=300)
@given(PATTERNS, TEXTS)
@example("(?:(?:aa){1,3}){2}$", "a" * 30)
@example("^(?:(?:a)*(?:[ab])*)*(?:b)?c", "aab")
@example("^c(?<=[^a])", "c")
@example("^(?:a)*", "aa")
@example("^(?:a?|b?)*[ab]*c", "a" * 30)
@example("^(?:a(?<=a)b(?<=b))*$", "ab" * 15)
def test_no_search_takes_more_steps_than_are_counted(pattern: str, text: str) -> None:
    growth = Growth(pattern)
    counted = [growth.longer() for _ in text][-1]
    assert reads(pattern, text, 5_000) <= counted


@settings(max_examples=300)
@given(PATTERNS, TEXTS)
@example("(?:(?:aa){1,3}){2}$", "a" * 30)
def test_a_search_for_a_pattern_that_is_taken_takes_few_steps(pattern: str, text: str) -> None:
    assume(is_taken(pattern, len(text)))
    allowed = LIMIT_STEPS_PER_CHARACTER * (len(text) + Growth(pattern).beyond)
    assert reads(pattern, text, allowed) <= allowed
