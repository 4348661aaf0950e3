"""Patterns that could run away: found before they meet any input.

`re` backtracks: where a text can be read in many ways, all of them are tried before it is refused. So a pattern is made
an automaton (Glushkov: one state per character of the pattern), and the automaton is asked for the text that can be
read in the most ways: the sets of states that a text leads to, each state with the number of ways to it, are followed
breadth first. There are finitely many where the number of ways is bounded, as it must be; then the work for each
character of a text is bounded, too. `re.search` may begin anywhere, which is one more way at each character, unless the
pattern begins with `^`.

The verdict errs on the safe side: very long counted repeats are taken as endless, possessive ones as ordinary.
"""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import UsageError

__all__ = ("refuse_runaway",)

# Ways to read a text up to some character of it: each is a step that a search may take there.
LIMIT_WAYS = 32
# Of the analysis: states of an automaton, and steps from sets of states to others. Past them a pattern is refused.
LIMIT_STATES, LIMIT_STEPS = 2_000, 1_000_000
# Counted repeats up to this many are written out; longer ones are endless.
LIMIT_WRITTEN_OUT = 100

# Texts that no two character classes tell apart are one letter: ASCII, and some of each kind beyond it.
_LETTERS = [*map(chr, range(128)), *"\x85\xa0ªµéßÿĀΩжא٣०Ⅷ中あ한₂²  \u2028　😀\U0010ffff"]
_ALL = (1 << len(_LETTERS)) - 1

_MANY = LIMIT_WAYS + 1

