"""The site: asv's graphs under a shell that needs no network, and our page of targets beside them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from asv.publishing import OutputPublisher

from . import page, report, results, targets

PAGE = "targets.html"
LINK = "Targets and percentiles"


class SiteError(Exception):
    """The site could not be built; the message says which step failed and why."""


class Targets(OutputPublisher):  # type: ignore[misc]  # asv carries no types
    """Writes targets.html, targets.json and report.md inside `asv publish`, and links them from the index."""

    name = "targets"
    button_label = "Targets"
    description = "Figures against the written targets, and percentiles over commits"
    order = 90

    @classmethod
    def publish(cls, conf: Any, repo: Any, benchmarks: Any, graphs: Any, revisions: Mapping[str, int]) -> None:
        """Called by asv inside `asv publish`. Raises SiteError when asv's index is not as expected."""
        html = Path(conf.html_dir)
        known = results.subjects(Path(conf.results_dir).absolute().parent, "HEAD")
        history = {commit: subject for commit, subject in known.items() if commit in revisions}
        reports, message = _reports(conf, history)
        (html / PAGE).write_text(page.render(conf.project, reports, message), encoding="utf-8")
        raw = {"machines": {one.measured.name: one.as_json() for one in reports}, "message": message}
        (html / "targets.json").write_text(json.dumps(raw, indent=1, allow_nan=False), encoding="utf-8")
        text = "\n".join(one.markdown() for one in reports) or f"{message}\n"
        (html / "report.md").write_text(text, encoding="utf-8")
        mark = '<li id="nav-li-regressions">'
        _patch(html / "index.html", {mark: f'<li><a href="{PAGE}">Targets</a></li>\n{mark}'})


def _reports(conf: Any, history: Mapping[str, str]) -> tuple[list[report.Report], str]:
    """A report for each machine with results in this history, and what to say when there is none."""
    written, found = targets.load(), []
    message = "Nothing is measured yet. Run `make bench`, or `asv run` and then `asv publish`."
    for machine in results.machines(Path(conf.results_dir)):
        try:
            found.append(report.make(results.load(conf, machine, history), written))
        except results.NothingMeasured as error:
            message = str(error)
    return found, "" if found else message


def build(html: Path | None = None, root: Path = results.ROOT) -> Path:
    """Build the whole site of the project at `root` and return the path of its index.html.

    Raises NothingMeasured when there is nothing to show, SiteError when a step fails. Whatever stood in
    `html` (by default the configuration's html_dir) is replaced.
    """
    conf = results.configuration(root)
    html = (html or Path(conf.html_dir)).absolute()
    if not results.machines(Path(conf.results_dir)):
        raise results.NothingMeasured(
            f"Nothing is measured yet: {conf.results_dir} holds no results. Run `make bench` first."
        )
    _run("asv", "publish", "--no-pull", "--html-dir", str(html), root=root)
    if not (html / PAGE).exists():
        raise SiteError(
            f"asv publish wrote no {PAGE}: asv.conf.json must name the plugin .benchmarks.reporting.asv_plugin"
        )
    _run("asv_tachyon", "install", str(html), "--no-backup", root=root)
    _finish_shell(html, conf.project)
    return html / "index.html"


def _run(module: str, *arguments: str, root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=root, capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise SiteError(f"{module} {arguments[0]} failed with exit code {done.returncode}:\n{last}")


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
_BAR = (
    '<nav style="font:14px/1.4 system-ui,sans-serif;padding:.5rem 1rem;background:#12344d">'
    f'<a style="color:#fff" href="{PAGE}">{LINK} &rarr;</a></nav>\n    '
)


def _finish_shell(html: Path, project: str) -> None:
    """Link our page from the shell, and make it work when index.html is opened as a file."""
    _patch(
        html / "index.html",
        {
            "<title>asv · tachyon</title>": f"<title>{escape(project)}: speed over its history</title>",
            # A module may not be loaded from a file; the bundle imports nothing and runs as a plain script.
            '<script type="module" crossorigin src="./assets/': _LOADER,
            '<link rel="stylesheet" crossorigin': '<link rel="stylesheet"',
            '<div id="root">': f'{_BAR}<div id="root">',
        },
    )
    files = {path.relative_to(html).as_posix(): json.loads(path.read_bytes()) for path in sorted(html.rglob("*.json"))}
    script = f"const files = {json.dumps(files, separators=(',', ':'))};{_FILES_SCRIPT}"
    (html / "files.js").write_text(script, encoding="utf-8")


def _patch(path: Path, changes: Mapping[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for mark, replacement in changes.items():
        if mark not in text:
            raise SiteError(f"{path} holds no {mark!r}: this release of asv or asv-tachyon looks different inside")
        text = text.replace(mark, replacement, 1)
    path.write_text(text, encoding="utf-8")
