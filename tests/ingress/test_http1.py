import asyncio
import contextvars
import itertools
from collections.abc import AsyncIterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyrt import App, Limits, Request, Response
from pyrt.errors import ProtocolError
from pyrt.ingress.http1 import Http1Protocol, RequestParser, Service, encode
from pyrt.testing import MemoryTransport

GET = b"GET /a?b=c HTTP/1.1\r\nHost: x\r\nX-Y: z\r\n\r\n"
POST = b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"PUT /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: u\r\n\r\n"
)


def parsed(*pieces: bytes, limits: Limits | None = None) -> list[tuple[Request, bool]]:
    found: list[tuple[Request, bool]] = []
    parser = RequestParser(limits or Limits(), lambda request, keep_alive: found.append((request, keep_alive)))
    for piece in pieces:
        parser.feed(piece)
    return found


def facts(found: list[tuple[Request, bool]]) -> list[tuple[str, str, str, bytes, bool]]:
    return [(r.method, r.path, r.query, r.body, keep) for r, keep in found]


EXPECTED = [("GET", "/a", "b=c", b"", True), ("POST", "/p", "", b"hello", True), ("PUT", "/c", "", b"abcde", True)]


def test_pipelined_requests_are_parsed_in_order() -> None:
    found = parsed(GET + POST + CHUNKED)
    assert facts(found) == EXPECTED
    assert found[0][0].headers["x-y"] == "z"
    assert "t" not in found[2][0].headers


def test_requests_may_come_byte_by_byte() -> None:
    assert facts(parsed(*(bytes([byte]) for byte in GET + POST + CHUNKED))) == EXPECTED


@settings(max_examples=50)
@given(st.lists(st.integers(0, len(GET + POST + CHUNKED)), max_size=8))
def test_requests_may_be_cut_anywhere(cuts: list[int]) -> None:
    stream = GET + POST + CHUNKED
    edges = [0, *sorted(cuts), len(stream)]
    assert facts(parsed(*(stream[a:b] for a, b in itertools.pairwise(edges)))) == EXPECTED


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01", 400),
        (b"GET\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: a\n\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"BREW\x00 / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ],
)
def test_bytes_that_break_http_are_refused(data: bytes, status: int) -> None:
    with pytest.raises(ProtocolError) as caught:
        parsed(data)
    assert caught.value.status == status


LIMITS = Limits(target_bytes=20, head_bytes=100, headers=3, body_bytes=10)


def head(*lines: bytes) -> bytes:
    return b"GET / HTTP/1.1\r\n" + b"\r\n".join((b"Host: a", *lines)) + b"\r\n\r\n"


@pytest.mark.parametrize(
    ("at", "past", "status"),
    [
        (b"GET /" + b"a" * 19 + b" HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /" + b"a" * 20 + b" HTTP/1.1\r\n", 414),
        (head(b"b: 1", b"c: 2"), head(b"b: 1", b"c: 2", b"d: 3"), 431),
        (head(b"b: " + b"x" * 86), head(b"b: " + b"x" * 90), 431),
        (head(b"Content-Length: 10") + b"x" * 10, head(b"Content-Length: 11"), 413),
        (
            head(b"Transfer-Encoding: chunked") + b"a\r\n" + b"x" * 10 + b"\r\n0\r\n\r\n",
            head(b"Transfer-Encoding: chunked") + b"b\r\n" + b"x" * 11 + b"\r\n0\r\n\r\n",
            413,
        ),
    ],
)
def test_each_limit_holds_at_and_refuses_one_past(at: bytes, past: bytes, status: int) -> None:
    assert len(parsed(at, limits=LIMITS)) == 1
    with pytest.raises(ProtocolError) as caught:
        parsed(past, limits=LIMITS)
    assert caught.value.status == status


@pytest.mark.parametrize(
    "start", [head()[:-4] + b"\r\nX-Long: ", head(b"Transfer-Encoding: chunked") + b"1;ext=", b"GET /" + b"a" * 10]
)
def test_a_line_that_never_ends_is_refused(start: bytes) -> None:
    with pytest.raises(ProtocolError):
        parsed(start, *[b"x" * 10] * 12, limits=LIMITS)


