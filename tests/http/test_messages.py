from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from pyrt import Headers, HttpError, Request, Response, UsageError
from pyrt.errors import MalformedBody


def test_header_names_compare_case_insensitively_and_keep_every_value() -> None:
    headers = Headers([("Accept", "a"), ("ACCEPT", "b")])
    assert headers["accept"] == "a"
    assert headers.get_all("Accept") == ["a", "b"]
    assert "x" not in headers


def test_a_missing_header_is_a_key_error_or_the_default() -> None:
    with pytest.raises(KeyError):
        Headers()["host"]
    assert Headers().get("host", "none") == "none"


@pytest.mark.parametrize(("name", "value"), [("a b", "x"), ("", "x"), ("a", "x\r\nset-cookie: y"), ("a", "x\0")])
def test_a_response_header_cannot_forge_a_line(name: str, value: str) -> None:
    with pytest.raises(UsageError):
        Response(headers=[(name, value)])


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


def test_cookies_are_read_by_name_and_the_first_of_two_counts() -> None:
    request = Request("GET", "/", [("cookie", 'a=1; b="x=y"; junk'), ("Cookie", "a=2; c=")])
    assert request.cookies == {"a": "1", "b": "x=y", "c": ""}


def test_a_cookie_is_set_with_its_attributes() -> None:
    response = Response()
    response.set_cookie("id", "7", max_age_s=60, secure=True)
    response.delete_cookie("old", path="/a")
    assert response.headers.get_all("set-cookie") == [
        "id=7; Path=/; SameSite=Lax; Max-Age=60; Secure; HttpOnly",
        "old=; Path=/a; SameSite=Lax; Max-Age=0; HttpOnly",
    ]


@pytest.mark.parametrize(
    ("name", "value", "attributes"),
    [
        ("a b", "x", {}),
        ("a", "x;y", {}),
        ("a", "é", {}),
        ("a", "x", {"path": "/;x"}),
        ("a", "x", {"domain": "x\r\ny"}),
        ("a", "x", {"same_site": "None"}),
        ("a", "x", {"same_site": "Foo"}),
    ],
)
def test_a_cookie_that_a_client_would_misread_is_refused(name: str, value: str, attributes: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="cookie"):
        Response().set_cookie(name, value, **attributes)


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


@pytest.mark.parametrize("headers", [[("x-a", "b\r\nx-b: c")], Headers([("x-a", "b\r\nx-b: c")]), {"x-a": "b\nc"}])
def test_headers_that_are_set_are_checked_like_those_that_are_added(headers: Any) -> None:
    response = Response()
    with pytest.raises(UsageError):
        response.headers = headers


def test_headers_may_be_a_mapping() -> None:
    headers = {"x-a": "b", "x-c": "d"}
    for made in (Headers(headers), Response(headers=headers).headers, Request("GET", "/", headers).headers):
        assert list(made) == list(headers.items())
    response = Response()
    response.headers = headers
    assert list(response.headers) == list(headers.items())
    assert HttpError(401, headers=headers).headers == tuple(headers.items())


def test_what_one_response_adds_to_its_headers_no_other_has() -> None:
    one, other = Response.of({}), Response.of({})
    one.headers.add("x-a", "b")
    assert "x-a" in one.headers
    assert "x-a" not in other.headers
    assert "x-a" not in Response.of({}).headers
