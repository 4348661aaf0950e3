"""What became of a figure, for people: never a percentage alone, and no mark on what may be nothing."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping

from ..judging.comparison import Verdict
from .tables import digits, human, scale

MARKS = {Verdict.FAIL: "❌", Verdict.ALERT: "⚠️", Verdict.SLOWER: "🔸", Verdict.FASTER: "✅"}


def pair(one: float | None, other: float | None, unit: str) -> tuple[str, str]:
    """Two figures of one unit, whose size fits the larger of them: `("980 us", "1,200 us")`."""
    known = [abs(value) for value in (one, other) if value is not None and math.isfinite(value)]
    if "instructions" in unit or unit == "ratio" or not known:
        return shown(one, unit), shown(other, unit)
    size, name = scale(max(known), unit)
    texts = [
        human(value, unit) if value is None or not math.isfinite(value) else f"{digits(value / size)}{name}"
        for value in (one, other)
    ]
    return texts[0], texts[1]


def shown(value: float | None, unit: str) -> str:
    """A figure for people, among figures of other units: counts say that they are some."""
    text = human(value, unit)
    return f"{text} instr" if unit == "instructions" and text[:1].isdigit() else text


def with_interval(value: float | None, low: float | None, high: float | None, unit: str) -> str:
    """A figure between its bounds: `720 us [700, 741]`."""
    if value is None or low is None or high is None or not math.isfinite(value):
        return human(value, unit)
    size, name = scale(value, unit)
    return f"{digits(value / size)}{name} [{digits(low / size)}, {digits(high / size)}]"


def change(ratio: float, low: float | None = None, high: float | None = None) -> str:
    """By how much a figure changed: `+56 % [+51, +62]`. All three are ratios of now by before."""
    shares = [100 * (one - 1) for one in (ratio, low, high) if one is not None]
    places = next(count for count in range(4) if count == 3 or _tells(shares, count))
    first, *bounds = [_signed(share, places) for share in shares]
    return f"{first} % [{', '.join(bounds)}]" if len(bounds) == 2 else f"{first} %"


def _tells(shares: list[float], places: int) -> bool:
    """Whether so many places say enough: two digits of the first, and nothing becomes all or nothing by rounding."""
    short = abs(shares[0]) < 9.95 and shares[0] != 0 and places == 0
    return not short and not any(share not in (0, -100) and round(share, places) in (0, -100) for share in shares)


def _signed(share: float, places: int) -> str:
    return f"{share:+,.{places}f}" if round(share, places) else "0"


def said(verdict: Verdict, *, proven: bool) -> str:
    """A verdict, with its mark only where the figures alone prove that something changed."""
    return f"{MARKS[verdict]} {verdict}" if proven and verdict in MARKS else str(verdict)


def spoken(parameters: Mapping[str, str]) -> str:
    """Parameters for people: `routes 10, path static`."""
    return ", ".join(f"{name} {plain(value)}" for name, value in parameters.items())


def plain(stored: str) -> str:
    """A parameter as people write it; asv stores its repr, of which only a string's quotes are noise to a reader."""
    try:
        value = ast.literal_eval(stored)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return stored
    return value if isinstance(value, str) else stored


def clipped(text: str, most: int = 300) -> str:
    """Text of one line, and not more of it than somebody reads."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 2]} …"
