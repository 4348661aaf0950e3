"""A run as a picture."""

from __future__ import annotations

import xml.etree.ElementTree as xml
from dataclasses import replace

import pytest

from benchmarks.peers import gtype
from benchmarks.peers.entries import measure
from benchmarks.peers.plot import plot
from benchmarks.peers.runs import PeerRun
from tests.benchmarks.peers.toys import CASES, compared, peer


def test_the_plot_is_a_file_by_itself_with_a_mark_for_each_figure() -> None:
    text = plot(compared(peer("pyrt"), peer("half", "<one> only"), peer("five-times", ValueError("No"))))
    root = xml.fromstring(text)
    marks = [each.get("class") for each in root.iter("{http://www.w3.org/2000/svg}circle")]
    assert marks == ["dot", "less"] * len(CASES)
    shown = ["".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert shown.count("half (<one> only)") == len(CASES)
    assert sum(each.startswith("failed: ValueError") for each in shown) == len(CASES)
    assert "href" not in text
    assert "url(" not in text


@pytest.mark.parametrize("faster", [True, False])
def test_the_plot_says_at_which_end_the_faster_ones_are(faster: bool) -> None:
    text = plot(compared(peer("pyrt"), yardstick=replace(gtype.TIME, more_is_faster=faster)))
    assert ("faster →" in text, "← faster" in text) == (faster, not faster)


@pytest.mark.parametrize(("slower", "marks"), [(1.1, "1x"), (6.0, "1x 2x 5x"), (900.0, "1x 10x 100x")])
def test_the_axis_is_marked_at_round_numbers_that_do_not_crowd(slower: float, marks: str) -> None:
    two = [peer("pyrt"), peer("other")]
    entries = measure(two, ["one"], 6, lambda works: [slower ** (name == "other") for _, name in works])
    root = xml.fromstring(plot(PeerRun("toy", gtype.TIME, two, {"one": "the first"}, entries, 6, "toys")))
    ticks = [each.text for each in root if each.get("text-anchor") == "middle"]
    assert " ".join(map(str, ticks)) == marks