@pytest.mark.parametrize(
    ("target", "path"),
    [(b"http://h/a?b", "/a"), (b"http://h", "/"), (b"http://h?b", "/"), (b"HTTPS://h:1/a", "/a"), (b"//a", "//a")],
)
def test_a_target_may_be_a_path_or_an_http_url(target: bytes, path: str) -> None:
    ((request, _),) = parsed(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    assert request.path == path


@pytest.mark.parametrize("cut", range(0, 100, 7))
def test_an_offer_to_upgrade_is_not_taken_and_the_request_is_whole(cut: int) -> None:
    head = b"POST /p?q HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 4\r\n\r\n"
    data = head + b"body" + GET
    assert facts(parsed(data[:cut], data[cut:])) == [("POST", "/p", "q", b"body", True), EXPECTED[0]]


def test_a_method_that_nobody_knows_is_the_apps_to_refuse() -> None:
    assert facts(parsed(b"BREW /tea HTTP/1.1\r\nHost: a\r\n\r\n")) == [("BREW", "/tea", "", b"", False)]


def test_connect_is_refused() -> None:
    with pytest.raises(ProtocolError):
        parsed(b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n")


def test_encode_adds_the_length_and_the_connection() -> None:
    assert encode(Response("hi", 201), keep_alive=True) == (
        b"HTTP/1.1 201 Created\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 2\r\n\r\nhi"
    )
    assert encode(Response(status=204), keep_alive=False, date=b"date: now\r\n") == (
        b"HTTP/1.1 204 No Content\r\ndate: now\r\nconnection: close\r\n\r\n"
    )


@pytest.mark.parametrize(
    "response",
    [
        Response("four", headers=[("Content-Length", "9")]),
        Response("four", headers=[("transfer-encoding", "chunked"), ("connection", "upgrade")]),
    ],
)
def test_where_an_answer_ends_is_not_for_the_author_to_say(response: Response) -> None:
    head, _, body = encode(response, keep_alive=True).partition(b"\r\n\r\n")
    assert head.lower().count(b"content-length: 4") == 1
    assert b"transfer-encoding" not in head
    assert b"connection" not in head
    assert body == b"four"


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_that_has_no_body_sends_none(status: int) -> None:
    data = encode(Response("lost", status, [("content-length", "4")]), keep_alive=True)
    assert data.endswith(b"\r\n\r\n")
    assert b"content-length" not in data


def test_an_answer_to_head_names_one_length() -> None:
    response = Response(headers=[("content-length", "7"), ("Content-Length", "8")])
    assert encode(response, keep_alive=True).lower().count(b"content-length") == 1


def test_http_1_0_gets_one_answer() -> None:
    assert facts(parsed(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")) == [("GET", "/", "", b"", False)]


class Echo:
    """Answers with the path; waits for `release` where the path asks for it."""

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.under_way = self.most_under_way = self.cancelled = 0

    async def handle(self, request: Request) -> Response:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            if request.path == "/wait":
                await self.release.wait()
            return Response(request.path)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.under_way -= 1


def connect(service: Service, limits: Limits | None = None) -> tuple[Http1Protocol, MemoryTransport]:
    protocol, transport = Http1Protocol(service, limits), MemoryTransport()
    protocol.connection_made(transport)
    return protocol, transport


async def settle() -> None:
    for _ in range(100):
        await asyncio.sleep(0)


def bodies(transport: MemoryTransport) -> list[bytes]:
    return [part.partition(b"\r\n\r\n")[2] for part in bytes(transport.written).split(b"HTTP/1.1 ")[1:]]


def get(path: str, *lines: str) -> bytes:
    return "\r\n".join((f"GET {path} HTTP/1.1", "Host: a", *lines, "", "")).encode()


async def test_answers_leave_in_order_and_one_request_runs_at_a_time() -> None:
    service = Echo()
    protocol, transport = connect(service)
    protocol.data_received(get("/wait") + get("/b") + get("/c"))
    await settle()
    assert bodies(transport) == []
    service.release.set()
    await settle()
    assert bodies(transport) == [b"/wait", b"/b", b"/c"]
    assert service.most_under_way == 1
    assert not transport.is_closing()


async def test_a_request_knows_its_client() -> None:
    clients = []

    class Service:
        async def handle(self, request: Request) -> Response:
            clients.append(request.client)
            return Response()

    protocol = Http1Protocol(Service())
    protocol.connection_made(MemoryTransport(("192.0.2.1", 4711)))
    for data in (GET, b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n"):
        protocol.data_received(data)
        await settle()
    assert clients == [("192.0.2.1", 4711)] * 2


async def test_an_answer_that_cannot_be_encoded_is_a_500_and_the_end(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        async def handle(self, request: Request) -> Response:
            response = Response()
            response.body = 7  # type: ignore[assignment]
            return response

    protocol, transport = Http1Protocol(Broken()), MemoryTransport()
    protocol.connection_made(transport)
    protocol.data_received(get("/"))
    await settle()
    assert b"HTTP/1.1 500 " in transport.written
    assert transport.is_closing()
    assert "could not be encoded" in caplog.text


async def test_connection_close_ends_the_connection_after_its_answer() -> None:
    protocol, transport = connect(Echo())
    protocol.data_received(get("/a", "Connection: close") + get("/b"))
    await settle()
    assert bodies(transport) == [b"/a"]
    assert b"connection: close" in transport.written
    assert transport.is_closing()


async def test_a_framing_error_is_answered_after_what_is_due_and_nothing_behind_it_is_parsed() -> None:
    protocol, transport = connect(Echo())
    protocol.data_received(get("/a") + b"nonsense\r\n\r\n" + get("/b"))
    protocol.data_received(get("/c"))
    await settle()
    assert bodies(transport)[0] == b"/a"
    assert transport.written.count(b"HTTP/1.1 ") == 2
    assert b"HTTP/1.1 400 Bad Request" in transport.written
    assert transport.is_closing()


async def test_a_framing_error_is_answered_also_when_the_client_has_said_all() -> None:
    protocol, transport = connect(service := Echo())
    protocol.data_received(get("/wait") + b"nonsense\r\n\r\n")
    protocol.eof_received()
    service.release.set()
    await settle()
    assert b"HTTP/1.1 400 " in transport.written


async def test_reading_pauses_past_the_pipelining_limit_and_resumes() -> None:
    service = Echo()
    protocol, transport = connect(service, Limits(pipelined_requests=2))
    protocol.data_received(get("/wait") + get("/b") + get("/c"))
    assert transport.reading
    protocol.data_received(get("/d") * 3)
    assert not transport.reading
    service.release.set()
    await settle()
    assert len(bodies(transport)) == 6
    assert transport.reading


async def test_a_client_that_does_not_read_stops_the_next_request() -> None:
    protocol, transport = connect(Echo())
    protocol.pause_writing()
    protocol.data_received(get("/a"))
    await settle()
    assert bodies(transport) == []
    protocol.resume_writing()
    await settle()
    assert bodies(transport) == [b"/a"]


async def test_a_lost_connection_cancels_the_request() -> None:
    service = Echo()
    protocol, _ = connect(service)
    protocol.data_received(get("/wait"))
    await settle()
    protocol.connection_lost(None)
    await settle()
    assert service.cancelled == 1


async def test_a_half_closed_client_still_gets_its_answer() -> None:
    service = Echo()
    protocol, transport = connect(service)
    protocol.data_received(get("/wait"))
    assert protocol.eof_received() is True
    service.release.set()
    await settle()
    assert bodies(transport) == [b"/wait"]
    assert transport.is_closing()
    assert not connect(service)[0].eof_received()


async def test_draining_finishes_what_has_arrived_and_then_closes() -> None:
    service = Echo()
    busy, busy_transport = connect(service)
    idle, idle_transport = connect(service)
    busy.data_received(get("/wait"))
    busy.drain()
    idle.drain()
    assert idle_transport.is_closing()
    service.release.set()
    await settle()
    assert bodies(busy_transport) == [b"/wait"]
    assert busy_transport.is_closing()


async def test_a_client_that_expects_100_continue_gets_it() -> None:
    protocol, transport = connect(Echo())
    protocol.data_received(b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n")
    assert transport.written == b"HTTP/1.1 100 Continue\r\n\r\n"
    protocol.data_received(b"x")
    await settle()
    assert transport.written.count(b"HTTP/1.1 200 OK") == 1


async def test_context_variables_do_not_pass_between_requests_and_a_task_is_current() -> None:
    seen: contextvars.ContextVar[str] = contextvars.ContextVar("seen", default="nothing")

    class Leaky:
        async def handle(self, request: Request) -> Response:
            before = seen.get()
            seen.set(request.path)
            async with asyncio.timeout(10):
                await asyncio.sleep(0)
                return Response(f"{before} {asyncio.current_task() is not None}")

    protocol, transport = Http1Protocol(Leaky()), MemoryTransport()
    protocol.connection_made(transport)
    protocol.data_received(get("/a") + get("/b"))
    await settle()
    assert bodies(transport) == [b"nothing True"] * 2


def streaming(service_parts: AsyncIterator[bytes], status: int = 200) -> App:
    app = App()

    @app.get("/")
    async def handler() -> Response:
        return Response(service_parts, status)

    @app.get("/after")
    async def after() -> str:
        return "after"

    return app


async def three() -> AsyncIterator[bytes]:
    yield b"one"
    yield b"0123456789abcdef"


async def connected(app: App) -> tuple[Http1Protocol, MemoryTransport]:
    await app.start()
    return connect(app)


async def test_a_stream_is_sent_in_chunks_and_the_connection_goes_on() -> None:
    protocol, transport = await connected(streaming(three()))
    protocol.data_received(get("/") + get("/after"))
    await settle()
    first, second = bytes(transport.written).split(b"HTTP/1.1 200 OK\r\n")[1:]
    head, _, body = first.partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head
    assert b"content-length" not in head
    assert body == b"3\r\none\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n"
    assert second.endswith(b"after")


async def test_a_stream_to_http_1_0_ends_with_the_connection() -> None:
    protocol, transport = await connected(streaming(three()))
    protocol.data_received(b"GET / HTTP/1.0\r\n\r\n")
    await settle()
    head, _, body = bytes(transport.written).partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head
    assert body == b"one0123456789abcdef"
    assert transport.is_closing()


async def test_a_stream_waits_for_a_client_that_does_not_read() -> None:
    taken = []

    async def parts() -> AsyncIterator[bytes]:
        for part in (b"a", b"b", b"c"):
            taken.append(part)
            if part == b"a":
                protocol.pause_writing()  # as a transport does whose buffer is full
            yield part

    protocol, transport = await connected(streaming(parts()))
    protocol.data_received(get("/"))
    await settle()
    assert taken == [b"a"]
    protocol.resume_writing()
    await settle()
    assert transport.written.endswith(b"0\r\n\r\n")


async def test_a_stream_that_fails_breaks_the_connection_off() -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"a"
        raise KeyError("x")

    protocol, transport = await connected(streaming(parts()))
    protocol.data_received(get("/") + get("/after"))
    await settle()
    assert transport.written.endswith(b"1\r\na\r\n")
    assert transport.aborted


async def test_a_status_without_a_body_sends_no_part_of_a_stream() -> None:
    protocol, transport = await connected(streaming(three(), 204))
    protocol.data_received(get("/") + get("/after"))
    await settle()
    assert transport.written.startswith(b"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\n")


async def test_a_lost_connection_ends_its_stream_and_then_counts_as_closed() -> None:
    order, waiting = [], asyncio.Event()

    async def parts() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            waiting.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            order.append("ended")

    protocol, _ = await connected(streaming(parts()))
    protocol.data_received(get("/"))
    await waiting.wait()
    protocol.connection_lost(None)
    assert not protocol.closed.is_set()
    await protocol.closed.wait()
    assert order == ["ended"]


async def test_what_breaks_http_is_answered_with_a_problem_document() -> None:
    protocol, transport = connect(Echo())
    protocol.data_received(b"nonsense\r\n\r\n")
    head, _, body = bytes(transport.written).partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    assert msgspec.json.decode(body)["status"] == 400


async def test_many_pipelined_requests_do_not_pile_up_on_the_stack() -> None:
    count = 3000
    protocol, transport = connect(Echo(), Limits(pipelined_requests=count))
    protocol.data_received(get("/x") * count)
    for _ in range(2 * count):
        await asyncio.sleep(0)
    assert transport.written.count(b"HTTP/1.1 200") == count


@pytest.mark.parametrize("value", [{"a": 1}, "text", b"bytes", None, ""])
@pytest.mark.parametrize("status", [200, 201, 204, 404, 299])
def test_an_answer_made_ready_is_what_it_would_be_without(value: object, status: int) -> None:
    ready, made = Response.of(value, status), Response.of(value, status)
    made.headers.add("x-a", "b")
    for keep_alive in (True, False):
        expected = encode(made, keep_alive=keep_alive, date=b"date: x\r\n").replace(b"x-a: b\r\n", b"")
        assert encode(ready, keep_alive=keep_alive, date=b"date: x\r\n") == expected


async def test_what_ends_a_request_without_an_answer_ends_the_connection() -> None:
    class Broken:
        async def handle(self, request: Request) -> Response:
            raise GeneratorExit

    protocol, transport = connect(Broken())
    protocol.data_received(get("/"))
    await settle()
    assert (transport.is_closing(), bytes(transport.written)) == (True, b"")


async def test_a_cancellation_that_is_not_the_connections_is_a_500_with_a_problem_document() -> None:
    class Broken:
        async def handle(self, request: Request) -> Response:
            raise asyncio.CancelledError

    protocol, transport = connect(Broken())
    protocol.data_received(get("/"))
    await settle()
    assert b"HTTP/1.1 500 " in transport.written
    assert msgspec.json.decode(bodies(transport)[0])["status"] == 500
