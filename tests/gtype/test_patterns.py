"""Patterns that could run away, and an oracle: a matcher that backtracks as `re` does, and counts its steps."""

import importlib
import re
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pyrt import GType, UsageError
from pyrt.gtype.patterns import LIMIT_WAYS, refuse_runaway

parser: Any = importlib.import_module("re._parser")
Go = Callable[[int], bool]

FINE = [
    r"^[a-z]+$", r"^\d{4}-\d{2}-\d{2}$", r"@", r"\d+", r"^(?:[a-z]+\.)*[a-z]+$", r"^a?b?c?$", r"^(a|b)*$", r"", r"^$",
    r"^https?://[^\s/$.?#].[^\s]*$", r"^(?=.*\d)(?=.*[a-z]).{8,}$", r"^[A-Z]{2}\d{2}[A-Z0-9]{1,30}$", r"^a{0}b",
    r"^(\d{1,3}\.){3}\d{1,3}$", r"^\+?[1-9]\d{1,14}$", r"^#(?:[0-9a-fA-F]{3}){1,2}$", r"^\w+( \w+)*$", r"a$",
    r"^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$", r"^[a-z]{1,20}[a-z0-9]{0,20}$",
    r"^([\"']).*\1$", r"^(?:AF|AX|AL|DZ|AS|AD)(?:,(?:AF|AX|AL|DZ|AS|AD))*$", r"^.{1,4096}$", r"^.{2,4096}x$",
    r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
    r"^[a-z0-9]+(?:-[a-z0-9]+)*$", r"(?i)^abc+d$", r"^.*x$", r"^-?\d+(\.\d+)?$", r"^(?!.*  )[a-z ]+$", r"^[^-]+-[^-]$",
    r"^(?P<q>['\"])x(?P=q)$", r"^(a)?(?(1)b|c)$", r"\Aa+\Z", r"^(?>a+)b$", r"[^a]b", r"^(?s:.)*$", r"^(\w|\d)*$",
    r"\d+(?:\.\d+)?", r"https?://\S+", r"\bfoo\w+", r"^(?:[a-z]+ ?){1,30}", r"^x(?:(?:a+)+b)??", r"^(?:a+b|c)*",
    r"^[A-Z]{1,100}[A-Z0-9]{0,50}$", r"^.{0,100}x.{0,40}$", r"^(?=.{1,9}$)(?:(?!-)[a-z-]{1,63}(?<!-)\.)+$",
    r"^(\w+\s?)*", r"(?:x*y)?", r"(?:(?:a+)+b)??", r"^(?:a|(?:b+)+)*",
]  # fmt: skip
RUNAWAY = [
    r"^(a*)*$",
    r"^(a+)+$",
    r"^(a|a)*$",
    r"^(a|aa)+$",
    r"^(\w+\s?)*$",
    r"^([a-zA-Z]+)*$",
    r"^(.*)*$",
    r"a+$",
    r"\s+$",
    r"^\d+\d+$",
    r".*x.*y",
    r"^(?:a?){20}a{20}$",
    r"^(a*b*)*$",
    r"^([a-z]+)*@$",
    r"^(?:(?=.*x)a)*$",
    r"^.*.*$",
    r"^(([a-z])+.)+[A-Z]([a-z])+$",
    r"^(a?a?)*$",
    r"^\S+@\S+$",
    r"(?i)^[a-z]+[A-Z]+$",
    r"(?m)^a+$",
    r"(?:^|b)a+$",
    r"[^@]+@",
    r"^((é)|([à-ü]))*$",
    r"^((\w)|(\d))*$",
    r"^(?:(?!.*x)a)+$",
    r"^(a+)\1+$",
    r"^(?:a+){30}",
    r"^(?:[a-z]+ ?){30,}",
    r"^(?:\w+\W?){30}",
    r"((?:a|ab)(?:(?:a|b|ab)|A)+)\1",
    r"(?=(?:x|\w+ ))y",
    r"^(?:(?!(?:--|.*x)).)+$",
    r"(?:a++){2}",
    r"^(?:a{1,200}){200}$",
    r"^https?://(?:(?:\w+\.?)+@)?",
    r"^x(?:(?:a+)+b)?",
    r"^x(?:(?:a+)+b)*",
    r"^x(?:(?:a+)+b|)",
    r"^x(?:(?:a+)+b)?y?",
    r"^x(?:y(?:(?:a+)+b)?)*",
    r"(?:(?:a+)+b)?",
    r"^x(?:a+b|a)*",
    r"^x(?:a*+b|a)*",
    r"^x(?:(?:(?:a+)+b)??c)?",
    r"^(?:\ba|(?:a+)+b|)$",
    r"^(x)?(?:a|(?(1)(?:a+)+b|))$",
    r"^x(?:b*|c*){22}$",
    r"^(?:b*|c*){22}$",
    r"^a++a|^(?:a+)+b",
    r"^(x)(?:a(?(1)c|)|(?:a+)+b)",
    r"^x(?:\ba|(?:a+)+b)",
    r"\Ba|(?:a+)+b",
    r"^x(?:|){30}$",
    r"^(?:|){30}$",
    r"^xa*?(?:(?:a+)+b)?",
    r"^.*(?=.*x)",
    r"^.{0,64}(?=(?:a+)+x)",
    r"^(?:(a)|[ab]){,40}$",
    r"x(?<=(?:(x)|[xy]){30})y",
]
# What people check with patterns, and how long it may be.
POPULAR: list[tuple[str, int | None]] = [
    (r"^.+@.+$", 254), (r"^[^@]+@[^@]+\.[^@]+$", 254), (r"^[^\s@]+@[^\s@]+\.[^\s@]+$", 254), (r"[A-Za-z0-9]+$", 200),
    (r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$", 254), (r"^[\w.+-]+@[\w-]+\.[\w.-]+$", None),
    (
        r"^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
        r"(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$",
        None,
    ),
    (r"^[\w-]{1,64}@[\w.-]{1,255}$", None), (r"^\s+|\s+$", 200), (r"\w+\s\w+", 200), (r"^\S+@\S+\.\S+$", 30),
    (r"^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", None), (r"^[a-z0-9]+(?:[-_][a-z0-9]+)*$", None),
    (r"^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?:T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?Z?)?$", None),
    (r"^https?://[\w.-]+(?::\d+)?(?:/[^\s?#]*)?(?:\?[^\s#]*)?(?:#\S*)?$", None),
    (
        r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
        r"(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$",
        None,
    ),
    (r"^#?(?:[a-f0-9]{8}|[a-f0-9]{6}|[a-f0-9]{3})$", None), (r"^(?:[01]\d|2[0-3]):[0-5]\d$", None),
    (r"^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$", None), (r"^\+?\d{1,3}[ -]?\(?\d{1,4}\)?(?:[ -]?\d{2,4}){1,4}$", 20),
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


@pytest.mark.parametrize(("pattern", "max_length"), POPULAR)
def test_what_people_check_with_patterns_is_taken(pattern: str, max_length: int | None) -> None:
    assert is_taken(pattern, max_length)


@pytest.mark.parametrize("pattern", RUNAWAY)
def test_what_could_run_away_is_refused(pattern: str) -> None:
    with pytest.raises(UsageError, match="could run away"):
        refuse_runaway(pattern, None)


@pytest.mark.parametrize("pattern", [r"a+$", r".*x.*y", r"^(a|a)*$", r"^\S+@\S+$"])
def test_a_pattern_that_grows_is_taken_for_texts_that_are_short_enough(pattern: str) -> None:
    with pytest.raises(UsageError) as caught:
        refuse_runaway(pattern, None)
    found = re.search(r"a text of (\d+) characters .* allow at most (\d+) \(max_length\)", str(caught.value))
    assert found
    assert int(found[2]) == int(found[1]) - 1
    assert is_taken(pattern, int(found[2]))
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


class Search:
    """One search, as `re` does it: it backtracks. Counts the characters that it reads.

    Attributes:
        reads: how often a character was read, by whatever way.
    """

    LIMIT = 15_000

    def __init__(self, pattern: str, text: str) -> None:
        self.tree: Any = parser.parse(pattern)
        self.text = text
        self.reads = 0
        self.groups: dict[int, str] = {}

    def succeeds(self) -> bool:
        return any(self._each(list(self.tree), start, lambda at: True) for start in range(len(self.text) + 1))

    def _each(self, items: list[Any], at: int, go: Go) -> bool:
        if not items:
            return go(at)
        before = dict(self.groups)
        if self._one(*items[0], at, lambda then: self._each(items[1:], then, go)):
            return True
        self.groups = before
        return False

    def _one(self, operator: Any, argument: Any, at: int, go: Go) -> bool:
        match str(operator):
            case "LITERAL" | "NOT_LITERAL" | "ANY" | "IN" as kind:
                if not self._fits(kind, argument, self.text[at : at + 1]):
                    return False
                self.reads += 1
                if self.reads >= self.LIMIT:
                    raise OverflowError
                return go(at + 1)
            case "MAX_REPEAT" | "MIN_REPEAT" as kind:
                return self._repeat(*argument, kind == "MIN_REPEAT", at, go, 0, -1)
            case "POSSESSIVE_REPEAT":
                end = self._first_end(lambda ends: self._repeat(*argument, False, at, ends, 0, -1))
                return end is not None and go(end)
            case name:
                return self._group(name, argument, at, go)

    def _group(self, name: str, argument: Any, at: int, go: Go) -> bool:
        match name:
            case "SUBPATTERN":
                return self._each(list(argument[3]), at, lambda then: self._capture(argument[0], at, then, go))
            case "BRANCH":
                return any(self._each(list(each), at, go) for each in argument[1])
            case "ATOMIC_GROUP":
                end = self._first_end(lambda ends: self._each(list(argument), at, ends))
                return end is not None and go(end)
            case "ASSERT" | "ASSERT_NOT" as kind:
                direction, inner = argument
                begin = at - inner.getwidth()[0] if direction < 0 else at
                found = begin >= 0 and self._each(list(inner), begin, lambda then: True)
                return found == (kind == "ASSERT") and go(at)
            case "GROUPREF":
                known = self.groups.get(argument)
                return known is not None and self.text.startswith(known, at) and go(at + len(known))
        assert name == "AT"
        if str(argument) == "AT_BEGINNING":
            return at == 0 and go(at)
        return at == len(self.text) and go(at)  # no text here ends with a new line

    @staticmethod
    def _fits(kind: str, argument: Any, character: str) -> bool:
        if kind == "ANY" or not character:
            return bool(character)
        items = argument if kind == "IN" else [(kind, argument)]
        fits = any(chr(value) == character for name, value in items if str(name).endswith("LITERAL"))
        return fits != (kind == "NOT_LITERAL" or str(items[0][0]) == "NEGATE")

    def _capture(self, group: int | None, at: int, then: int, go: Go) -> bool:
        if group is not None:
            self.groups[group] = self.text[at:then]
        return go(then)

    @staticmethod
    def _first_end(ways: Callable[[Go], bool]) -> int | None:
        found: list[int] = []
        ways(lambda then: found.append(then) or True)  # type: ignore[func-returns-value]
        return found[0] if found else None

    def _repeat(
        self, least: int, most: Any, inner: Any, is_lazy: bool, at: int, go: Go, count: int, before: int
    ) -> bool:
        def again() -> bool:
            return self._each(
                list(inner), at, lambda then: self._repeat(least, most, inner, is_lazy, then, go, count + 1, at)
            )

        if count < least:
            return again()
        # `re` ends a repeat that reads nothing.
        ways = [again] if count < most and at != before else []
        return any(way() for way in ([lambda: go(at), *ways] if is_lazy else [*ways, lambda: go(at)]))


def reads(pattern: str, text: str) -> int:
    """How many characters a search reads; what it finds is what `re` finds."""
    search = Search(pattern, text)
    try:
        found = search.succeeds()
    except OverflowError:
        return Search.LIMIT
    is_odd = re.search(r"\?>|[*+?}]\+|\\1", pattern)  # where `re` of 3.11 forgets groups and ways
    assert is_odd or found == bool(re.search(pattern, text))
    return search.reads


def grouped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    quantifiers = st.builds(
        "".join, st.tuples(st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,3}", "{2,}"]), st.sampled_from(MOODS))
    )
    return st.one_of(
        st.builds("{}{}".format, inner, inner),
        st.builds("(?:{}|{})".format, inner, inner),
        st.builds("(?:{}){}".format, inner, quantifiers),
        st.builds("(?:{}){}".format, inner, st.sampled_from(["*", "+", "?"])),
        st.builds("({}{})".format, st.sampled_from(["?>", "?=", "?!", ""]), inner),
    )


MOODS = ["", "", "?", "+"]
PIECES = st.recursive(st.sampled_from(["a", "b", "[ab]", "[^a]", "."]), grouped, max_leaves=6)
TAILS = st.one_of(st.just(""), st.builds("(?:{}){}".format, PIECES, st.sampled_from(["?", "*", "??", "?+", "{0,2}"])))
PATTERNS = st.builds(
    "".join, st.tuples(st.sampled_from(["^", "", "^c"]), PIECES, TAILS, st.sampled_from(["", "$", "c", r"\1", "|c"]))
).filter(lambda pattern: "\\1" not in pattern or re.search(r"\((?!\?)", pattern) is not None)


@settings(max_examples=300, deadline=None)
@given(PATTERNS, st.text("ab", max_size=2), st.text("ab", min_size=1, max_size=3), st.sampled_from(["", "b", "c", "d"]))
def test_no_text_makes_a_pattern_that_is_taken_run_away(pattern: str, before: str, pump: str, after: str) -> None:
    try:
        refuse_runaway(pattern, None)
    except UsageError:
        assume(False)
    if pattern.startswith("^c"):
        before = f"c{before}"
    once, twice = (reads(pattern, before + pump * (length // len(pump)) + after) for length in (15, 30))
    assert twice <= 3 * once + 100
    assert twice <= 2 * LIMIT_WAYS * 35


@settings(max_examples=150, deadline=None)
@given(PATTERNS, st.integers(8, 20), st.text("ab", min_size=1, max_size=3), st.sampled_from("abcd"))
def test_a_text_that_is_short_enough_takes_few_steps(pattern: str, max_length: int, pump: str, last: str) -> None:
    try:
        refuse_runaway(pattern, max_length)
    except UsageError:
        assume(False)
    text = f"{'c' * pattern.startswith('^c')}{pump * max_length}"[: max_length - 1] + last
    assert reads(pattern, text) <= 2 * LIMIT_WAYS * max_length
