"""Fair turns."""

from __future__ import annotations

import itertools
from collections import Counter

from benchmarks.peers.rounds import alternate, order
from tests.benchmarks.peers.toys import Machine


def test_everybody_is_first_and_before_everybody_else_equally_often() -> None:
    names = list("abcde")
    turns = [order(names, at) for at in range(2 * len(names))]
    assert Counter(each[0] for each in turns) == dict.fromkeys(names, 2)
    pairs = itertools.combinations(names, 2)
    assert {sum(each.index(one) < each.index(two) for each in turns) for one, two in pairs} == {len(names)}


def test_a_round_measures_every_work_once_and_the_peers_of_a_case_side_by_side() -> None:
    machine, works = Machine(), [("one", "pyrt"), ("one", "half"), ("two", "pyrt")]
    figures = alternate(works, 4, machine)
    assert {work: len(found) for work, found in figures.items()} == dict.fromkeys(works, 4)
    assert [[case for case, _ in asked] for asked in machine.asked] == [["one", "one", "two"]] * 4
