"""The site: asv's graphs under a shell that needs no network, and our pages beside them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from asv.publishing import OutputPublisher

from ..harness import names
from ..judging.errors import Invalid
from ..judging.git import ROOT
from ..peers import page as peers
from ..reporting import commits, report, results, stored_profiles
from ..reporting import targets as written
from ..reporting.pages import commits as measured
from ..reporting.pages import components, log, percentiles, profiles, regressions, targets
from ..reporting.pages.frame import COMMITS, NO_URL, Page, Source, document, navigation

PAGES = tuple(page.PAGE for page in (targets, percentiles, components, regressions, peers, profiles, log, measured))


class Pages(OutputPublisher):  # type: ignore[misc]  # asv carries no types
    """Writes our pages, targets.json, report.md and the shell's data inside `asv publish`, and links the pages."""

    name = "targets"
    button_label = "Targets"
    description = "Figures against the written targets, and over commits"
    order = 90

    @classmethod
    def publish(cls, conf: Any, repo: Any, benchmarks: Any, graphs: Any, revisions: Mapping[str, int]) -> None:
        """Called by asv inside `asv publish`. Raises Invalid when asv's index is not as expected."""
        source = _source(conf, revisions)
        links = _write_pages(source)
        raw = {"machines": {one.measured.name: one.as_json() for one in source.reports}, "message": source.message}
        (source.html / "targets.json").write_text(json.dumps(raw, indent=1, allow_nan=False), encoding="utf-8")
        text = "\n".join(one.markdown() for one in source.reports) or f"{source.message}\n"
        (source.html / "report.md").write_text(text, encoding="utf-8")
        _write_sidecars(source, revisions)
        mark = '<li id="nav-li-regressions">'
        items = "".join(f'<li><a href="{one.file}">{escape(one.label)}</a></li>\n' for one in links)
        _patch(source.html / "index.html", {mark: f"{items}{mark}"})


def _source(conf: Any, revisions: Mapping[str, int]) -> Source:
    root = Path(conf.results_dir).absolute().parent
    messages = commits.messages(root)
    history = {commit: one.subject for commit, one in messages.items() if commit in revisions}
    reports, message = _reports(conf, history)
    url = "" if conf.show_commit_url == NO_URL else conf.show_commit_url
    return Source(conf.project, root, Path(conf.html_dir), reports, message, url, messages, commits.pin_changes(root))


def _reports(conf: Any, history: Mapping[str, str]) -> tuple[list[report.Report], str]:
    """A report for each machine with results in this history, and what to say when there is none."""
    aims, found = written.load(), []
    message = "Nothing is measured yet. Run `make bench`, or `asv run` and then `asv publish`."
    for machine in results.machines(Path(conf.results_dir)):
        try:
            found.append(report.make(results.load(conf, machine, history), aims))
        except results.NothingMeasured as error:
            message = str(error)
    return found, "" if found else message


def _write_pages(source: Source) -> list[Page]:
    """Write the pages that have something to show, each with links to all of them."""
    bodies = [(page, page.body(source)) for page in PAGES]
    links = [page for page, body in bodies if body]
    for page, body in bodies:
        if body:
            (source.html / page.file).write_text(document(page, body, source.project, links), encoding="utf-8")
    return links


def _write_sidecars(source: Source, revisions: Mapping[str, int]) -> None:
    """What the shell shows beside asv's data: the subjects of commits, and where a benchmark's profiles are."""
    known = {commit: source.messages[commit].subject for commit in revisions if commit in source.messages}
    subjects = {"by_hash": known, "by_revision": {str(revisions[commit]): text for commit, text in known.items()}}
    paths = profiles.paths(stored_profiles.load(source.root), revisions)
    for name, data in (("commits.json", subjects), ("profiles.json", {"paths": paths})):
        (source.html / name).write_text(json.dumps(data), encoding="utf-8")


