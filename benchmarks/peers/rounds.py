"""Rounds: in each, every work is measured once, so that what else the machine does meets all peers alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Work = tuple[str, str]
"""A case and a peer, by their names."""

Figure = float | str
"""What was measured, in whatever the work is counted in; or why nothing could be."""

Measure = Callable[[Sequence[Work]], Sequence[Figure]]
"""One round: measures each work in this order."""


def order(names: Sequence[str], at: int) -> list[str]:
    """Who goes when in round *at*: forward, then backward, then from the next one on.

    In twice as many rounds as there are names, everybody is first twice, and stands as often before as after another.
    """
    first = at // 2 % len(names)
    turned = [*names[first:], *names[:first]]
    return turned[::-1] if at % 2 else turned


def alternate(works: Sequence[Work], rounds: int, measure: Measure) -> dict[Work, list[Figure]]:
    """What each work came to, one figure of each round; within a case, the peers take turns."""
    figures: dict[Work, list[Figure]] = {work: [] for work in works}
    cases, peers = (list(dict.fromkeys(names)) for names in zip(*works, strict=True))
    for at in range(rounds):
        turns = [(case, peer) for case in cases for peer in order(peers, at) if (case, peer) in figures]
        for work, figure in zip(turns, measure(turns), strict=True):
            figures[work].append(figure)
    return figures
