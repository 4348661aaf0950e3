"""`peers http`: servers that start and end, answers that are asked for, rounds of load, and the verb."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

import pyrt
from benchmarks.harness.loopback import serving
from benchmarks.peers import answers, launching
from benchmarks.peers.entries import NotInstalled
from benchmarks.peers.http import TITLES, headlines
from benchmarks.peers.launching import Died, cores, running
from benchmarks.peers.loads import RATE, Effort, Load, Rounds, Window
from benchmarks.peers.roster import NODE, ROSTER, Contender, NodeContender
from benchmarks.peers.rounds import alternate
from benchmarks.peers.validators import WrongAnswer

ROOT = Path(__file__).parents[3]
SHORT = Effort(rounds=2, warm_up_s=0.02, window_s=0.05, confidence=0.5)


def present(contender: Contender) -> bool:
    try:
        contender.require()
    except NotInstalled:
        return False
    return True


def program(*lines: str) -> list[str]:
    """A server of our own, beside those of the peers: `port` is where it has to listen."""
    return [sys.executable, "-c", "\n".join(["import sys", "port = int(sys.argv[1])", *lines]), "{port}"]


def constant(*lines: str) -> list[str]:
    """The constant responder, with other things to do when something is read."""
    return program(
        "import os, uvloop, with_constant",
        "class Other(with_constant.Constant):",
        "    reads = 0",
        "    def data_received(self, data):",
        "        Other.reads += 1",
        *(f"        {line}" for line in lines),
        "with_constant.Constant = Other",
        "uvloop.run(with_constant.main(port))",
    )


# A few are installed for development, everybody after `make peers`.
@pytest.mark.parametrize("name", [name for name, contender in ROSTER.items() if present(contender)])
def test_every_server_that_is_installed_gives_the_right_answers(name: str) -> None:
    with running(ROSTER[name].command, None) as server:
        answers.check(server.port, refuses=ROSTER[name].refuses)


def test_some_servers_are_installed_for_development() -> None:
    assert {"pyrt", "constant", "granian-rsgi", "granian-asgi"} <= {name for name in ROSTER if present(ROSTER[name])}


def users(status: int = 201) -> pyrt.App:
    """The service, with one thing wrong."""
    app = pyrt.App()

    @app.after
    async def tell(req: pyrt.Request, res: pyrt.Response) -> None:
        res.headers.add("x-seen", req.method)

    @app.get("/health")
    async def health() -> str:
        return "ok"

    @app.get("/users/{id:int}")
    async def show_user(id: int) -> dict[str, Any]:
        return {"id": id, "name": f"user {id}"}

    @app.post("/users", status=status)
    async def create_user(body) -> Any:  # type: ignore[no-untyped-def]
        return body

    return app


@pytest.mark.parametrize(
    ("served", "said"),
    [
        (users(200), r"new user: Answer\(status=200, .*; expected Answer\(status=201"),
        (users(), r"an empty name: Answer\(status=201, .*; expected 400 to 499"),
        (pyrt.App(), r"health: Answer\(status=404"),
    ],
)
def test_a_server_that_does_something_else_is_told_from_one_that_does_the_work(served: pyrt.App, said: str) -> None:
    with serving(served) as port, pytest.raises(WrongAnswer, match=said):
        answers.check(port)


def test_a_server_has_to_keep_connections_alive() -> None:
    once = constant("super().data_received(data)", "self.transport.close()")
    with pytest.raises(WrongAnswer, match=r"after the first answer: is the connection kept alive\?"):
        with running(once, None) as server:
            answers.check(server.port, refuses=False)


def test_a_server_that_does_not_start_is_reported_with_its_last_output() -> None:
    with (
        pytest.raises(Died, match="it did not start; it ended with 1: no such thing"),
        running(program("sys.exit('no such thing')"), None),
    ):
        pass


def test_a_server_that_does_not_answer_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launching, "START_TIMEOUT_S", 0.5)
    silent = program("import signal", "signal.pause()")
    with pytest.raises(Died, match=r"it does not answer after 0.5 s: it wrote nothing"), running(silent, None):
        pass


def test_nothing_of_a_server_is_left_after_it() -> None:
    with running(ROSTER["granian-rsgi"].command, None) as server:
        several = [psutil.Process(server.pid), *psutil.Process(server.pid).children()]
    assert len(several) > 1
    assert psutil.wait_procs(several, timeout=5)[1] == []


def test_all_threads_of_a_server_keep_to_its_core_and_the_one_who_started_it_does_not() -> None:
    mine = os.sched_getaffinity(0)
    with running(ROSTER["granian-rsgi"].command, min(mine)) as server:
        [worker] = psutil.Process(server.pid).children()
        threads = [thread.id for process in (psutil.Process(server.pid), worker) for thread in process.threads()]
        assert {frozenset(os.sched_getaffinity(thread)) for thread in threads} == {frozenset({min(mine)})}
    assert os.sched_getaffinity(0) == mine


def test_servers_and_load_have_a_core_each_where_there_are_two() -> None:
    mine = os.sched_getaffinity(0)
    assert cores() == ((min(mine), max(mine)) if len(mine) > 1 else None)
    try:
        os.sched_setaffinity(0, {min(mine)})
        assert cores() is None
    finally:
        os.sched_setaffinity(0, mine)


def test_a_server_that_dies_under_load_has_failed_is_left_out_from_then_on_and_harms_nobody() -> None:
    said: list[str] = []
    dying = constant("super().data_received(data)", "Other.reads < 100 or (print('out of order'), os._exit(3))")
    commands = {"pyrt": ROSTER["pyrt"].command, "dying": [*dying[:1], "-u", *dying[1:]]}
    rounds = Rounds(commands, SHORT, said.append)
    works = [(case, name) for case in ("health", "user") for name in commands]
    figures = alternate(works, 2, rounds)
    why, again = figures["user", "dying"]
    assert why == again
    assert re.fullmatch("Died: .+; it ended with 3: out of order", str(why))
    assert all(isinstance(figure, float) and figure > 0 for figure in figures["user", "pyrt"])
    assert said == ["Round 1 of 2: pyrt, dying", f"dying failed: {why}", "Round 2 of 2: pyrt"]
    assert (len(rounds.load(("user", "pyrt")).windows), rounds.load(("user", "dying")).windows) == (2, [])


def test_a_window_counts_requests_processor_time_and_memory() -> None:
    rounds = Rounds({"constant": ROSTER["constant"].command}, SHORT._replace(window_s=0.2), lambda text: None)
    [rate] = rounds([("user", "constant")])
    [window] = rounds.load(("user", "constant")).windows
    assert rate == window.rate > 1000
    assert 0 < window.p50 <= window.p95 <= window.p99
    assert window.per_cpu_s * window.busy == pytest.approx(window.rate)
    assert 1e6 < window.pss <= window.rss


def window(rate: float, busy: float = 0.5) -> Window:
    return Window(rate, 1e-3, 2e-3, 3e-3, per_cpu_s=rate / busy, busy=busy, load_busy=0.25, rss=2e7, pss=1e7)


def test_what_stands_beside_a_rate_is_the_middle_of_the_rounds() -> None:
    load = Load([window(1.0), window(2000.0), window(3000.0)])
    assert load.cells() == ["3 ms", "4,000", "-", "50 %, 25 %", "10 MB"]
    assert len(load.cells()) == len(Load([]).cells()) == len(RATE.beside)
    raw = json.loads(json.dumps(load.as_json(), allow_nan=False))
    assert (raw["per_cpu_s"], len(raw["windows"])) == (4000, 3)
    assert Load([]).as_json().keys() == raw.keys()


def test_a_server_that_had_half_of_its_core_is_compared_by_what_it_did_with_that_half() -> None:
    rounds = Rounds({}, SHORT, lambda text: None)
    rounds.windows = {("user", "pyrt"): [window(50.0)] * 2, ("user", "falcon"): [window(50.0, busy=1.0)] * 2}
    assert rounds.load(("user", "falcon")).cells()[2] == "0.5x, 0.5 to 0.5"
    assert rounds.load(("user", "pyrt")).ratio is None
    [remark] = rounds.remarks()
    assert remark.startswith("Something else was at work on this machine: in 2 of 4 windows")
    del rounds.windows["user", "pyrt"]
    assert rounds.remarks() == []


def test_the_headlines_are_of_the_limit_of_the_best_framework_and_of_fastify() -> None:
    rounds = Rounds({}, SHORT, lambda text: None)
    rates = {"pyrt": 60.0, "constant": 100.0, "starlette": 40.0, "granian-rsgi": 50.0}
    rounds.windows = {("user", name): [window(rate)] * 2 for name, rate in rates.items()}
    # Slower than starlette only because it had less of its core.
    rounds.windows["user", "falcon"] = [window(30.0, busy=0.25)] * 2
    found = headlines(rounds)
    assert [line.beside for line in found] == ["constant: the limit", "falcon: the best framework in Python"]
    assert [line.ratios["Requests/s"].ratio for line in found] == pytest.approx([0.6, 2.0])
    assert [line.ratios["Per CPU second"].ratio for line in found] == pytest.approx([0.6, 1.0])
    rounds.broken["pyrt"] = "it died"
    assert headlines(rounds) == []


@pytest.mark.parametrize(
    ("contender", "said"),
    [
        (
            Contender("", (), "no-such-server", ("pytest", "no-loop")),
            "not installed: no-such-server, no-loop; `make peers`",
        ),
        (NodeContender("", (), "no-server"), f"`npm ci --prefix {NODE.relative_to(ROOT)}`|not installed: node;"),
    ],
)
def test_what_is_not_installed_says_how_to_get_it(contender: Contender, said: str) -> None:
    with pytest.raises(NotInstalled, match=said):
        contender.require()


def test_without_node_its_servers_are_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(NotInstalled, match="not installed: node; on Debian: apt-get install nodejs npm"):
        ROSTER["node"].require()


def peers(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", "peers", "http", "--quick", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_the_verb_measures_those_that_are_named_round_by_round() -> None:
    done = peers("--only", "constant", "--json", "-")
    assert done.returncode == 0, done.stderr
    raw = json.loads(done.stdout)
    assert [case["case"] for case in raw["cases"]] == list(TITLES)
    pyrt, constant = raw["cases"][1]["peers"]
    assert (pyrt["peer"], pyrt["status"], constant["note"]) == ("pyrt", "ok", "reads nothing")
    assert len(pyrt["windows"]) == len(pyrt["samples"]) == raw["rounds"] == 2
    assert [line["beside"] for line in raw["headlines"]] == ["constant: the limit"]
    turns = [line for line in done.stderr.splitlines() if "Round" in line]
    assert turns == ["==> Round 1 of 2: pyrt, constant", "==> Round 2 of 2: constant, pyrt"]


def test_the_verb_knows_no_others() -> None:
    done = peers("--only", "nobody")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"there is no nobody: choose from {', '.join(ROSTER)}" in done.stderr
