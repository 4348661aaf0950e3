"""Figures for people."""

from __future__ import annotations

import math

import pytest

from benchmarks.reporting import tables


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (2.5e-8, "seconds", "25 ns"),
        (9.999e-4, "s", "1 ms"),
        (1.2345e-3, "seconds", "1.23 ms"),
        (72.0, "seconds", "72 s"),
        (0.0, "seconds", "0 ns"),
        (100e6, "bytes", "100 MB"),
        (34117.0, "instructions", "34,117"),
        (2115.5, "instructions", "2,115.5"),
        (1.5, "ratio", "1.5x"),
        (0.002, "ratio", "0.2 %"),
        (11600.0, "1/s", "11,600/s"),
        (104.26, "us/request", "104 us/request"),
        (None, "seconds", "failed"),
        (math.nan, "seconds", "n/a"),
    ],
)
def test_figures_are_shown_with_three_digits_and_a_fitting_unit(value: float | None, unit: str, text: str) -> None:
    assert tables.human(value, unit) == text
