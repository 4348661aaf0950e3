"""The reader alone: bytes in, requests out, whatever the cuts, and every limit to the byte."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pyrt import Limits, Request
from pyrt.errors import ProtocolError
from pyrt.http.headers import Headers
from pyrt.ingress.reading import Plan, RequestReader

CODING = b"Transfer-Encoding: chunked"


def head(*lines: bytes, method: bytes = b"GET", target: bytes = b"/", version: bytes = b"1.1") -> bytes:
    return b"\r\n".join((method + b" " + target + b" HTTP/" + version, b"Host: a", *lines, b"", b""))


def chunks(*parts: bytes, trailers: bytes = b"") -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n" + trailers + b"\r\n"


def by_byte(data: bytes) -> Iterator[bytes]:
    return (data[at : at + 1] for at in range(len(data)))


GET = head(b"X-Y: z", target=b"/a?b=c")
SIZED = head(b"Content-Length: 5", method=b"POST") + b"hello"
CHUNKED = head(CODING, method=b"PUT") + b'3\r\nabc\r\n02;x="y";z\r\nde\r\n0\r\n\r\n'
TRAILED = head(CODING, b"Expect: 100-continue", method=b"POST") + chunks(
    b"a" * 30, trailers=b"T: u\r\nHost: b\r\nV:\r\n"
)
CLOSING = head(b"Connection: x, close", method=b"DELETE")
STREAMS = [
    GET,
    SIZED,
    CHUNKED,
    TRAILED,
    b"\r\n" + GET + b"\r\n" + GET,
    GET + SIZED + CHUNKED + TRAILED + GET + CLOSING,
    SIZED * 3 + TRAILED * 2,
]


class Parts:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.ends: list[Headers | None] = []

    def feed(self, part: bytes) -> None:
        self.parts.append(part)

    def end(self, trailers: Headers | None) -> None:
        self.ends.append(trailers)


def read(
    pieces: Iterable[bytes], limits: Limits | None = None, plan: Plan | None = None, reader: RequestReader | None = None
) -> list[tuple[Request, bool]]:
    """Every request in *pieces*, and whether the connection may go on after it."""
    reader = reader or RequestReader(limits or Limits(), ("192.0.2.1", 4711), plan)
    found = []
    for piece in pieces:
        reader.feed(piece)
        reader.advance()
        while (request := reader.next()) is not None:
            found.append((request, reader.persistent))
            reader.advance()
    return found


def facts(found: list[tuple[Request, bool]]) -> list[tuple[Any, ...]]:
    return [
        (r.method, r.path, r.query, r.version, r.raw, r.body, r.trailers and r.trailers.raw, goes_on)
        for r, goes_on in found
    ]


def refused(pieces: Iterable[bytes], limits: Limits | None = None, plan: Plan | None = None) -> int:
    with pytest.raises(ProtocolError) as caught:
        read(pieces, limits, plan)
    return caught.value.status


def taken_by(sinks: list[Parts], limit_bytes: int = 1000) -> Plan:
    def plan(request: Request) -> tuple[Parts, int]:
        sinks.append(Parts())
        return sinks[-1], limit_bytes

    return plan


# Cuts


def test_what_was_sent_is_what_is_read() -> None:
    found = read([GET + SIZED + CHUNKED + TRAILED + CLOSING])
    host, coding = (b"Host", b"a"), (b"Transfer-Encoding", b"chunked")
    expects = (b"Expect", b"100-continue")
    trailers = [(b"T", b"u"), (b"V", b"")]
    assert facts(found) == [
        ("GET", "/a", "b=c", "1.1", [host, (b"X-Y", b"z")], b"", None, True),
        ("POST", "/", "", "1.1", [host, (b"Content-Length", b"5")], b"hello", None, True),
        ("PUT", "/", "", "1.1", [host, coding], b"abcde", None, True),
        ("POST", "/", "", "1.1", [host, coding, expects], b"a" * 30, trailers, True),
        ("DELETE", "/", "", "1.1", [host, (b"Connection", b"x, close")], b"", None, False),
    ]
    assert {request.client for request, _ in found} == {("192.0.2.1", 4711)}


@settings(max_examples=200)
@given(st.sampled_from(STREAMS), st.lists(st.integers(0, 600), max_size=8))
@example(STREAMS[-2], list(range(600)))
def test_a_stream_may_be_cut_anywhere(stream: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    pieces = [stream[a:b] for a, b in itertools.pairwise(edges)]
    assert facts(read(pieces)) == facts(read([stream]))


@settings(max_examples=100)
@given(st.sampled_from(STREAMS), st.lists(st.integers(0, 600), max_size=8))
@example(STREAMS[-2], list(range(600)))
def test_a_body_that_is_taken_part_by_part_is_the_same(stream: bytes, cuts: list[int]) -> None:
    sinks: list[Parts] = []
    edges = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    found = read((stream[a:b] for a, b in itertools.pairwise(edges)), plan=taken_by(sinks))
    whole = read([stream])
    assert [facts([each])[0][:5] for each in found] == [facts([each])[0][:5] for each in whole]
    assert [b"".join(sink.parts) for sink in sinks] == [request.body for request, _ in whole if request.body]
    assert [sink.ends for sink in sinks] == [[request.trailers] for request, _ in whole if request.body]
    assert all(part for sink in sinks for part in sink.parts)


def test_requests_are_given_one_at_a_time_and_the_rest_is_left_unread() -> None:
    reader = RequestReader(Limits())
    assert reader.next() is None
    reader.feed(GET + SIZED)
    assert reader.unread == len(GET + SIZED)
    assert [reader.next() is not None, reader.unread] == [True, len(SIZED)]
    reader.feed(CHUNKED)
    assert [reader.next() is not None, reader.unread] == [True, len(CHUNKED)]
    assert [reader.next() is not None, reader.unread] == [True, 0]
    assert reader.next() is None


def test_what_is_behind_a_body_is_left_for_the_next_request() -> None:
    sinks: list[Parts] = []
    reader = RequestReader(Limits(), plan=taken_by(sinks))
    reader.feed(SIZED + GET)
    assert reader.next() is not None
    reader.advance()
    assert reader.sink is None
    reader.advance()
    assert (sinks[0].parts, reader.unread) == ([b"hello"], len(GET))


@pytest.mark.parametrize(("data", "is_in_body"), [(GET[:-1], False), (SIZED[:-5], True), (SIZED[:-1], True)])
def test_a_reader_knows_whether_it_is_in_a_body(data: bytes, is_in_body: bool) -> None:
    reader = RequestReader(Limits())
    reader.feed(data)
    assert (reader.next(), reader.is_in_body) == (None, is_in_body)
    reader.feed((GET if data in GET else SIZED)[len(data) :])
    assert reader.next() is not None
    assert not reader.is_in_body


def test_the_method_is_known_from_the_request_line_on_and_only_that_of_the_present_request() -> None:
    reader = RequestReader(Limits())
    methods = []
    for piece in (b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", b"GE", b"T / HTTP/1.1\r\n", b"Host: a\r\n\r\n"):
        reader.feed(piece)
        reader.next()
        methods.append(reader.heads.method)
    assert methods == ["HEAD", "", "GET", "GET"]


# Limits

LIMITS = Limits(request_line_bytes=60, header_line_bytes=50, head_bytes=150, headers=5, body_bytes=20)


def target(size: int) -> bytes:
    """A request whose first line has *size* bytes."""
    return head(target=b"/" + b"a" * (size - len(b"GET / HTTP/1.1")))


def one_line(size: int) -> bytes:
    return head(b"B: " + b"b" * (size - 3))


def all_lines(size: int) -> bytes:
    """A head whose header lines have *size* bytes, with their ends."""
    fixed = b"Host: a\r\n", b"B: " + b"b" * 45 + b"\r\n", b"C: " + b"c" * 45 + b"\r\n"
    return head(fixed[1][:-2], fixed[2][:-2], b"D: " + b"d" * (size - sum(map(len, fixed)) - 5))


def lines(count: int) -> bytes:
    return head(*[b"B: b"] * (count - 1))


def sized(size: int) -> bytes:
    return head(b"Content-Length: %d" % size) + b"x" * size


def chunked(size: int) -> bytes:
    return head(CODING) + chunks(b"x" * 7, b"x" * (size - 7))


def chunk_line(size: int) -> bytes:
    return head(CODING) + b"1;" + b"e" * (size - 2) + b"\r\nx\r\n0\r\n\r\n"


def last_chunk_line(size: int) -> bytes:
    return head(CODING) + b"1\r\nx\r\n0;" + b"e" * (size - 2) + b"\r\n\r\n"


def trailers(size: int) -> bytes:
    lines, left = [], size
    while left:
        take = 40 if left >= 80 else left
        lines.append(b"T: " + b"t" * (take - 5) + b"\r\n")
        left -= take
    return head(CODING) + chunks(b"x", trailers=b"".join(lines))


def trailer_lines(count: int) -> bytes:
    return head(CODING) + chunks(b"x", trailers=b"T: t\r\n" * count)


EACH_LIMIT = pytest.mark.parametrize(
    ("build", "limit", "status", "limits"),
    [
        (target, LIMITS.request_line_bytes, 414, LIMITS),
        (one_line, LIMITS.header_line_bytes, 431, LIMITS),
        (all_lines, LIMITS.head_bytes, 431, LIMITS),
        (lines, LIMITS.headers, 431, LIMITS),
        (sized, LIMITS.body_bytes, 413, LIMITS),
        (chunked, LIMITS.body_bytes, 413, LIMITS),
        (chunk_line, 256, 400, LIMITS),
        (last_chunk_line, 256, 400, LIMITS),
        (trailers, 8 * 1024, 431, Limits(headers=1000)),
        (trailer_lines, LIMITS.headers, 431, LIMITS),
    ],
    ids=lambda value: getattr(value, "__name__", None) or (str(value) if isinstance(value, int) else ""),
)


@pytest.mark.parametrize("cut", [lambda data: [data], by_byte], ids=["whole", "byte by byte"])
@EACH_LIMIT
def test_what_is_at_its_limit_is_taken_and_one_past_it_is_refused(
    build: Any, limit: int, status: int, limits: Limits, cut: Any
) -> None:
    ((request, _),) = read(cut(build(limit)), limits)
    assert request.headers["host"] == "a"
    assert refused(cut(build(limit + 1)), limits) == status


@EACH_LIMIT
def test_a_limit_does_not_count_what_came_before(build: Any, limit: int, status: int, limits: Limits) -> None:
    data = build(limit)
    assert len(read([data + data[:-3], data[-3:] + data], limits)) == 3
    assert refused([data + build(limit + 1)], limits) == status


@pytest.mark.parametrize(
    ("start", "more", "status", "at_most"),
    [
        # One byte more may be half of the line's end.
        (b"GET /", b"a", 414, LIMITS.request_line_bytes + 2),
        (b"\r\nGET /", b"a", 414, LIMITS.request_line_bytes + 4),
        (b"", b"A", 501, LIMITS.request_line_bytes + 2),
        (b"GET / HTTP/1.1\r\nB: ", b"b", 431, 16 + LIMITS.header_line_bytes + 2),
        (b"GET / HTTP/1.1\r\n", b"B: " + b"b" * 20 + b"\r\n", 431, 16 + LIMITS.head_bytes + 25),
        (b"GET / HTTP/1.1\r\n", b"B:b\r\n", 431, 16 + LIMITS.head_bytes + 5),
        (head(CODING), b"0", 400, len(head(CODING)) + 258),
        (head(CODING) + b"1;", b"e", 400, len(head(CODING)) + 258),
        (head(CODING) + b"0\r\n", b"T: t\r\n", 431, len(head(CODING)) + 3 + 8 * 1024 + 6),
        (head(CODING) + b"0\r\nT: ", b"t", 431, len(head(CODING)) + 3 + 8 * 1024 + 3),
    ],
)
def test_what_never_ends_is_refused_as_soon_as_it_passes_its_limit(
    start: bytes, more: bytes, status: int, at_most: int
) -> None:
    fed = 0

    def endless() -> Iterator[bytes]:
        nonlocal fed
        for piece in itertools.chain([start], itertools.repeat(more, 10_000)):
            fed += len(piece)
            yield piece

    assert refused(endless(), LIMITS) == status
    assert fed <= at_most


@pytest.mark.parametrize("cut", [lambda data: [data], by_byte], ids=["whole", "byte by byte"])
@pytest.mark.parametrize("behind", [b"x\r\n", b"\rx", b"\n", b"0\r\n\r\n"])
def test_a_chunk_that_is_longer_than_its_size_is_refused(behind: bytes, cut: Any) -> None:
    assert refused(cut(head(CODING) + b"3\r\nabc" + behind)) == 400


@pytest.mark.parametrize(
    "start",
    [b"\x16\x03\x01\x02", b"GET /\xff", b"GET / HTTP/1.1\n", b"GET / HTTP/1.1\rx", b"nonsense\r\n"]
    + [b"GET / HTTP/1.1\r\nA: b" + end for end in (b"\n", b"\rc")]
    + [head(CODING) + end for end in (b"\n", b"x\r\n", b"0\r\nT: u\n")],
)
@pytest.mark.parametrize("cut", [lambda data: [data], by_byte], ids=["whole", "byte by byte"])
def test_what_cannot_become_a_request_is_refused_before_its_end(start: bytes, cut: Any) -> None:
    assert refused(cut(start)) == 400


@pytest.mark.parametrize("length", [LIMITS.body_bytes + 1, 10**18])
def test_a_body_that_will_be_too_large_is_refused_before_any_of_it_has_come(length: int) -> None:
    assert refused([head(b"Content-Length: %d" % length)], LIMITS) == 413


def test_a_chunk_that_will_be_too_large_is_refused_before_any_of_it_has_come() -> None:
    assert refused([head(CODING) + chunks(b"x" * 12)[:-5], b"9\r\n"], LIMITS) == 413


@pytest.mark.parametrize("cut", [lambda data: [data], by_byte], ids=["whole", "byte by byte"])
def test_framing_that_costs_much_more_than_it_brings_is_refused(cut: Any) -> None:
    # A chunk of one byte costs five: 16 KiB more than they bring are what the first 4095 of them cost.
    free = 16 * 1024 // 4 - 1
    start, one = head(CODING), b"1\r\nx\r\n"
    assert read(cut(start + one * free + b"0\r\n\r\n"), Limits())[0][0].body == b"x" * free
    assert refused(cut(start + one * (free + 1)), Limits()) == 400


def test_chunks_that_bring_as_much_as_they_cost_may_be_many() -> None:
    ((request, _),) = read([head(CODING) + b"8\r\n12345678\r\n" * 20_000 + b"0\r\n\r\n"], Limits())
    assert len(request.body) == 160_000


def test_what_a_body_may_have_is_for_its_plan_to_say() -> None:
    sinks: list[Parts] = []
    for data in (sized(30), chunked(30)):
        assert len(read([data], LIMITS, taken_by(sinks, 30))) == 1
        assert refused([data], LIMITS, taken_by(sinks, 29)) == 413
        assert read([data], LIMITS, lambda request: (None, 30))[0][0].body == b"x" * 30
        assert refused([data], LIMITS, lambda request: (None, 29)) == 413


def test_a_plan_is_asked_only_about_requests_that_have_a_body() -> None:
    sinks: list[Parts] = []
    read([GET + head(b"Content-Length: 0") + SIZED], plan=taken_by(sinks))
    assert len(sinks) == 1


# Sinks


def test_a_body_that_goes_to_a_sink_comes_as_it_comes_and_ends_with_its_trailers() -> None:
    sinks: list[Parts] = []
    reader = RequestReader(Limits(), plan=taken_by(sinks))
    reader.feed(head(CODING) + b"5\r\nhe")
    request = reader.next()
    assert request is not None
    (sink,) = sinks
    assert (reader.sink, sink.parts) == (sink, [])
    seen = []
    for piece in (b"", b"l", b"lo", b"\r\n3\r\nx", b"yz\r\n0\r\nT: u\r\n", b"Content-Length: 7\r\n\r\n"):
        reader.feed(piece)
        reader.advance()
        seen.append((len(sink.parts), len(sink.ends)))
    assert seen == [(1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (5, 1)]
    assert sink.parts == [b"he", b"l", b"lo", b"x", b"yz"]
    assert sink.ends == [Headers([("T", "u")])]
    assert (reader.sink, reader.is_in_body) == (None, False)


@pytest.mark.parametrize("name", [b"Content-Length", b"transfer-encoding", b"HOST", b"Cookie", b"authorization", b"TE"])
def test_a_trailer_that_decides_about_its_request_is_dropped(name: bytes) -> None:
    data = head(CODING) + chunks(b"x", trailers=b"%b: 1\r\nKept: 2\r\n" % name)
    assert [request.trailers for request, _ in read([data])] == [Headers([("Kept", "2")])]
    data = head(CODING) + chunks(b"x", trailers=b"%b: 1\r\n" % name)
    assert [request.trailers for request, _ in read([data])] == [None]


def test_what_breaks_a_body_is_raised_where_it_is_met() -> None:
    sinks: list[Parts] = []
    reader = RequestReader(Limits(), plan=taken_by(sinks))
    reader.feed(head(CODING) + chunks(b"abc")[:-5] + b"nonsense\r\n")
    assert reader.next() is not None
    with pytest.raises(ProtocolError):
        reader.advance()
    assert (sinks[0].parts, sinks[0].ends) == ([b"abc"], [])


# What a head says of the connection

EXPECTS = b"Expect: 100-continue"


@pytest.mark.parametrize(
    ("data", "expects"),
    [
        (head(EXPECTS, b"Content-Length: 1"), True),
        (head(EXPECTS, CODING), True),
        (head(b"Expect: 100-Continue", CODING), True),
        (head(CODING), False),
        (head(EXPECTS), False),
        (head(EXPECTS, b"Content-Length: 0"), False),
        (head(EXPECTS, b"Content-Length: 1", version=b"1.0"), False),
        (head(EXPECTS, b"Content-Length: 2") + b"x", False),
    ],
)
def test_a_client_waits_that_says_so_and_has_not_gone_on(data: bytes, expects: bool) -> None:
    reader = RequestReader(Limits())
    reader.feed(data)
    reader.next()
    assert reader.expects is expects


def test_a_client_that_goes_on_before_it_is_told_to_does_not_wait() -> None:
    reader = RequestReader(Limits(), plan=taken_by([]))
    reader.feed(head(EXPECTS, b"Content-Length: 2"))
    assert reader.next() is not None
    reader.advance()
    assert reader.expects
    reader.feed(b"x")
    reader.advance()
    assert not reader.expects


def test_what_one_request_expects_the_next_does_not() -> None:
    reader = RequestReader(Limits())
    reader.feed(head(EXPECTS, b"Content-Length: 1"))
    reader.next()
    reader.feed(b"x" + SIZED[:-5])
    assert reader.next() is not None
    assert reader.next() is None
    assert not reader.expects


@pytest.mark.parametrize(
    ("data", "persistent"),
    [
        (head(), True),
        (head(b"Connection: keep-alive"), True),
        (head(b"Connection: close"), False),
        (head(b"Connection: keep-alive, CLOSE"), False),
        (head(b"Connection: x", b"connection: y,close ,z"), False),
        (head(b"Connection: closed"), True),
        (head(b"X-Connection: close"), True),
        (head(version=b"1.0"), False),
        (head(b"Connection: keep-alive", version=b"1.0"), False),
    ],
)
def test_a_connection_goes_on_unless_its_client_says_otherwise(data: bytes, persistent: bool) -> None:
    assert [goes_on for _, goes_on in read([data])] == [persistent]


# Header lines that a client repeats


def test_lines_that_are_changed_are_read_anew() -> None:
    streams = [
        head(b"A: 1"),
        head(b"A: 2"),
        head(b"A: 2", CODING) + chunks(b"x"),
        head(b"A: 2", CODING, b"Connection: close") + chunks(b"y"),
    ]
    found = read([b"".join(streams)])
    assert [request.headers["a"] for request, _ in found] == ["1", "2", "2", "2"]
    assert [(request.body, goes_on) for request, goes_on in found] == [
        (b"", True), (b"", True), (b"x", True), (b"y", False),
    ]  # fmt: skip


def test_the_same_lines_mean_something_else_in_another_version() -> None:
    assert [goes_on for _, goes_on in read([head() + head(version=b"1.0") + head()])] == [True, False, True]
    assert refused([head(EXPECTS, b"Content-Length: 1", version=b"1.0") + b"x" + b"GET / HTTP/1.1\r\n\r\n"]) == 400
    assert refused([head(CODING) + b"0\r\n\r\n" + head(CODING, version=b"1.0")]) == 400


def test_no_lines_at_all_are_judged_each_time() -> None:
    assert refused([b"GET / HTTP/1.1\r\n\r\n"]) == 400
    assert len(read([b"GET / HTTP/1.0\r\n\r\n"])) == 1
    assert refused([b"GET / HTTP/1.0\r\n\r\nGET / HTTP/1.1\r\n\r\n"]) == 400


def test_lines_that_were_refused_are_not_taken_the_next_time() -> None:
    heads = RequestReader(Limits()).heads
    bad = head(b"A: 1", b"B : 2")
    for data in (bad, bad):
        with pytest.raises(ProtocolError):
            heads.read(data, 0, len(data) - 2)


def test_what_a_handler_does_to_its_header_lines_is_not_seen_by_the_next_request() -> None:
    reader = RequestReader(Limits())
    (first, _), (second, _) = read([head(b"A: 1") * 2], reader=reader)
    first.headers.add("added", "x")
    first.raw.clear()
    ((third, _),) = read([head(b"A: 1")], reader=reader)
    assert second.raw == third.raw == [(b"Host", b"a"), (b"A", b"1")]


def test_the_host_of_a_url_takes_the_place_of_host_for_that_request_alone() -> None:
    found = read([head() + head(target=b"http://b/x") + head()])
    assert [(request.path, request.headers.get_all("host")) for request, _ in found] == [
        ("/", ["a"]), ("/x", ["b"]), ("/", ["a"]),
    ]  # fmt: skip


# Work


@pytest.mark.parametrize("start", [b"", b"GET / HTTP/1.1\r\n", head(CODING) + b"0\r\n"])
def test_each_byte_of_what_has_no_end_yet_is_searched_once(start: bytes) -> None:
    reader = RequestReader(Limits())
    reader.feed(start)
    reader.next()
    for _ in range(3):
        reader.feed(b"A")
        reader.next()
        assert reader._searched == len(reader._data)


@pytest.mark.parametrize("long", [head(b"A: 1") * 300, head(CODING) + chunks(*[b"x" * 20] * 300)])
def test_what_is_read_does_not_stay_in_the_buffer(long: bytes) -> None:
    reader = RequestReader(Limits())
    for piece in (long[at : at + 7] for at in range(0, len(long), 7)):
        read([piece], reader=reader)
        assert len(reader._data) <= 200
    assert reader.unread == 0


@pytest.mark.parametrize(("number", "size", "is_kept"), [(22, 40, True), (24, 40, False), (1, 2100, False)])
def test_few_and_short_header_lines_are_kept_for_the_next_head_and_no_others(
    number: int, size: int, is_kept: bool
) -> None:
    lines = b"".join(b"X-%d: %b\r\n" % (at, b"y" * size) for at in range(number))
    reader = RequestReader(Limits())
    for _ in range(2):
        reader.feed(b"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n%b\r\n" % lines)
        request = reader.next()
        assert request is not None
        assert len(request.raw) == number + 2
        assert reader.next() is None
        assert bool(reader.heads._raw) is is_kept
