"""What CI says of a comparison, to a GitHub of its own that keeps comments and issues."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from benchmarks.judging.comparison import Comparison, Counts, Row, Side, Verdict

TELL = Path(__file__).parents[2] / ".ci/tell.py"
HEAD = "a" * 40
MARKER = "<!-- pyrt: benchmarks compare -->"
BOT = "github-actions[bot]"


class GitHub(ThreadingHTTPServer):
    """One pull request, number 7, with its comments, and issues; as much of the interface as is asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.head, self.state = HEAD, "open"
        self.comments: list[dict[str, Any]] = []
        self.issues: list[dict[str, Any]] = []
        self.asked: list[str] = []

    def answer(self, method: str, path: str, page: int, body: dict[str, Any]) -> Any:
        comments, issues = "/issues/7/comments", "/issues"
        if (method, path) == ("GET", "/pulls/7"):
            return {"state": self.state, "head": {"sha": self.head}}
        if (method, path) in {("GET", comments), ("GET", issues)}:
            return (self.comments if path == comments else self.issues)[(page - 1) * 100 : page * 100]
        if (method, path) == ("POST", comments):
            self.comments.append({"id": len(self.comments), "user": {"login": BOT}, **body})
        elif (method, path) == ("POST", issues):
            self.issues.append({"number": len(self.issues), **body})
        elif found := re.fullmatch(r"/issues/(comments/)?(\d+)", path):
            (self.comments if found[1] else self.issues)[int(found[2])].update(body)
        else:
            return None
        return {}


class Answers(BaseHTTPRequestHandler):
    server: GitHub

    def answer(self) -> None:
        path, _, query = self.path.removeprefix("/repos/some/one").partition("?")
        page = int((re.search(r"\bpage=(\d+)", query) or ["", "1"])[1])
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        allowed = self.headers["Authorization"] == "Bearer secret"
        found = self.server.answer(self.command, path, page, body) if allowed else None
        self.server.asked.append(f"{self.command} {path}")
        self.send_response(404 if found is None else 200)
        self.end_headers()
        self.wfile.write(json.dumps(found).encode())

    do_GET = do_POST = do_PATCH = answer

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def github() -> Iterator[GitHub]:
    with GitHub() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def row(verdict: str, accepted: str = "", name: str = "micro.routing.Match.time_match", **more: Any) -> dict[str, Any]:
    facts = {"name": name, "parameters": {"routes": "10"}, "counts": None, "sampled": None}
    return facts | {"verdict": verdict, "accepted": accepted} | more


def write(folder: Path, *rows: dict[str, Any], report: str = "# Report", pull: str = "7", noisy: bool = False) -> Path:
    folder.mkdir(exist_ok=True)
    sides = {"base": {"commit": "b" * 40, "subject": "Before"}, "head": {"commit": HEAD, "subject": "After"}}
    (folder / "comparison.json").write_text(json.dumps({**sides, "rows": rows, "too_noisy": noisy}))
    (folder / "report.md").write_text(report)
    (folder / "pull.txt").write_text(pull)
    return folder


def tell(*arguments: object, github: GitHub | None = None, token: str = "secret") -> subprocess.CompletedProcess[str]:
    facts = {"GITHUB_REPOSITORY": "some/one", "GITHUB_TOKEN": token, "HEAD_SHA": HEAD, "RUN_URL": "https://run.example"}
    if github is not None:
        facts["GITHUB_API_URL"] = f"http://127.0.0.1:{github.server_address[1]}"
    command = [sys.executable, str(TELL), *map(str, arguments)]
    return subprocess.run(command, env=os.environ | facts, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    ("rows", "options", "code", "said"),
    [
        ([row("OK"), row("FASTER"), row("SLOWER"), row("INCONCLUSIVE"), row("UNJUDGED")], [], 0, ""),
        ([row("ALERT")], [], 1, "::error::ALERT: micro.routing.Match.time_match(10)"),
        ([row("FAIL")], [], 1, "::error::FAIL"),
        ([row("ALERT")], ["--only-fail"], 0, "::warning::ALERT"),
        ([row("ALERT"), row("FAIL")], ["--only-fail"], 1, "::error::FAIL"),
        ([row("FAIL", accepted="the old one was wrong")], [], 0, ""),
    ],
)
def test_the_verdict_is_red_for_what_alerts_or_fails_and_nobody_accepted(
    tmp_path: Path, rows: list[Any], options: list[str], code: int, said: str
) -> None:
    done = tell("verdict", write(tmp_path, *rows), *options)
    assert (done.returncode, done.stderr) == (code, "")
    assert said in done.stdout
    assert said or not done.stdout


