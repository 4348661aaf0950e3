import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyrt import UsageError
from pyrt.cli import load, main

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The example app under the real command, on a port of the system's choice."""
    command = [sys.executable, "-m", "pyrt", "serve", "examples.users:app", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:(\d+)", process.stdout.readline())
        assert found
        yield int(found[1])
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0


def ask(port: int, method: str, path: str, body: bytes | None = None) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path, body)
    response = connection.getresponse()
    found = (response.status, response.headers, response.read())
    connection.close()
    return found


NEW_USER = {"name": "Ada", "email": "ada@example.org", "age": 36}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/health", None, 200),
        ("GET", "/users/7", None, 200),
        ("POST", "/users", json.dumps(NEW_USER).encode(), 201),
        ("POST", "/users", b'{"name": "Ada"', 400),
        ("POST", "/users", b"[" * 100_000, 400),
        ("GET", "/users/%zz", None, 400),
        ("GET", "/users/%ff", None, 400),
        ("GET", "/nowhere", None, 404),
        ("DELETE", "/users", None, 405),
        ("BREW", "/users", None, 405),
        ("BREW", "/nowhere", None, 404),
        ("HEAD", "/users/7", None, 200),
    ],
)
def test_the_example_answers_as_its_contract_says(
    port: int, method: str, path: str, body: bytes | None, status: int
) -> None:
    assert ask(port, method, path, body)[0] == status


def test_the_examples_bodies(port: int) -> None:
    assert ask(port, "GET", "/health")[2] == b"ok"
    assert json.loads(ask(port, "GET", "/users/7")[2])["name"] == "user 7"
    created = json.loads(ask(port, "POST", "/users", json.dumps(NEW_USER).encode())[2])
    assert created == NEW_USER | {"id": created["id"], "joined": created["joined"]}
    assert json.loads(ask(port, "GET", f"/users/{created['id']}")[2])["name"] == "Ada"


def test_the_example_names_every_violation(port: int) -> None:
    body = json.dumps({"name": "", "email": "nobody", "age": -1}).encode()
    status, headers, answer = ask(port, "POST", "/users", body)
    violations = json.loads(answer)["violations"]
    assert (status, headers["content-type"]) == (422, "application/problem+json")
    assert [each["path"] for each in violations] == ["$.name", "$.email", "$.age"]
    assert all(each["expected"] for each in violations)


def test_head_is_get_without_a_body(port: int) -> None:
    _, headers, body = ask(port, "HEAD", "/users/7")
    assert (headers["content-length"], body) == ("80", b"")


def test_405_says_what_is_allowed(port: int) -> None:
    assert ask(port, "DELETE", "/users")[1]["allow"] == "GET, HEAD, OPTIONS, POST"


@pytest.mark.parametrize(
    "reference",
    ["examples.users", "no.such.module:app", "..x:app", "examples..users:app", "examples.users:none", "json:loads"],
)
def test_what_is_not_an_app_is_refused_with_the_reason(reference: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError):
        load(reference)
    assert main(["serve", reference]) == 2
    assert capsys.readouterr().err.startswith("pyrt: ")


# A module that cannot be imported, and what is said of it: the line, and the error.
BROKEN = [
    ("x = 1\ndef f(:\n", 2, "SyntaxError: invalid syntax"),
    ("\n1 / 0\n", 2, "ZeroDivisionError: division by zero"),
    ("from . import x\n", 1, "ImportError: attempted relative import with no known parent package"),
    ("import no_such_module\n", 1, "ModuleNotFoundError: No module named 'no_such_module'"),
    ("import json\n\njson.loads('')\n", 3, "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)"),
    ("def f():\n    raise ValueError('one\\ntwo')\nf()\n", 2, "ValueError: one two"),
    ("from pyrt import App\napp = App(caps={'depth': 3})\n", 2, "caps must be "),
]


@pytest.mark.parametrize("command", ["serve", "routes", "openapi"])
@pytest.mark.parametrize(("code", "line", "words"), BROKEN)
def test_an_error_in_the_module_of_an_app_is_one_line_that_says_where(
    command: str,
    code: str,
    line: int,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = f"pyrt_{BROKEN.index((code, line, words))}"
    (tmp_path / f"{name}.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    assert main([command, f"{name}:app"]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"pyrt: cannot import '{name}': {tmp_path / name}.py:{line}: {words}")
    assert told.count("\n") == 1


@pytest.mark.parametrize("port_text", ["x", "-1", "65536"])
def test_a_port_is_a_port(port_text: str) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["serve", "examples.users:app", "--port", port_text])
    assert caught.value.code == 2


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("nothing=1", "unknown limit 'nothing'; the limits are request_line_bytes, "),
        ("=1", "unknown limit ''; the limits are "),
        ("requests", "requests must be a number (int), got ''"),
        ("requests=", "requests must be a number (int), got ''"),
        ("requests=many", "requests must be a number (int), got 'many'"),
        ("requests=1.5", "requests must be a number (int), got '1.5'"),
        ("head_s=1=2", "head_s must be a number (float), got '1=2'"),
    ],
)
def test_a_limit_that_is_none_is_told_with_those_there_are(
    limit: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["serve", "examples.users:app", "--limit", limit])
    assert caught.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("limit", ["requests=0", "requests=-1", "head_s=0", "head_s=-0.5", "head_s=nan", "head_s=inf"])
