"""What a server has to answer before it is measured: three routes, and all that it has to refuse."""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any, NamedTuple

from ..workloads import requests
from .validators import WrongAnswer

PATIENCE_S = 10.0
HEAD = "{} HTTP/1.1\r\nHost: localhost:8000\r\nUser-Agent: bench/1\r\nAccept: */*\r\n"
POST = HEAD.format("POST /users") + "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}"


class Answer(NamedTuple):
    """What a server says.

    Attributes:
        kind: its media type, without parameters.
        seen: what the hooks made of the request's method.
    """

    status: int
    kind: str
    seen: str | None
    body: bytes


class Case(NamedTuple):
    """A request that is measured, and the answer that is right."""

    request: bytes
    answer: Answer


CASES = {
    "health": Case(f"{HEAD.format('GET /health')}\r\n".encode(), Answer(200, "text/plain", "GET", b"ok")),
    "user": Case(requests.GET_USER, Answer(200, "application/json", "GET", b'{"id":42,"name":"user 42"}')),
    "new user": Case(requests.POST_USER, Answer(201, "application/json", "POST", requests.NEW_USER)),
}
USER: dict[str, Any] = json.loads(requests.NEW_USER)
INVALID = {
    "an empty name": json.dumps(USER | {"name": ""}),
    "an object as email": json.dumps(USER | {"email": {}}),
    "a negative age": json.dumps(USER | {"age": -1}),
    "an age in words": json.dumps(USER | {"age": "old"}),
    "no age": json.dumps({"name": "Ada Lovelace", "email": "ada@example.org"}),
    "half a body": requests.NEW_USER.decode()[:20],
}


def check(port: int, *, refuses: bool = True) -> None:
    """Whether a server gives the right answers, each twice over one connection, and refuses everything else.

    Args:
        refuses: whether it has to refuse anything.

    Raises:
        WrongAnswer: it does something else, or nothing.
    """
    for name, case in CASES.items():
        for answer in _ask(port, name, case.request, case.request):
            if answer != case.answer:
                raise WrongAnswer(f"{name}: {answer}; expected {case.answer}")
    if not refuses:
        return
    for name, body in INVALID.items():
        _refused(port, name, POST.format(len(body), body), range(400, 500))
    _refused(port, "an unknown path", HEAD.format("GET /nothing") + "\r\n", range(404, 405))


def _refused(port: int, name: str, request: str, statuses: range) -> None:
    [answer] = _ask(port, name, request.encode())
    if answer.status not in statuses:
        raise WrongAnswer(f"{name}: {answer}; expected {statuses.start} to {statuses.stop - 1}")


def _ask(port: int, name: str, *asked: bytes) -> list[Answer]:
    """The answers to requests over one connection."""
    answers: list[Answer] = []
    try:
        with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as connection:
            for request in asked:
                connection.sendall(request)
                answers.append(_read(connection))
    except (OSError, http.client.HTTPException) as error:
        after = " after the first answer: is the connection kept alive?" if answers else ""
        raise WrongAnswer(f"{name}: {error!r}{after}") from error
    return answers


def _read(connection: socket.socket) -> Answer:
    response = http.client.HTTPResponse(connection)
    response.begin()
    kind = response.getheader("content-type", "").partition(";")[0]
    return Answer(response.status, kind, response.getheader("x-seen"), response.read())
