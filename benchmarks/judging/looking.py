"""Looks at a growing number of pairs, each at what is still open; and a second, fresh measurement of what alerts."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Protocol, TypeVar

import msgspec

from . import deciding
from .comparison import PairedSamples, Verdict

Key = TypeVar("Key", bound=Hashable)


class Source(Protocol[Key]):
    """Where pairs come from."""

    taken: dict[Key, list[tuple[float, float]]]

    def take(self, keys: Sequence[Key], count: int) -> None:
        """Take *count* more pairs of each."""


def look(
    pairs: Source[Key], gates: Mapping[Key, deciding.Gate], say: Callable[[str], None]
) -> dict[Key, PairedSamples]:
    """Take pairs until all is decided, or the last look is done; what each benchmark's pairs say then."""
    judged: dict[Key, PairedSamples] = {}
    still, before = list(gates), 0
    for at in deciding.LOOKS:
        pairs.take(still, at - before)
        before = at
        judged = deciding.judge_samples(pairs.taken, gates, last=at == deciding.LOOKS[-1])
        still = deciding.open_keys(judged)
        say(f"look at {at} pairs: {len(judged) - len(still)} decided, {len(still)} open")
        if not still:
            break
    return judged


def confirm(
    judged: Mapping[Key, PairedSamples],
    pairs: Source[Key],
    gates: Mapping[Key, deciding.Gate],
    say: Callable[[str], None],
) -> dict[Key, PairedSamples]:
    """The same, where what fails or alerts was measured afresh by *pairs*; both measurements have to agree."""
    flagged = [key for key, found in judged.items() if found.verdict.gates]
    if not flagged:
        return dict(judged)
    say(f"confirming {len(flagged)} that fail or alert by {deciding.CONFIRMING} fresh pairs")
    pairs.take(flagged, deciding.CONFIRMING)
    second = deciding.judge_samples(pairs.taken, gates, last=True)
    return {key: _confirmed(found, second.get(key)) for key, found in judged.items()}


def _confirmed(first: PairedSamples, second: PairedSamples | None) -> PairedSamples:
    """The second measurement's figures, free of what chance made of the first; a verdict of the first alone is none."""
    if not first.verdict.gates:
        return first
    if second is None:  # it failed when measured again
        return msgspec.structs.replace(first, verdict=Verdict.INCONCLUSIVE, confirmed=False)
    holds = second.verdict.gates
    verdict = second.verdict if holds or second.verdict is Verdict.OK else Verdict.INCONCLUSIVE
    return msgspec.structs.replace(second, verdict=verdict, confirmed=holds)
