from typing import Any

import pytest

from pyrt import Headers, HttpError, Request, Response, UsageError


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