def test_a_comparison_is_read_as_compare_keeps_it(tmp_path: Path) -> None:
    counts = Counts(base=100, head=200, verdict=Verdict.FAIL)
    kept = Row(name="a.B.time_c", parameters={}, unit="seconds", verdict=Verdict.FAIL, counts=counts)
    base, head = Side(commit="b" * 40), Side(commit=HEAD)
    found = Comparison(command="", date="", base=base, head=head, fingerprint={}, rows=[kept])
    found.save(tmp_path / "comparison.json")
    done = tell("verdict", tmp_path)
    assert (done.returncode, "FAIL: a.B.time_c" in done.stdout) == (1, True)


def test_a_machine_that_is_too_noisy_is_a_warning_and_not_red(tmp_path: Path) -> None:
    done = tell("verdict", write(tmp_path, row("INCONCLUSIVE"), noisy=True))
    assert (done.returncode, done.stdout[:11]) == (0, "::warning::")


def test_without_a_comparison_the_verdict_is_wrong_use(tmp_path: Path) -> None:
    done = tell("verdict", tmp_path)
    assert (done.returncode, "did `make compare` run?" in done.stdout) == (2, True)


def test_a_name_cannot_begin_another_workflow_command(tmp_path: Path) -> None:
    done = tell("verdict", write(tmp_path, row("FAIL", name="a\n::add-mask::b\r::stop")))
    assert done.stdout.count("\n") == 1
    assert "\r" not in done.stdout


@pytest.mark.parametrize("verdict", ["FAIL", "ALERT", "SLOWER", "FASTER"])
def test_what_changed_is_commented(tmp_path: Path, github: GitHub, verdict: str) -> None:
    done = tell("comment", write(tmp_path, row("OK"), row(verdict)), github=github)
    assert done.returncode == 0, done.stdout
    (comment,) = github.comments
    assert comment["body"].startswith(f"{MARKER}\n# Report")
    assert "https://run.example" in comment["body"]


def test_a_plain_ok_is_not_commented(tmp_path: Path, github: GitHub) -> None:
    assert tell("comment", write(tmp_path, row("OK"), row("INCONCLUSIVE")), github=github).returncode == 0
    assert github.comments == []


def test_the_own_comment_is_changed_in_place_also_when_all_is_well_again(tmp_path: Path, github: GitHub) -> None:
    # Somebody else's comment with the marker in it, and more comments than a page holds.
    github.comments = [{"id": at, "user": {"login": "someone"}, "body": MARKER} for at in range(120)]
    for verdict, report in (("ALERT", "slower"), ("OK", "well again")):
        assert tell("comment", write(tmp_path, row(verdict), report=report), github=github).returncode == 0
    assert [one["body"] for one in github.comments[:120]] == [MARKER] * 120
    (comment,) = github.comments[120:]
    assert "well again" in comment["body"]


@pytest.mark.parametrize(
    "pull", ["", "0", "-7", "7a", "7\n8", "7/../8", "../pulls/7", "٧", "9" * 11, "$(id)", "7?page=2"]
)
def test_what_is_no_number_of_a_pull_request_is_refused_before_anything_is_asked(
    tmp_path: Path, github: GitHub, pull: str
) -> None:
    done = tell("comment", write(tmp_path, row("FAIL"), pull=pull), github=github)
    assert (done.returncode, github.asked) == (2, [])
    assert "holds no number of a pull request" in done.stdout


@pytest.mark.parametrize(("head", "state"), [("c" * 40, "open"), (HEAD, "closed")])
def test_a_pull_request_that_is_not_at_the_commit_of_the_run_gets_no_comment(
    tmp_path: Path, github: GitHub, head: str, state: str
) -> None:
    github.head, github.state = head, state
    done = tell("comment", write(tmp_path, row("FAIL")), github=github)
    assert (done.returncode, github.asked) == (0, ["GET /pulls/7"])
    assert "no comment" in done.stdout


