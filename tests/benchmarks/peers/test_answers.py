"""Answers that are asked for before anything is measured."""

from __future__ import annotations

from typing import Any

import pytest

import pyrt
from benchmarks.harness.loopback import serving
from benchmarks.peers import answers
from benchmarks.peers.launching import running
from benchmarks.peers.roster import ROSTER
from benchmarks.peers.validators import WrongAnswer
from tests.benchmarks.peers.servers import constant, present


# A few are installed for development, everybody after `make peers`.
@pytest.mark.parametrize("name", [name for name, contender in ROSTER.items() if present(contender)])
def test_every_server_that_is_installed_gives_the_right_answers(name: str) -> None:
    with running(ROSTER[name].command, None) as server:
        answers.check(server.port, refuses=ROSTER[name].refuses)


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
