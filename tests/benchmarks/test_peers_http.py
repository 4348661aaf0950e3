"""`peers http`: servers that start and end, and answers that are asked for."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

import pyrt
from benchmarks.harness.loopback import serving
from benchmarks.peers import answers, launching
from benchmarks.peers.entries import NotInstalled
from benchmarks.peers.launching import Died, cores, running
from benchmarks.peers.roster import NODE, ROSTER, Contender, NodeContender
from benchmarks.peers.validators import WrongAnswer

ROOT = Path(__file__).parents[2]


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
