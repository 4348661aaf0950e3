"""What a machine detects of known slowdowns, for people."""

from __future__ import annotations

from collections.abc import Sequence

from ..judging.selftest import Detection
from .tables import Table, percent

COLUMNS = ("Slower by", "Alerts by counts", "Alerts by times", "Measured ratios of times")


def table(found: Sequence[Detection]) -> Table:
    """How many benchmarks were flagged, by slowdown."""
    note = "The commit against itself, head made to do more work."
    return Table("What this machine detects", COLUMNS, [_cells(one) for one in found], note=note)


def _cells(one: Detection) -> list[str]:
    ratios = [time.ratio for time in one.times.values() if time.ratio is not None]
    spread = f"{min(ratios):.3f} to {max(ratios):.3f}" if ratios else "none"
    told = f"{one.found(one.times)} of {len(one.times)}"
    counted = f"{one.found(one.counts)} of {len(one.times)}, shown {one.shown()}" if one.counts else "no count"
    return [percent(one.slowdown) if one.slowdown else "none", counted, told, spread]
