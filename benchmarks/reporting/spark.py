"""The course of a figure over commits, as small as a word: blocks in text, a line in HTML."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from .tables import NOTHING

BLOCKS = "▁▂▃▄▅▆▇█"
GAP = "·"
LENGTH = 30  # commits; what is older is in the JSON
LEAST = 0.05  # of the largest figure: a change below this does not fill the height
WIDTH, HEIGHT, EDGE = 120, 24, 3


class Spark(str):
    """A sparkline of blocks, oldest figure first, which keeps the figures that it shows.

    Attributes:
        values: None or not finite where a commit has no figure.
        says: what it shows, in words.
    """

    values: tuple[float | None, ...]
    says: str

    def __new__(cls, values: Sequence[float | None], says: str = "") -> Spark:
        """Values without two figures among them are `-`."""
        last = tuple(value if value is not None and math.isfinite(value) else None for value in values[-LENGTH:])
        levels = _levels(last)
        enough = sum(level is not None for level in levels) > 1
        # A figure that stays lies between two blocks: the lower one for all of it, whatever its last digit does.
        blocks = (GAP if level is None else BLOCKS[int(level * (len(BLOCKS) - 1) + 0.3)] for level in levels)
        made = super().__new__(cls, "".join(blocks).strip(GAP) if enough else NOTHING)
        made.values, made.says = last if enough else (), says
        return made

    def svg(self) -> str:
        """The same as a line with a dot at its end, inline; empty where there is nothing to draw."""
        levels = _levels(self.values)
        step = (WIDTH - 2 * EDGE) / max(1, len(levels) - 1)
        points = [
            (EDGE + at * step, HEIGHT - EDGE - level * (HEIGHT - 2 * EDGE))
            for at, level in enumerate(levels)
            if level is not None
        ]
        if not points:
            return ""
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        x, y = points[-1]
        return (
            f'<svg class="spark" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(self.says)}">'
            f'<title>{escape(self.says)}</title><polyline points="{line}"/>'
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5"/></svg>'
        )


def _levels(values: Sequence[float | None]) -> list[float | None]:
    """Where each figure lies between the smallest and the largest, from 0 to 1."""
    known = [value for value in values if value is not None]
    if not known:
        return [None] * len(values)
    low, high = min(known), max(known)
    span = max(high - low, LEAST * max(abs(low), abs(high))) or 1.0
    foot = (low + high - span) / 2
    return [None if value is None else (value - foot) / span for value in values]
