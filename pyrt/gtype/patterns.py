"""Patterns that could run away: found before they meet any input.

`re` backtracks: where a text can be read in many ways, they are tried one after the other until one succeeds. So a
pattern is made an automaton (Glushkov: one state per character of the pattern), and the ways to read a text up to some
character of it are counted, for the texts that can be read in the most ways: texts that lead to the same set of states
are counted together, each state with the most ways to it by any of them, from one length to the next. Each way is a
step that a search may take. `re.search` may begin anywhere, which is one more way at each character, unless the pattern
begins with `^`.

A search has two phases, and each is counted. Until it comes to a state behind which it cannot fail any more ("free"),
it may try all ways, wherever they begin. From there on it is sure to succeed, and begins nowhere else, but not at once:
what may still come, such as a greedy tail, is tried first, in the order that `re` prefers. So the ways that begin at a
free state are counted, too, on their own. They end where reading nothing more is preferred ("done"); and where several
ways read the next character, none is tried behind one that leads to a free state.

The verdict errs on the safe side: very long counted repeats are taken as endless, possessive ones as ordinary, what a
lookaround asks as one more way to go on.
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

# Steps that a search may take for each character of a text, on average: a body of 1 MB costs less than a second then.
LIMIT_WAYS = 150
# Of the analysis, which is to take some 50 ms at most: states of an automaton, steps between them, and work done to
# follow them. Past any of them a pattern is refused.
LIMIT_STATES, LIMIT_STEPS, LIMIT_WORK = 2_000, 60_000, 100_000
# Counted repeats up to this many are written out; longer ones are endless.
LIMIT_WRITTEN_OUT = 100

# Texts that no two character classes tell apart are one letter: ASCII, and some of each kind beyond it.
_LETTERS = [*map(chr, range(128)), *"\x85\xa0ªµéßÿĀΩжא٣०Ⅷ中あ한₂²  \u2028　😀\U0010ffff"]
_ALL = (1 << len(_LETTERS)) - 1

_MANY = LIMIT_WAYS + 1
_START = -1
# A set of states, and the steps that lead there: from, to, and the number of ways.
_Move = tuple[frozenset[int], list[tuple[int, int, int]]]

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
        return (
            "is too complex to tell whether it could run away; write it in simpler parts, or check it with a function"
        )


def _cause(tree: Any, max_length: int | None, *, anchored: bool) -> str:
    """What is wrong with a pattern; nothing where it is fine."""
    reading = _Reading()
    whole = reading.whole(tree, tree.state.flags)
    length = _Automaton(reading, whole).shortest(max_length, anchored=anchored)
    if length is None:
        return ""
    fewer = f"or allow at most {length - 1} (max_length)" if length > 1 else "or check it with a function"
    return (
        f"could run away: a text of {length} characters may take over {LIMIT_WAYS} steps for each of them; begin it "
        f"with '^', let no two repeats take the same characters one after the other, {fewer}"
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
        empty: in how many ways it reads nothing.
        first, last: its first and last states, each with the number of ways, in the order in which `re` tries them.
        asked: first states before which something may fail.
        free: last states behind which nothing can fail any more.
        done: those of them behind which nothing is tried any more.
        skips: it reads nothing without asking anything.
        yields: that is what it tries first.
    """

    empty: int = 1
    first: dict[int, int] = field(default_factory=dict)
    last: dict[int, int] = field(default_factory=dict)
    asked: set[int] = field(default_factory=set)
    free: set[int] = field(default_factory=set)
    done: set[int] = field(default_factory=set)
    skips: bool = True
    yields: bool = True

    def unsure(self) -> _Piece:
        """The piece, if it may fail wherever it stands."""
        return replace(self, asked=set(self.first), free=set(), done=set(), skips=False, yields=False)


def _joined(*parts: tuple[dict[int, int], int]) -> dict[int, int]:
    """Dicts of numbers, each times a factor; no two have the same key."""
    total: dict[int, int] = {}
    for part, factor in parts:
        if factor == 1:
            total.update(part)
        elif factor:
            total.update((key, min(_MANY, value * factor)) for key, value in part.items())
    return total


_ONE_CHARACTER = ("LITERAL", "NOT_LITERAL", "ANY", "IN")


