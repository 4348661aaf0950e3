"""A pattern as an automaton that counts in how many ways `re` can read a text.

It is a Glushkov automaton: one state for each character that the pattern reads, and steps from each state to the next
ones, each with the number of ways in which it can be taken.

The ways are never too few. They are too many for possessive repeats and atomic groups (counted as ordinary ones), for
repeats of over 100 (as endless), lookarounds (all that they could read is tried each time), word boundaries (they are
everywhere), back-references (they read whatever their group can), and characters beyond ASCII (see `_letters`).
"""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

__all__ = ("START", "Automaton", "TooComplex", "Ways")

# Private: Python 3.11 to 3.13 have it, and nothing public replaces it (`sre_parse`, its old name, is deprecated). A
# pattern with an operator that is unknown here is refused. A test holds what is read here of parsed patterns, and
# fails when `re` has a public parser.
_parser: Any = importlib.import_module("re._parser")

# What a count may cost, in its own steps, once per pattern: about half a second.
LIMIT_WORK = 3_000_000
# Counted repeats up to this many are written out; longer ones count as endless.
LIMIT_WRITTEN_OUT = 100

# One of each kind that a pattern can tell apart: ASCII; what equals an ASCII letter when case is ignored; and letters,
# digits, spaces and symbols beyond.
_LETTERS = [*map(chr, range(128)), *"\u017f\u212a\u0130\u0131\x85\xa0ªµéßÿĀΩжא٣०Ⅷ中あ한₂²\u2028\u3000😀\U0010ffff"]
_ALL, _ASCII = (1 << len(_LETTERS)) - 1, (1 << 128) - 1

START = -1
# States, each with the number of ways that lead there; what is over _MANY is too many for any text.
Ways = dict[int, int]
_MANY = 10**18


class TooComplex(Exception):
    """The count would take too long."""


@dataclass(slots=True)
class _Piece:
    """A part of a pattern.

    Attributes:
        empty: the number of ways to read nothing.
        first, last: the states that read its first and its last character.
        free: the last states after which nothing can fail any more.
        skips: it can read nothing, and does not ask for anything either, as `$` and lookarounds do.
        is_anchored: it matches at the start of the text only.
    """

    empty: int = 1
    first: Ways = field(default_factory=dict)
    last: Ways = field(default_factory=dict)
    free: set[int] = field(default_factory=set)
    skips: bool = True
    is_anchored: bool = False

    def unsure(self) -> _Piece:
        """The same, if it may fail after any of its characters."""
        return replace(self, free=set(), skips=False)


def _times(ways: Ways, factor: int) -> Ways:
    return {state: min(_MANY, n * factor) for state, n in ways.items()} if factor else {}


