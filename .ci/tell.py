"""What CI says of a comparison: a verdict for the job, a comment on a pull request, an issue, input for another tool.

    python3 .ci/tell.py verdict FOLDER [--only-fail]   exit 1 where something alerts or fails
    python3 .ci/tell.py comment FOLDER                 on the pull request that FOLDER/pull.txt names
    python3 .ci/tell.py issue FOLDER                   where something alerts or fails
    python3 .ci/tell.py before FOLDER DATA             the base, as github-action-benchmark's figures of the run before

`comment` runs with rights that the pull request has not, and FOLDER comes from the pull request: it is data, read to a
limit, believed in nothing, and none of its code is run. The standard library alone, so that nothing is installed there.

Exit codes: 0 done, or nothing to say; 1 something alerts or fails (verdict); 2 FOLDER cannot be read, GitHub refuses.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MARKER = "<!-- pyrt: benchmarks compare -->"
LABEL = "performance-regression"
AUTHOR = "github-actions[bot]"
READ_BYTES = 32_000_000  # of a file; raw samples of hundreds of benchmarks come to a few
BODY_CHARACTERS = 65_000  # of the report; GitHub takes 65,536 with what is put around it
PAGES = 20  # of a hundred comments or issues
GATES, SPEAKING = ("FAIL", "ALERT"), ("FAIL", "ALERT", "SLOWER", "FASTER")
# github-action-benchmark finds the figures of the run before by the `name:` of its step.
SUITES = {
    "gha-smaller.json": ("pyrt, smaller is better", "customSmallerIsBetter"),
    "gha-bigger.json": ("pyrt, bigger is better", "customBiggerIsBetter"),
}


class Refusal(Exception):
    """It cannot be done; the message says why."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for name, work in {"verdict": verdict, "comment": comment, "issue": issue, "before": before}.items():
        verb = verbs.add_parser(name)
        verb.add_argument("folder", type=Path)
        verb.set_defaults(work=work)
        if name == "verdict":
            verb.add_argument("--only-fail", action="store_true", help="an ALERT is a warning and no error")
        if name == "before":
            verb.add_argument("data", type=Path)
    options = vars(parser.parse_args())
    del options["verb"]
    try:
        code: int = options.pop("work")(**options)
        return code
    except Refusal as error:
        print(f"::error::{_one_line(str(error))}")
        return 2


def verdict(folder: Path, *, only_fail: bool) -> int:
    """Say what fails and alerts; whether that is red is the exit code."""
    found = _comparison(folder)
    red = [row for row in _gating(found) if not only_fail or row["verdict"] == "FAIL"]
    for row in _gating(found):
        kind = "error" if row in red else "warning"
        print(f"::{kind}::{row['verdict']}: {_one_line(_label(row))}; see the job's summary")
    if found["too_noisy"] and not red:
        print("::warning::This machine was too noisy to judge times; counts saw nothing. Run the job again.")
    return 1 if red else 0


def comment(folder: Path) -> int:
    """Comment on the pull request, if there is something to say or was before; its own comment is changed in place."""
    if not (folder / "comparison.json").exists():
        print("::notice::The comparison did not come to an end, so there is nothing to say of it.")
        return 0
    found, number = _comparison(folder), _pull_request(folder)
    github = GitHub()
    pull = github.ask("GET", f"/pulls/{number}")
    if pull["state"] != "open" or pull["head"]["sha"] != os.environ["HEAD_SHA"]:
        print(f"::notice::Pull request {number} is closed, or not at the commit that was measured: no comment.")
        return 0
    body = _body(folder)
    for old in github.pages(f"/issues/{number}/comments"):
        if old["user"]["login"] == AUTHOR and old["body"].startswith(MARKER):
            github.ask("PATCH", f"/issues/comments/{old['id']}", {"body": body})
            return 0
    if any(row["verdict"] in SPEAKING for row in found["rows"]):
        github.ask("POST", f"/issues/{number}/comments", {"body": body})
    return 0


def issue(folder: Path) -> int:
    """Open an issue about what alerts and fails, once: the same again changes its text."""
    found = _comparison(folder)
    gating = [_label(row) for row in _gating(found)]
    if not gating:
        return 0
    title = f"Slower: {gating[0]}" + (f" and {len(gating) - 1} more" if len(gating) > 1 else "")
    title = f"{_one_line(title)[:180]} ({found['base']['commit'][:8]}..{found['head']['commit'][:8]})"
    body, github = _body(folder), GitHub()
    for old in github.pages(f"/issues?state=open&labels={LABEL}"):
        if old["title"] == title:
            github.ask("PATCH", f"/issues/{old['number']}", {"body": body})
            return 0
    github.ask("POST", "/issues", {"title": title, "body": body, "labels": [LABEL]})
    return 0


