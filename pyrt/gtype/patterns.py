"""Refuse a pattern whose search could take too long, before it meets any text.

`re` backtracks: where it can read a text in several ways, it tries one after the other until one succeeds. So the steps
of a search are the ways in which the beginnings of a text can be read. `_Phase` counts those for all texts at once, one
character after the other. Texts that lead to the same states are counted together: each state keeps the most ways in
which any of them leads there. `Growth` adds up what a text of each length may cost.

A search has two phases. Until it comes to a free state, after which nothing can fail any more, it may try every way;
and without `^` it begins again at each character. From a free state on it is sure to succeed and does not begin again,
but it still tries what may follow, such as a greedy tail.

The count is never too low, but may be too high (see `Automaton`): then a sound pattern is refused.
"""

from __future__ import annotations

import functools
import itertools
import operator
import re
from collections.abc import Iterable

from ..errors import UsageError
from .automata import START, Automaton, TooComplex, Ways

__all__ = ("Growth", "refuse_runaway")

# Steps of a search, on average over the text: at the 5 to 45 ns that `re` takes for one, 1 to 7 s for 1 MiB.
LIMIT_STEPS_PER_CHARACTER = 150


def refuse_runaway(pattern: str, max_length: int | None) -> None:
    """Raise UsageError if searching *pattern* in a text of up to *max_length* characters could take too long."""
    if fault := _fault(pattern, max_length):
        raise UsageError(f"the pattern {pattern!r} {fault}")


@functools.lru_cache(maxsize=1024)
def _fault(pattern: str, max_length: int | None) -> str:
    """What is wrong with a pattern, and what mends it; empty if nothing is wrong."""
    try:
        too_long = _too_long(pattern, max_length)
    except (re.error, OverflowError) as error:
        return f"is not a regular expression: {error}"
    except (TooComplex, RecursionError):
        return "is too complex to count its steps; split it into simpler ones, or use pyrt.gtype.check instead"
    if too_long is None:
        return ""
    length, steps = too_long
    anchored = re.sub(r"^((?:\(\?[a-zA-Z]+\))?)(?!\^)", r"\1^", pattern)
    is_mended = anchored != pattern and not _fault(anchored, max_length)
    remedies = ["begin it with '^'"] if is_mended else []
    if length > 1:
        remedies.append(f"give the text max_length={length - 1}")
    if not is_mended:
        remedies.append("rewrite it so that no two repeats in a row can take the same characters")
    return (
        f"could run away: searching a text of {length} characters may take {steps:,} steps, over "
        f"{LIMIT_STEPS_PER_CHARACTER} for each character; {', or '.join(remedies)}"
    )


def _too_long(pattern: str, max_length: int | None) -> tuple[int, int] | None:
    """The length of the shortest text whose search may take too many steps, and how many; None if there is none."""
    growth = Growth(pattern)
    for length in itertools.count(1):
        if max_length is not None and length > max_length:
            break
        steps = growth.longer()
        if steps > LIMIT_STEPS_PER_CHARACTER * (length + growth.beyond):
            return length, steps
        if growth.is_steady:
            break
    return None


class Growth:
    """How the steps of a search grow while the text becomes longer, one character at a time.

    Attributes:
        beyond: so many characters more than the text has are counted.
        is_steady: no further character costs more than the last one did, and that was not too much.
    """

    def __init__(self, pattern: str) -> None:
        automaton = Automaton(pattern)
        whole = automaton.whole
        # A pattern that skips succeeds where the search begins.
        begins_again = not (whole.skips or whole.is_anchored)
        self._phases = [
            _Phase(automaton, [START], whole.free, begins_again=begins_again),
            _Phase(automaton, whole.free, set(), begins_again=False),
        ]
        self._steps, self.beyond, self.is_steady = 0, automaton.beyond, False
        for _ in range(self.beyond):
            self.longer()

    def longer(self) -> int:
        """Make the text one character longer; the most steps that searching it may take then."""
        ways = sum(phase.longer() for phase in self._phases)
        self._steps += ways
        self.is_steady = ways <= LIMIT_STEPS_PER_CHARACTER and not any(phase.layer for phase in self._phases)
        return self._steps


# A set of states, and the steps that lead there: from, to, and the number of ways.
_Move = tuple[frozenset[int], list[tuple[int, int, int]]]


class _Phase:
    """The ways in which one phase of a search can read the texts of one length.

    Args:
        sources: the states where the phase can begin.
        ends: the states where it ends.
        begins_again: it begins again at each character.

    Attributes:
        layer: the texts that can be read in more ways than any before, as the states to which they lead. If it is
            empty, longer texts cannot be read in more ways either.
    """

    def __init__(self, automaton: Automaton, sources: Iterable[int], ends: set[int], *, begins_again: bool) -> None:
        self._automaton, self._ends, self._begins_again = automaton, ends, begins_again
        self.layer: dict[frozenset[int], Ways] = {frozenset([source]): {source: 1} for source in sources}
        self._most = {states: dict(ways) for states, ways in self.layer.items()}
        self._moves: dict[frozenset[int], list[_Move]] = {}
        self._widest = 1 if self.layer else 0

    def longer(self) -> int:
        """Make the texts one character longer; the most ways in which one of them, or of those before, is read."""
        news = set()
        for states, ways in self.layer.items():
            for following, steps in self._moves_from(states):
                self._automaton.spend(len(steps))
                found: Ways = {}
                for source, target, n in steps:
                    found[target] = found.get(target, 0) + ways[source] * n
                known = self._most.setdefault(following, {})
                for target, n in found.items():
                    if n > known.get(target, 0):
                        known[target] = n
                        news.add(following)
        self.layer = self._greatest({states: dict(self._most[states]) for states in news})
        self._widest = max(self._widest, *(sum(ways.values()) for ways in self.layer.values()), 0)
        return self._widest

    def _moves_from(self, states: frozenset[int]) -> list[_Move]:
        """To which states each next letter leads, and by which steps."""
        if states not in self._moves:
            # An end that can be read is read once, and the phase is over; if it cannot, all ways to it are tried.
            steps = [
                (each, target, n)
                for each in states - self._ends
                for target, n in self._automaton.steps_from(each).items()
                if n > 1 or target not in self._ends
            ]
            reached = functools.reduce(operator.or_, (1 << target for _, target, _ in steps), 0)
            moves = self._moves[states] = []
            for mask in {mask & reached for mask in self._automaton.readers}:
                self._automaton.spend(len(steps))
                taken = [step for step in steps if mask >> step[1] & 1]
                taken += [(START, START, 1)] * self._begins_again
                if taken:
                    moves.append((frozenset(target for _, target, _ in taken), taken))
        return self._moves[states]

    def _greatest(self, layer: dict[frozenset[int], Ways]) -> dict[frozenset[int], Ways]:
        """*layer* without each text that another one outdoes: it leads to the same states or more, in as many ways."""
        kept: dict[frozenset[int], Ways] = {}
        for states in sorted(layer, key=len, reverse=True):
            ways = layer[states]
            self._automaton.spend(len(ways) + len(kept))
            if not any(states <= other and all(more[s] >= n for s, n in ways.items()) for other, more in kept.items()):
                kept[states] = ways
        return kept
