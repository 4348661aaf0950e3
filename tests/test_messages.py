import pytest

from pyrt import Headers, Request, Response, UsageError
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