def before(folder: Path, data: Path) -> int:
    """Write the base's figures into DATA, after those that it holds.

    github-action-benchmark compares with the last figures that it finds. Those of another run are another machine's,
    and differ by themselves; the base of this run was measured beside head.
    """
    found = _comparison(folder)
    ratios = dict(_ratios(found))
    stored = _json(data) if data.exists() else {}
    stored = {"lastUpdate": 0, "repoUrl": "", "entries": {}} | stored
    for name, (suite, tool) in SUITES.items():
        heads = _json(folder / name)
        benches = [one | {"value": one["value"] / ratios[one["name"]]} for one in heads if one["name"] in ratios]
        entry = {"commit": _commit(found["base"]), "date": int(time.time() * 1000), "tool": tool, "benches": benches}
        stored["entries"].setdefault(suite, []).append(entry)
    data.parent.mkdir(parents=True, exist_ok=True)
    data.write_text(json.dumps(stored))
    return 0


def _ratios(found: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """Head's figure by base's, under the names that the figures have there."""
    for row in found["rows"]:
        if (counts := row["counts"]) and counts["base"] > 0 and counts["head"] > 0:
            yield _label(row).replace(".time_", ".instr_"), counts["head"] / counts["base"]
        if sampled := row["sampled"]:
            base, head = (statistics.median(side) for side in zip(*sampled["pairs"], strict=True))
            if base > 0 and head > 0:
                yield _label(row), head / base


def _commit(side: dict[str, Any]) -> dict[str, Any]:
    nobody = {"name": "", "username": ""}
    facts = {"author": nobody, "committer": nobody, "timestamp": "", "url": ""}
    return facts | {"id": side["commit"], "message": side["subject"]}


def _comparison(folder: Path) -> dict[str, Any]:
    found = _json(folder / "comparison.json")
    try:
        found = {name: found[name] for name in ("base", "head", "rows", "too_noisy")}
        for row in found["rows"]:
            _label(row), row["verdict"], row["accepted"], row["counts"], row["sampled"]
    except (KeyError, TypeError, AttributeError) as error:
        raise Refusal(f"{folder} holds no comparison: {type(error).__name__}: {error}") from error
    return found


def _json(path: Path) -> Any:
    try:
        return json.loads(_text(path))
    except (ValueError, RecursionError) as error:
        raise Refusal(f"{path} is not JSON: {error}") from error


def _text(path: Path) -> str:
    """What a file says. Raises Refusal: it cannot be read, is no file, or is longer than can be meant."""
    try:
        if path.is_symlink() or path.stat().st_size > READ_BYTES:
            raise Refusal(f"{path} is a link, or larger than {READ_BYTES} bytes")
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise Refusal(f"cannot read {path}: {error.strerror}; did `make compare` run?") from error


def _pull_request(folder: Path) -> int:
    text = _text(folder / "pull.txt").strip()
    if not re.fullmatch(r"[1-9][0-9]{0,9}", text, re.ASCII):
        raise Refusal(f"pull.txt holds no number of a pull request: {text[:40]!r}")
    return int(text)


def _gating(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for row in found["rows"] if row["verdict"] in GATES and not row["accepted"]]


def _label(row: dict[str, Any]) -> str:
    """As asv writes it: `micro.routing.Match.time_match(10, 'static')`."""
    values = ", ".join(row["parameters"].values())
    return f"{row['name']}({values})" if values else str(row["name"])


def _one_line(text: str) -> str:
    """Nothing in it ends the line of a workflow command, or begins another."""
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text)[:1000]


def _body(folder: Path) -> str:
    """The report, cut where it is too long for GitHub, in which nobody is called by name."""
    text = re.sub(r"(?<![A-Za-z0-9_])@(?=\w)", "@\u200b", _text(folder / "report.md")).replace(MARKER, "")
    if len(text) > BODY_CHARACTERS:
        text = text[:BODY_CHARACTERS].rpartition("\n")[0] + "\n\n... cut here; all of it is in the run's summary."
    run = f"[this run]({os.environ['RUN_URL']})"
    return f"{MARKER}\n{text}\n\nMeasured by {run}; its artifacts hold the raw samples and the profiles.\n"


class GitHub:
    """GitHub's interface, for the repository and with the rights of the job."""

    def __init__(self) -> None:
        self._address = f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}"
        self._headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}",
            "Content-Type": "application/json",
            "X-GitHub-Api-Version": "2022-11-28",
        }

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The answer. Raises Refusal."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._address + path, data, self._headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise Refusal(f"GitHub refuses {method} {path}: {error.code} {error.reason}") from error
        except OSError as error:
            raise Refusal(f"{method} {path}: {error}") from error

    def pages(self, path: str) -> Iterator[dict[str, Any]]:
        """All items of a list, up to 2,000."""
        for page in range(1, PAGES + 1):
            items = self.ask("GET", f"{path}{'&' if '?' in path else '?'}per_page=100&page={page}")
            yield from items
            if len(items) < 100:
                return


if __name__ == "__main__":
    sys.exit(main())
