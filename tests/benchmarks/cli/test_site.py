"""The site: built from real results, opened in a browser that has no network."""

from __future__ import annotations

import functools
import http.server
import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.cli import site
from benchmarks.judging.errors import Invalid
from benchmarks.reporting import results
from benchmarks.reporting.pages import targets
from benchmarks.reporting.pages.frame import Source
from tests.benchmarks.browser import CHROMIUM, OFFLINE, QUIET, needs_browser

Measure = Callable[[Path, list[str]], Path]

COMMITS = 'href="https://example.org/commit/'  # where the project shows its commits; nothing is loaded from there

# The shell draws on a canvas, which leaves nothing in the DOM: this page opens it in a frame, and writes down
# which share of each canvas' columns has colour. A line over all commits colours nearly all of them.
PROBE = """<!doctype html><iframe id=frame width=1280 height=900 src="index.html"></iframe>
<pre id=found></pre><script>
if (location.hash) frame.src = "index.html" + location.hash;
const columns = (canvas) => {
  const {width, height} = canvas, data = canvas.getContext("2d").getImageData(0, 0, width, height).data;
  const hit = new Set();
  for (let at = 0; at < data.length; at += 4) {
    const [r, g, b, a] = data.slice(at, at + 4);
    if (a > 100 && Math.max(r, g, b) - Math.min(r, g, b) > 60) hit.add((at / 4) % width);
  }
  return hit.size / width;
};
setInterval(() => {
  const all = [...frame.contentDocument.querySelectorAll("canvas")];
  found.textContent = JSON.stringify({shares: all.map(columns), text: frame.contentDocument.body.innerText});
}, 200);
</script>"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def html(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "html"
    site.build(folder, project)
    return folder


@pytest.fixture(scope="module")
def address(html: Path) -> Iterator[str]:
    (html / "probe.html").write_text(PROBE)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(html)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def browse(url: str, profile: Path, *flags: str) -> str:
    """The page's DOM, after its scripts have run, in a fresh browser that reaches nothing but this host."""
    command = [
        str(CHROMIUM),
        "--headless",
        "--no-sandbox",
        f"--user-data-dir={profile}",
        OFFLINE,
        *QUIET,
        "--virtual-time-budget=10000",
        "--window-size=1280,1000",
        *flags,
    ]
    return subprocess.run([*command, "--dump-dom", url], capture_output=True, text=True, timeout=90, check=True).stdout


def probe(address: str, view: str, profile: Path) -> tuple[list[float], str]:
    dom = browse(f"{address}/probe.html{view}", profile)
    written = re.search(r"<pre id=\"found\">(.*?)</pre>", dom, re.DOTALL)
    assert written, dom[:2000]
    found = json.loads(written[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    return found["shares"], found["text"]


@needs_browser
def test_every_benchmark_of_the_overview_has_a_curve_without_a_network(address: str, tmp_path: Path) -> None:
    shares, text = probe(address, "", tmp_path)
    assert len(shares) == 9
    assert min(shares) > 0.8
    assert "Percentiles" in text


@needs_browser
def test_a_graph_shows_a_line_and_the_points_of_all_commits(project: Path, address: str, tmp_path: Path) -> None:
    view = "#view=explore&bench=integration.pipeline.Pipeline.instr_request"
    shares, text = probe(address, view, tmp_path)
    assert max(shares) > 0.7
    assert [commit for commit in results.subjects(project, "HEAD") if commit[:8] not in text] == []


@needs_browser
def test_the_index_opened_as_a_file_shows_the_benchmarks(html: Path, tmp_path: Path) -> None:
    dom = browse((html / "index.html").as_uri(), tmp_path)
    assert dom.count('<canvas class="spark"') == 9
    assert 'href="targets.html"' in dom


@needs_browser
def test_the_pages_show_verdicts_and_plots_with_points(address: str, tmp_path: Path) -> None:
    assert "missed: 2x the limit, 1 ms too much" in browse(f"{address}/targets.html", tmp_path / "one")
    dom = browse(f"{address}/percentiles.html", tmp_path / "two")
    assert len(re.findall(r"<circle ", dom)) == 4 * 3 * 5


def test_no_page_asks_another_host_for_anything(html: Path) -> None:
    asks = re.compile(r"""(?:src|href)=["']?(?:https?:)?//""")
    names = ["index.html", *(page.file for page in site.PAGES if (html / page.file).exists())]
    asking = [name for name in names if asks.search((html / name).read_text().replace(COMMITS, ""))]
    assert asking == []


def test_the_targets_page_escapes_what_it_shows(html: Path) -> None:
    text = (html / "targets.html").read_text()
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_the_targets_page_has_the_headline_and_says_of_each_empty_table_what_would_fill_it(html: Path) -> None:
    text = (html / "targets.html").read_text()
    assert "<p class=tally>Against " in text
    assert "None at this commit: `python -m benchmarks profile NAME` makes one." in text


def test_the_targets_page_needs_no_other_file(html: Path) -> None:
    text = (html / "targets.html").read_text()
    assert not re.search(r"<link rel=.?stylesheet|<img|@import|url\(", text)
    assert "prefers-color-scheme: dark" in text
    assert 'name="viewport"' in text


def test_the_same_stands_beside_it_for_machines_and_as_markdown(html: Path) -> None:
    raw = json.loads((html / "targets.json").read_text())
    assert list(raw["machines"]) == ["reference"]
    assert (html / "report.md").read_text().startswith("# Benchmark report")


def test_asv_publish_alone_links_the_targets_page_from_its_index(project: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "asv", "publish", "--html-dir", str(tmp_path / "html")]
    subprocess.run(command, cwd=project, check=True, capture_output=True)
    assert '<a href="targets.html">' in (tmp_path / "html" / "index.html").read_text()


def test_the_page_of_an_unmeasured_project_says_so(tmp_path: Path) -> None:
    source = Source("pyrt", tmp_path, tmp_path, message="Nothing is measured yet. Run `make bench`.")
    text = targets.PAGE.body(source)
    assert "Nothing is measured yet. Run `make bench`." in text


def test_each_machine_has_a_section_and_the_reference_is_first(
    tmp_path_factory: pytest.TempPathFactory, measure: Measure
) -> None:
    project = measure(tmp_path_factory.mktemp("two") / "project", ["a-laptop", "reference"])
    html = project / "html"
    site.build(root=project)
    sections = re.findall(r'<section id="machine-([^"]+)"', (html / "targets.html").read_text())
    assert sections == ["reference", "a-laptop"]


def test_publishing_without_results_is_refused_with_what_to_do(empty_project: Path, tmp_path: Path) -> None:
    with pytest.raises(results.NothingMeasured, match="make bench"):
        site.build(tmp_path / "html", empty_project)


def test_a_shell_that_looks_different_is_refused_loudly(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<html></html>")
    with pytest.raises(Invalid, match="looks different"):
        site.finish_shell(tmp_path, "pyrt", [])


def test_a_step_that_fails_is_reported_with_its_last_words(project: Path, tmp_path: Path) -> None:
    (tmp_path / "html").touch()
    with pytest.raises(Invalid, match=r"(?s)asv publish failed with exit code 1:\n.*NotADirectoryError"):
        site.build(tmp_path / "html", project)
