"""A row of a comparison in words: figures, change, what speaks for the verdict, and in which order rows stand."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Mapping, Sequence

from ..judging.comparison import Row, Verdict
from .changes import change, clipped, pair, said, spoken
from .tables import NOTHING

COLUMNS = ("Verdict", "Benchmark", "Base", "Head", "Change", "Instructions", "Why")
WORST_FIRST = tuple(Verdict)


def cells(row: Row) -> list[str]:
    """A row as in COLUMNS."""
    verdict = said(row.verdict, proven=proven(row))
    return [verdict, label(row.name, row.parameters), *figures(row), clipped(why(row))]


def figures(row: Row) -> list[str]:
    """Base, head, change, and instructions; those of a row of counts alone are instructions themselves."""
    counts, sampled = row.counts, row.sampled
    counted = [*pair(counts.base, counts.head, "instructions"), change(counts.ratio)] if counts else [NOTHING] * 3
    if sampled is None or not sampled.pairs:
        return [*counted, NOTHING]
    grown = NOTHING
    if sampled.ratio is not None:
        bounds = [one for one in (sampled.low, sampled.high) if one is not None]
        # The ratio is of costs; beside figures of which more is better stands by how much they changed themselves.
        ratios = [sampled.ratio, *bounds] if row.less_is_better else [1 / sampled.ratio, *(1 / x for x in bounds[::-1])]
        grown = change(*ratios)
    moved = f"{counted[0].removesuffix(' instr')} → {counted[1].removesuffix(' instr')} ({counted[2]})"
    return [*pair(sampled.base, sampled.head, row.unit), grown, moved if counts else NOTHING]


def proven(row: Row) -> bool:
    """Whether the figures alone show a change: an exact count, or an interval that lies on one side of 1."""
    if row.counts is not None and row.counts.verdict is row.verdict:
        return True
    if row.sampled is not None and row.sampled.low is not None and row.sampled.high is not None:
        return not row.sampled.low <= 1 <= row.sampled.high
    return row.verdict.gates  # it works no more, or fails where it did not: there is no ratio of that


def ordered(rows: Sequence[Row]) -> list[Row]:
    """By verdict, the worst first; then the surest first, by the bound of the interval nearest to no change."""
    return sorted(
        rows, key=lambda row: (WORST_FIRST.index(row.verdict), -_surely(row), row.name, list(row.parameters.values()))
    )


def why(row: Row) -> str:
    """In words what speaks for the verdict, and who accepted it."""
    parts = [row.reason or _evidence(row)]
    if row.sampled is not None and row.sampled.confirmed:
        parts.append("confirmed by a second measurement")
    if row.accepted:
        parts.append(f"accepted: {row.accepted}")
    if row.profile:
        parts.append(row.profile)
    return "; ".join(filter(None, parts))


def label(name: str, parameters: Mapping[str, str]) -> str:
    """A benchmark at its parameters: `micro.routing.Match.time_match (routes 10)`."""
    return clipped(f"{name} ({spoken(parameters)})" if parameters else name)


def argument(asv_label: str) -> str:
    """A benchmark as asv writes it, for a shell; values hold apostrophes, and seldom what needs more than quotes."""
    if re.fullmatch(r"[\w.]+", asv_label):
        return asv_label
    return shlex.quote(asv_label) if re.search(r'["$`\\!]', asv_label) else f'"{asv_label}"'


def _surely(row: Row) -> float:
    """The ratio of costs that the change is at least; of what is faster, the other way round."""
    found = [row.counts.ratio] if row.counts is not None and row.counts.verdict is row.verdict else []
    faster = row.verdict is Verdict.FASTER
    if row.sampled is not None and row.sampled.low is not None and row.sampled.high is not None:
        found.append(row.sampled.high if faster else row.sampled.low)
    return max((1 / one if faster else one for one in found), default=math.inf)


def _evidence(row: Row) -> str:
    if row.verdict is Verdict.INCONCLUSIVE:
        return "its interval leaves it open; more pairs, or a quieter machine, may tell"
    if row.verdict in (Verdict.OK, Verdict.UNJUDGED):
        return ""
    by = [("instructions", row.counts), ("times" if row.unit == "seconds" else "pairs", row.sampled)]
    names = [name for name, found in by if found is not None and found.verdict is row.verdict]
    return f"by {' and '.join(names)}" if names else ""
