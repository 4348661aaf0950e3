"""Bodies that go to their handlers as they come."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from pyrt import App, Limits, LocalContext
from pyrt.errors import ProtocolError
from pyrt.ingress.bodies import HIGH_WATER_BYTES
from pyrt.ingress.edge import Edge
from pyrt.ingress.http1 import Http1Protocol
from pyrt.testing import ManualClock, MemoryTransport


def add_others(app: App) -> None:
    @app.post("/echo")
    async def echo(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for part in body:
            yield part

    @app.post("/large", limit_body_bytes=20)
    async def large(body: bytes) -> str:
        return str(len(body))

    @app.post("/small", limit_body_bytes=3)
    async def small(body: AsyncIterator[bytes]) -> str:
        return b"".join([part async for part in body]).decode()


class Talk:
    """A connection to an app, whose handlers wait where they are told to."""

    def __init__(self, **limits: Any) -> None:
        self.app, self.clock = App(limits=Limits(**limits)), ManualClock()
        self.got: list[Any] = []
        self.go_on = asyncio.Event()
        self.edge = Edge(self.app.limits, clock=self.clock)
        self.transport = MemoryTransport(("192.0.2.1", 4711))

        @self.app.post("/all")
        async def all_of_it(body: AsyncIterator[bytes], lctx: LocalContext) -> str:
            lctx.on_cleanup(lambda: self.got.append("over"))
            try:
                async for part in body:
                    self.got.append(part)
            except ProtocolError as error:
                self.got.append(error.status)
                raise
            return "all"

        @self.app.post("/slow")
        async def slow(body: AsyncIterator[bytes]) -> str:
            await self.go_on.wait()
            return str(len(b"".join([part async for part in body])))

        @self.app.post("/some")
        async def some(body: AsyncIterator[bytes]) -> str:
            async for part in body:
                return part.decode()
            return ""

        add_others(self.app)

    async def begin(self) -> None:
        await self.app.start()
        self.protocol = Http1Protocol(self.app, self.edge)
        self.protocol.connection_made(self.transport)

    async def say(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.protocol.data_received(piece)
            for _ in range(20):
                await asyncio.sleep(0)

    async def pass_s(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.edge.tick()
        for _ in range(20):
            await asyncio.sleep(0)

    async def end(self) -> bytes:
        """Everything that was heard; nothing is left behind."""
        self.protocol.connection_lost(None)
        await self.protocol.wait_closed()
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()} | self.before
        await self.app.stop()
        return bytes(self.transport.written)

    async def __aenter__(self) -> "Talk":
        await self.begin()
        self.before = asyncio.all_tasks()
        return self

    async def __aexit__(self, *raised: object) -> None: ...

    @property
    def statuses(self) -> list[int]:
        return [int(part[:3]) for part in bytes(self.transport.written).split(b"HTTP/1.1 ")[1:]]


def head(path: str, length: int | None, *lines: str) -> bytes:
    framing = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: x", framing, *lines, "", ""]).encode()


async def test_a_handler_gets_the_parts_as_they_come() -> None:
    async with Talk() as talk:
        await talk.say(head("/all", 4) + b"a")
        assert talk.got == [b"a"]
        await talk.say(b"bc", b"d" + head("/all", None))
        await talk.say(b"2\r\nef\r\n", b"1\r\ng\r\n0\r\n\r\n")
        assert talk.got == [b"a", b"bc", b"d", "over", b"ef", b"g", "over"]
        assert talk.statuses == [200, 200]
        assert not talk.transport.is_closing()
        await talk.end()


@pytest.mark.parametrize(
    ("path", "length", "body", "status"),
    [
        ("/small", 3, b"abc", 200),
        ("/small", 4, b"", 413),
        ("/small", None, b"3\r\nabc\r\n0\r\n\r\n", 200),
        ("/small", None, b"3\r\nabc\r\n1\r\n", 413),
        ("/large", 20, b"a" * 20, 200),
        ("/large", 21, b"", 413),
        ("/large", None, b"15\r\n", 413),
        ("/all", 10, b"a" * 10, 200),
        ("/all", 11, b"", 413),
    ],
)
async def test_a_route_may_have_a_limit_of_its_own(path: str, length: int | None, body: bytes, status: int) -> None:
    async with Talk(body_bytes=10) as talk:
        await talk.say(head(path, length) + body)
        assert talk.statuses == [status]
        await talk.end()


async def test_a_client_is_not_read_while_its_handler_takes_nothing() -> None:
    size = 3 * HIGH_WATER_BYTES
    async with Talk() as talk:
        await talk.say(head("/slow", size) + b"a" * HIGH_WATER_BYTES)
        assert talk.transport.reading
        await talk.say(b"a")
        assert not talk.transport.reading
        await talk.pass_s(1000)  # which is not the client's fault
        assert talk.statuses == []
        talk.go_on.set()
        await talk.say(b"")
        assert talk.transport.reading
        await talk.say(b"a" * (size - HIGH_WATER_BYTES - 1))
        assert (await talk.end()).endswith(str(size).encode())


async def test_it_is_asked_for_its_body_when_the_handler_wants_it() -> None:
    async with Talk() as talk:
        await talk.say(head("/slow", 1, "Expect: 100-continue"))
        assert talk.statuses == []
        talk.go_on.set()
        await talk.say(b"")
        assert talk.statuses == [100]
        await talk.say(b"a")
        assert talk.statuses == [100, 200]
        await talk.end()


@pytest.mark.parametrize(("rest", "status"), [(b"", 200), (b"b", 200)])
async def test_a_handler_that_has_enough_ends_the_connection(rest: bytes, status: int) -> None:
    async with Talk() as talk:
        await talk.say(head("/some", 10) + b"a", rest)
        assert talk.statuses == [status]
        assert b"connection: close" in talk.transport.written
        assert talk.transport.ended
        await talk.end()


@pytest.mark.parametrize(
    ("body", "status"), [(b"3\r\nabc\r\nx\r\n", 400), (b"3\r\nabcd", 400), (b"3\r\nabc\r\nfffff\r\n", 413)]
)
async def test_a_body_that_breaks_is_met_by_its_handler_and_answered(body: bytes, status: int) -> None:
    async with Talk(body_bytes=1000) as talk:
        await talk.say(head("/all", None) + body)
        assert talk.got == [b"abc", status, "over"]
        assert talk.statuses == [status]
        await talk.end()


async def test_a_body_that_comes_too_slowly_is_met_by_its_handler() -> None:
    async with Talk() as talk:
        await talk.say(head("/all", 1000) + b"a")
        await talk.pass_s(4)
        assert talk.statuses == []
        await talk.pass_s(2)
        assert talk.got == [b"a", 408, "over"]
        assert talk.statuses == [408]
        await talk.end()


async def test_a_client_that_vanishes_ends_the_request() -> None:
    async with Talk() as talk:
        await talk.say(head("/all", 10) + b"a")
        assert await talk.end() == b""
        assert talk.got == [b"a", "over"]


@pytest.mark.parametrize("says", [b"x\r\n", None])
async def test_an_answer_that_needs_the_rest_of_a_broken_body_breaks_off_without_a_word(
    says: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    async with Talk() as talk:
        await talk.say(head("/echo", None) + b"1\r\na\r\n")
        if says is None:
            talk.protocol.eof_received()
        await talk.say(says or b"")
        assert talk.transport.aborted
        assert (await talk.end()).endswith(b"\r\n\r\n1\r\na\r\n")
    assert caplog.text == ""
