"""Our pages of the site: each appears when its data exists, and reads well anywhere, without a network."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from asv.results import iter_results_paths

from benchmarks.cli import site
from benchmarks.peers import stored
from benchmarks.reporting import stored_profiles
from tests.benchmarks.browser import Tab, needs_browser, tab
from tests.benchmarks.conftest import OVERHEAD, SUBJECTS, SUITE, start_project, write_results
from tests.benchmarks.peers.toys import run_of_peers

ALWAYS = ["targets.html", "percentiles.html", "regressions.html", "commits.html"]
ALL = [page.file for page in site.PAGES]
FILES = {
    0: {"constraints.txt": "msgspec==0.19.0\nh11==0.16.0\n"},
    1: {"docs/perf-log.md": "# Log\n\nNewest <b>first</b>.\n\n"},
    2: {"constraints.txt": "# pins\nmsgspec==0.20.0\nuvloop==0.22\n"},
    4: {
        "docs/perf-log.md": "# Log\n\nNewest <b>first</b>.\n\n"
        "| date | what | before | after | kept |\n|---|---|---|---|---|\n"
        "| 2026-01-05 | walked in order: `routing.Match.match (10, static)` | 1,353 | 1,504 | yes: tidy first |\n"
    },
}


def write_profile(root: Path, name: str, about: Mapping[str, Any] | str) -> None:
    folder = root / stored_profiles.FOLDER / name
    folder.mkdir(parents=True)
    (folder / "profile.json").write_text(about if isinstance(about, str) else json.dumps(about))
    (folder / "flamegraph.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"/>')
    (folder / "speedscope.json").write_text("{}")


@pytest.fixture(scope="module")
def commits(full: tuple[Path, list[str]]) -> list[str]:
    return full[1]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A project that has something for every page, and no place where commits are shown."""
    root = tmp_path_factory.mktemp("full") / "project"
    commits = start_project(root, FILES, commit_url="#")
    write_results(root, commits, "reference", {**SUITE, **OVERHEAD})
    stored.save(run_of_peers("2026-01-01", "unknown"), root)
    stored.save(run_of_peers("2026-01-04", commits[3][:8]), root)
    name = "micro.routing.Match.time_match"
    date = {"date": "2026-01-04", "command": f"python -m benchmarks profile {name}"}
    write_profile(root, "match-2", {"benchmark": name, "commit": commits[2], **date})
    write_profile(root, "match-4 <b>", {"benchmark": name, "commit": commits[4], **date, "date": "2026-01-05"})
    write_profile(root, "torn", '{"bench')
    return root, commits


