"""One connection: what it answers and when, what it waits for and how long, and what is left when it is over."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import itertools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from pyrt import App, Request, Response
from pyrt.errors import ProtocolError
from pyrt.ingress.edge import Edge
from pyrt.ingress.http1 import Http1Protocol
from pyrt.limits import Limits
from pyrt.testing import ManualClock, MemoryTransport
from tests.ingress.connecting import CONTINUE, Client, Noting, Plain, Waiting, get, post, settle

EXPECTS = "Expect: 100-continue"


class Doing(Plain):
    """A service that does as it is told."""

    def __init__(self, handle: Callable[[Request], Awaitable[Response]]) -> None:
        self._handle = handle

    async def handle(self, request: Request) -> Response:
        return await self._handle(request)


# In order, one at a time


async def test_answers_leave_in_order_and_one_request_runs_at_a_time() -> None:
    client = Client(service := Waiting())
    assert await client.hears(get("/wait") + get("/b"), get("/c")) == b""
    service.release.set()
    await settle()
    assert client.bodies == [b"/wait", b"/b", b"/c"]
    assert service.most_under_way == 1
    assert not client.is_closed


async def test_what_does_not_wait_is_answered_before_the_event_loop_is_asked() -> None:
    client = Client(Waiting())
    client.say(get("/a") + post("/b", b"!"), get("/c"))
    assert client.bodies == [b"/a", b"/b!", b"/c"]


async def test_a_request_knows_its_client() -> None:
    client = Client(service := Waiting())
    client.say(get("/"), get("/", method="BREW"))
    assert [request.client for request in service.seen] == [("192.0.2.1", 4711)] * 2


@pytest.mark.parametrize("peername", [None, "a path", ("::1", 80, 0, 0)])
async def test_a_client_may_have_no_host_or_one_of_ip_6(peername: Any) -> None:
    service = Waiting()
    protocol = Http1Protocol(service)
    protocol.connection_made(MemoryTransport(peername))
    protocol.data_received(get("/"))
    assert service.seen[0].client == (("::1", 80) if isinstance(peername, tuple) else None)


async def test_too_much_that_comes_before_its_turn_is_not_read_until_it_is_its_turn() -> None:
    client = Client(service := Waiting(), pipelined_bytes=100)
    two = get("/b") + get("/b", "X: " + "x" * 40)
    assert len(two) == 101
    client.say(get("/wait") + two[:9], two[9:-1])
    assert client.transport.reading
    client.say(two[-1:] + get("/c"))
    assert not client.transport.reading
    service.release.set()
    await settle()
    assert client.bodies == [b"/wait", b"/b", b"/b", b"/c"]
    assert client.transport.reading


async def test_too_much_that_comes_before_its_turn_is_not_read_while_one_behind_it_is_answered() -> None:
    turns = asyncio.Semaphore(0)

    async def handle(request: Request) -> Response:
        await turns.acquire()
        return Response(request.path)

    client = Client(Doing(handle), pipelined_bytes=50)
    client.say(get("/a"), get("/b") + get("/c") * 2)
    for path in (b"/a", b"/b", b"/c"):
        assert not client.transport.reading
        turns.release()
        await settle()
        assert client.bodies[-1] == path
    turns.release()
    await settle()
    assert client.transport.reading


async def test_a_body_larger_than_what_may_come_before_its_turn_is_read_at_its_turn() -> None:
    client = Client(service := Waiting(), pipelined_bytes=100)
    client.say(get("/wait"), post("/b", b"x" * 1000)[:-700])
    assert not client.transport.reading
    service.release.set()
    await settle()
    assert client.transport.reading
    assert await client.hears(b"x" * 700)
    assert client.bodies == [b"/wait", b"/b" + b"x" * 1000]


async def test_many_pipelined_requests_do_not_pile_up_on_the_stack() -> None:
    client = Client(service := Waiting())
    client.say(get("/x") * 3000, get("/wait") + get("/x") * 3000)
    service.release.set()
    for _ in range(10):
        await settle()
    assert client.statuses == [200] * 6001


async def test_of_many_pipelined_requests_some_are_answered_before_others_have_their_turn() -> None:
    client = Client(Waiting())
    client.say(get("/x") * 50 + post("/y", b"z"))
    assert (len(client.statuses), client.transport.reading) == (16, False)
    await asyncio.sleep(0)
    assert len(client.statuses) == 32
    await settle()
    assert (client.statuses, client.transport.reading) == ([200] * 51, True)


async def test_what_was_read_is_not_kept_while_a_connection_waits() -> None:
    client = Client(Waiting())
    await client.hears(post("/x", b"y" * 100_000, "X: " + "z" * 3000)[:50_000])
    await client.hears(post("/x", b"y" * 100_000, "X: " + "z" * 3000)[50_000:])
    assert client.statuses == [200]
    held, seen = [client.protocol], set[int]()
    sizes = []
    while held:
        one = held.pop()
        if id(one) not in seen and not isinstance(one, type | Waiting | MemoryTransport | asyncio.AbstractEventLoop):
            seen.add(id(one))
            if isinstance(one, bytes | bytearray):
                sizes.append(len(one))
            elif type(one).__module__.startswith("pyrt.ingress") or isinstance(one, list | tuple):
                held += gc.get_referents(one)
    assert max(sizes, default=0) < 2500


@pytest.mark.parametrize(("path", "method"), [("/nowhere", "POST"), ("/", "PUT")])
async def test_who_expects_100_continue_hears_at_once_that_no_route_takes_it(path: str, method: str) -> None:
    service, client = await taking()
    heard = await client.hears(get(path, "Content-Length: 5", EXPECTS, method=method))
    assert CONTINUE not in heard
    assert (client.statuses, client.is_closed) == ([405 if path == "/" else 404], True)
    assert service.got == []


async def test_a_client_that_does_not_read_stops_the_next_request_and_is_not_read() -> None:
    client = Client(service := Waiting(), pipelined_bytes=100)
    client.stalls()
    client.say(get("/a"))
    assert (service.seen, client.transport.reading) == ([], True)
    client.say(get("/b", "X: " + "x" * 100))
    assert (service.seen, client.transport.reading) == ([], False)
    client.reads()
    assert client.bodies == [b"/a", b"/b"]
    assert client.transport.reading


async def test_an_answer_that_fills_the_buffer_keeps_the_next_one_from_being_made() -> None:
    made = []

    async def handle(request: Request) -> Response:
        made.append(request.path)
        client.stalls()
        return Response(request.path)

    client = Client(Doing(handle))
    client.say(get("/a") + get("/b"))
    assert made == ["/a"]
    client.reads()
    assert made == ["/a", "/b"]


# Ends


@pytest.mark.parametrize(
    ("data", "bodies"),
    [
        (get("/a", "Connection: close"), [b"/a"]),
        (get("/a", "Connection: close") + get("/b"), [b"/a"]),
        (get("/a", version="1.0"), [b"/a"]),
        (get("/a") + post("/b", b"!", "Connection: close"), [b"/a", b"/b!"]),
    ],
)
async def test_a_connection_that_its_client_ends_ends_with_that_answer(data: bytes, bodies: list[bytes]) -> None:
    client = Client(service := Waiting())
    client.say(data, get("/c"))
    assert client.bodies == bodies
    assert client.written.count(b"connection: close\r\n") == 1
    assert client.is_closed
    assert len(service.seen) == len(bodies)


async def test_a_client_that_has_said_all_still_gets_its_answers() -> None:
    client = Client(service := Waiting())
    client.say(get("/wait") + get("/b"))
    client.ends()
    assert not client.is_closed
    service.release.set()
    await settle()
    assert client.bodies == [b"/wait", b"/b"]
    assert client.written.count(b"connection: close\r\n") == 1
    assert client.transport.is_closing()


@pytest.mark.parametrize("data", [b"", get("/")[:9], get("/")[:-2], post("/", b"x" * 9)[:-1], get("/")])
async def test_a_client_that_ends_where_nothing_is_due_is_closed(data: bytes) -> None:
    client = Client(Waiting())
    client.say(data)
    client.ends()
    assert client.statuses == ([200] if data == get("/") else [])
    assert client.transport.is_closing()


async def test_an_answer_that_a_client_who_has_said_all_does_not_take_yet_waits_for_it() -> None:
    client = Client(Waiting())
    client.say(get("/a"))
    client.stalls()
    client.say(get("/b"))
    client.ends()
    assert not client.is_closed
    client.reads()
    assert client.bodies == [b"/a", b"/b"]
    assert client.transport.is_closing()


async def test_a_connection_answers_so_many_requests_and_the_last_one_says_so() -> None:
    client = Client(Waiting(), requests=3)
    client.say(get("/a") + get("/b"))
    assert (b"connection: close" in client.written, client.is_closed) == (False, False)
    client.say(get("/c") + get("/d"))
    assert client.bodies == [b"/a", b"/b", b"/c"]
    assert client.written.partition(b"/b")[2].count(b"connection: close") == 1
    assert client.is_closed


async def test_what_is_refused_and_goes_on_counts_as_answered() -> None:
    client = Client(Waiting(), requests=2)
    client.say(get("/a", "Expect: wonders") * 3)
    assert client.statuses == [417, 417]
    assert client.is_closed


async def test_a_connection_that_has_come_of_age_ends_with_its_next_answer() -> None:
    client = Client(Waiting(), age_s=100)
    for _ in range(10):
        client.passes(10)
        client.say(get("/a"))
    assert not client.is_closed
    client.passes(1)
    assert not client.is_closed
    client.say(get("/b") + get("/c"))
    assert client.bodies == [b"/a"] * 10 + [b"/b"]
    assert client.is_closed


async def test_draining_answers_what_has_begun_and_closes_what_is_idle() -> None:
    edge = Edge(clock=ManualClock())
    busy, idle = Client(service := Waiting(), edge), Client(service, edge)
    writing, sending = Client(service, edge), Client(service, edge)
    busy.say(get("/wait") + get("/b"))
    sending.say(post("/c", b"xyz")[:-2])
    writing.say(get("/d"))
    writing.stalls()
    for client in (busy, idle, writing, sending):
        client.protocol.drain()
    assert [client.is_closed for client in (busy, idle, writing, sending)] == [False, True, False, False]
    sending.say(b"yz")
    writing.reads()
    service.release.set()
    await settle()
    assert (busy.bodies, idle.bodies, writing.bodies, sending.bodies) == ([b"/wait", b"/b"], [], [b"/d"], [b"/cxyz"])
    for client in (busy, sending):
        assert client.written.count(b"connection: close") == 1
    assert all(client.transport.is_closing() for client in (busy, idle, writing, sending))


async def test_draining_answers_a_request_whose_head_has_begun_to_arrive() -> None:
    client = Client(Waiting())
    client.say(get("/") + get("/")[:-2])
    client.protocol.drain()
    assert (client.statuses, client.is_closed) == ([200], False)
    client.say(b"\r\n")
    assert (client.statuses, client.is_closed) == ([200, 200], True)


async def test_a_connection_over_the_limit_is_answered_503_and_counted() -> None:
    edge = Edge(Limits(connections=2), clock=ManualClock())
    service = Waiting()
    first, second, third = (Client(service, edge) for _ in range(3))
    assert (edge.refused_connections, len(edge.connections), len(edge.refused)) == (1, 2, 1)
    assert third.statuses == [503]
    assert b"\r\nretry-after: 1\r\n" in third.written
    assert b"\r\nconnection: close\r\n" in third.written
    third.say(get("/"))
    assert (third.statuses, third.is_closed) == ([503], True)
    second.goes()  # those that are refused take nobody's place
    fourth = Client(service, edge)
    for client in (first, fourth):
        client.say(get("/"))
        assert client.statuses == [200]
    third.goes()
    assert (edge.refused_connections, len(edge.refused)) == (1, 0)


async def test_of_many_connections_over_the_limit_only_some_are_listened_to() -> None:
    edge = Edge(Limits(connections=1), clock=ManualClock())
    clients = [Client(Waiting(), edge) for _ in range(260)]
    assert [client.transport.is_closing() for client in clients] == [False] * 257 + [True] * 3
    assert all(client.statuses == [503] for client in clients[1:])


# What breaks HTTP


async def test_what_breaks_http_is_answered_with_a_problem_document_and_nothing_behind_it_is_read() -> None:
    client = Client(service := Waiting())
    client.say(get("/a") + b"nonsense\r\n\r\n" + get("/b"), get("/c"))
    assert client.statuses == [200, 400]
    assert b"application/problem+json" in client.written
    assert msgspec.json.decode(client.bodies[1])["status"] == 400
    assert len(service.seen) == 1
    assert client.is_closed


async def test_what_breaks_http_is_answered_after_the_answers_that_are_due() -> None:
    client = Client(service := Waiting())
    client.say(get("/wait") + b"nonsense\r\n\r\n")
    client.ends()
    assert client.statuses == []
    service.release.set()
    await settle()
    assert client.statuses == [200, 400]
    assert client.transport.is_closing()


async def test_a_refusal_of_head_has_no_body() -> None:
    client = Client(Waiting())
    client.say(get("/", "nonsense", method="HEAD"))
    assert (client.statuses, client.bodies) == ([400], [b""])


async def test_a_client_that_is_refused_is_listened_to_until_it_has_heard_why() -> None:
    client = Client(Waiting())
    client.say(b"nonsense\r\n\r\n")
    assert (client.transport.ended, client.transport.is_closing()) == (True, False)
    client.say(b"x" * 1000)
    client.passes(2)
    assert not client.transport.is_closing()
    client.ends()
    assert client.transport.is_closing()
    assert not client.transport.aborted


async def test_a_client_that_is_refused_is_listened_to_no_longer_than_two_seconds() -> None:
    client = Client(Waiting())
    client.say(b"nonsense\r\n\r\n")
    client.passes(2, lambda: client.say(b"x"))
    assert not client.transport.aborted
    client.passes(0.25)
    assert client.transport.aborted


async def test_a_client_that_is_refused_is_listened_to_for_no_more_than_a_mebibyte() -> None:
    client = Client(Waiting())
    client.say(b"nonsense\r\n\r\n" + b"x" * 100_000, *[b"x" * 1024] * 1024)
    assert not client.transport.aborted
    client.say(b"x")
    assert client.transport.aborted


async def test_a_client_that_reads_slowly_why_it_is_refused_can_read_it_all() -> None:
    client = Client(Waiting(), write_s=10)
    client.transport.unsent = 2000
    client.say(b"nonsense\r\n\r\n")

    def reads_on() -> None:
        client.transport.unsent = max(0, client.transport.unsent - 50)

    client.passes(10, reads_on)
    client.passes(2)
    assert not client.transport.aborted
    client.passes(0.5)
    assert client.transport.aborted


async def test_a_client_that_was_not_read_is_listened_to_when_it_is_refused() -> None:
    client = Client(service := Waiting(), pipelined_bytes=10)
    client.say(get("/wait"), b"nonsense" * 4 + b"\r\n\r\n")
    assert not client.transport.reading
    service.release.set()
    await settle()
    assert client.statuses == [200, 400]
    assert client.transport.reading


# 100 Continue


async def test_a_client_that_waits_is_told_once_to_go_on_when_its_body_is_awaited() -> None:
    client = Client(service := Waiting())
    head = post("/b", b"xy", EXPECTS)[:-2]
    assert await client.hears(get("/wait") + head) == b""
    service.release.set()
    await settle()
    assert client.written.endswith(b"/wait" + CONTINUE)
    assert CONTINUE not in await client.hears(b"x")
    assert CONTINUE not in await client.hears(b"y", get("/c"))
    assert client.statuses == [200, 100, 200, 200]


@pytest.mark.parametrize("data", [post("/b", b"xy", EXPECTS), post("/b", b"xy", EXPECTS)[:-1], get("/b", EXPECTS)])
async def test_a_client_that_does_not_wait_is_not_told_to_go_on(data: bytes) -> None:
    assert CONTINUE not in await Client(Waiting()).hears(data)


async def test_a_client_that_sends_too_much_is_not_told_to_go_on() -> None:
    assert b" 413 " in await (client := Client(Waiting())).hears(get("/", EXPECTS, "Content-Length: 9999999"))
    assert client.statuses == [413]


# Time


async def test_a_connection_without_a_request_is_closed_silently() -> None:
    new, used = Client(Waiting(), keep_alive_s=65), Client(Waiting(), keep_alive_s=65)
    used.passes(60)
    used.say(get("/a"))
    for client in (new, used):
        client.passes(65)
        assert not client.is_closed
        client.passes(0.25)
        assert client.transport.is_closing()
    assert (new.written, used.bodies) == (b"", [b"/a"])


@pytest.mark.parametrize("data", [get("/")[:1], get("/")[:-1], get("/") + get("/")[:-1], b"\r\n"])
async def test_a_head_that_does_not_end_in_time_is_answered_408(data: bytes) -> None:
    client = Client(Waiting(), head_s=10)
    client.passes(5)
    client.say(data)
    client.passes(10)
    assert not client.is_closed
    client.passes(0.25)
    assert client.statuses[-1] == 408
    assert b"connection: close" in client.written
    assert client.transport.is_closing()


async def test_a_head_that_comes_byte_by_byte_has_no_more_time() -> None:
    client, head = Client(Waiting(), head_s=10), iter(get("/", "X: " + "x" * 1000))
    client.passes(10.25, lambda: None if client.is_closed else client.say(bytes([next(head)])))
    client.passes(0.5)
    assert client.statuses == [408]


async def test_each_of_many_heads_has_its_own_time() -> None:
    client, one = Client(Waiting(), head_s=1), get("/a")
    client.say(one[:5])
    client.passes(5, lambda: client.say(one[5:] + one[:5]))
    client.passes(5, lambda: client.say(one[5:] + get("/a", "Expect: x") + one[:5]))
    assert set(client.statuses) == {200, 417}
    assert not client.is_closed


@pytest.mark.parametrize("limits", [{"body_s": 20}, {"body_bytes_s": 1000}])
async def test_each_of_many_bodies_has_its_own_time(limits: dict[str, Any]) -> None:
    client, one = Client(Waiting(), **limits), post("/a", b"x" * 500)
    client.say(one[:-1])
    client.passes(60, lambda: client.say(one[-1:] + one[:-1]))
    assert (set(client.statuses), client.is_closed) == ({200}, False)


UPLOADS = pytest.mark.parametrize("path", ["/whole", "/parts"])


async def uploading(**limits: Any) -> Client:
    app = App()

    @app.post("/whole")
    async def whole(body: bytes) -> str:
        return str(len(body))

    @app.post("/parts")
    async def parts(body: AsyncIterator[bytes]) -> str:
        return str(sum([len(part) async for part in body]))

    await app.start()
    return Client(app, **limits)


@UPLOADS
@pytest.mark.parametrize(("bytes_s", "is_slow"), [(500, False), (496, True)])
async def test_a_body_that_comes_too_slowly_is_answered_408(path: str, bytes_s: int, is_slow: bool) -> None:
    client = await uploading(body_bytes_s=500)
    client.say(get(path, "Content-Length: 100000", method="POST"))
    for tick in range(4 * 20):
        await settle()
        if not client.is_closed:
            client.say(b"x" * (bytes_s // 4))
        client.passes(0.25)
        if tick < 4 * 5:
            assert not client.is_closed  # a while of grace
    await settle()
    assert client.statuses == [408] * is_slow
    assert client.is_closed is is_slow


@UPLOADS
@pytest.mark.parametrize("framing", ["Content-Length: 100000", "Transfer-Encoding: chunked"])
async def test_what_comes_with_its_head_counts_for_the_rate_of_a_body(path: str, framing: str) -> None:
    client = await uploading(body_bytes_s=500)
    client.say(get(path, framing, method="POST") + b"1388\r\n" + b"x" * 5000 + b"\r\n")
    await settle()
    client.passes(10)
    await settle()
    assert client.statuses == []
    client.passes(0.5)
    await settle()
    assert client.statuses == [408]


@UPLOADS
async def test_a_body_that_takes_too_long_altogether_is_answered_408(path: str) -> None:
    client = await uploading(body_s=30, body_bytes_s=1)
    client.say(get(path, "Content-Length: 100000", method="POST"))
    await settle()
    client.passes(30, lambda: client.say(b"x" * 100))
    await settle()
    assert client.statuses == []
    client.passes(0.25)
    await settle()
    assert client.statuses == [408]


async def test_a_client_that_its_handler_does_not_listen_to_is_not_too_slow() -> None:
    app, asked = App(), asyncio.Event()

    @app.post("/")
    async def handler(body: AsyncIterator[bytes]) -> str:
        await asked.wait()
        return str(sum([len(part) async for part in body]))

    await app.start()
    client = Client(app, body_s=10)
    assert await client.hears(get("/", "Content-Length: 9", method="POST")) == b""
    client.passes(100)
    asked.set()
    await settle()
    client.passes(4)
    assert b" 200 " in await client.hears(b"123456789")


async def test_a_client_that_reads_nothing_is_broken_off() -> None:
    client = Client(Waiting(), write_s=30)
    client.say(get("/a"))
    client.stalls()
    client.passes(30)
    assert not client.transport.aborted
    client.passes(0.25)
    assert client.transport.aborted


async def test_a_client_that_reads_slowly_is_waited_for() -> None:
    client = Client(Waiting(), write_s=30)
    client.say(get("/a"))
    client.stalls(100_000)

    def reads_a_little() -> None:
        client.transport.unsent -= 1

    for _ in range(10):
        client.passes(29.5)
        reads_a_little()
        client.passes(0.25)
    assert not client.transport.is_closing()
    client.reads()
    client.say(get("/b"))
    assert client.bodies == [b"/a", b"/b"]


async def test_the_time_in_which_a_client_read_nothing_is_not_that_of_its_next_head() -> None:
    client = Client(Waiting(), head_s=10)
    client.say(get("/a") + get("/b")[:9])
    client.stalls()
    client.passes(9)
    client.reads()
    client.passes(9)
    client.say(get("/b")[9:])
    assert client.bodies == [b"/a", b"/b"]


@pytest.mark.parametrize("stalls", [True, False])
async def test_a_last_answer_that_nobody_reads_is_broken_off(stalls: bool) -> None:
    client = Client(Waiting(), write_s=30)
    client.transport.unsent = 1000
    client.say(get("/a", "Connection: close"))
    if stalls:
        client.stalls(1000)
    assert client.transport.is_closing()
    client.passes(29)
    client.transport.unsent = 900
    client.passes(30)
    assert not client.transport.aborted
    client.passes(0.5)
    assert client.transport.aborted


async def test_a_handler_may_take_its_time() -> None:
    client = Client(service := Waiting())
    client.say(get("/wait"))
    client.passes(1000)
    service.release.set()
    await settle()
    assert client.bodies == [b"/wait"]


# What goes wrong


async def failing(request: Request) -> Response:
    if request.path == "/late":
        await asyncio.sleep(0)
    raise (asyncio.CancelledError if request.query == "cancelled" else KeyError)(request.path)


@pytest.mark.parametrize("target", ["/", "/late", "/?cancelled", "/late?cancelled"])
async def test_a_service_that_raises_is_answered_500_and_the_connection_goes_on(
    target: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = Client(Doing(failing))
    await client.hears(get(target), get(target))
    assert client.statuses == [500, 500]
    assert msgspec.json.decode(client.bodies[0])["status"] == 500
    assert (caplog.text.count("was not answered"), client.is_closed) == (2, False)


@pytest.mark.parametrize("body", [7, "text", None])
async def test_an_answer_that_cannot_be_encoded_is_a_500_and_the_end(
    body: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def handle(request: Request) -> Response:
        response = Response()
        response.body = body
        return response

    client = Client(Doing(handle))
    await client.hears(get("/") + get("/"))
    assert (client.statuses, client.is_closed) == ([500], True)
    assert "could not be encoded" in caplog.text


async def test_a_header_line_that_could_forge_another_is_a_500(caplog: pytest.LogCaptureFixture) -> None:
    async def handle(request: Request) -> Response:
        response = Response("forged")
        response.headers.raw.append((b"x", b"y\r\nz: 1"))
        return response

    client = Client(Doing(handle))
    assert b"z: 1" not in (await client.hears(get("/"))).partition(b"\r\n\r\n")[0]
    assert client.statuses == [500]


class Ending(BaseException):
    """Ends more than a request."""


@pytest.mark.parametrize("before", [b"", get("/wait")])
async def test_what_ends_a_request_without_an_answer_ends_the_connection(
    before: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    raised: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: raised.append(context["exception"]))
    release = asyncio.Event()

    async def handle(request: Request) -> Response:
        if request.path == "/wait":
            await release.wait()
            return Response()
        raise Ending

    client = Client(Doing(handle))
    if before:
        client.say(before + get("/"))
        release.set()
        await settle()
    else:
        with pytest.raises(Ending):
            client.say(get("/"))
    assert client.statuses == [200] * bool(before)
    assert client.transport.aborted
    assert [type(each) for each in raised] == [Ending] * bool(before)


async def test_what_ends_a_request_that_has_waited_ends_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    async def handle(request: Request) -> Response:
        await asyncio.sleep(0)
        raise Ending

    client = Client(Doing(handle))
    assert await client.hears(get("/") + get("/")) == b""
    assert client.transport.aborted
    assert "ended without an answer" in caplog.text


async def test_a_client_that_is_gone_cancels_its_request_and_leaves_nothing() -> None:
    client = Client(service := Waiting())
    tasks = asyncio.all_tasks()
    client.say(get("/wait") + get("/b"))
    assert len(asyncio.all_tasks()) == len(tasks) + 1
    client.goes()
    assert not client.protocol.is_over
    await client.protocol.wait_closed()
    assert (service.cancelled, len(service.seen), client.written) == (1, 1, b"")
    assert asyncio.all_tasks() == tasks
    assert client.edge.connections == set()
    assert client.protocol.is_over


async def test_a_client_that_goes_before_it_said_anything_leaves_nothing() -> None:
    client = Client(Waiting())
    client.goes()
    assert client.protocol.is_over
    await client.protocol.wait_closed()
    assert client.edge.connections == set()


async def test_what_fails_after_its_client_is_gone_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def handle(request: Request) -> Response:
        try:
            await asyncio.Event().wait()
        finally:
            raise KeyError("cleanup")

    client = Client(Doing(handle))
    client.say(get("/"))
    client.goes()
    await client.protocol.wait_closed()
    assert "failed after its client was gone" in caplog.text
    assert "KeyError: 'cleanup'" in caplog.text
    assert client.written == b""


async def test_an_answer_to_a_client_that_is_gone_is_not_written() -> None:
    async def handle(request: Request) -> Response:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass
        return Response("late")

    client = Client(Doing(handle))
    client.say(get("/"))
    client.goes()
    await client.protocol.wait_closed()
    assert client.written == b""


async def test_context_variables_do_not_pass_between_requests_and_a_task_is_current() -> None:
    app = App()
    seen: contextvars.ContextVar[str] = contextvars.ContextVar("seen", default="nothing")

    @app.get("/{name}")
    async def leaky(name: str) -> str:
        before = seen.get()
        seen.set(name)
        async with asyncio.timeout(10):
            await asyncio.sleep(0)
        return f"{before} {asyncio.current_task() is not None}"

    await app.start()
    client = Client(app)
    await client.hears(get("/a") + get("/b"))
    assert client.bodies == [b"nothing True"] * 2


# Streams out


async def streaming(parts: Callable[[], AsyncIterator[Any]], status: int = 200, **limits: Any) -> Client:
    """A client of an app whose `/` is answered with *parts*, and anything else with its name."""
    app = App()

    @app.get("/")
    async def handler() -> Response:
        return Response(parts(), status, content_type="text/plain")

    @app.get("/{name}")
    async def other(name: str) -> str:
        return name

    await app.start()
    return Client(app, **limits)


async def two() -> AsyncIterator[bytes | str]:
    yield b"one"
    yield ""
    yield "0123456789abcdef"


CHUNKED = b"3\r\none\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n"


async def test_a_stream_is_sent_in_chunks_and_the_connection_goes_on() -> None:
    client = await streaming(two)
    await client.hears(get("/") + get("/after"))
    assert client.bodies == [CHUNKED, b"after"]
    assert client.written.count(b"transfer-encoding: chunked\r\n") == 1
    assert client.written.count(b"content-length") == 1
    assert not client.is_closed


async def test_a_stream_to_http_1_0_ends_with_the_connection() -> None:
    client = await streaming(two)
    await client.hears(get("/", version="1.0"))
    assert client.bodies == [b"one0123456789abcdef"]
    assert b"transfer-encoding" not in client.written
    assert client.is_closed


@pytest.mark.parametrize("lines", [("Connection: close",), ()])
async def test_a_stream_may_be_the_last_answer(lines: tuple[str, ...]) -> None:
    client = await streaming(two, requests=1 if not lines else 2)
    await client.hears(get("/", *lines) + get("/after"))
    assert client.bodies == [CHUNKED]
    assert b"connection: close\r\n" in client.written
    assert client.is_closed


async def test_a_stream_that_is_under_way_is_sent_to_its_end_when_the_server_stops() -> None:
    release = asyncio.Event()

    async def parts() -> AsyncIterator[bytes]:
        yield b"one"
        await release.wait()
        yield b"0123456789abcdef"

    client = await streaming(parts)
    await client.hears(get("/"))
    client.protocol.drain()
    release.set()
    await settle()
    assert client.bodies == [CHUNKED]
    assert client.is_closed


@pytest.mark.parametrize("status", [204, 205, 304])
async def test_a_status_without_a_body_sends_no_part_of_a_stream(status: int) -> None:
    client = await streaming(two, status)
    await client.hears(get("/") + get("/after"))
    assert client.bodies == [b"", b"after"]
    assert b"transfer-encoding" not in client.written


async def test_an_answer_to_head_sends_no_part_of_a_stream() -> None:
    client = await streaming(two)
    await client.hears(get("/", method="HEAD") + get("/after"))
    assert client.bodies == [b"", b"after"]


async def test_a_stream_waits_for_a_client_that_does_not_read() -> None:
    taken = []

    async def parts() -> AsyncIterator[bytes]:
        for part in (b"a", b"b", b"c"):
            taken.append(part)
            if part == b"a":
                client.stalls()  # as a transport does whose buffer is full
            yield part

    client = await streaming(parts)
    await client.hears(get("/"))
    assert taken == [b"a"]
    assert client.written.endswith(b"1\r\na\r\n")
    client.reads()
    await settle()
    assert client.written.endswith(b"1\r\nb\r\n1\r\nc\r\n0\r\n\r\n")


async def test_a_transport_is_told_how_much_may_wait_for_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    monkeypatch.setattr(
        "pyrt.testing.MemoryTransport.set_write_buffer_limits", lambda self, high=None, low=None: told.append(high)
    )
    Client(Waiting(), write_buffer_bytes=12345)
    assert told == [12345]


async def test_a_stream_whose_client_reads_nothing_is_broken_off_and_closed() -> None:
    ended: list[bool] = []

    async def parts() -> AsyncIterator[bytes]:
        try:
            while True:
                client.stalls()
                yield b"x"
        finally:
            ended.append(True)

    client = await streaming(parts, write_s=30)
    await client.hears(get("/"))
    client.passes(30.25)
    assert client.transport.aborted
    client.goes()
    await client.protocol.wait_closed()
    assert ended == [True]


@pytest.mark.parametrize("version", ["1.1", "1.0"])
async def test_a_stream_that_fails_breaks_the_connection_off(version: str, caplog: pytest.LogCaptureFixture) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"a"
        raise KeyError("x")

    client = await streaming(parts)
    await client.hears(get("/", version=version) + get("/after"))
    assert client.written.endswith(b"1\r\na\r\n" if version == "1.1" else b"\r\n\r\na")
    assert client.transport.aborted
    assert "KeyError: 'x'" in caplog.text
    assert len(caplog.records) == 1


class Buffering(MemoryTransport):
    """One that has a socket, and what it has not sent counts against its limit, as that of real ones does."""

    protocol: Http1Protocol

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self if name == "socket" else super().get_extra_info(name, default)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        if high is not None and self.unsent > high:
            self.protocol.pause_writing()


async def test_a_file_does_not_overtake_what_was_written_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    app, sent = App(), list[Any]()

    @app.get("/")
    async def file() -> Response:
        return Response.file(__file__)

    async def send(loop: object, socket: object, file: object, write_s: float, count: object) -> None:
        sent.append((socket, write_s))

    monkeypatch.setattr("pyrt.ingress.streaming.send_file", send)
    await app.start()
    transport = Buffering()
    protocol = transport.protocol = Http1Protocol(app, Edge(Limits(write_s=7), clock=ManualClock()))
    protocol.connection_made(transport)
    transport.unsent = 1
    protocol.data_received(get("/"))
    await settle()
    assert (transport.written.count(b"content-length"), sent) == (1, [])
    transport.unsent = 0
    protocol.resume_writing()
    await settle()
    assert sent == [(transport, 7)]


@pytest.mark.parametrize("version", ["1.1", "1.0"])
async def test_a_stream_whose_task_is_cancelled_breaks_the_connection_off(version: str) -> None:
    tasks = []

    async def parts() -> AsyncIterator[bytes]:
        tasks.append(asyncio.current_task())
        yield b"a"
        await asyncio.Event().wait()

    raised: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: raised.append(context))
    client = await streaming(parts)
    await client.hears(get("/", version=version))
    assert tasks[0] is not None
    tasks[0].cancel()
    await settle()
    assert (client.transport.aborted, raised) == (True, [])
    client.goes()
    assert client.protocol.is_over


async def test_a_client_that_is_gone_ends_its_stream_and_then_counts_as_closed() -> None:
    order = []

    async def parts() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            order.append("ended")

    client = await streaming(parts)
    await client.hears(get("/"))
    client.goes()
    assert not client.protocol.is_over
    await client.protocol.wait_closed()
    assert order == ["ended"]


# Bodies in, part by part


class Taking:
    """An app whose `POST /` takes its body when it may, up to *parts* parts; nothing that it got is lost."""

    def __init__(self, parts: int = 10_000) -> None:
        self.may, self.parts = asyncio.Semaphore(0), parts
        self.got: list[bytes] = []
        self.error: ProtocolError | None = None
        self.trailers: Any = None
        self.app = App()
        self.app.post("/")(self._take)
        self.app.post("/small", limit_body_bytes=10)(self._take)
        self.app.post("/whole", limit_body_bytes=10)(self._whole)

    async def _take(self, req: Request, body: AsyncIterator[bytes]) -> str:
        try:
            for _ in range(self.parts):
                await self.may.acquire()
                self.got.append(await anext(body))
        except StopAsyncIteration:
            self.trailers = req.trailers
        except ProtocolError as error:
            self.error = error
            raise
        return f"{sum(map(len, self.got))} bytes"

    async def _whole(self, body: bytes) -> str:
        return f"{len(body)} bytes"

    async def takes(self, parts: int = 10_000) -> None:
        for _ in range(parts):
            self.may.release()
        await settle()


async def taking(parts: int = 10_000, **limits: Any) -> tuple[Taking, Client]:
    service = Taking(parts)
    await service.app.start()
    return service, Client(service.app, **limits)


KIB = b"x" * 1024


async def test_a_handler_gets_its_body_as_it_comes_and_the_trailers_behind_it() -> None:
    service, client = await taking()
    await service.takes()
    await client.hears(get("/", "Transfer-Encoding: chunked", method="POST") + b"3\r\nab")
    assert service.got == [b"ab"]
    await client.hears(b"c\r\n1\r\nd\r\n")
    assert service.got == [b"ab", b"cd"]  # small parts that wait are put together
    await client.hears(b"0\r\nT: u\r\n\r\n" + post("/", b"more") + post("/whole", b"last"))
    assert service.trailers is None
    assert client.bodies == [b"4 bytes", b"8 bytes", b"4 bytes"]
    assert not client.is_closed


async def test_the_client_is_not_read_while_64_kib_of_its_body_wait_and_again_below_half_of_that() -> None:
    service, client = await taking()
    client.say(get("/", f"Content-Length: {100 * 1024}", method="POST"), *[KIB] * 64)
    assert client.transport.reading
    client.say(KIB)
    assert not client.transport.reading
    await service.takes(33)
    assert (len(service.got), client.transport.reading) == (33, False)
    await service.takes(1)
    assert client.transport.reading
    client.say(*[KIB] * 35)
    await service.takes()
    assert client.bodies == [b"102400 bytes"]


@pytest.mark.parametrize(("kib", "pipelined_bytes"), [(65, 64 * 1024), (2, 1000)])
async def test_a_body_that_came_before_its_turn_is_read_at_its_turn(kib: int, pipelined_bytes: int) -> None:
    app, release = App(), asyncio.Event()

    @app.get("/wait")
    async def wait() -> str:
        await release.wait()
        return "waited"

    @app.post("/")
    async def handler(body: AsyncIterator[bytes]) -> str:
        return str(sum([len(part) async for part in body]))

    await app.start()
    client = Client(app, pipelined_bytes=pipelined_bytes)
    client.say(get("/wait") + get("/", f"Content-Length: {100 * 1024}", method="POST"), *[KIB] * kib)
    assert not client.transport.reading
    release.set()
    await settle()
    assert client.transport.reading
    await client.hears(*[KIB] * (100 - kib))
    assert client.bodies == [b"waited", b"102400"]


async def test_what_is_behind_a_body_waits_for_its_answer() -> None:
    service, client = await taking(pipelined_bytes=100)
    await client.hears(post("/", b"body") + get("/nowhere"), get("/nowhere", "X: " + "x" * 100))
    assert (client.statuses, client.transport.reading) == ([], False)
    await service.takes()
    assert client.statuses == [200, 404, 404]
    assert client.transport.reading


async def test_a_client_that_waits_is_told_to_go_on_when_its_handler_asks_for_the_body() -> None:
    service, client = await taking()
    assert await client.hears(get("/", EXPECTS, "Content-Length: 2", method="POST")) == b""
    await service.takes()
    assert client.written == CONTINUE
    await client.hears(b"x")
    await client.hears(b"y", get("/nowhere"))
    assert client.statuses == [100, 200, 404]


async def test_a_client_that_did_not_wait_after_all_is_never_told_to_go_on() -> None:
    service, client = await taking()
    await client.hears(get("/", EXPECTS, "Content-Length: 2", method="POST"), b"xy")
    await service.takes()
    assert client.statuses == [200]
    assert not client.is_closed


async def test_a_handler_that_never_asks_for_the_body_does_not_have_it_sent() -> None:
    _, client = await taking(parts=0)
    await client.hears(get("/", EXPECTS, "Content-Length: 2", method="POST"))
    assert client.statuses == [200]
    assert b"connection: close" in client.written
    assert client.is_closed


async def test_a_client_that_is_answered_before_the_end_of_its_body_is_heard_out_for_a_while() -> None:
    service, client = await taking(parts=1, body_bytes=4_000_000)
    await service.takes()
    await client.hears(get("/", "Content-Length: 4000000", method="POST") + KIB)
    assert client.bodies == [b"1024 bytes"]
    assert b"connection: close" in client.written
    assert (client.transport.ended, client.transport.is_closing()) == (True, False)
    client.say(*[KIB] * 1024)
    assert not client.transport.aborted
    client.say(KIB)
    assert client.transport.aborted


async def test_a_client_that_is_answered_while_it_is_not_read_is_read_again() -> None:
    service, client = await taking(parts=1, body_bytes=4_000_000)
    client.say(get("/", "Content-Length: 4000000", method="POST"), *[KIB] * 65)
    assert not client.transport.reading
    await service.takes()
    assert client.statuses == [200]
    assert client.transport.reading


BROKEN = get("/", "Transfer-Encoding: chunked", method="POST") + b"2\r\nab\r\nnonsense\r\n"


@pytest.mark.parametrize("at_once", [True, False])
async def test_what_breaks_a_body_reaches_its_handler_and_is_answered(at_once: bool) -> None:
    service, client = await taking()
    await service.takes()
    await client.hears(*([BROKEN + get("/")] if at_once else [BROKEN[:-10], BROKEN[-10:] + get("/")]))
    assert (service.got, service.error and service.error.status) == ([b"ab"], 400)
    assert client.statuses == [400]
    assert client.is_closed


async def test_a_handler_that_does_not_mind_a_broken_body_still_ends_the_connection() -> None:
    service, client = await taking(parts=1)
    await client.hears(BROKEN + get("/"))
    await service.takes()
    assert client.bodies == [b"2 bytes"]
    assert b"connection: close" in client.written
    assert client.is_closed


async def test_a_client_that_ends_before_its_body_is_an_error_to_the_handler() -> None:
    service, client = await taking()
    await service.takes()
    await client.hears(get("/", "Content-Length: 4", method="POST") + b"abc")
    client.ends()
    await settle()
    assert (service.got, service.error and service.error.status) == ([b"abc"], 400)
    assert client.statuses == [400]
    assert client.transport.is_closing()


async def test_a_client_that_is_gone_cancels_the_handler_that_waits_for_it() -> None:
    service, client = await taking()
    tasks = asyncio.all_tasks()
    await service.takes()
    await client.hears(get("/", "Content-Length: 4", method="POST") + b"abc")
    client.goes()
    await client.protocol.wait_closed()
    assert (service.got, client.statuses, asyncio.all_tasks()) == ([b"abc"], [], tasks)


@pytest.mark.parametrize("path", ["/small", "/whole"])
async def test_a_body_over_the_limit_of_its_route_is_answered_413(path: str) -> None:
    service, client = await taking(body_bytes=1000)
    await service.takes()
    await client.hears(post(path, b"x" * 10) + get(path, "Content-Length: 11", method="POST"))
    assert client.statuses == [200, 413]
    assert client.is_closed


@pytest.mark.parametrize("path", ["/small", "/whole"])
async def test_chunks_over_the_limit_of_their_route_are_answered_413(path: str) -> None:
    service, client = await taking(body_bytes=1000)
    await service.takes()
    await client.hears(get(path, "Transfer-Encoding: chunked", method="POST") + b"a\r\n" + b"x" * 10 + b"\r\n1\r\n")
    assert client.statuses == [413]
    assert client.is_closed


async def test_a_route_may_take_more_than_others() -> None:
    app = App()

    @app.post("/", limit_body_bytes=2000)
    async def handler(body: bytes) -> str:
        return str(len(body))

    @app.post("/usual")
    async def usual(body: bytes) -> str:
        return str(len(body))

    await app.start()
    client = Client(app, body_bytes=1000)
    await client.hears(post("/", b"x" * 2000) + post("/usual", b"x" * 1000) + post("/usual", b"x" * 1001))
    assert client.statuses == [200, 200, 413]


async def test_both_ways_at_once() -> None:
    app = App()

    @app.post("/")
    async def echo(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        yield b"begun"
        async for part in body:
            yield part

    await app.start()
    client = Client(app)
    assert b"5\r\nbegun\r\n" in await client.hears(get("/", "Content-Length: 6", EXPECTS, method="POST"))
    assert await client.hears(b"abc") == b"3\r\nabc\r\n"
    assert await client.hears(b"def") == b"3\r\ndef\r\n0\r\n\r\n"
    # When its head was sent, nobody knew whether the body would be taken.
    assert b"connection: close" in client.written
    assert client.is_closed


# Notes


async def test_each_answer_is_written_down_once(monkeypatch: pytest.MonkeyPatch) -> None:
    noted: list[tuple[Any, ...]] = []
    app, log, clock = App(), Noting(), ManualClock()
    monkeypatch.setattr("pyrt.ingress.http1.time", SimpleNamespace(perf_counter=clock))
    log.add = lambda request, client, status, size, duration_s: noted.append(  # type: ignore[method-assign]
        (request and request.path, client, status, size, duration_s)
    )

    @app.get("/text")
    async def text() -> str:
        clock.advance(1)
        return "four"

    @app.get("/wait")
    async def wait() -> str:
        clock.advance(2)
        await asyncio.sleep(0)
        return "waited"

    @app.get("/stream")
    async def stream() -> AsyncIterator[bytes]:
        yield b"12"
        clock.advance(3)
        yield b"345"

    await app.start()
    edge = Edge(log=log, clock=ManualClock())  # type: ignore[arg-type]
    client = Client(app, edge)
    await client.hears(get("/text") + get("/wait") + get("/stream") + get("/text", "Expect: x") + b"nonsense\r\n\r\n")
    peer = ("192.0.2.1", 4711)
    (refused,) = (each for each in noted if each[2] == 417)
    assert (refused[0], refused[4]) == (None, 0.0)
    assert [each for each in noted if each[2] != 417] == [
        ("/text", peer, 200, 4, 1.0),
        ("/wait", peer, 200, 6, 2.0),
        ("/stream", peer, 200, 5, 3.0),
        (None, peer, 400, len(client.bodies[-1]), 0.0),
    ]


# The edge


async def test_an_edge_ticks_until_it_is_stopped() -> None:
    clock = ManualClock(100.0)
    edge = Edge(clock=clock)
    assert (edge.now_s, edge.date) == (100.0, b"")
    clock.advance(1)
    edge.start()
    try:
        assert edge.now_s == 101.0
        assert edge.date.startswith(b"date: ")
        assert edge._timer is not None
    finally:
        edge.stop()
    assert edge._timer.cancelled()


async def test_a_request_leaves_no_cycles_behind() -> None:
    client = Client(service := Waiting())
    client.say(get("/a"))
    gc.collect()
    gc.disable()
    try:
        for _ in itertools.repeat(None, 10):
            client.say(get("/a") + post("/b", b"x"))
        service.seen.clear()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_a_connection_logs_nothing_of_what_goes_well(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        client = Client(Waiting())
        await client.hears(get("/a") + get("/b", "Connection: close"))

    with caplog.at_level(logging.DEBUG, "pyrt"):
        asyncio.run(main())
    assert [record for record in caplog.records if record.name == "pyrt"] == []


@pytest.mark.parametrize("leaves", [False, True])
async def test_who_still_takes_a_body_when_its_request_is_over_meets_an_error(leaves: bool) -> None:
    app, met = App(), list[ProtocolError]()
    tasks: list[asyncio.Task[None]] = []

    async def read(body: AsyncIterator[bytes]) -> None:
        try:
            async for _ in body:
                pass
        except ProtocolError as error:
            met.append(error)

    @app.post("/")
    async def handler(body: AsyncIterator[bytes]) -> str:
        tasks.append(asyncio.create_task(read(body)))
        await asyncio.sleep(0)
        if leaves:
            await asyncio.Event().wait()
        return "enough"

    await app.start()
    client = Client(app)
    await client.hears(get("/", "Content-Length: 6", method="POST") + b"abc")
    if leaves:
        client.protocol.connection_lost(None)
        await settle()
    assert [error.status for error in met] == [400]
    assert tasks[0].done()
    assert leaves or client.statuses == [200]