_CATEGORIES = {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w", "NOT_DIGIT": r"\D", "NOT_SPACE": r"\S", "NOT_WORD": r"\W"}
_parser: Any = importlib.import_module("re._parser")


def refuse_runaway(pattern: str, max_length: int | None) -> None:
    """Raise UsageError if searching *pattern* in a text of up to *max_length* characters could take very long."""
    cause = _verdict(pattern, max_length)
    if cause:
        raise UsageError(f"the pattern {pattern!r} {cause}")


@functools.lru_cache(maxsize=1024)
def _verdict(pattern: str, max_length: int | None) -> str:
    try:
        tree = _parser.parse(pattern)
        return _cause(tree, max_length, anchored=_is_anchored(tree, tree.state.flags))
    except (re.error, OverflowError) as error:
        return f"is no regular expression: {error}"
    except (_TooComplex, RecursionError):
        return "is too complex to tell whether it could run away; write it in simpler parts"


def _cause(tree: Any, max_length: int | None, *, anchored: bool) -> str:
    """What is wrong with a pattern; nothing where it is fine."""
    reading = _Reading(anchored)
    whole = reading.sequence(tree, tree.state.flags)
    for inner, is_tried_again in reading.lookarounds:
        if cause := _cause(inner, max_length, anchored=True):
            return cause
        if is_tried_again and _has_repeat(inner):
            return "could run away: a lookaround with a repeat in it is tried again and again; begin it with '^'"
    if whole.skips:
        return ""  # the empty text fits, wherever the search begins
    length = _Automaton(reading, whole, anchored).shortest(max_length)
    if length is None:
        return ""
    return (
        f"could run away: there is a text of {length} characters that can be read in over {LIMIT_WAYS} ways; begin it "
        "with '^', let no two repeats take the same characters one after the other, or allow fewer (max_length)"
    )


def _has_repeat(tree: Iterable[Any]) -> bool:
    """Whether there is a repeat in a pattern, however deep."""
    for item in tree:
        if isinstance(item, tuple) and item and str(item[0]).endswith("_REPEAT"):
            return True
        if isinstance(item, tuple | list | _parser.SubPattern) and _has_repeat(item):
            return True
    return False


def _is_anchored(tree: Iterable[tuple[Any, Any]], flags: int) -> bool:
    """Whether a search can only begin at the start of the text."""
    for operator, argument in tree:
        name = str(operator)
        if name == "SUBPATTERN":
            _, added, removed, inner = argument
            return _is_anchored(inner, (flags | added) & ~removed)
        if name == "BRANCH":
            return all(_is_anchored(each, flags) for each in argument[1])
        place = str(argument) if name == "AT" else ""
        return place == "AT_BEGINNING_STRING" or (place == "AT_BEGINNING" and not flags & re.MULTILINE)
    return False


class _TooComplex(Exception):
    """The analysis would take too long."""


@dataclass(slots=True)
class _Piece:
    """A piece of a pattern: how it is entered and left.

    Attributes:
        empty: in how many ways it reads nothing.
        first, last: its first and last states, each with the number of ways.
        free: last states behind which nothing can fail any more.
        skips: it reads nothing without asking anything.
    """

    empty: int = 1
    first: dict[int, int] = field(default_factory=dict)
    last: dict[int, int] = field(default_factory=dict)
    free: set[int] = field(default_factory=set)
    skips: bool = True


def _joined(*parts: tuple[dict[int, int], int]) -> dict[int, int]:
    """The sum of dicts of numbers, each times a factor."""
    total: dict[int, int] = {}
    for part, factor in parts:
        for key, value in part.items():
            if value * factor:
                total[key] = min(_MANY, total.get(key, 0) + value * factor)
    return total


_ONE_CHARACTER = ("LITERAL", "NOT_LITERAL", "ANY", "IN")


class _Reading:
    """Reads a parsed pattern into states and steps between them.

    Attributes:
        letters: of each state, what it reads, as a set of bits.
        steps: between states, with the number of ways.
        lookarounds: their patterns, and whether each stands in a cycle.
    """

    def __init__(self, anchored: bool) -> None:
        self.letters: list[int] = []
        self.steps: dict[tuple[int, int], int] = {}
        self.lookarounds: list[tuple[Any, bool]] = []
        self._cycles = 0 if anchored else 1
        self._groups: dict[int, int] = {}

    def sequence(self, tree: Iterable[tuple[Any, Any]], flags: int) -> _Piece:
        whole = _Piece()
        for operator, argument in tree:
            whole = self._then(whole, self._piece(str(operator), argument, flags))
        return whole

    def _piece(self, operator: str, argument: Any, flags: int) -> _Piece:
        if operator in _ONE_CHARACTER:
            return self._character(_letters(operator, argument, flags))
        if operator in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            least, most, inner = argument
            return self._repeat(least, most, inner, flags)
        if operator == "SUBPATTERN":
            group, added, removed, inner = argument
            flags = (flags | added) & ~removed
            if group is not None and len(inner) == 1 and str(inner[0][0]) in _ONE_CHARACTER:
                self._groups[group] = _letters(str(inner[0][0]), inner[0][1], flags)
            return self.sequence(inner, flags)
        if operator == "BRANCH":
            return self._branch([self.sequence(each, flags) for each in argument[1]])
        if operator == "ATOMIC_GROUP":
            return self.sequence(argument, flags)
        if operator == "GROUPREF":
            again = self._character(self._groups.get(argument, _ALL))
            again = again if argument in self._groups else self._endless(again, skips=True)
            return replace(again, free=set(), skips=False)
        if operator == "GROUPREF_EXISTS":
            _, yes, no = argument
            return self._branch([self.sequence(yes, flags), self.sequence(no or [], flags)])
        return self._question(operator, argument)

    def _question(self, operator: str, argument: Any) -> _Piece:
        """What reads nothing, and may fail."""
        if operator in ("ASSERT", "ASSERT_NOT"):
            self.lookarounds.append((argument[1], self._cycles > 0))
        elif operator != "AT":
            raise _TooComplex
        return _Piece(skips=False)

    def _character(self, letters: int) -> _Piece:
        state = len(self.letters)
        if state == LIMIT_STATES:
            raise _TooComplex
        self.letters.append(letters)
        return _Piece(0, {state: 1}, {state: 1}, {state}, False)

    def _repeat(self, least: int, most: Any, inner: Any, flags: int) -> _Piece:
        if most == 0:
            return _Piece()
        if most == 1:
            piece = self.sequence(inner, flags)
            return piece if least else self._branch([piece, _Piece()])
        if most <= LIMIT_WRITTEN_OUT:
            return self._counted(least, most, inner, flags)
        if 1 < least <= LIMIT_WRITTEN_OUT:
            start = self._counted(least - 1, least - 1, inner, flags)
            return self._then(start, self._repeat(1, most, inner, flags))
        self._cycles += 1
        piece = self._endless(self.sequence(inner, flags), skips=not least)
        self._cycles -= 1
        # One that has to come very often can fail until it has.
        return piece if least <= 1 else replace(piece, free=set(), skips=False)

    def _counted(self, least: int, most: int, inner: Any, flags: int) -> _Piece:
        """The repeats one after the other; those beyond *least* may be left out, with all that follow."""
        rest = _Piece()
        for at in range(most, 0, -1):
            rest = self._then(self.sequence(inner, flags), rest)
            if at > least:
                rest = self._branch([rest, _Piece()])
        return rest

    def _endless(self, piece: _Piece, *, skips: bool) -> _Piece:
        self._step(piece.last, piece.first)
        return _Piece(1 if skips else piece.empty, piece.first, piece.last, piece.free, skips or piece.skips)

    def _then(self, one: _Piece, other: _Piece) -> _Piece:
        self._step(one.last, other.first)
        return _Piece(
            min(_MANY, one.empty * other.empty),
            _joined((one.first, 1), (other.first, one.empty)),
            _joined((other.last, 1), (one.last, other.empty)),
            other.free | (one.free if other.skips else set()),
            one.skips and other.skips,
        )

    @staticmethod
    def _branch(pieces: list[_Piece]) -> _Piece:
        return _Piece(
            min(_MANY, sum(piece.empty for piece in pieces)),
            _joined(*((piece.first, 1) for piece in pieces)),
            _joined(*((piece.last, 1) for piece in pieces)),
            set().union(*(piece.free for piece in pieces)),
            any(piece.skips for piece in pieces),
        )

    def _step(self, sources: dict[int, int], targets: dict[int, int]) -> None:
        for source, ways in sources.items():
            for target, more in targets.items():
                self.steps[source, target] = min(_MANY, self.steps.get((source, target), 0) + ways * more)


def _letters(operator: str, argument: Any, flags: int) -> int:
    """What one character of a pattern matches, as a set of bits over the letters."""
    if operator == "ANY":
        return _ALL if flags & re.DOTALL else sum(1 << at for at, each in enumerate(_LETTERS) if each != "\n")
    items = argument if operator == "IN" else [(operator.removeprefix("NOT_"), argument)]
    negated = operator == "NOT_LITERAL" or str(items[0][0]) == "NEGATE"
    found = 0
    for at, letter in enumerate(_LETTERS):
        forms = letter + letter.lower() + letter.upper() if flags & re.IGNORECASE else letter
        if any(_fits(str(kind), value, form, flags) for kind, value in items for form in forms):
            found |= 1 << at
    return _ALL & ~found if negated else found


def _fits(kind: str, value: Any, letter: str, flags: int) -> bool:
    if kind == "LITERAL":
        # What is beyond our letters stands for all that is: rather too much than too little.
        return ord(letter) == value or (value > 127 and ord(letter) > 127)
    if kind == "RANGE":
        low, high = value
        return low <= ord(letter) <= high or (high > 127 and ord(letter) > 127)
    if kind == "CATEGORY":
        return bool(re.match(_CATEGORIES[str(value).removeprefix("CATEGORY_")], letter, flags & re.ASCII))
    return False


class _Automaton:
    """The states that a search can be in while it may still fail, and their steps."""

    def __init__(self, reading: _Reading, whole: _Piece, anchored: bool) -> None:
        # Behind a free state the search has succeeded, and tries no other way.
        kept = {state for state in range(len(reading.letters)) if state not in whole.free}
        self._start = {state: ways for state, ways in whole.first.items() if state in kept}
        self._anchored = anchored
        self._steps: dict[int, list[tuple[int, int]]] = {state: [] for state in kept}
        for (source, target), ways in reading.steps.items():
            if source in kept and target in kept:
                self._steps[source].append((target, ways))
        # Of each letter that matters, the states that read it.
        found = {sum(1 << state for state in kept if reading.letters[state] >> at & 1) for at in range(len(_LETTERS))}
        self._reads = [mask for mask in found if mask]

    def shortest(self, max_length: int | None) -> int | None:
        """The length of a shortest text that can be read in too many ways; None where there is none that long."""
        layer: set[frozenset[tuple[int, int]]] = {frozenset()}
        known, length, left = set(layer), 0, LIMIT_STEPS
        while layer and (max_length is None or length < max_length):
            length += 1
            following = set()
            for ways in layer:
                begun = self._begun(ways, is_first=length == 1)
                for mask in self._reads:
                    left -= 1 + len(begun)
                    if left < 0:
                        raise _TooComplex
                    read = frozenset((state, n) for state, n in begun.items() if mask >> state & 1)
                    if sum(n for _, n in read) > LIMIT_WAYS:
                        return length
                    if read not in known:
                        known.add(read)
                        following.add(read)
            layer = following
        return None

    def _begun(self, ways: Iterable[tuple[int, int]], is_first: bool) -> dict[int, int]:
        """The states that may read the next character, each with the number of ways to it."""
        found = dict(self._start) if is_first or not self._anchored else {}
        for state, n in ways:
            for target, more in self._steps[state]:
                found[target] = found.get(target, 0) + n * more
        return found
