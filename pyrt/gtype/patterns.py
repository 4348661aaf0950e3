"""Patterns that could run away: found before they meet any input.

`re` backtracks: where one text can be read in many ways, all of them are tried before it is refused. A pattern is
an automaton (Glushkov: one state per character of the pattern), a way to read a text is a path through it, and the
ways grow exponentially with the text if two different cycles of one state read the same text, and like a power of
its length if a cycle leads, on its own text, to another cycle of that text (A. Weber, H. Seidl, "On the degree of
ambiguity of finite automata", 1991; N. Weideman et al., "Analyzing matching time behavior of backtracking regular
expression matchers by using ambiguity of NFA", 2016). `re.search` may begin anywhere, which is one more cycle in
front, unless the pattern begins with `^`.

The verdict errs on the safe side: long counted repeats are taken as endless, and `re`'s possessive ones as ordinary.
"""

from __future__ import annotations

import importlib
import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..errors import UsageError

__all__ = ("refuse_runaway",)

# Steps that one search may take: some ten milliseconds.
LIMIT_STEPS = 1_000_000
# Counted repeats of one character up to this many are that many states; longer ones an endless cycle.
LIMIT_UNROLLED = 16
# States of the analysis; a pattern that needs more is refused.
LIMIT_PRODUCT = 500_000

# Texts that no two character classes tell apart are one letter: ASCII, and some of each kind beyond it.
_LETTERS = [*map(chr, range(128)), *"\x85\xa0ªµéßÿĀΩжא٣०Ⅷ中あ한₂²  \u2028　😀\U0010ffff"]
_ALL = (1 << len(_LETTERS)) - 1

