"""What the rules of the request path share: over which edges each is held, and what it looks at."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.edges import EDGES, Answer, Edge

# Where an edge differs by what it is made of, the rule leaves it out; nothing else is compared loosely.
NO_WIRE = dict.fromkeys(("httpx", "client", "sync-client"), "the answer is collected before the caller sees any of it")
DIFFERENCES: dict[str, dict[str, str]] = {
    "unknown methods": {"uvicorn": "httptools has a list of methods and refuses others itself, with a 400 of its own"},
    "at once": {"sync-client": "sends one request at a time"},
    "while it lasts": NO_WIRE,
    "broken streams": {
        "httpx": "its transport returns what it has as if it were whole",
        **dict.fromkeys(("client", "sync-client"), "they have only whole answers, and raise what broke the stream"),
    },
    "framing": dict.fromkeys(("client", "sync-client"), "there is no ingress: nothing is framed and nothing limited"),
    "peers": dict.fromkeys(("client", "sync-client"), "there is no connection, and no peer"),
}


def over(*rules: str) -> pytest.MarkDecorator:
    """Hold a test over the edges for which none of *rules* is different."""
    names = [name for name in EDGES if not any(name in DIFFERENCES[rule] for rule in rules)]
    return pytest.mark.parametrize("edge", names, indirect=True)


def noted(edge: Edge, key: str, count: int) -> list[str]:
    """What the app noted under *key*, as soon as there are *count* lines; later ones would be there too."""
    found: list[str] = edge.get(f"/notes/{key}?count={count}").json()
    return found


def problem(answer: Answer) -> dict[str, Any]:
    """The problem document of an error, checked for what all of them have."""
    document: dict[str, Any] = answer.json()
    assert answer.header("content-type") == "application/problem+json"
    assert document["status"] == answer.status
    assert document["title"]
    assert len(document["request_id"]) == 16
    return document
