"""A bisection names the step wherever it is, and no less than the truth where some points tell nothing."""

from __future__ import annotations

import math

from hypothesis import assume, example, given
from hypothesis import strategies as st

from benchmarks.judging.bisecting import bisect

counts = st.floats(1, 1e9)


@given(st.integers(1, 200), st.integers(1, 200), counts, counts)
def test_one_step_is_named_in_few_looks(last: int, step: int, before: float, after: float) -> None:
    step = min(step, last)
    looks = []

    def value(at: int) -> float:
        looks.append(at)
        return before if at < step else after

    if before != after:
        assert bisect((before, after), last, value) == (step - 1, step)
        assert len(looks) <= math.ceil(math.log2(last)) + 1
        assert not {0, last} & set(looks)


@example([1, 100, 1, 100], {1, 2})
@given(st.lists(counts, min_size=2, max_size=40), st.sets(st.integers(1, 38)))
def test_the_answer_crosses_the_middle_and_hides_only_what_tells_nothing(values: list[float], untold: set[int]) -> None:
    ends = values[0], values[-1]
    assume(not math.isclose(*map(math.log, ends)))
    low, high = bisect(ends, len(values) - 1, lambda at: None if at in untold else values[at])
    halfway, rises = sum(map(math.log, ends)) / 2, ends[1] > ends[0]
    assert [(math.log(values[at]) > halfway) == rises for at in (low, high)] == [False, True]
    assert set(range(low + 1, high)) <= untold


def test_the_larger_of_two_steps_is_named_whatever_their_size_in_instructions() -> None:
    values = [1_000_000.0] * 5 + [400_000.0] * 5 + [4_000.0] * 5
    assert bisect((values[0], values[-1]), 14, values.__getitem__) == (9, 10)
