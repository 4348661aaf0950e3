from collections.abc import AsyncIterator

import msgspec
import pytest

from pyrt import Request, Response, UsageError
from pyrt.errors import MalformedBody


def test_the_target_is_cut_at_the_first_question_mark() -> None:
    request = Request("GET", "/a%2Fb?x=1?y=2")
    assert (request.path, request.query) == ("/a%2Fb", "x=1?y=2")


@pytest.mark.parametrize("body", [b"", b"{", b'"\xff"', b"[" * 100_000])
def test_a_body_that_is_not_json_is_a_400(body: bytes) -> None:
    with pytest.raises(MalformedBody) as caught:
        Request("POST", "/", body=body).json()
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("value", "status", "body", "content_type"),
    [
        ("é", 200, "é".encode(), "text/plain; charset=utf-8"),
        (b"\0", 200, b"\0", "application/octet-stream"),
        (None, 204, b"", None),
        ({"a": [1]}, 200, b'{"a":[1]}', "application/json"),
    ],
)
def test_what_a_handler_returns_becomes_a_response(value, status, body, content_type) -> None:
    response = Response.of(value)
    assert (response.status, response.body, response.headers.get("content-type")) == (status, body, content_type)


def test_a_response_is_passed_on_as_it_is() -> None:
    response = Response("x", 418)
    assert Response.of(response) is response


@pytest.mark.parametrize("status", [100, 199, 600])
def test_a_response_has_a_final_status(status: int) -> None:
    with pytest.raises(UsageError):
        Response(status=status)


def test_reprs_rebuild() -> None:
    response = Response("x", 201, [("a", "b")])
    rebuilt = eval(repr(response))
    assert (rebuilt.body, rebuilt.status, rebuilt.headers) == (response.body, 201, response.headers)
    assert eval(repr(Request("GET", "/a?b", [("c", "d")]))).query == "b"


def test_query_parameters_are_decoded_and_keep_every_value() -> None:
    assert Request("GET", "/?a=1&b=%2F+&a=&c").query_params == {"a": ["1", ""], "b": ["/ "], "c": [""]}


@pytest.mark.parametrize("query", ["a=%ff", "&".join("a" * 1001)])
def test_a_query_that_cannot_be_read_is_a_400(query: str) -> None:
    with pytest.raises(MalformedBody) as caught:
        _ = Request("GET", f"/?{query}").query_params
    assert caught.value.status == 400


def test_a_problem_names_the_request_and_carries_more_members() -> None:
    response = Response.problem(404, "no route", "r1", [("x-a", "b")], violations=[])
    assert (response.status, response.headers["x-a"]) == (404, "b")
    assert response.headers["content-type"] == "application/problem+json"
    assert msgspec.json.decode(response.body) == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "no route",
        "request_id": "r1",
        "violations": [],
    }


def test_an_async_iterator_becomes_a_stream_of_octets() -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"a"

    body = parts()
    response = Response.of(body)
    assert (response.body, response.headers["content-type"]) == (body, "application/octet-stream")