def test_a_comment_is_cut_before_github_refuses_it_and_calls_nobody(tmp_path: Path, github: GitHub) -> None:
    report = "@someone and @some-team, a.B@abc\n" + MARKER + "x" * 50 + "\n" + "y" * 99 + ("\n" + "z" * 99) * 1000
    assert tell("comment", write(tmp_path, row("FAIL"), report=report), github=github).returncode == 0
    body = github.comments[0]["body"]
    assert len(body) < 65_536
    assert "cut here" in body
    assert "@some" not in body
    assert "a.B@abc" in body
    assert body.count(MARKER) == 1


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "{}", '{"rows": 3}', '{"rows": [{}]}', '"x"', "null"])
def test_an_artifact_that_is_no_comparison_is_refused(tmp_path: Path, github: GitHub, text: str) -> None:
    (write(tmp_path) / "comparison.json").write_text(text)
    done = tell("comment", tmp_path, github=github)
    assert (done.returncode, done.stderr, github.asked) == (2, "", [])
    assert done.stdout.startswith("::error::")


def test_a_link_in_an_artifact_is_not_followed(tmp_path: Path, github: GitHub) -> None:
    folder = write(tmp_path / "artifact", row("FAIL"))
    (tmp_path / "secret").write_text("secret")
    (folder / "report.md").unlink()
    (folder / "report.md").symlink_to(tmp_path / "secret")
    assert tell("comment", folder, github=github).returncode == 2
    assert github.comments == []


def test_a_comparison_that_did_not_come_to_an_end_is_no_error_of_the_comment(tmp_path: Path, github: GitHub) -> None:
    assert (tell("comment", tmp_path, github=github).returncode, github.asked) == (0, [])


def test_what_github_refuses_is_said(tmp_path: Path, github: GitHub) -> None:
    done = tell("comment", write(tmp_path, row("FAIL")), github=github, token="wrong")
    assert (done.returncode, "GitHub refuses GET /pulls/7: 404" in done.stdout) == (2, True)


def test_an_issue_is_opened_once_and_its_text_is_that_of_the_last_run(tmp_path: Path, github: GitHub) -> None:
    for report in ("first", "second"):
        folder = write(tmp_path, row("OK"), row("ALERT"), row("FAIL"), report=report)
        assert tell("issue", folder, github=github).returncode == 0
    (issue,) = github.issues
    assert issue["title"] == "Slower: micro.routing.Match.time_match(10) and 1 more (bbbbbbbb..aaaaaaaa)"
    assert issue["labels"] == ["performance-regression"]
    assert "second" in issue["body"]


@pytest.mark.parametrize("rows", [[], [row("OK"), row("SLOWER"), row("FASTER")], [row("FAIL", accepted="meant")]])
def test_nothing_slower_is_no_issue(tmp_path: Path, github: GitHub, rows: list[Any]) -> None:
    assert (tell("issue", write(tmp_path, *rows), github=github).returncode, github.asked) == (0, [])


def test_what_github_action_benchmark_compares_with_is_the_base_of_the_same_run(tmp_path: Path) -> None:
    rows = [
        row("FAIL", counts={"base": 100.0, "head": 200.0}, sampled={"pairs": [[1e-6, 4e-6]] * 3}),
        row("OK", name="integration.loopback.Loopback.track_rate", sampled={"pairs": [[80.0, 100.0], [90.0, 90.0]]}),
        row("FAIL", name="load.Errors.track_errors", sampled={"pairs": [[0.0, 3.0]]}),
    ]
    folder, data = write(tmp_path / "folder", *rows), tmp_path / "cache/data.json"
    heads = {
        "gha-smaller.json": {"micro.routing.Match.time_match(10)": 4.0, "micro.routing.Match.instr_match(10)": 200.0}
        | {"load.Errors.track_errors(10)": 3.0},
        "gha-bigger.json": {"integration.loopback.Loopback.track_rate(10)": 95.0},
    }
    for name, values in heads.items():
        entries = [{"name": label, "unit": "us", "value": value} for label, value in values.items()]
        (folder / name).write_text(json.dumps(entries))
    for _ in range(2):
        assert tell("before", folder, data).returncode == 0
    stored = json.loads(data.read_text())["entries"]
    smaller, bigger = stored["pyrt, smaller is better"], stored["pyrt, bigger is better"]
    assert [one["commit"]["id"] for one in smaller] == ["b" * 40] * 2
    values = {bench["name"].rpartition(".")[2]: bench["value"] for bench in smaller[-1]["benches"]}
    assert values == {"time_match(10)": 1.0, "instr_match(10)": 100.0}
    (bench,) = bigger[-1]["benches"]
    assert (bench["unit"], bench["value"]) == ("us", pytest.approx(85.0))