class Automaton:
    """A pattern as states and steps between them.

    Attributes:
        whole: the piece that is the whole pattern.
        readers: for each of `_LETTERS`, the states that read it, as a set of bits; equal ones once.
        beyond: how many characters more than the text has are counted: at its end one more is tried in vain, and
            lookbehinds count as looking ahead.
    """

    def __init__(self, pattern: str) -> None:
        tree = _parser.parse(pattern)
        self._letters: list[int] = []
        self._steps: list[Ways] = []
        self._groups: dict[int | None, tuple[Any, int]] = {}
        self._left = LIMIT_WORK
        self.beyond = 1
        self.whole = self._whole(tree, tree.state.flags)
        self.readers = {
            sum(1 << state for state, letters in enumerate(self._letters) if letters >> at & 1)
            for at in range(len(_LETTERS))
        }

    def spend(self, work: int) -> None:
        self._left -= work
        if self._left < 0:
            raise TooComplex

    def steps_from(self, state: int) -> Ways:
        return self.whole.first if state == START else self._steps[state]

    def _whole(self, tree: Iterable[tuple[Any, Any]], flags: int) -> _Piece:
        """The piece of a whole pattern or lookaround; if there are many ways to its end, they read one state more."""
        whole = self._sequence(tree, flags)
        end = self._character(_ALL).first
        self._step({state: ways for state, ways in whole.last.items() if ways > 1 and state not in whole.free}, end)
        if whole.empty > 1 and not whole.skips:
            whole.first |= _times(end, whole.empty)
        return whole

    def _sequence(self, tree: Iterable[tuple[Any, Any]], flags: int) -> _Piece:
        whole = _Piece()
        for kind, argument in tree:
            whole = self._then(whole, self._piece(str(kind), argument, flags))
        return whole

    def _piece(self, kind: str, argument: Any, flags: int) -> _Piece:
        match kind:
            case "LITERAL" | "NOT_LITERAL" | "ANY" | "IN":
                return self._character(_letters(tuple(argument) if kind == "IN" else ((kind, argument),), flags))
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                least, most, inner = argument
                return self._repeat(least, most, inner, flags)
            case "SUBPATTERN":
                group, added, removed, inner = argument
                self._groups[group] = inner, (flags | added) & ~removed
                return self._sequence(*self._groups[group])
            case "BRANCH":
                return functools.reduce(self._either, [self._sequence(each, flags) for each in argument[1]])
            case "ATOMIC_GROUP":
                return self._sequence(argument, flags)
            case "GROUPREF":
                inner, inner_flags = self._groups[argument]
                return self._sequence(inner, flags | inner_flags).unsure()
            case "GROUPREF_EXISTS":
                _, yes, no = argument
                return self._either(self._sequence(yes, flags), self._sequence(no or [], flags)).unsure()
            case "ASSERT" | "ASSERT_NOT":
                direction, inner = argument
                return self._lookaround(direction, inner, flags)
            case "AT":
                starts = ("AT_BEGINNING_STRING",) if flags & re.MULTILINE else ("AT_BEGINNING_STRING", "AT_BEGINNING")
                return _Piece(skips=False, is_anchored=str(argument) in starts)
        raise TooComplex

    def _character(self, letters: int) -> _Piece:
        self.spend(1)
        state = len(self._letters)
        self._letters.append(letters)
        self._steps.append({})
        return _Piece(0, {state: 1}, {state: 1}, {state}, skips=False)

    def _lookaround(self, direction: int, inner: Any, flags: int) -> _Piece:
        begun = len(self._letters)
        looks = self._whole(inner, flags)
        if direction < 0:
            # What was read before may be anything.
            self._letters[begun:] = [_ALL] * (len(self._letters) - begun)
            self.beyond = max(self.beyond, 1 + inner.getwidth()[1])
        return replace(looks, empty=1, last={}, is_anchored=False).unsure()

    def _repeat(self, least: int, most: Any, inner: Any, flags: int) -> _Piece:
        if most <= LIMIT_WRITTEN_OUT:
            return self._written_out(least, most, inner, flags)
        if 1 < least <= LIMIT_WRITTEN_OUT:
            start = self._written_out(least - 1, least - 1, inner, flags)
            return self._then(start, self._repeat(1, most, inner, flags))
        piece = self._sequence(inner, flags)
        self._step(piece.last, piece.first)
        # After each repeat, `re` also tries one that reads nothing.
        piece.last = _times(piece.last, 1 + piece.empty)
        if least == 0:
            return replace(piece, empty=min(_MANY, 1 + piece.empty), skips=True, is_anchored=False)
        # One that has to come very often may fail before it has.
        return piece if least == 1 else piece.unsure()

    def _written_out(self, least: int, most: int, inner: Any, flags: int) -> _Piece:
        """The repeats one after the other; those beyond *least* may be left out, with all that follow."""
        rest = _Piece()
        for at in range(most, 0, -1):
            rest = self._then(self._sequence(inner, flags), rest)
            if at > least:
                rest = self._either(rest, _Piece())
        return rest

    def _then(self, one: _Piece, other: _Piece) -> _Piece:
        self.spend(1)
        self._step(one.last, other.first)
        return _Piece(
            min(_MANY, one.empty * other.empty),
            one.first | _times(other.first, one.empty),
            _times(one.last, other.empty) | other.last,
            other.free | (one.free if other.skips else set()),
            one.skips and other.skips,
            one.is_anchored or (other.is_anchored and not one.first),
        )

    def _either(self, one: _Piece, other: _Piece) -> _Piece:
        return _Piece(
            min(_MANY, one.empty + other.empty),
            one.first | other.first,
            one.last | other.last,
            one.free | other.free,
            one.skips or other.skips,
            one.is_anchored and other.is_anchored,
        )

    def _step(self, sources: Ways, targets: Ways) -> None:
        self.spend(len(sources) * len(targets))
        for source, ways in sources.items():
            steps = self._steps[source]
            for target, more in targets.items():
                steps[target] = min(_MANY, steps.get(target, 0) + ways * more)


_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d", "CATEGORY_SPACE": r"\s", "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_DIGIT": r"\D", "CATEGORY_NOT_SPACE": r"\S", "CATEGORY_NOT_WORD": r"\W",
}  # fmt: skip


@functools.lru_cache(maxsize=1024)
def _letters(items: tuple[tuple[Any, Any], ...], flags: int) -> int:
    """What one character of a pattern matches, as a set of bits over `_LETTERS`: `re` is asked.

    Since `_LETTERS` has few characters beyond ASCII, one that is named in a set counts as all of them, and one that is
    named in a negated set as none.
    """
    found, is_negated = 0, str(items[0][0]) in ("NEGATE", "NOT_LITERAL")
    for kind, value in items:
        match str(kind):
            case "ANY":
                found |= _matching(".", flags)
            case "CATEGORY":
                found |= _matching(_CATEGORIES[str(value)], flags)
            case "RANGE" | "LITERAL" | "NOT_LITERAL" as name:
                low, high = value if name == "RANGE" else (value, value)
                named = _matching(f"[\\U{low:08x}-\\U{high:08x}]", flags)
                found |= named & _ASCII if is_negated else named | (_ALL & ~_ASCII if high > 127 else 0)
    # What matches nothing is tried all the same, as often as what comes before it is read.
    return (_ALL & ~found if is_negated else found) or _ALL


def _matching(pattern: str, flags: int) -> int:
    found = re.compile(pattern, flags & (re.ASCII | re.DOTALL | re.IGNORECASE))
    return sum(1 << at for at, letter in enumerate(_LETTERS) if found.match(letter))
