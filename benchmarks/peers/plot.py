"""The ratios as a picture: for each case a row for each peer, on one logarithmic axis. A file by itself."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from html import escape

from ..judging.paired import Interval
from ..reporting.tables import NOTHING, human
from .entries import Entry, spread, times
from .runs import PeerRun

WIDTH, LEFT, RIGHT = 960, 210, 310
LINE, ROW, TITLE, FOOT = 17, 24, 38, 40
REASON, SMALL = 100, 140  # characters of them that fit in a line

STYLE = """
svg { color-scheme: light dark; --back: #fff; --text: #1c2024; --soft: #5b6470; --line: #d9dee4; --mark: #1f6feb;
  font: 13px system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { svg { --back: #14171a; --text: #e6e9ec; --soft: #9aa4af; --line: #343b42;
  --mark: #6cb0ff; } }
.back { fill: var(--back); }
text { fill: var(--text); stroke: var(--back); stroke-width: 4px; paint-order: stroke; }
.soft { fill: var(--soft); font-size: 12px; }
.big { font-size: 17px; font-weight: 600; } .case { font-weight: 600; }
.grid { stroke: var(--line); } .one { stroke: var(--text); }
.bar { stroke: var(--mark); stroke-width: 8; opacity: .25; } .interval { stroke: var(--mark); stroke-width: 2; }
.dot { fill: var(--mark); } .less { fill: var(--back); stroke: var(--mark); stroke-width: 2; }
"""


def plot(done: PeerRun) -> str:
    """An SVG file that needs no other. Of a peer that has no ratio, it says why."""
    rows = sum(len(done.entries[case]) for case in done.cases)
    title = [*_title(done)]
    axis = Axis(done, top=LINE * len(title) + 53)
    height = axis.top + rows * ROW + len(done.cases) * TITLE + FOOT
    body = "".join([*title, *axis.grid(height - FOOT), *_cases(done, axis)])
    label = escape(f"{done.subject}: {done.yardstick.what} beside {done.peers[0].name}")
    frame = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    back = f'<rect class="back" width="{WIDTH}" height="{height}"/>'
    return f'<svg {frame} role="img" aria-label="{label}"><style>{STYLE}</style>{back}{body}</svg>\n'


class Axis:
    """Ratios across the picture, by their logarithms, with a mark at 1 and round numbers beside."""

    def __init__(self, done: PeerRun, top: int) -> None:
        self.top = top
        ratios = [one.ratio for found in done.entries.values() for one in found if one.ratio]
        low = min([0.8, *(ratio.low for ratio in ratios)])
        high = max([1.25, *(ratio.high for ratio in ratios)])
        self.low, self.high = math.log(low) - 0.1, math.log(high) + 0.1
        self.ends = ("← slower", "faster →") if done.yardstick.more_is_faster else ("← faster", "slower →")

    def at(self, ratio: float) -> float:
        return LEFT + (math.log(ratio) - self.low) / (self.high - self.low) * (WIDTH - LEFT - RIGHT)

    def ticks(self) -> list[float]:
        size = math.log(10)
        steps = (1,) if self.high - self.low > 2.5 * size else (1, 2, 5)  # more would stand too close
        powers = range(math.floor(self.low / size), math.ceil(self.high / size))
        marks = [step * 10.0**power for power in powers for step in steps]
        return [one for one in marks if self.low < math.log(one) < self.high]

    def grid(self, bottom: float) -> Iterator[str]:
        for ratio in self.ticks():
            x, kind = self.at(ratio), "one" if ratio == 1 else "grid"
            yield f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{self.top}" y2="{bottom}"/>'
            yield _text(x, bottom + 18, times(ratio), "soft", "middle")
        yield _text(LEFT, self.top - 6, self.ends[0], "soft")
        yield _text(WIDTH - RIGHT, self.top - 6, self.ends[1], "soft", "end")


def _title(done: PeerRun) -> Iterator[str]:
    about = dict(done.heading())
    yield _text(16, 28, f"{done.subject}: {done.yardstick.what}, as a multiple of {done.peers[0].name}'s", "big")
    yield _text(16, 48, f"{about['Machine']}; {about['Python']}; {about['Measured']}; {done.rounds} rounds", "soft")
    lines = [line for text in (about["Libraries"], *done.remarks) for line in textwrap.wrap(text, SMALL)]
    for at, line in enumerate(lines):
        yield _text(16, 48 + LINE * (at + 1), line, "soft")


def _figures(y: float, ratio: str, interval: str, figure: str, kind: str = "") -> Iterator[str]:
    yield _text(WIDTH - RIGHT + 84, y, ratio, kind, "end")
    yield _text(WIDTH - RIGHT + 98, y, interval, "soft")
    yield _text(WIDTH - 16, y, figure, kind, "end")


def _cases(done: PeerRun, axis: Axis) -> Iterator[str]:
    yield from _figures(axis.top - 6, "ratio", done.interval, done.yardstick.name.lower(), "soft")
    y = float(axis.top)
    for case, title in done.cases.items():
        yield _text(16, y + TITLE - 12, f"{case}: {title}", "case")
        y += TITLE
        for entry in done.entries[case]:
            yield from _row(entry, y + ROW / 2, axis, done)
            y += ROW


def _row(entry: Entry, y: float, axis: Axis, done: PeerRun) -> Iterator[str]:
    label = f"{entry.peer} ({entry.note})" if entry.note else entry.peer
    yield _text(LEFT - 12, y + 4, label, anchor="end")
    if entry.figure is None:
        yield _text(LEFT, y + 4, f"{entry.status}: {entry.reason:.{REASON}}", "soft")
        return
    ratio = Interval(1, 1, 1) if entry.peer == done.peers[0].name else entry.ratio
    if ratio:
        yield from _mark(entry, ratio, y, axis)
    shown, bounds = times(ratio.ratio) if ratio else NOTHING, spread(entry.ratio) if entry.ratio else ""
    yield from _figures(y + 4, shown, bounds, human(entry.figure, done.yardstick.unit))


def _mark(entry: Entry, ratio: Interval, y: float, axis: Axis) -> Iterator[str]:
    """A bar from 1 to the ratio, its interval, and a dot that is hollow where less was done than the others do."""
    middle, low, high = map(axis.at, ratio)
    for kind, start, end in (("bar", axis.at(1), middle), ("interval", low, high)):
        yield f'<line class="{kind}" x1="{start:.1f}" x2="{end:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
    kind = "less" if entry.note else "dot"
    yield f'<circle class="{kind}" cx="{middle:.1f}" cy="{y:.1f}" r="4"/>'


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