_CATEGORIES = {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w", "NOT_DIGIT": r"\D", "NOT_SPACE": r"\S", "NOT_WORD": r"\W"}
_parser: Any = importlib.import_module("re._parser")


def refuse_runaway(pattern: str, max_length: int | None) -> None:
    """Raise UsageError if searching *pattern* in a text of up to *max_length* characters could take very long."""
    try:
        tree = _parser.parse(pattern)
    except re.error as error:
        raise UsageError(f"the pattern {pattern!r} is no regular expression: {error}") from None
    cause = _cause(tree, max_length, anchored=_is_anchored(tree, tree.state.flags))
    if cause:
        raise UsageError(f"the pattern {pattern!r} could run away: {cause}")


def _cause(tree: Any, max_length: int | None, *, anchored: bool) -> str:
    """What is wrong with a pattern; nothing where it is fine."""
    reading = _Reading(anchored)
    whole = reading.sequence(tree, tree.state.flags)
    for inner, is_tried_again in reading.lookarounds:
        if cause := _cause(inner, max_length, anchored=True):
            return cause
        if is_tried_again and any(str(operator).endswith("_REPEAT") for operator, _ in inner):
            return "a lookaround with a repeat in it is tried again and again; begin the pattern with '^' and it"
    if whole.skips:
        return ""  # the empty text fits, wherever the search begins
    try:
        automaton = _Automaton(reading, whole, anchored)
        if automaton.is_exponential():
            return "one text can be read in exponentially many ways, as by (a*)* or (a|a)*; write it without them"
        power = automaton.degree() + 1
    except _TooComplex:
        return "it is too complex to tell; write it in simpler parts"
    if power == 1 or (max_length is not None and max_length**power <= LIMIT_STEPS):
        return ""
    enough = int(LIMIT_STEPS ** (1 / power) + 1e-9)
    return (
        f"its time grows with the length of the text to the power of {power}; begin it with '^' and let no two "
        f"repeats take the same characters one after the other, or allow {enough} characters "
        "at the most (max_length)"
    )


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
        empty: in how many ways it reads nothing, 2 for more.
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
    """The sum of dicts of numbers, each times a factor; nothing above 2."""
    total: dict[int, int] = {}
    for part, factor in parts:
        for key, value in part.items():
            if value * factor:
                total[key] = min(2, total.get(key, 0) + value * factor)
    return total


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

    def sequence(self, tree: Iterable[tuple[Any, Any]], flags: int) -> _Piece:
        whole = _Piece()
        for operator, argument in tree:
            whole = self._then(whole, self._piece(str(operator), argument, flags))
        return whole

    def _piece(self, operator: str, argument: Any, flags: int) -> _Piece:
        if operator in ("LITERAL", "NOT_LITERAL", "ANY", "IN"):
            return self._character(_letters(operator, argument, flags))
        if operator in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            least, most, inner = argument
            return self._repeat(least, most, inner, flags)
        if operator == "SUBPATTERN":
            _, added, removed, inner = argument
            return self.sequence(inner, (flags | added) & ~removed)
        if operator == "BRANCH":
            return self._branch([self.sequence(each, flags) for each in argument[1]])
        if operator == "ATOMIC_GROUP":
            return self.sequence(argument, flags)
        if operator in ("ASSERT", "ASSERT_NOT"):
            self.lookarounds.append((argument[1], self._cycles > 0))
        elif operator == "GROUPREF":
            return self._endless(self._character(_ALL), skips=True)
        elif operator == "GROUPREF_EXISTS":
            _, yes, no = argument
            return self._branch([self.sequence(yes, flags), self.sequence(no or [], flags)])
        elif operator != "AT":
            raise _TooComplex
        return _Piece(skips=False)

    def _character(self, letters: int) -> _Piece:
        state = len(self.letters)
        self.letters.append(letters)
        return _Piece(0, {state: 1}, {state: 1}, {state}, False)

    def _repeat(self, least: int, most: Any, inner: Any, flags: int) -> _Piece:
        if most == 0:
            return _Piece()
        if most == 1:
            piece = self.sequence(inner, flags)
            return piece if least else self._branch([piece, _Piece()])
        one_character = len(inner) == 1 and str(inner[0][0]) in ("LITERAL", "NOT_LITERAL", "ANY", "IN")
        if one_character and most != _parser.MAXREPEAT and most <= LIMIT_UNROLLED:
            rest = _Piece()
            for at in range(most, 0, -1):
                rest = self._then(self.sequence(inner, flags), rest)
                if at > least:
                    rest = self._branch([rest, _Piece()])
            return rest
        self._cycles += 1
        piece = self.sequence(inner, flags)
        self._cycles -= 1
        if piece.empty and most != _parser.MAXREPEAT:
            self._step(piece.last, piece.first)  # (a?){20}: which of them are empty is one more choice each time
        return self._endless(piece, skips=not least)

    def _endless(self, piece: _Piece, *, skips: bool) -> _Piece:
        self._step(piece.last, piece.first)
        return _Piece(1 if skips else piece.empty, piece.first, piece.last, piece.free, skips or piece.skips)

    def _then(self, one: _Piece, other: _Piece) -> _Piece:
        self._step(one.last, other.first)
        return _Piece(
            min(2, one.empty * other.empty),
            _joined((one.first, 1), (other.first, one.empty)),
            _joined((other.last, 1), (one.last, other.empty)),
            other.free | (one.free if other.skips else set()),
            one.skips and other.skips,
        )

    @staticmethod
    def _branch(pieces: list[_Piece]) -> _Piece:
        return _Piece(
            min(2, sum(piece.empty for piece in pieces)),
            _joined(*((piece.first, 1) for piece in pieces)),
            _joined(*((piece.last, 1) for piece in pieces)),
            set().union(*(piece.free for piece in pieces)),
            any(piece.skips for piece in pieces),
        )

    def _step(self, sources: dict[int, int], targets: dict[int, int]) -> None:
        for source, ways in sources.items():
            for target, more in targets.items():
                self.steps[source, target] = min(2, self.steps.get((source, target), 0) + ways * more)


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
        kept = [state for state in range(len(reading.letters)) if state not in whole.free]
        self._letters = {state: reading.letters[state] for state in kept}
        self._ways = {
            step: n for step, n in reading.steps.items() if step[0] in self._letters and step[1] in self._letters
        }
        if not anchored:
            start = len(reading.letters)
            self._letters[start] = _ALL
            self._ways |= {(start, target): n for target, n in whole.first.items() if target in self._letters}
            self._ways[start, start] = 1
        self._next: dict[int, list[int]] = {state: [] for state in self._letters}
        for source, target in self._ways:
            self._next[source].append(target)
        self._reach = {state: {each for (each,) in self._from((state,))} for state in self._letters}

    def is_exponential(self) -> bool:
        """Whether some state has two different cycles that read one text."""
        for state in self._letters:
            if state not in self._reach[state]:
                continue
            if any(n > 1 and self._cycle(state, *step) for step, n in self._ways.items()):
                return True
            apart = (pair for pair in self._from((state, state)) if pair[0] != pair[1])
            if any((state, state) in set(self._from(pair)) for pair in apart):
                return True
        return False

    def degree(self) -> int:
        """The most cycles that one text can lead through, one into the other, besides the first."""
        cyclic = [state for state in self._letters if state in self._reach[state]]
        after = {one: [other for other in cyclic if other != one and self._leads(one, other)] for one in cyclic}
        known: dict[int, int] = {}

        def longest(state: int) -> int:
            if state not in known:
                known[state] = 0  # no way leads back: that would be exponential
                known[state] = max((1 + longest(other) for other in after[state]), default=0)
            return known[state]

        return max(map(longest, cyclic), default=0)

    def _leads(self, one: int, other: int) -> bool:
        """Whether a text that leads from *one* to itself and to *other* also leads from *other* to itself."""
        if other not in self._reach[one]:
            return False
        return (one, other, other) in self._from((one, one, other))

    def _cycle(self, state: int, source: int, target: int) -> bool:
        return (source == state or source in self._reach[state]) and (target == state or state in self._reach[target])

    def _from(self, states: tuple[int, ...]) -> set[tuple[int, ...]]:
        """What *states* lead to, all by the same texts."""
        seen: set[tuple[int, ...]] = set()
        waiting = deque([states])
        while waiting:
            for found in self._steps(waiting.popleft()):
                if found not in seen:
                    seen.add(found)
                    waiting.append(found)
            if len(seen) > LIMIT_PRODUCT:
                raise _TooComplex
        return seen

    def _steps(self, states: tuple[int, ...]) -> list[tuple[int, ...]]:
        """What *states* lead to, all by the same letter."""
        found: list[tuple[tuple[int, ...], int]] = [((), _ALL)]
        for state in states:
            found = [
                ((*targets, target), common)
                for targets, letters in found
                for target in self._next[state]
                if (common := letters & self._letters[target])
            ]
        return [targets for targets, _ in found]
