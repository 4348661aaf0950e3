"""Figures over commits as inline SVG: lines with their intervals, and areas that add up."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape

from ..report import describe
from ..results import Commit, Figure
from ..tables import human
from .frame import COMMITS, Source

WIDTH, LEFT, TOP, BOTTOM = 776, 100, 26, 34
APART = 22  # between two names at the ends of lines; on a phone letters are that high
PINS_WIDE = 44  # what the word beside a change of pins takes
SPILL = 1.4  # an interval may stand out beyond all figures by so much, and is cut there

Series = Mapping[str, Sequence[Figure]]
Point = tuple[float, float]


class Axes:
    """Where commits and values lie; and the grid, the ends, and the changes of pins.

    Values lie from zero up to `high`, or by their logarithms where there is a `low` above zero.
    """

    def __init__(self, source: Source, commits: Sequence[Commit], unit: str, bounds: Point, *, size: tuple[int, int]):
        self.source, self.commits, self.unit = source, commits, unit
        self.height, self.right = size
        self.low, self.high = bounds
        self.step = (WIDTH - LEFT - self.right) / max(1, len(commits) - 1)

    @property
    def end(self) -> float:
        return WIDTH - self.right

    @property
    def bottom(self) -> float:
        return self.height - BOTTOM

    def at(self, commit: int, value: float) -> Point:
        kept = min(self.high, max(self.low, value))
        share = math.log(kept / self.low) / math.log(self.high / self.low) if self.low else kept / self.high
        return LEFT + commit * self.step, self.bottom - share * (self.bottom - TOP)

    def ticks(self) -> list[float]:
        if not self.low:
            return [0.0, self.high / 2, self.high]
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        found = [step * 10.0**power for power in powers for step in (1, 2, 5)]
        inside = [one for one in found if self.low * 0.999 <= one <= self.high * 1.001]
        return inside[:: max(1, len(inside) // 4)]

    def frame(self) -> Iterator[str]:
        for value in self.ticks():
            y = self.at(0, value)[1]
            label = human(value, self.unit) if value else "0"
            yield f'<line class="grid" x1="{LEFT}" x2="{self.end}" y1="{y:.1f}" y2="{y:.1f}"/>'
            yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{escape(label)}</text>'
        yield f'<text x="{LEFT}" y="{self.height - 8}">{self.commits[0].short}</text>'
        if len(self.commits) > 1:
            yield f'<text x="{self.end}" y="{self.height - 8}" text-anchor="end">{self.commits[-1].short}</text>'
        yield from self.pins()

    def pins(self) -> Iterator[str]:
        """A dashed line where the commit before had other pins, with what changed in its title."""
        free = 0.0
        for at, changes in itertools.groupby(self.source.marks(self.commits), lambda mark: mark[0]):
            x = self.at(at, 0)[0] - self.step / 2
            yield self._pin(x, [commit for _, commit in changes], named=x >= free)
            free = x + PINS_WIDE if x >= free else free

    def _pin(self, x: float, commits: Sequence[str], *, named: bool) -> str:
        words = "; ".join(word for one in commits for word in self.source.pins_of[one].words())
        name = f'<text class="pins" x="{x:.1f}" y="{TOP - 12}" text-anchor="middle">pins</text>' if named else ""
        return (
            f'<a tabindex="-1" href="{COMMITS}#{commits[-1]}"><title>Pins changed: {escape(words)}</title>'
            f'<line class="pin" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 8}" y2="{self.bottom}"/>{name}</a>'
        )

    def dot(self, kind: str, at: int, value: float, title: str) -> str:
        """A point that says its figure and leads to its commit."""
        (x, y), commit = self.at(at, value), self.commits[at]
        return (
            f'<a tabindex="-1" href="{escape(self.source.address(commit.hash))}">'
            f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="3"><title>{escape(title)} at '
            f"{escape(describe(commit))}</title></circle></a>"
        )

    def svg(self, label: str, parts: Iterable[str]) -> str:
        size = f'viewBox="0 0 {WIDTH} {self.height}" role="img" aria-label="{escape(label)}"'
        return f"<svg {size}>{''.join([*self.frame(), *parts])}</svg>"


def lines(source: Source, commits: Sequence[Commit], series: Series, unit: str, *, label: str) -> str:
    """Lines by name with an interval at each point, where it has one; a point without a figure is left out.

    Values lie by their logarithms, so that a slow hour does not flatten the rest.

    A line carries its name at its end and a dash of its own, so colour is not needed. Empty without any figure.
    """
    known = [figure for figures in series.values() for figure in figures if figure.measured]
    if not known:
        return ""
    values = [figure.value or 0.0 for figure in known]
    axes = Axes(source, commits, unit, _bounds(values), size=(240, 48))
    kinds = {name: f"s{at}" for at, name in enumerate(series)}
    parts = [part for name, figures in series.items() for part in _line(axes, name, kinds[name], figures)]
    ends = [(axes.at(0, _last(figures))[1], name) for name, figures in series.items() if any(_known(figures))]
    return axes.svg(label, [*parts, *_names(ends, axes, kinds)])


def areas(
    source: Source, commits: Sequence[Commit], parts: Mapping[str, Sequence[float]], whole: Sequence[float], unit: str
) -> str:
    """Areas by name, the first at the bottom, and the whole as a line above them; NaN where there is no figure.

    Only commits that have every part are drawn. Empty where none has.
    """
    full = [at for at in range(len(commits)) if all(math.isfinite(values[at]) for values in parts.values())]
    if not full:
        return ""
    sums = {at: list(itertools.accumulate((values[at] for values in parts.values()), initial=0.0)) for at in full}
    highest = max([total[-1] for total in sums.values()] + [value for value in whole if math.isfinite(value)])
    axes = Axes(source, commits, unit, (0.0, _round_up(highest) or 1.0), size=(340, 120))
    kinds = {name: f"s{at}" for at, name in enumerate(parts)}
    drawn = [
        _area(axes, kind, [(at, sums[at][level], sums[at][level + 1]) for at in full])
        for level, kind in enumerate(kinds.values())
    ]
    last = sums[full[-1]]
    ends = [(axes.at(0, (last[level] + last[level + 1]) / 2)[1], name) for level, name in enumerate(parts)]
    drawn += _line(axes, "whole", "whole-line", [Figure(value) for value in whole])
    return axes.svg("Parts over commits", [*drawn, *_names(ends, axes, kinds)])


def _area(axes: Axes, kind: str, levels: Sequence[tuple[int, float, float]]) -> str:
    upper = [axes.at(at, high) for at, _, high in levels]
    lower = [axes.at(at, low) for at, low, _ in reversed(levels)]
    return f'<polygon class="{kind}" points="{_points([*upper, *lower])}"/>'


def _line(axes: Axes, name: str, kind: str, figures: Sequence[Figure]) -> Iterator[str]:
    known = list(_known(figures))
    for at, figure, _ in known:
        if figure.low is not None and figure.high is not None:
            (x, low), (_, high) = axes.at(at, figure.low), axes.at(at, figure.high)
            yield f'<line class="whisker {kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}"/>'
    yield f'<polyline class="{kind}" points="{_points(axes.at(at, value) for at, _, value in known)}"/>'
    for at, figure, value in known:
        yield axes.dot(kind, at, value, f"{name} {spread(figure, axes.unit)}")


def spread(figure: Figure, unit: str) -> str:
    """A figure with its interval: `1.2 ms (1.1 ms to 1.4 ms)`."""
    shown = human(figure.value, unit)
    if figure.low is None or figure.high is None:
        return shown
    return f"{shown} ({human(figure.low, unit)} to {human(figure.high, unit)})"


def _known(figures: Iterable[Figure]) -> Iterator[tuple[int, Figure, float]]:
    for at, figure in enumerate(figures):
        if figure.measured and figure.value is not None:
            yield at, figure, figure.value


def _last(figures: Iterable[Figure]) -> float:
    return [value for _, _, value in _known(figures)][-1]


def _points(points: Iterable[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _bounds(values: Sequence[float]) -> Point:
    """The ends of a logarithmic axis with some room; zero has no logarithm, so with it the axis is linear."""
    low, high = min(values), max(values)
    return (low / SPILL, high * SPILL) if low > 0 else (0.0, _round_up(high) or 1.0)


def _round_up(value: float) -> float:
    """The next 1, 2, 3, 4, 6 or 8 times a power of ten, so that half of it reads well too."""
    size = 10.0 ** math.floor(math.log10(value)) if value > 0 else 0.0
    return next((size * step for step in (1, 2, 3, 4, 6, 8, 10) if size * step >= value * 0.999), value)


def _names(ends: Iterable[tuple[float, str]], axes: Axes, kinds: Mapping[str, str]) -> Iterator[str]:
    """The names beside the ends, moved apart upwards where they would lie on each other."""
    limit = float(axes.height)
    for y, name in sorted(ends, reverse=True):
        limit = min(y + 4, limit - APART)
        yield f'<text class="name {kinds[name]}" x="{axes.end + 8}" y="{limit:.1f}">{escape(name)}</text>'
