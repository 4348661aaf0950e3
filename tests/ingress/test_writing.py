"""Answers as bytes: where each ends, that no two lengths are sent, and that no header line can forge another."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyrt import Response
from pyrt.errors import UsageError
from pyrt.ingress import writing
from pyrt.ingress.writing import encode
from pyrt.request.streams import Stream

DATE = b"date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
NO_BODY = (204, 304)


async def parts() -> AsyncIterator[bytes]:
    yield b"never asked for"


def stream(length: int | None) -> Stream:
    async def finish(error: BaseException | None) -> None: ...

    found = Stream(parts(), None, lambda: None, finish, "it")
    found.length = length
    return found


def split(data: bytes) -> tuple[bytes, list[bytes], bytes]:
    """The status line, the header lines in lower case, and what is behind them."""
    head, end, body = data.partition(b"\r\n\r\n")
    assert end
    first, *lines = head.split(b"\r\n")
    return first, [line.lower() for line in lines], body


def framing(data: bytes) -> list[bytes]:
    return [line for line in split(data)[1] if line.startswith((b"content-length:", b"transfer-encoding:"))]


KINDS: list[Any] = ["", "text", b"bytes", bytearray(b"more"), {"a": 1}, [1], None, 7]
STATUSES = [int(status) for status in HTTPStatus if status >= 200] + [299, 599]


def test_an_answer_is_its_status_its_lines_its_length_the_date_and_its_body() -> None:
    assert encode(Response("hi", 201, [("x-y", "z")]), True, DATE) == (
        b"HTTP/1.1 201 Created\r\ncontent-type: text/plain; charset=utf-8\r\nx-y: z\r\n"
        b"content-length: 2\r\n" + DATE + b"\r\nhi"
    )
    assert encode(Response(status=204), False, DATE) == (
        b"HTTP/1.1 204 No Content\r\n" + DATE + b"connection: close\r\n\r\n"
    )
    assert encode(Response.of("x", 299), True).startswith(b"HTTP/1.1 299 Unknown\r\n")


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("value", KINDS, ids=repr)
def test_a_head_that_is_ready_made_is_the_one_that_would_be_built(value: Any, status: int) -> None:
    for keep_alive, is_head, date in itertools.product((True, False), (True, False), (b"", DATE)):
        ready, built = Response.of(value, status), Response.of(value, status)
        assert type(ready.raw) is tuple
        assert type(built.headers.raw) is list  # a look at them makes them its own
        assert encode(ready, keep_alive, date, is_head=is_head) == encode(built, keep_alive, date, is_head=is_head)


@given(value=st.text() | st.binary(), keep_alive=st.booleans())
def test_what_is_in_a_body_changes_nothing_of_the_head_but_the_length(value: str | bytes, keep_alive: bool) -> None:
    body = value.encode() if isinstance(value, str) else value
    head, _, sent = encode(Response.of(value), keep_alive, DATE).partition(b"\r\n\r\n")
    empty = encode(Response.of(type(value)()), keep_alive, DATE).partition(b"\r\n\r\n")[0]
    assert (head.replace(b"length: %d" % len(body), b"length: 0"), sent) == (empty, body)


@given(
    body=st.one_of(st.binary(max_size=20), st.builds(stream, st.none() | st.integers(0, 9))),
    status=st.sampled_from(STATUSES),
    named=st.lists(
        st.tuples(
            st.sampled_from(["Content-Length", "content-length", "TRANSFER-ENCODING", "Connection", "Keep-Alive"]),
            st.sampled_from(["7", "chunked", "close", "0"]),
        ),
        max_size=4,
    ),
    keep_alive=st.booleans(),
    chunked=st.booleans(),
)
def test_where_an_answer_ends_is_said_once_and_never_by_its_author(
    body: bytes | Stream, status: int, named: list[tuple[str, str]], keep_alive: bool, chunked: bool
) -> None:
    data = encode(Response(body, status, named), keep_alive, DATE, chunked=chunked)
    _, lines, content = split(data)
    if status in NO_BODY:
        expected, sent = [], b""
    elif isinstance(body, Stream) and status != 205:
        coding = [b"transfer-encoding: chunked"] if chunked else []
        expected, sent = coding if body.length is None else [b"content-length: %d" % body.length], b""
    else:
        sent = body if isinstance(body, bytes) and status != 205 else b""
        expected = [b"content-length: %d" % len(sent)]
    assert (framing(data), content) == (expected, sent)
    ends = [line for line in lines if line.startswith((b"connection", b"keep-alive"))]
    assert ends == ([] if keep_alive else [b"connection: close"])


@pytest.mark.parametrize(
    ("response", "length"),
    [
        (Response("four"), [b"content-length: 4"]),
        (Response("four", headers=[("Content-Length", "9")]), [b"content-length: 4"]),
        (Response(headers=[("content-length", "7"), ("Content-Length", "8")]), [b"content-length: 7"]),
        (Response(), [b"content-length: 0"]),
        (Response(headers=[("content-length", "-7"), ("content-length", "x")]), [b"content-length: 0"]),
        (Response("lost", 304, [("content-length", "4")]), []),
        (Response(status=204), []),
        (Response(stream(5)), [b"content-length: 5"]),
        (Response(stream(None)), [b"transfer-encoding: chunked"]),
    ],
)
def test_an_answer_to_head_has_the_length_of_another_and_no_body(response: Response, length: list[bytes]) -> None:
    data = encode(response, True, is_head=True)
    assert (framing(data), split(data)[2]) == (length, b"")


def test_only_an_answer_to_head_has_a_length_that_is_not_its_own() -> None:
    assert framing(encode(Response(headers=[("content-length", "7")]), True)) == [b"content-length: 0"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("x-a", f"a{chr(code)}b") for code in (*range(9), *range(10, 32), 127)],
        *[(f"x{chr(code)}a", "b") for code in (*range(33), *b'"(),/:;<=>?@[\\]{}', 127, 255)],
        ("", "b"),
        ("content-length", "1\r\nx: y"),
        ("set-cookie", "a\nb"),
    ],
)
def test_a_line_that_could_forge_another_is_not_sent(name: str, value: str) -> None:
    response = Response("body")
    response.headers.raw.append((name.encode("latin-1"), value.encode("latin-1")))  # past every check of `Headers`
    for _ in range(2):
        with pytest.raises(UsageError):
            encode(response, True)


@pytest.mark.parametrize("value", [b"a\tb", b"", b"\xff\x80", b"~ !", b"a: b"])
def test_all_else_is_sent_as_it_is(value: bytes) -> None:
    response = Response()
    response.headers.raw.append((b"X-Odd", value))
    for _ in range(2):
        assert b"\r\nX-Odd: %b\r\n" % value in encode(response, True)


def test_names_are_kept_to_be_sent_again_no_values_and_no_more_than_a_thousand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_sent", {})
    for number in range(1100):
        assert b"x-%d: secret\r\n" % number in encode(Response(headers=[(f"x-{number}", "secret")]), True)
    assert 0 < len(writing._sent) <= 1000
    assert set(map(type, writing._sent.values())) == {bool}


def test_a_header_line_that_is_added_is_sent_and_changes_no_other_answer() -> None:
    first, second = Response.of({"a": 1}), Response.of({"a": 1})
    first.headers.add("x-own", "1")
    assert b"x-own" in encode(first, True)
    assert b"x-own" not in encode(second, True)
