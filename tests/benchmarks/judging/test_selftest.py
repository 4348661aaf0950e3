"""The self-test: a slowdown of known size, and how many benchmarks it is found in."""

from __future__ import annotations

from benchmarks.judging.selftest import SLOWDOWNS


def test_ten_twentyfive_and_sixty_percent_are_injected_and_nothing_too() -> None:
    assert SLOWDOWNS == (0.0, 0.10, 0.25, 0.60)