def test_a_limit_is_over_0_and_finite(limit: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "examples.users:app", "--limit", limit]) == 2
    assert re.search(rf"^pyrt: {limit.partition('=')[0]} needs a (whole )?number over 0", capsys.readouterr().err)


@pytest.mark.parametrize("path", ["", "no/such/folder/log"])
def test_an_access_log_that_cannot_be_opened_is_told(
    path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = str(tmp_path / path)
    assert main(["serve", "examples.users:app", "--port", "0", "--access-log", where]) == 2
    assert capsys.readouterr().err.startswith(f"pyrt: the access log {where!r} cannot be opened: ")


def test_a_pipe_that_nobody_reads_is_no_access_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert main(["serve", "examples.users:app", "--port", "0", "--access-log", str(tmp_path / "pipe")]) == 2
    assert "cannot be opened" in capsys.readouterr().err


FORM = """
from pyrt import App
from pyrt.http.forms import Form
app = App()
@app.post("/{name}")
async def f(name: str, form: Form): ...
HOME = app.url("f", name="x")  # which freezes it
"""


@pytest.mark.parametrize("is_file", [True, False])
def test_what_is_served_is_written_down_within_the_limits_that_were_given(is_file: bool, tmp_path: Path) -> None:
    (tmp_path / "form_app.py").write_text(FORM)
    log = tmp_path / "access.log"
    log.write_text("{}\n" * is_file)
    command = [sys.executable, "-m", "pyrt", "serve", "form_app:app", "--port", "0"]
    command += ["--access-log", str(log) if is_file else "-"]
    command += ["--limit", "form_fields=9", "--limit", "form_fields=2", "--limit", "body_bytes=50"]
    paths = os.pathsep.join([str(ROOT), str(tmp_path)])
    with subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": paths}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        found = re.search(r"http://127\.0\.0\.1:(\d+)", (process.stdout if is_file else process.stderr).readline())
        assert found
        for path, body in (("/a", b"a&b"), ("/b", b"a&b&c"), ("/c?d", b"a" * 51), ("/e", b"")):
            connection = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=20)
            connection.request("POST", path, body, {"content-type": "application/x-www-form-urlencoded"})
            connection.getresponse().read()
            connection.close()
        process.send_signal(signal.SIGTERM)
        output = process.stdout.read()
        assert process.wait(timeout=20) == 0
    lines = log.read_text() if is_file else output
    entries = [json.loads(line) for line in lines.splitlines()]
    assert [(each["target"], each["status"]) for each in entries[is_file:]] == [
        ("/a", 204),
        ("/b", 413),
        (None, 413),
        ("/e", 204),
    ]


def test_importing_pyrt_imports_no_server() -> None:
    code = "import sys, pyrt; print([m for m in ('uvloop', 'httptools', 'argparse') if m in sys.modules])"
    output = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, env=dict(os.environ), text=True)
    assert output.strip() == "[]"


def test_routes_are_listed_with_what_runs_around_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["routes", "examples.users:app"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["METHOD", "PATH", "HANDLER", "HOOKS", "DEADLINE"]
    columns = [re.split(r"  +", line) for line in lines[1:]]
    hooks = "after name_the_request; catch log_error"
    assert columns[1] == ["GET", "/users/{id:int}", "show_user", hooks, "30 s"]
    assert len({line.index(hooks) for line in lines[1:]}) == 1


def test_an_app_that_is_declared_wrongly_is_told_instead_of_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "wrong_app.py").write_text("from pyrt import App\napp = App()\n@app.get('/')\ndef f(nobody): ...\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert main(["routes", "wrong_app:app"]) == 2
    assert "names 'nobody'" in capsys.readouterr().err


@pytest.mark.parametrize("flags", [[], ["--debug"]])
def test_stack_traces_are_for_debugging_only(flags: list[str], tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text(
        "from pyrt import App\napp = App()\n@app.get('/')\nasync def f(): 1 / 0\nHOME = app.url('f')\n"
    )
    command = [sys.executable, "-m", "pyrt", "serve", "broken:app", "--port", "0", *flags]
    paths = os.pathsep.join([str(ROOT), str(tmp_path)])
    with subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": paths}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:(\d+)", process.stdout.readline())
        assert found
        status, _, body = ask(int(found[1]), "GET", "/")
        process.terminate()
    assert status == 500
    assert (b"ZeroDivisionError" in body) == bool(flags)
