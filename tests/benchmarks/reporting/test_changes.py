"""What became of a figure, in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.reporting import changes


@pytest.mark.parametrize(
    ("ratios", "text"),
    [
        ((1.56, 1.51, 1.62), "+56 % [+51, +62]"),
        ((1.052, 1.011, 1.093), "+5.2 % [+1.1, +9.3]"),
        ((0.5, 0.45, 0.55), "-50 % [-55, -45]"),
        ((1.0, 0.97, 1.03), "0 % [-3, +3]"),
        ((1.12, 1.0004, 1.3), "+12.00 % [+0.04, +30.00]"),  # a bound above no change is not shown as no change
        ((12.0, 10.0, 14.0), "+1,100 % [+900, +1,300]"),
        ((0.0004, 0.0003, 0.0005), "-99.96 % [-99.97, -99.95]"),  # and what is left is not shown as nothing
        ((1.078,), "+7.8 %"),
        ((1.0,), "0 %"),
    ],
)
def test_a_change_is_a_signed_percentage_with_its_interval(ratios: tuple[float, ...], text: str) -> None:
    assert changes.change(*ratios) == text


@given(st.floats(0.01, 100))
def test_no_change_is_shown_only_where_there_is_none(ratio: float) -> None:
    if abs(ratio - 1) > 1e-5:
        assert changes.change(ratio).startswith("+" if ratio > 1 else "-")


@pytest.mark.parametrize(
    ("base", "head", "unit", "texts"),
    [
        (980e-6, 1.2e-3, "seconds", ("0.98 ms", "1.2 ms")),
        (18.24e-6, 28.4e-6, "seconds", ("18.2 us", "28.4 us")),
        (0.0, 2e-3, "seconds", ("0 ms", "2 ms")),
        (999.0, 1_500_000.0, "bytes", ("0.000999 MB", "1.5 MB")),
        (8000.0, 5000.0, "1/s", ("8,000/s", "5,000/s")),
        (20_406.5, 31_000.0, "instructions", ("20,406.5 instr", "31,000 instr")),
        (None, 2e-3, "seconds", ("failed", "2 ms")),
    ],
)
def test_two_figures_share_the_unit_of_the_larger(
    base: float | None, head: float | None, unit: str, texts: tuple[str, str]
) -> None:
    assert changes.pair(base, head, unit) == texts