@pytest.fixture(scope="module")
def html(full: tuple[Path, list[str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "html"
    site.build(folder, full[0])
    return folder


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with tab(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def links(path: Path) -> list[str]:
    navigation = re.search(r'<nav class="pages".*?</nav>', path.read_text(), re.DOTALL)
    assert navigation
    return re.findall(r'href="([^"]+)"', navigation[0])


@pytest.mark.parametrize("name", ["index.html", *ALL])
def test_every_page_and_the_shell_link_all_pages_that_there_are(html: Path, name: str) -> None:
    assert links(html / name) == ["index.html", *ALL]


def test_a_page_without_data_is_neither_written_nor_linked(project: Path, tmp_path: Path) -> None:
    site.build(tmp_path / "html", project)
    assert sorted(set(ALL) & {path.name for path in (tmp_path / "html").iterdir()}) == sorted(ALWAYS)
    assert links(tmp_path / "html" / "index.html") == ["index.html", *ALWAYS]


def test_no_link_of_a_page_leads_nowhere(html: Path) -> None:
    texts = {name: (html / name).read_text() for name in ALL}
    dead = []
    for name, text in texts.items():
        for link in re.findall(r'(?:href|src)="([^"]+)"', text):
            file, _, anchor = link.replace("%20", " ").replace("%3C", "<").replace("%3E", ">").partition("#")
            there = file.startswith("data:") or (html / (file or name)).is_file()
            found = file in ("index.html", "") or not anchor or f'id="{anchor}"' in texts[file]
            dead += [] if there and found else [link]
    assert dead == []


def test_the_shell_knows_the_subjects_of_commits(html: Path, commits: list[str]) -> None:
    told = json.loads((html / "commits.json").read_text())
    revisions = json.loads((html / "index.json").read_text())["revision_to_hash"]
    assert told["by_hash"] == dict(zip(commits, SUBJECTS, strict=True))
    assert {commit: told["by_revision"][at] for at, commit in revisions.items()} == told["by_hash"]


def test_the_shell_finds_the_newest_profile_and_that_of_a_revision(html: Path) -> None:
    name = "micro.routing.Match.time_match"
    assert json.loads((html / "profiles.json").read_text())["paths"] == {
        name: "profiles.html#match-4%20%3Cb%3E",
        f"{name}@4": "profiles.html#match-4%20%3Cb%3E",
        f"{name}@2": "profiles.html#match-2",
    }


def test_every_benchmark_in_the_shell_has_its_direction(html: Path) -> None:
    told = json.loads((html / "index.json").read_text())["benchmarks"]
    rates = [name for name, one in told.items() if one["less_is_better"] is False]
    assert rates == ["concurrency.publishes.Thousand.track_rate"]
    assert all(one["less_is_better"] is True for name, one in told.items() if name not in rates)


def test_commits_lead_to_our_page_where_the_project_has_none(html: Path, commits: list[str]) -> None:
    assert json.loads((html / "index.json").read_text())["show_commit_url"] == "commits.html#"
    assert f'href="commits.html#{commits[4]}"' in (html / "percentiles.html").read_text()
    assert f"<code>git show {commits[4]}</code>" in (html / "commits.html").read_text()


def test_commits_lead_to_the_projects_own_place_where_it_has_one(project: Path, tmp_path: Path) -> None:
    site.build(tmp_path / "html", project)
    assert 'href="https://example.org/commit/' in (tmp_path / "html" / "percentiles.html").read_text()


def test_a_figure_stands_with_its_interval_and_the_command_that_prints_it(html: Path) -> None:
    text = (html / "percentiles.html").read_text()
    assert 'class="whisker' in text
    assert re.search(r"\d us \(\d+ us to \d+ us\)", text)
    name = "integration.loopback.Loopback.track_latency"
    assert f"<code>asv show COMMIT --machine reference --bench {name}</code>" in text


@pytest.mark.parametrize("name", ["percentiles.html", "components.html"])
def test_a_change_of_pins_is_marked_on_the_curves(html: Path, name: str, commits: list[str]) -> None:
    text = (html / name).read_text()
    words = "Pins changed: h11 0.16.0 removed; msgspec 0.19.0 -&gt; 0.20.0; uvloop 0.22 added"
    assert f'href="commits.html#{commits[2]}"><title>{words}</title><line class="pin"' in text


def test_parts_are_drawn_as_areas_over_the_commits_that_have_them_all(html: Path) -> None:
    areas = re.findall(r'<polygon class="s\d" points="([^"]+)"', (html / "components.html").read_text())
    assert [len(points.split()) for points in areas] == [2 * 5, 2 * 5, 2 * 3, 2 * 3]


def test_a_step_stands_with_sizes_before_and_after_and_with_its_reason(html: Path, commits: list[str]) -> None:
    text = (html / "regressions.html").read_text()
    last = text[text.index(f"commits.html#{commits[4]}") : text.index(f"commits.html#{commits[3]}")]
    cells = re.findall(r"<td[^>]*><div>(.*?)</div></td>", last)
    assert cells[:5] == [
        "integration.overhead.Overhead.instr_part (part parse)",
        "1,600",
        "2,000",
        "<span class=worse>+25 %</span>",
        "-",
    ]
    row = cells.index("routing.Match.instr_match (routes 10, path static)")
    assert cells[row + 1 : row + 5 : 3] == ["1,353", "walked in order (kept: yes: tidy first)"]


def test_the_newest_run_of_peers_is_drawn_and_the_earlier_kept_below(html: Path, commits: list[str]) -> None:
    text = (html / "peers.html").read_text()
    assert 'src="peers-gtype.svg"' in text
    assert text.index(f'href="commits.html#{commits[3]}"') < text.index("Earlier runs") < text.index("unknown")
    assert "4,321" in text
    assert "<code>python -m benchmarks peers gtype</code>" in text
    assert (html / "peers-gtype.svg").read_text().startswith("<svg")


def test_a_profile_lists_its_files_with_their_kinds_and_its_command(html: Path) -> None:
    text = (html / "profiles.html").read_text()
    assert '<a href="profiles/match-2/flamegraph.svg">flamegraph.svg</a>: flame graph' in text
    assert (html / "profiles" / "match-2" / "speedscope.json").read_text() == "{}"
    assert "<code>python -m benchmarks profile micro.routing.Match.time_match</code>" in text


def test_a_profile_that_cannot_be_read_says_so_and_keeps_its_files(html: Path) -> None:
    text = (html / "profiles.html").read_text()
    assert re.search(r"torn/profile\.json cannot be read: .*Profile again", text)
    assert 'href="profiles/torn/flamegraph.svg"' in text


def test_the_log_is_a_page_whose_cells_know_their_columns(html: Path) -> None:
    text = (html / "perf-log.html").read_text()
    assert '<td data-column="before"><div>1,353</div></td>' in text
    assert "&lt;b&gt;first&lt;/b&gt;" in text


def test_asv_takes_nothing_that_is_kept_beside_its_results_for_one(full: tuple[Path, list[str]]) -> None:
    results = full[0] / "results"
    assert (results / "peers" / "gtype.jsonl").exists()
    assert {path.parent for path in results.rglob("*.json")} == {results, results / "reference"}
    assert len(list(iter_results_paths(str(results)))) == 5


SHOWN = (
    "new Promise(done => { const look = () => document.querySelector('%s') ? done(1) : setTimeout(look, 20); look() })"
)
TOLD = "document.body.innerText + [...document.querySelectorAll('[title]')].map(one => one.title)"
PROFILE = "[...document.links].filter(one => one.innerText == 'Open profile').map(one => one.getAttribute('href'))"
HIDDEN = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
BACK = "getComputedStyle(document.body).backgroundColor"


@needs_browser
@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("name", ALL)
def test_a_page_opened_as_a_file_fits_and_complains_of_nothing(browser: Tab, html: Path, name: str, width: int) -> None:
    browser.open((html / name).as_uri(), width=width)
    assert browser.complaints == []
    assert [url for url in browser.asked if not url.startswith(("file:", "data:"))] == []
    assert browser.ask(HIDDEN) == 0


@needs_browser
@pytest.mark.parametrize("name", ALL)
def test_a_page_is_dark_where_the_reader_wants_it(browser: Tab, html: Path, name: str) -> None:
    browser.open((html / name).as_uri(), scheme="dark")
    assert browser.ask(BACK) == "rgb(20, 23, 26)"
    browser.open((html / name).as_uri(), scheme="light")
    assert browser.ask(BACK) == "rgb(255, 255, 255)"


@needs_browser
@pytest.mark.parametrize(
    ("name", "higher"),
    [
        ("concurrency.publishes.Thousand.track_rate", True),
        ("integration.loopback.Loopback.track_latency", False),
        ("integration.pipeline.Pipeline.instr_request", False),
        ("micro.routing.Match.time_match", False),
    ],
)
def test_the_shell_shows_direction_and_subjects(browser: Tab, html: Path, name: str, higher: bool) -> None:
    browser.open(f"{(html / 'index.html').as_uri()}#view=explore&bench={name}")
    browser.ask(SHOWN % ".point-row")
    told = browser.ask(TOLD)
    assert ("higher is better" in told) == higher
    assert "Hooks in a loop" in told
    assert browser.complaints == []


@needs_browser
def test_the_shell_leads_to_the_profile_of_a_benchmark(browser: Tab, html: Path) -> None:
    browser.open(f"{(html / 'index.html').as_uri()}#view=explore&bench=micro.routing.Match.time_match")
    browser.ask(SHOWN % ".point-row")
    assert browser.ask(PROFILE) == ["profiles.html#match-4%20%3Cb%3E"]


@needs_browser
@pytest.mark.parametrize("width", [1280, 400])
def test_the_shell_opened_as_a_file_has_the_bar_and_complains_of_nothing(browser: Tab, html: Path, width: int) -> None:
    browser.open((html / "index.html").as_uri(), width=width)
    browser.ask(SHOWN % "canvas.spark")
    assert browser.complaints == []
    assert browser.ask("document.querySelectorAll('nav.pages a').length") == len(ALL) + 1


@needs_browser
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_shell_begins_in_the_readers_colours(browser: Tab, html: Path, scheme: str) -> None:
    browser.open((html / "targets.html").as_uri())
    browser.ask("localStorage.clear()")  # the shell keeps what it showed first
    browser.open((html / "index.html").as_uri(), scheme=scheme)
    browser.ask(SHOWN % "canvas.spark")
    assert browser.ask("document.documentElement.dataset.theme") == scheme
