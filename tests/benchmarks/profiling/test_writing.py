"""The pages of profiles, in a real browser: pictures that fit, and that a click widens."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.profiling import differential, single, writing
from benchmarks.profiling.differential import Change
from tests.benchmarks.browser import Tab, needs_browser, tab

TIMES = {
    ("benchmarks.a:B.time_c",): 1.0,
    ("benchmarks.a:B.time_c", "pyrt.routing:match"): 2.0,
    ("benchmarks.a:B.time_c", "pyrt.routing:match", "pyrt.routing:<lambda> & more"): 1.0,
    ("benchmarks.a:B.time_c", "pyrt.request.hooks:run"): 4.0,
}
WAS = {
    **TIMES,
    ("benchmarks.a:B.time_c", "pyrt.request.hooks:run"): 1.0,
    ("benchmarks.a:B.time_c", "pyrt.old:gone"): 2.0,
}
BOX = """(name => { const one = [...document.querySelectorAll("svg.flame svg")]
  .find(box => box.querySelector("text").textContent == name && box.closest("svg.flame") == document
  .querySelector("svg.flame")), rect = one.querySelector("rect").getBoundingClientRect(),
  whole = document.querySelector("svg.flame").getBoundingClientRect();
  return one.style.display == "none" ? null
    : [(rect.left - whole.left) / whole.width, rect.width / whole.width]; })"""


def written(folder: Path) -> Path:
    profile = single.Profile(
        benchmark="micro.a.B.time_c",
        parameters={},
        commit="c" * 40,
        command="python -m benchmarks profile micro.a.B.time_c",
        date="2026-01-05T12:00:00+00:00",
        python="3.11.7",
        seconds_per_call=9e-6,
        cpu_seconds_per_call=8e-6,
        samples=500,
        coverage=0.98,
        instructions_per_call=None,
        components=single.components(TIMES, {}),
        frames=single.frames(TIMES, {}, {}),
        garbage=None,
        memory=None,
        notes=["<script>alert(1)</script>"],
    )
    return writing.write_single(single.StackedProfile(profile, TIMES, {}), folder)


def differing(folder: Path) -> Path:
    frames = [
        differential.FrameChange(
            name="pyrt.request.hooks:run",
            component="hooks",
            base_instructions=1.0,
            head_instructions=400.0,
            instructions=399.0,
            by_instructions=Change.GROWN,
        )
    ]
    made = differential.Differential(
        benchmark="micro.a.B.time_c",
        parameters={},
        base="b" * 40,
        commit="c" * 40,
        command="python -m benchmarks profile micro.a.B.time_c b c",
        date="2026-01-05T12:00:00+00:00",
        base_us=[],
        head_us=[],
        loops=100,
        samples=0,
        base_instructions=6.0,
        head_instructions=8.0,
        frames=frames,
        notes=[],
    )
    return writing.write_differential(differential.StackedDifferential(made, ({}, {}), (WAS, TIMES)), folder)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with tab(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


def box(browser: Tab, name: str) -> Any:
    return browser.ask(f"{BOX}({name!r})")


@needs_browser
@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("write", [written, differing])
def test_a_page_fits_its_screen_and_complains_of_nothing(
    browser: Tab, tmp_path: Path, write: Any, width: int, scheme: str
) -> None:
    browser.open(write(tmp_path).as_uri(), width=width, scheme=scheme)
    assert browser.complaints == []
    assert browser.ask("document.documentElement.scrollWidth") <= width
    assert all(address.startswith(("file:", "about:")) for address in browser.asked)
    colours = browser.ask("[getComputedStyle(document.body).backgroundColor]")
    assert (colours == ["rgb(255, 255, 255)"]) == (scheme == "light")


@needs_browser
def test_a_function_is_as_wide_as_its_share_and_a_click_makes_it_the_whole(browser: Tab, tmp_path: Path) -> None:
    browser.open(written(tmp_path).as_uri())
    assert box(browser, "hooks:run") == pytest.approx([0, 0.5], abs=0.003)
    assert box(browser, "routing:match") == pytest.approx([0.5, 0.375], abs=0.003)
    click = (
        "document.querySelectorAll('svg.flame text')[2].parentNode.dispatchEvent(new Event('click', {bubbles: true}))"
    )
    browser.ask(click)
    assert box(browser, "routing:match") == pytest.approx([0, 1], abs=0.003)
    assert box(browser, "routing:<lambda> & more") == pytest.approx([0, 1 / 3], abs=0.003)
    assert box(browser, "a:B.time_c") == pytest.approx([0, 1], abs=0.003)
    assert box(browser, "hooks:run") is None


@needs_browser
def test_the_picture_alone_is_a_picture_for_other_pages_too(browser: Tab, tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "other.html").write_text('<img src="flamegraph.svg">')
    browser.open((tmp_path / "other.html").as_uri())
    assert browser.ask("document.images[0].naturalHeight") > 20
    assert browser.complaints == []


def test_what_a_name_holds_is_text_in_every_file(tmp_path: Path) -> None:
    page = written(tmp_path)
    assert "<script>alert(1)" not in page.read_text()
    ET.fromstring((tmp_path / "flamegraph.svg").read_text())