def build(html: Path | None = None, root: Path = ROOT) -> Path:
    """Build the whole site of the project at `root` and return the path of its index.html.

    Raises NothingMeasured when there is nothing to show, Invalid when a step fails. Whatever stood in
    `html` (by default the configuration's html_dir) is replaced.
    """
    conf = results.configuration(root)
    html = (html or Path(conf.html_dir)).absolute()
    if not results.machines(Path(conf.results_dir)):
        raise results.NothingMeasured(
            f"Nothing is measured yet: {conf.results_dir} holds no results. Run `make bench` first."
        )
    _run("asv", "publish", "--no-pull", "--html-dir", str(html), root=root)
    links = [page for page in PAGES if (html / page.file).exists()]
    if not links:
        raise Invalid(
            f"asv publish wrote no {PAGES[0].file}: asv.conf.json must name the plugin .benchmarks.cli.asv_plugin"
        )
    _run("asv_tachyon", "install", str(html), "--no-backup", root=root)
    _set_right(html / "index.json")
    finish_shell(html, conf.project, links)
    return html / "index.html"


def _run(module: str, *arguments: str, root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=root, capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise Invalid(f"{module} {arguments[0]} failed with exit code {done.returncode}:\n{last}")


def _set_right(path: Path) -> None:
    """Give every benchmark its direction, and commits a place, where asv's own index leaves them to guesses.

    Without `less_is_better` the shell takes more to be better of whatever is tracked.
    """
    index = json.loads(path.read_bytes())
    for stored in index["benchmarks"].values():
        stored["less_is_better"] = names.less_is_better(stored)
    if index["show_commit_url"] == NO_URL:
        index["show_commit_url"] = f"{COMMITS}#"
    path.write_text(json.dumps(index), encoding="utf-8")


# The shell asks for its data with fetch, which browsers refuse to a page opened as a file. So the same data
# also lies in a script, read only then, that answers fetch.
_FILES_SCRIPT = """
window.fetch = async (url) => {
  const here = new URL(".", location.href).pathname;
  const path = decodeURIComponent(new URL(url, location.href).pathname.slice(here.length));
  return path in files ? new Response(JSON.stringify(files[path])) : new Response("", {status: 404});
};
"""
_LOADER = """<script>
if (location.protocol === "file:") document.write('<script src="files.js"><\\/script>');
</script>
<script defer src="./assets/"""
_BAR_STYLE = """<style>
nav.pages { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; padding: .5rem 1rem; background: #12344d;
  font: 14px/1.4 system-ui, sans-serif; }
nav.pages a { color: #fff; text-decoration: none; } nav.pages a[aria-current] { border-bottom: 2px solid; }
</style>
"""


def finish_shell(html: Path, project: str, links: Sequence[Page]) -> None:
    """Link our pages from the shell, and make it work when index.html is opened as a file."""
    _patch(
        html / "index.html",
        {
            "<title>asv · tachyon</title>": f"<title>{escape(project)}: speed over its history</title>\n{_BAR_STYLE}",
            # A module may not be loaded from a file; the bundle imports nothing and runs as a plain script.
            '<script type="module" crossorigin src="./assets/': _LOADER,
            '<link rel="stylesheet" crossorigin': '<link rel="stylesheet"',
            '<div id="root">': f'{navigation(links)}\n    <div id="root">',
        },
    )
    paths = (path for path in sorted(html.rglob("*.json")) if profiles.COPIES not in path.relative_to(html).parts)
    files = {path.relative_to(html).as_posix(): json.loads(path.read_bytes()) for path in paths}
    script = f"const files = {json.dumps(files, separators=(',', ':'))};{_FILES_SCRIPT}"
    (html / "files.js").write_text(script, encoding="utf-8")


def _patch(path: Path, changes: Mapping[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for mark, replacement in changes.items():
        if mark not in text:
            raise Invalid(f"{path} holds no {mark!r}: this release of asv or asv-tachyon looks different inside")
        text = text.replace(mark, replacement, 1)
    path.write_text(text, encoding="utf-8")
