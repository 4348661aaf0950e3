"""What a `track_` benchmark may hand to asv as samples."""

from __future__ import annotations

import math

import pytest

from benchmarks.harness.samples import samples


@pytest.mark.parametrize("values", [[], [1.0] * 6, [1.0] * 7, [1.0] * 8 + [math.inf], [math.nan] * 8])
def test_too_few_samples_and_samples_that_are_no_numbers_are_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="wants 8 measurements or more, all finite"):
        samples(values)


def test_samples_are_kept_in_order_to_six_digits() -> None:
    assert samples([1.23456789, *range(1, 8)]) == {"samples": [1.23457, 1, 2, 3, 4, 5, 6, 7], "number": 1}