class _Reading:
    """Reads a parsed pattern into states and steps between them.

    Attributes:
        letters: of each state, what it reads, as a set of bits.
        steps: from each state to others, with the number of ways, in the order in which `re` tries them.
        asked: steps that may fail.
        in_order: whether the order is known; it is not where reading nothing is tried before something.
    """

    def __init__(self) -> None:
        self.letters: list[int] = []
        self.steps: list[dict[int, int]] = []
        self.asked: set[tuple[int, int]] = set()
        self.in_order = True
        self._left = LIMIT_STEPS
        self._groups: dict[int, int] = {}

    def whole(self, tree: Iterable[tuple[Any, Any]], flags: int) -> _Piece:
        """The piece that is a whole pattern; where it ends in many ways, all are tried."""
        whole = self.sequence(tree, flags)
        many = {state: ways for state, ways in whole.last.items() if ways > 1 and state not in whole.free}
        at_once = 0 if whole.skips or whole.empty == 1 else whole.empty
        if not many and not at_once:
            return whole
        end = self._character(_ALL).unsure()
        self._step(replace(whole, last=many), end)
        return replace(whole, first=_joined((whole.first, 1), (end.first, at_once)), asked=whole.asked | end.asked)

    def sequence(self, tree: Iterable[tuple[Any, Any]], flags: int) -> _Piece:
        whole = _Piece()
        for operator, argument in tree:
            whole = self._then(whole, self._piece(str(operator), argument, flags))
        return whole

    def _piece(self, operator: str, argument: Any, flags: int) -> _Piece:
        if operator in _ONE_CHARACTER:
            return self._character(_letters_of(operator, argument, flags))
        if operator in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            least, most, inner = argument
            return self._repeat(least, most, inner, flags, is_lazy=operator == "MIN_REPEAT")
        if operator == "SUBPATTERN":
            group, added, removed, inner = argument
            flags = (flags | added) & ~removed
            if group is not None and len(inner) == 1 and str(inner[0][0]) in _ONE_CHARACTER:
                self._groups[group] = _letters_of(str(inner[0][0]), inner[0][1], flags)
            return self.sequence(inner, flags)
        if operator == "BRANCH":
            return self._branch([self.sequence(each, flags) for each in argument[1]])
        if operator == "ATOMIC_GROUP":
            return self.sequence(argument, flags)
        if operator == "GROUPREF":
            again = self._character(self._groups.get(argument, _ALL))
            again = again if argument in self._groups else self._endless(again, skips=True, is_lazy=False)
            return again.unsure()
        if operator == "GROUPREF_EXISTS":
            _, yes, no = argument
            return self._branch([self.sequence(yes, flags), self.sequence(no or [], flags)]).unsure()
        return self._question(operator, argument, flags)

    def _question(self, operator: str, argument: Any, flags: int) -> _Piece:
        """What reads nothing, and may fail."""
        if operator == "AT":
            return _Piece(skips=False, yields=False)
        if operator not in ("ASSERT", "ASSERT_NOT"):
            raise _TooComplex
        # What has been read before may be anything, as what comes: looking back counts as looking ahead.
        looks = self.whole(argument[1], flags)
        return replace(looks, empty=1, last={}).unsure()

    def _character(self, letters: int) -> _Piece:
        state = len(self.letters)
        if state == LIMIT_STATES:
            raise _TooComplex
        self.letters.append(letters)
        self.steps.append({})
        return _Piece(0, {state: 1}, {state: 1}, set(), {state}, {state}, skips=False, yields=False)

    def _repeat(self, least: int, most: Any, inner: Any, flags: int, *, is_lazy: bool) -> _Piece:
        if most == 0:
            return _Piece()
        if most <= LIMIT_WRITTEN_OUT:
            return self._counted(least, most, inner, flags, is_lazy=is_lazy)
        if 1 < least <= LIMIT_WRITTEN_OUT:
            start = self._counted(least - 1, least - 1, inner, flags, is_lazy=is_lazy)
            return self._then(start, self._repeat(1, most, inner, flags, is_lazy=is_lazy))
        piece = self._endless(self.sequence(inner, flags), skips=not least, is_lazy=is_lazy)
        # One that has to come very often can fail until it has.
        return piece if least <= 1 else piece.unsure()

    def _counted(self, least: int, most: int, inner: Any, flags: int, *, is_lazy: bool) -> _Piece:
        """The repeats one after the other; those beyond *least* may be left out, with all that follow."""
        rest = _Piece()
        for at in range(most, 0, -1):
            rest = self._then(self.sequence(inner, flags), rest)
            if at > least:
                rest = self._branch([_Piece(), rest] if is_lazy else [rest, _Piece()])
        return rest

    def _endless(self, piece: _Piece, *, skips: bool, is_lazy: bool) -> _Piece:
        self.in_order = self.in_order and not is_lazy
        self._step(piece, piece)
        return replace(
            piece,
            empty=1 if skips else piece.empty,
            done=piece.done if is_lazy else set(),
            skips=skips or piece.skips,
            yields=is_lazy and (skips or piece.yields),
        )

    def _then(self, one: _Piece, other: _Piece) -> _Piece:
        self._step(one, other)
        return _Piece(
            min(_MANY, one.empty * other.empty),
            _joined((one.first, 1), (other.first, one.empty)),
            _joined((one.last, other.empty), (other.last, 1)),
            one.asked | (other.asked if one.skips else set(other.first)),
            other.free | (one.free if other.skips else set()),
            other.done | (one.done if other.yields else set()),
            one.skips and other.skips,
            one.yields and other.yields,
        )

    def _branch(self, pieces: list[_Piece]) -> _Piece:
        self.in_order = self.in_order and not any(piece.empty for piece in pieces[:-1])
        return _Piece(
            min(_MANY, sum(piece.empty for piece in pieces)),
            _joined(*((piece.first, 1) for piece in pieces)),
            _joined(*((piece.last, 1) for piece in pieces)),
            set().union(*(piece.asked for piece in pieces)),
            set().union(*(piece.free for piece in pieces)),
            set().union(*(piece.done for piece in pieces)),
            any(piece.skips for piece in pieces),
            pieces[0].yields,
        )

    def _step(self, one: _Piece, other: _Piece) -> None:
        self._left -= len(one.last) * len(other.first)
        if self._left < 0:
            raise _TooComplex
        for source, ways in one.last.items():
            steps = self.steps[source]
            for target, more in other.first.items():
                steps[target] = min(_MANY, steps.get(target, 0) + ways * more)
                if source not in one.free or target in other.asked:
                    self.asked.add((source, target))


