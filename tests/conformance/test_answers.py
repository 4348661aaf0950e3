"""What a handler returns is what its client gets, over every edge."""

from __future__ import annotations

import pytest

from tests.conformance.edges import Ask, Edge, Served
from tests.conformance.rules import noted, over

# What a handler returns


@pytest.mark.parametrize(
    ("target", "status", "content_type", "body"),
    [
        ("text", 200, "text/plain; charset=utf-8", "tëxt".encode()),
        ("bytes", 200, "application/octet-stream", b"\x00\xff"),
        ("json", 200, "application/json", '{"a":[1,null,"é"]}'.encode()),
        ("struct", 200, "application/json", b'{"x":1,"y":2}'),
        ("response", 202, "text/x-made", b"made"),
        ("filled", 203, "text/plain; charset=utf-8", b"filled"),
    ],
)
def test_what_a_handler_returns_is_sent(edge: Edge, target: str, status: int, content_type: str, body: bytes) -> None:
    answer = edge.get(f"/answers/{target}")
    assert (answer.status, answer.header("content-type"), answer.body) == (status, content_type, body)


@over("framing")
def test_the_length_is_that_of_the_body(edge: Edge) -> None:
    assert edge.get("/answers/text").header("content-length") == "5"


@pytest.mark.parametrize(("target", "status"), [("none", 204), ("status/204", 204), ("status/304", 304)])
def test_an_answer_without_a_body_says_nothing_of_one(edge: Edge, target: str, status: int) -> None:
    answer = edge.get(f"/answers/{target}")
    assert (answer.status, answer.body) == (status, b"")
    assert not answer.all("content-type") + answer.all("transfer-encoding")


def test_the_status_is_the_routes(edge: Edge) -> None:
    answer = edge.post("/answers/created")
    assert (answer.status, answer.body) == (201, b"made")


def test_a_header_may_have_many_values_and_bytes_beyond_ascii(edge: Edge) -> None:
    answer = edge.get("/answers/response")
    assert answer.all("x-many") == ["a", "b"]
    assert answer.header("x-latin") == "café"
    assert edge.get("/answers/filled").header("x-filled") == "yes"


# Streamed answers


@pytest.mark.parametrize(
    ("target", "status", "content_type", "body"),
    [
        ("whole", 200, None, "abé".encode()),
        ("returned", 200, None, "abé".encode()),
        ("response", 201, "text/csv", b"a,b"),
        ("empty", 200, None, b""),
    ],
)
def test_a_stream_is_sent_whole(edge: Edge, target: str, status: int, content_type: str | None, body: bytes) -> None:
    answer = edge.get(f"/streams/{target}")
    assert (answer.status, answer.body, answer.complete) == (status, body, True)
    assert content_type is None or answer.header("content-type") == content_type


def test_cleanup_runs_after_the_end_of_a_stream(edge: Edge, key: str) -> None:
    edge.get("/streams/whole", ("x-key", key))
    assert noted(edge, key, 2) == ["ended", "cleaned"]


def test_the_answer_to_head_of_a_stream_has_no_body_and_is_cleaned_up(edge: Edge, key: str) -> None:
    answer = edge.exchange("HEAD", "/streams/endless/1", [("x-key", key)])
    assert (answer.status, answer.body) == (200, b"")
    assert "content-length" not in dict(answer.headers)
    assert noted(edge, key, 2) == ["ended", "cleaned"]


def test_the_connection_is_good_for_more_after_a_stream(edge: Edge) -> None:
    answers = edge.in_turn([Ask("GET", "/streams/whole"), Ask("HEAD", "/streams/whole"), Ask("GET", "/health")])
    assert [answer.body for answer in answers] == ["abé".encode(), b"", b"ok"]


@over("broken streams")
def test_a_stream_that_fails_midway_never_looks_complete(edge: Edge, key: str) -> None:
    answer = edge.get("/streams/failing/2", ("x-key", key))
    assert (answer.status, answer.complete) == (200, False)
    assert b"secret" not in answer.body
    assert noted(edge, key, 1) == ["cleaned"]


@over("broken streams")
def test_a_handler_that_fails_before_its_first_part_is_an_error(edge: Edge, key: str) -> None:
    answer = edge.get("/streams/failing/0", ("x-key", key))
    assert answer.status == 500
    assert b"secret" not in answer.body
    assert noted(edge, key, 1) == ["cleaned"]


@over("while it lasts")
def test_a_part_of_a_stream_is_sent_before_the_next_is_made(edge: Served, key: str) -> None:
    with edge.connect() as connection:
        connection.say(Ask("GET", "/streams/held", [("x-key", key)]).as_bytes())
        response = connection.begin()
        assert response.read(5) == b"first"
        edge.post(f"/notes/{key}")
        assert response.read() == b"last"


@over("while it lasts")
@pytest.mark.parametrize("target", ["endless/1000", "endless/10000000", "quiet"], ids=["small", "blocked", "quiet"])
def test_a_stream_ends_when_its_client_has_gone(edge: Served, key: str, target: str) -> None:
    with edge.connect() as connection:
        connection.say(Ask("GET", f"/streams/{target}", [("x-key", key)]).as_bytes())
        assert connection.begin().read(1)
        connection.leave()
    assert noted(edge, key, 2) == ["ended", "cleaned"]
