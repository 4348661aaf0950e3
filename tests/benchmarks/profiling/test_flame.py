"""The colours of flame graphs."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from benchmarks.profiling import flame


def test_red_is_what_grew_by_itself_and_blue_what_shrank() -> None:
    now, base = {("a", "grown"): 9.0, ("a", "shrunk"): 1.0, ("a",): 5.0}, {("a", "shrunk"): 9.0, ("a",): 5.0}
    drawn = ET.fromstring(flame.Picture(flame.tree(now, base), "us", {"grown", "shrunk", "a"}).svg())
    space = "{http://www.w3.org/2000/svg}"
    boxes = [one for one in drawn.iter(f"{space}svg") if one.find(f"{space}text") is not None]
    fills = {one.findtext(f"{space}text"): one.find(f"{space}rect").get("fill") for one in boxes}  # type: ignore[union-attr]
    assert [str(fills[name]).partition(" ")[0] for name in ("grown", "shrunk", "a")] == ["hsl(8", "hsl(214", "hsl(220"]


def test_what_moved_within_noise_has_no_colour() -> None:
    picture = flame.Picture(flame.tree({("a",): 9.0}, {("a",): 1.0}), "us", set())
    assert "hsl(220 8% 84%)" in picture.svg()
