"""What a stranger may send to `pyrt serve`, byte by byte: always an answer of the 4xx kind or an end, in bounded time.

`tests/ingress/test_cases.py` holds the verdicts on requests; here are the socket, the process behind it, and what
it says to everybody else afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conformance.edges import Ask, Connection, Served

STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


def request(line: bytes, *headers: bytes, body: bytes = b"") -> bytes:
    return b"\r\n".join((line, b"Host: test", *headers, b"", b"")) + body


def chunked(body: bytes) -> bytes:
    return request(b"POST /body/raw HTTP/1.1", b"Transfer-Encoding: chunked", body=body)


def sized(*lengths: bytes, body: bytes = b"hello") -> bytes:
    return request(b"POST /body/raw HTTP/1.1", *(b"Content-Length: " + length for length in lengths), body=body)


def get(*headers: bytes) -> bytes:
    return request(b"GET /health HTTP/1.1", *headers)


@pytest.fixture
def unharmed(served: Served) -> Iterator[Served]:
    """The server; whatever the test did, it still answers, and nothing of it has failed."""
    before = len(served.log())
    yield served
    assert served.get("/health").body == b"ok"
    assert "Traceback" not in served.log()[before:]


# Each is answered while the client still holds its side open.
ANSWERED: dict[str, tuple[bytes, set[int]]] = {
    "percent that is no escape": (request(b"GET /params/text/%zz HTTP/1.1"), {400}),
    "percent at the end": (request(b"GET /params/text/% HTTP/1.1"), {400}),
    "escapes that are not UTF-8": (request(b"GET /params/text/%c3%28 HTTP/1.1"), {400}),
    "overlong UTF-8": (request(b"GET /params/text/%c0%af HTTP/1.1"), {400}),
    "escaped NUL": (request(b"GET /params/int/%00 HTTP/1.1"), {404}),
    "raw UTF-8 in the target": (request("GET /ü HTTP/1.1".encode()), {400}),
    "space in the target": (request(b"GET /a b HTTP/1.1"), {400}),
    "NUL in the target": (request(b"GET /a\x00b HTTP/1.1"), {400}),
    "NUL in a header": (get(b"X-A: a\x00b"), {400}),
    "NUL in a method": (request(b"G\x00T / HTTP/1.1"), {400}),
    "CR in a header": (get(b"X-A: a\rb"), {400}),
    "lone LF": (b"GET /health HTTP/1.1\nHost: test\n\n", {400}),
    "folded header": (get(b"X-A: a\r\n b"), {400}),
    "space before the colon": (get(b"X-A : a"), {400}),
    "header without a colon": (get(b"nonsense"), {400}),
    "header without a name": (get(b": a"), {400}),
    "no Host": (b"GET /health HTTP/1.1\r\n\r\n", {400}),
    "two Hosts": (get(b"Host: other"), {400}),
    "header of 100 kB": (get(b"X-A: " + b"a" * 100_000), {431}),
    "header name of 100 kB": (get(b"a" * 100_000 + b": a"), {400, 431}),
    "10,000 headers": (get(*[b"X-A: a"] * 10_000), {431}),
    "101 headers": (get(*[b"X-A: a"] * 100), {431}),
    "target of 2 MB": (request(b"GET /" + b"a" * 2_000_000 + b" HTTP/1.1"), {414}),
    "target of 10,000 segments": (request(b"GET " + b"/a" * 4000 + b" HTTP/1.1"), {404}),
    "method of 2 MB": (request(b"A" * 2_000_000 + b" / HTTP/1.1"), {501}),
    "negative length": (sized(b"-1"), {400}),
    "signed length": (sized(b"+5"), {400}),
    "length in hexadecimal": (sized(b"0x5"), {400}),
    "length with a comma": (sized(b"5, 5"), {400}),
    "empty length": (sized(b""), {400}),
    "two lengths": (sized(b"5", b"6"), {400}),
    "length of 10 GB": (sized(b"10000000000"), {413}),
    "length of 30 digits": (sized(b"9" * 30), {400, 413}),
    "body past the limit": (sized(b"1048577", body=b"x" * 1_048_577), {413}),
    "length and chunks": (chunked(b"0\r\n\r\n").replace(b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\n", 1), {400}),
    "chunk size that is no number": (chunked(b"zz\r\nhello\r\n"), {400}),
    "negative chunk size": (chunked(b"-5\r\nhello\r\n"), {400}),
    "chunk size of 17 digits": (chunked(b"fffffffffffffffff\r\nhello\r\n"), {400, 413}),
    "chunk longer than its size": (chunked(b"2\r\nhello\r\n0\r\n\r\n"), {400}),
    "chunk extension of 100 kB": (chunked(b"5;" + b"a" * 100_000 + b"\r\nhello\r\n0\r\n\r\n"), {200, 400, 431}),
    "chunk extension without end": (chunked(b"5;" + b"a" * 2_000_000), {400, 413, 431}),
    "trailer of 100 kB": (chunked(b"0\r\nX-A: " + b"a" * 100_000 + b"\r\n\r\n"), {200, 400, 431}),
    "trailer without end": (chunked(b"0\r\nX-A: " + b"a" * 2_000_000), {400, 431}),
    "10,000 trailers": (chunked(b"0\r\n" + b"X-A: a\r\n" * 10_000 + b"\r\n"), {200, 400, 431}),
    "unknown coding": (request(b"POST /body/raw HTTP/1.1", b"Transfer-Encoding: gzip"), {400, 501}),
    "chunked twice": (request(b"POST /body/raw HTTP/1.1", b"Transfer-Encoding: chunked, chunked"), {400, 501}),
    "coding hidden by a tab": (request(b"POST /body/raw HTTP/1.1", b"Transfer-Encoding: \x0bchunked"), {400, 501}),
    "deep JSON": (request(b"POST /body/json HTTP/1.1", b"Content-Length: 200000", body=b"[" * 200_000), {400}),
    "deep objects": (request(b"POST /body/json HTTP/1.1", b"Content-Length: 600000", body=b'{"a":{' * 100_000), {400}),
    "long number": (request(b"POST /orders HTTP/1.1", b"Content-Length: 100000", body=b"9" * 100_000), {400, 422}),
    "body that is not UTF-8": (request(b"POST /orders HTTP/1.1", b"Content-Length: 4", body=b'"\xff\xfe"'), {400, 422}),
    "another scheme": (request(b"GET ftp://test/health HTTP/1.1"), {400}),
    "no path": (request(b"GET health HTTP/1.1"), {400}),
    "fragment": (request(b"GET /health#a HTTP/1.1"), {400}),
    "CONNECT": (request(b"CONNECT test:443 HTTP/1.1"), {400, 405, 501}),
    "TRACE": (request(b"TRACE /health HTTP/1.1"), {405, 501}),
    "unknown method": (request(b"BREW /health HTTP/1.1"), {405, 501}),
    "method in lower case": (request(b"get /health HTTP/1.1"), {400, 405, 501}),
    "OPTIONS *": (request(b"OPTIONS * HTTP/1.1"), {200, 204, 400, 404}),
    "GET *": (request(b"GET * HTTP/1.1"), {400, 404}),
    "HTTP/0.9": (b"GET /health\r\n\r\n", {400, 505}),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", {400, 505}),
    "HTTP/3.0": (request(b"GET /health HTTP/3.0"), {400, 505}),
    "HTTP/1.2": (request(b"GET /health HTTP/1.2"), {200, 400, 505}),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200, {400}),
    "an answer": (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", {400}),
    "empty range of a query": (request(b"GET /query?n=%00 HTTP/1.1"), {422}),
    "query that is not UTF-8": (request(b"GET /query?n=%ff HTTP/1.1"), {400}),
    "query with a bad escape": (request(b"GET /query?n=%zz HTTP/1.1"), {400, 422}),
    "number of 1,000 digits": (request(b"GET /params/int/" + b"9" * 1000 + b" HTTP/1.1"), {404}),
    "query of 1,000 digits": (request(b"GET /query?n=" + b"9" * 1000 + b" HTTP/1.1"), {200, 422}),
    "query of 5,000 digits": (request(b"GET /query?n=" + b"9" * 5000 + b" HTTP/1.1"), {422}),
    "float of 1,000 digits": (request(b"GET /params/float/" + b"9" * 1000 + b" HTTP/1.1"), {404}),
    "upgrade without an offer": (get(b"Connection: upgrade"), {200, 400}),
    "offer to upgrade": (
        get(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk"),
        {200},
    ),
    "websocket": (get(b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13"), {200, 400, 426}),
    "unknown expectation": (get(b"Expect: a miracle"), {200, 417}),
}


@pytest.mark.parametrize("name", ANSWERED)
def test_what_is_hostile_is_answered_while_the_client_still_listens(unharmed: Served, name: str) -> None:
    data, statuses = ANSWERED[name]
    with unharmed.connect() as connection:
        connection.say(data)
        assert connection.answer().status in statuses
        connection.say_no_more()
        assert not any(int(status) == 500 for status in STATUS.findall(connection.rest()))


@pytest.mark.parametrize("name", [name for name, (_, statuses) in ANSWERED.items() if statuses == {400}])
def test_a_refusal_is_a_problem_document_with_an_id(unharmed: Served, name: str) -> None:
    with unharmed.connect() as connection:
        connection.say(ANSWERED[name][0])
        answer = connection.answer()
    assert answer.header("content-type") == "application/problem+json"
    assert answer.json()["status"] == 400
    assert answer.json()["request_id"]


def test_an_absolute_target_is_served(unharmed: Served) -> None:
    with unharmed.connect() as connection:
        connection.say(request(b"GET http://elsewhere/params/text/a?b HTTP/1.1"))
        assert connection.answer().json()["value"] == "a"


def test_empty_lines_before_a_request_do_no_harm(unharmed: Served) -> None:
    with unharmed.connect() as connection:
        connection.say(b"\r\n\r\n" + get())
        assert connection.answer().status in (200, 400)


WHOLE = [
    get(),
    request(b"POST /orders HTTP/1.1", b"Content-Length: 13", b"Content-Type: text/json", body=b'{"email":"a"}'),
    chunked(b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-A: b\r\n\r\n"),
    request(b"GET /query?n=1&tags=%C3%BC HTTP/1.1", b"Cookie: a=b; c=d", b"Connection: close"),
    request(b"HEAD /params/path/a/b%2Fc HTTP/1.1", b"traceparent: 00-x-y-01"),
    get() + request(b"OPTIONS /health HTTP/1.1") + get(),
]


def said_to(port: int, data: bytes) -> bytes:
    """Everything the server says to *data* and the end of it; it must close in bounded time."""
    with Connection(port) as connection:
        connection.say(data)
        connection.say_no_more()
        return connection.rest()


@pytest.mark.parametrize("data", WHOLE[:3], ids=["GET", "POST", "chunks"])
def test_half_a_request_and_then_the_end_is_an_end(unharmed: Served, data: bytes) -> None:
    for length in range(0, len(data), 7):
        statuses = STATUS.findall(said_to(unharmed.port, data[:length]))
        assert statuses in ([], [b"400"])


def test_many_connections_that_say_nothing_keep_nobody_else_out(unharmed: Served) -> None:
    idle = [unharmed.connect() for _ in range(200)]
    assert unharmed.get("/health").body == b"ok"
    for connection in idle:
        connection.leave()


def test_pipelined_requests_are_answered_in_order_each_in_a_context_of_its_own(unharmed: Served) -> None:
    asks = [Ask("GET", f"/promises/context/{value}") for value in range(20)]
    with unharmed.connect() as connection:
        connection.say(b"".join(ask.as_bytes() for ask in asks))
        bodies = [connection.answer().body for _ in asks]
    assert bodies == [f"nothing then {value}".encode() for value in range(20)]


@pytest.mark.parametrize("half_closed", [False, True])
def test_what_is_due_is_answered_before_the_refusal_of_what_follows(unharmed: Served, half_closed: bool) -> None:
    with unharmed.connect() as connection:
        connection.say(get() + b"nonsense\r\n\r\n" + get())
        if half_closed:
            connection.say_no_more()
        assert STATUS.findall(connection.rest()) == [b"200", b"400"]


PIECES = st.sampled_from(
    [b"\r\n", b"\n", b"\r", b"\x00", b" ", b":", b"%", b"%ff", b"\xff", b"0", b"-1", b"/", b"?", b"\t"]
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A valid request with some bytes replaced, removed, repeated or put in."""
    data = draw(st.sampled_from(WHOLE))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 12)))
        piece = draw(st.one_of(PIECES, st.binary(max_size=3), st.just(data[start:end] * 2)))
        data = data[:start] + piece + data[end:]
    return data


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=mutated())
def test_a_request_with_bytes_out_of_place_is_never_a_500_and_never_a_hang(unharmed: Served, data: bytes) -> None:
    statuses = {int(status) for status in STATUS.findall(said_to(unharmed.port, data))}
    assert not {status for status in statuses if status >= 500} - {501, 505}
