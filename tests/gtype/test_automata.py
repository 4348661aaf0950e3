"""What of a pattern becomes states, and what is read of Python's own parser."""

import importlib
import re
from typing import Any

import pytest

from pyrt import UsageError
from pyrt.gtype.patterns import refuse_runaway

parser: Any = importlib.import_module("re._parser")


def is_taken(pattern: str, max_length: int | None = None) -> bool:
    try:
        refuse_runaway(pattern, max_length)
    except UsageError:
        return False
    return True


@pytest.mark.parametrize(
    ("pattern", "parsed"),
    [
        ("a", "[(LITERAL, 97)]"),
        ("[^a]", "[(NOT_LITERAL, 97)]"),
        (".", "[(ANY, None)]"),
        (r"[^a-c\d]", "[(IN, [(NEGATE, None), (RANGE, (97, 99)), (CATEGORY, CATEGORY_DIGIT)])]"),
        ("a*", "[(MAX_REPEAT, (0, MAXREPEAT, [(LITERAL, 97)]))]"),
        ("a{2,3}?", "[(MIN_REPEAT, (2, 3, [(LITERAL, 97)]))]"),
        ("a++", "[(POSSESSIVE_REPEAT, (1, MAXREPEAT, [(LITERAL, 97)]))]"),
        ("(?i-m:a)", "[(SUBPATTERN, (None, 2, 8, [(LITERAL, 97)]))]"),
        ("(a)", "[(SUBPATTERN, (1, 0, 0, [(LITERAL, 97)]))]"),
        ("ab|cd", "[(BRANCH, (None, [[(LITERAL, 97), (LITERAL, 98)], [(LITERAL, 99), (LITERAL, 100)]]))]"),
        ("(?>a)", "[(ATOMIC_GROUP, [(LITERAL, 97)])]"),
        ("(?=a)", "[(ASSERT, (1, [(LITERAL, 97)]))]"),
        ("(?<!a)", "[(ASSERT_NOT, (-1, [(LITERAL, 97)]))]"),
        (r"^\A$\Z\b\B", "[(AT, AT_BEGINNING), (AT, AT_BEGINNING_STRING), (AT, AT_END), (AT, AT_END_STRING), "
         "(AT, AT_BOUNDARY), (AT, AT_NON_BOUNDARY)]"),
        (r"()\1(?(1)a|b)", "[(SUBPATTERN, (1, 0, 0, [])), (GROUPREF, 1), "
         "(GROUPREF_EXISTS, (1, [(LITERAL, 97)], [(LITERAL, 98)]))]"),
    ],
)  # fmt: skip
def test_the_private_parser_says_what_is_read_of_it(pattern: str, parsed: str) -> None:
    tree = parser.parse(pattern)
    assert repr(tree) == parsed
    assert isinstance(tree.state.flags, int)
    assert tree.getwidth()[0] <= tree.getwidth()[1]


def test_there_is_no_public_parser_yet() -> None:
    found = [name for name in dir(re) if "pars" in name.lower() and not name.startswith("_")]
    assert found == [], f"re.{found} may replace re._parser in pyrt/gtype/automata.py"


def test_every_operator_that_the_parser_can_find_is_known() -> None:
    read = {
        "ANY", "ASSERT", "ASSERT_NOT", "AT", "ATOMIC_GROUP", "BRANCH", "CATEGORY", "GROUPREF", "GROUPREF_EXISTS", "IN",
        "LITERAL", "MAX_REPEAT", "MIN_REPEAT", "NEGATE", "NOT_LITERAL", "POSSESSIVE_REPEAT", "RANGE", "SUBPATTERN",
    }  # fmt: skip
    compiled = {
        "ANY_ALL", "BIGCHARSET", "CHARSET", "FAILURE", "INFO", "JUMP", "MARK", "MAX_UNTIL", "MIN_REPEAT_ONE",
        "MIN_UNTIL", "POSSESSIVE_REPEAT_ONE", "REPEAT", "REPEAT_ONE", "SUCCESS",
    }  # fmt: skip
    names = {str(each) for each in importlib.import_module("re._constants").OPCODES}
    new = {name for name in names - read - compiled if not name.endswith("_IGNORE")}
    assert new == set(), f"Automaton._piece in pyrt/gtype/automata.py refuses patterns with {new}"


@pytest.mark.parametrize(
    "pattern",
    [
        "^([^é]|ü)*$",
        "^((?:[日中])x?|(?:[日あ])x?)*$",
        "^((?:[^x\x80-\u65e4\u65e6-\U0010ffff])x?|(?:日)x?)*$",
        "^((?:[à-ü])x?|(?:é)x?)*$",
        r"^((?:[\u2000-\u2100])x?|\wx?)*$",
        "(?i)^((?:k)x?|(?:\u212a)x?)*$",
        "(?i)^((?:s)x?|(?:ſ)x?)*$",
        r"^(\W|[^\w])*$",
        r"(?a)^((?:é)x?|\Wx?)*$",
        "(?s)^(\n|.)*$",
        r"^(.|\r)*$",
        "(?i:^((?:a)x?|(?:A)x?)*$)",
    ],
)
def test_what_two_alternatives_both_take_is_read_in_many_ways(pattern: str) -> None:
    assert not is_taken(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"^(\w|\W)*$",
        r"^(\d|\D)*$",
        r"^(\s|\S)*$",
        "^([a-z]|[A-Z])*$",
        r"^(.|\n)*$",
        "(?a)^(é|[a-z])*$",
        "^([^é]|a|b){3}$",
    ],
)
def test_what_no_two_alternatives_take_is_read_in_one_way(pattern: str) -> None:
    assert is_taken(pattern)


@pytest.mark.parametrize(
    ("pattern", "max_length"),
    [
        (r"^.{16}(?<=(?:(x)|[xy]){16})y", 16),
        (r"^x(?:|){16}y", 2),
        (r"^x(?:|){16}[^\s\S]", 2),
        (r"^(?:b*|c*){16}$", 1),
    ],
)
def test_what_is_tried_at_the_end_of_a_text_counts(pattern: str, max_length: int) -> None:
    assert not is_taken(pattern, max_length)
