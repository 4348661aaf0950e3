"""Flame graphs as one SVG without dependencies: the benchmark on top, below each frame what it calls.

Wide as its cost. In a page, or opened by itself, a click makes a frame as wide as the picture; as an image it stands
still. Of two commits widths are those of the second, red is what grew by itself and blue what shrank.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from html import escape

from .stacks import OWN, Stacks, component

ROW, GAP = 19, 1
LEAST = 0.0015  # narrower than this share of the whole is not drawn
FULL = 0.5  # a change by half of what it was, or of a twentieth of the whole, is as red as can be

STYLE = """
svg.flame { background: transparent; font: 12px ui-monospace, Menlo, Consolas, monospace; max-width: none; }
svg.flame rect { stroke: #fff; stroke-width: .6; } svg.flame text { fill: #161616; pointer-events: none; }
svg.flame svg { cursor: zoom-in; font-size: inherit; }
svg.flame svg:hover > rect { filter: brightness(.88); } svg.flame .wide > rect { opacity: .55; }
@media (prefers-color-scheme: dark) { svg.flame rect { stroke: #14171a; } }
"""
# Widths are shares of the picture, so that it fits any screen; to zoom is to count them from another frame.
SCRIPT = """
document.querySelectorAll("svg.flame").forEach((whole) => whole.addEventListener("click", (event) => {
  const box = event.target.closest("svg[data-x]"); if (!box) return;
  const x0 = +box.dataset.x, w0 = +box.dataset.w, depth = +box.dataset.d;
  whole.querySelectorAll("svg[data-x]").forEach((one) => {
    const x = +one.dataset.x, w = +one.dataset.w, above = +one.dataset.d < depth;
    const over = above && x <= x0 + 1e-9 && x + w >= x0 + w0 - 1e-9;
    const inside = !above && x >= x0 - 1e-9 && x + w <= x0 + w0 + 1e-9;
    one.style.display = over || inside ? "" : "none";
    one.setAttribute("x", over ? "0%" : 100 * (x - x0) / w0 + "%");
    one.setAttribute("width", over ? "100%" : 100 * w / w0 + "%");
    one.classList.toggle("wide", over);
  });
}));
"""


@dataclass
class Node:
    """A frame where it is called: what it and all below it cost, and it alone, now and at the base."""

    name: str
    now: float = 0.0
    base: float = 0.0
    self_now: float = 0.0
    self_base: float = 0.0
    below: dict[str, Node] = field(default_factory=dict)


def tree(now: Stacks, base: Stacks | None = None) -> Node:
    """The stacks of one commit, or of two, as one tree."""
    top = Node("all")
    for side, held in (("now", now), ("base", base or {})):
        for stack, value in held.items():
            _add(top, stack, value, side)
    return top


def _add(top: Node, stack: tuple[str, ...], value: float, side: str) -> None:
    node = top
    setattr(node, side, getattr(node, side) + value)
    for frame in stack:
        node = node.below.setdefault(frame, Node(frame))
        setattr(node, side, getattr(node, side) + value)
    setattr(node, f"self_{side}", getattr(node, f"self_{side}") + value)


@dataclass(frozen=True)
class Picture:
    """A tree as a picture; costs in *unit* per call.

    Attributes:
        moved: of two commits, the functions that changed beyond noise, which alone have a colour; else None.
    """

    top: Node
    unit: str
    moved: Set[str] | None = None

    def svg(self, *, alone: bool = True) -> str:
        """The picture; *alone* with its style and script, to be a file of its own."""
        boxes = list(self._boxes(self.top, 0.0, -1)) if self.top.now > 0 else []
        height = ROW * (1 + max((depth for *_, depth in boxes), default=0))
        drawn = "".join(self._box(node, x, depth) for node, x, depth in boxes)
        style, script = (f"<style>{STYLE}</style>", f"<script><![CDATA[{SCRIPT}]]></script>") if alone else ("", "")
        label = f'role="img" aria-label="Flame graph, {escape(self.unit)} per call"'
        size = f'width="100%" height="{height}" style="width:100%;height:{height}px"'
        start = f'<svg class="flame" xmlns="http://www.w3.org/2000/svg" {size} {label}>'
        return f"{start}{style}{drawn}{script}</svg>\n"

    def _boxes(self, node: Node, x: float, depth: int) -> Iterator[tuple[Node, float, int]]:
        """Each frame that is wide enough, with its left end and row."""
        if depth >= 0:
            yield node, x, depth
        for below in sorted(node.below.values(), key=lambda one: one.name):
            if below.now >= LEAST * self.top.now:
                yield from self._boxes(below, x, depth + 1)
                x += below.now / self.top.now

    def _box(self, node: Node, x: float, depth: int) -> str:
        width = node.now / self.top.now
        shape = f'x="{100 * x:.4f}%" y="{depth * ROW}" width="{100 * width:.4f}%" height="{ROW - GAP}"'
        data = f'data-x="{x:.8f}" data-w="{width:.8f}" data-d="{depth}"'
        title = f"<title>{escape(self._title(node))}</title>"
        colour = _hue(node.name) if self.moved is None else self._change(node)
        text = f'<text x="3" y="13">{escape(_short(node.name))}</text>'
        return f'<svg {shape} {data}>{title}<rect width="100%" height="100%" fill="{colour}"/>{text}</svg>'

    def _title(self, node: Node) -> str:
        share = f"{100 * node.now / self.top.now:.1f} %"
        lines = [node.name, f"{_figure(node.now)} {self.unit} per call ({share}), itself {_figure(node.self_now)}"]
        if self.moved is not None:
            lines.append(f"was {_figure(node.base)}, itself {_figure(node.self_base)}")
        return "\n".join(lines)

    def _change(self, node: Node) -> str:
        """Red as far as it grew by itself, blue as far as it shrank, grey where it did neither, or within noise."""
        grown = node.self_now - node.self_base
        most = max(FULL * max(node.self_now, node.self_base), 0.05 * max(self.top.now, self.top.base))
        share = max(-1.0, min(1.0, grown / most)) if most else 0.0
        if node.name not in (self.moved or ()) or not share:
            return "hsl(220 8% 84%)"
        return f"hsl({8 if share > 0 else 214} 85% {88 - 30 * abs(share):.0f}%)"


def _hue(name: str) -> str:
    """One colour for each component, always the same."""
    part, tone = component(name), 76 + zlib.crc32(name.encode()) % 9
    return f"hsl(215 12% {tone}%)" if part == OWN else f"hsl({zlib.crc32(part.encode()) % 24 * 15} 70% {tone}%)"


def _short(name: str) -> str:
    """As much of the name as tells it: the last module and the function."""
    module, _, function = name.partition(":")
    return f"{module.rpartition('.')[2]}:{function}" if function else name


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