def _letters_of(operator: str, argument: Any, flags: int) -> int:
    return _letters(operator, tuple(argument) if isinstance(argument, list) else argument, flags)


@functools.lru_cache(maxsize=1024)
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
    """The states that a search can be in, and their steps; the state before them all is the place where it begins."""

    def __init__(self, reading: _Reading, whole: _Piece) -> None:
        self._whole = whole
        readers: dict[int, int] = {}
        for state, letters in enumerate(reading.letters):
            readers[letters] = readers.get(letters, 0) | 1 << state
        # Of each letter, the states that read it.
        self._reads = {
            sum(mask for letters, mask in readers.items() if letters >> at & 1) for at in range(len(_LETTERS))
        }
        # Of each step its target, the number of ways, and whether the search ends if it is taken.
        ends = whole.free if reading.in_order else set()
        self._steps = {
            source: [(each, n, each in ends and (source, each) not in reading.asked) for each, n in steps.items()]
            for source, steps in enumerate(reading.steps)
        }
        self._steps[_START] = [(each, n, each in ends and each not in whole.asked) for each, n in whole.first.items()]
        self._left = LIMIT_WORK

    def shortest(self, max_length: int | None, *, anchored: bool) -> int | None:
        """The length of a shortest text whose search may take too many steps; None where there is none that long."""
        whole = self._whole
        if whole.skips:  # the empty text fits, so the search ends where it begins
            found = [None if whole.yields else self._longer([_START], whole.done, max_length)]
        else:
            found = [
                self._longer([_START], whole.free, max_length, begins_again=not anchored),
                self._longer(whole.free - whole.done, whole.done, max_length),
            ]
        return min((each for each in found if each is not None), default=None)

    def _longer(
        self, sources: Iterable[int], ends: set[int], max_length: int | None, *, begins_again: bool = False
    ) -> int | None:
        """The length of a shortest text with too many ways that begin at one of *sources*; they end at *ends*."""
        most: dict[frozenset[int], dict[int, int]] = {frozenset([source]): {source: 1} for source in sources}
        moves: dict[frozenset[int], list[_Move]] = {}
        layer = {states: dict(ways) for states, ways in most.items()}
        length = total = widest = 0
        while max_length is None or length < max_length:
            length += 1
            news = set()
            for states, ways in layer.items():
                if states not in moves:
                    moves[states] = self._moves(states, ends, begins_again=begins_again)
                for following, steps in moves[states]:
                    self._work(len(steps))
                    found: dict[int, int] = {}
                    for source, target, n in steps:
                        found[target] = found.get(target, 0) + ways[source] * n
                    known = most.setdefault(following, {})
                    for target, n in found.items():
                        if n > known.get(target, 0):
                            known[target] = n
                            news.add(following)
            layer = self._greatest({states: dict(most[states]) for states in news})
            widest = max(widest, *(sum(ways.values()) for ways in layer.values()), 0)
            total += widest
            if total > LIMIT_WAYS * length:
                return length
            if not layer and widest <= LIMIT_WAYS:
                return None
        return None

    def _moves(self, states: frozenset[int], ends: set[int], *, begins_again: bool) -> list[_Move]:
        """To which states each next character leads, and by which steps."""
        begun = 0
        for state in states:
            for target, _, _ in self._steps[state]:
                begun |= 1 << target
        found = []
        for mask in {mask & begun for mask in self._reads}:
            steps = [(_START, _START, 1)] if begins_again else []
            for state in states:
                self._work(len(self._steps[state]))
                for target, n, is_end in self._steps[state]:
                    if mask >> target & 1:
                        if target not in ends:
                            steps.append((state, target, 1 if is_end else n))
                        if is_end:
                            break
            if steps:
                found.append((frozenset(target for _, target, _ in steps), steps))
        return found

    def _greatest(self, layer: dict[frozenset[int], dict[int, int]]) -> dict[frozenset[int], dict[int, int]]:
        """Those texts that no other has more ways than, whatever follows."""
        kept: dict[frozenset[int], dict[int, int]] = {}
        for states in sorted(layer, key=len, reverse=True):
            ways = layer[states]
            self._work(len(ways) + len(kept))
            if not any(states <= other and all(more[s] >= n for s, n in ways.items()) for other, more in kept.items()):
                kept[states] = ways
        return kept

    def _work(self, amount: int) -> None:
        self._left -= amount + 1
        if self._left < 0:
            raise _TooComplex
