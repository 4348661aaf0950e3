"""No alert where nothing changed: the rules on real pairs of one commit with itself, which a busy machine made.

`aa-pairs.json.gz` was recorded as the command that it holds does, figures of memory left out, while other work had the
machine for most of an hour; `python -m benchmarks compare --record FILE` makes another.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.judging import looking, recording
from benchmarks.judging.comparison import PairedSamples
from benchmarks.judging.deciding import Gate

RECORDED = recording.load(Path(__file__).with_name("aa-pairs.json.gz"))
GATES = {name: Gate(less_is_better=less) for name, less in RECORDED.less_is_better.items()}
COMPARISONS, PARTS = 1000, 10


class Drawn:
    """Pairs drawn from the recorded ones, each by chance one way round or the other, head made slower or not."""

    def __init__(self, chance: random.Random, slower: dict[str, float] | None = None) -> None:
        self.taken: dict[str, list[tuple[float, float]]] = {}
        self._slower = slower or {}
        self._order = chance.sample(range(len(next(iter(RECORDED.pairs.values())))), 40)
        self._turned = [chance.random() < 0.5 for _ in self._order]

    def take(self, keys: Sequence[str], count: int) -> None:
        for key in keys:
            kept = self.taken.setdefault(key, [])
            for at in range(len(kept), len(kept) + count):
                one, other = RECORDED.pairs[key][self._order[at]]
                base, head = (other, one) if self._turned[at] else (one, other)
                work = self._slower.get(key, 1)
                kept.append((base, head * work if RECORDED.less_is_better[key] else head / work))


def compared(seed: int, slower: dict[str, float] | None = None) -> dict[str, PairedSamples]:
    """One whole comparison: looks, and a confirmation by fresh pairs."""
    chance = random.Random(seed)
    judged = looking.look(Drawn(chance, slower), GATES, lambda text: None)
    return looking.confirm(judged, Drawn(chance, slower), GATES, lambda text: None)


def test_at_least_two_hundred_pairs_of_many_benchmarks_were_recorded() -> None:
    assert len(RECORDED.pairs) >= 20
    assert all(len(pairs) >= 200 for pairs in RECORDED.pairs.values())


@pytest.mark.parametrize("part", range(PARTS))
def test_a_thousand_comparisons_of_a_commit_with_itself_give_no_alert(part: int) -> None:
    each = COMPARISONS // PARTS
    for seed in range(part * each, (part + 1) * each):
        alerts = {name: found for name, found in compared(seed).items() if found.verdict.gates}
        assert not alerts, f"seed {seed}"


def test_most_of_what_is_sixty_percent_slower_is_found_in_the_same_noise() -> None:
    seeds, found = range(5), 0
    for seed in seeds:
        slower = random.Random(f"which {seed}").choice(sorted(GATES))
        judged = compared(seed, {slower: 1.6})
        assert not [name for name, one in judged.items() if one.verdict.gates and name != slower]
        found += judged[slower].verdict.gates
    assert found >= 3
