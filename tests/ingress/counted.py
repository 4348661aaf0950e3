"""What strangers may send to make a server work, each in a size and in twice that: run under callgrind, which counts.

    valgrind --tool=callgrind --dump-after=getloadavg --callgrind-out-file=out python -m tests.ingress.counted

It has callgrind write what it has counted three times for each of INPUTS: what is to be thrown away, the input, and
one that is twice as long.
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

from pyrt import App, Limits, Request
from pyrt.ingress.edge import Edge
from pyrt.ingress.http1 import Http1Protocol
from pyrt.testing import ManualClock, MemoryTransport

__all__ = ("INPUTS", "Input")

# As little bound as can be, so that work which grows too fast has room to show.
WIDE = Limits(
    request_line_bytes=10**6, header_line_bytes=10**6, head_bytes=10**6, headers=10**5, body_bytes=10**7,
    pipelined_bytes=10**7, form_fields=10**5, form_text_bytes=10**7,
)  # fmt: skip
WHOLE = 10**9


class Input(NamedTuple):
    """What a client sends.

    Attributes:
        made: the bytes, of about so many as it is told.
        size: the smaller one, in bytes.
        piece: how many bytes are fed at once.
        status: of every answer.
        limits: where not these but the usual ones are to be met.
    """

    name: str
    made: Callable[[int], bytes]
    size: int
    piece: int = WHOLE
    status: int = 200
    limits: Limits = WIDE


def asking(method: bytes = b"GET", target: bytes = b"/", *lines: bytes) -> bytes:
    return b"%b %b HTTP/1.1\r\nHost: a\r\n%b\r\n" % (method, target, b"".join(line + b"\r\n" for line in lines))


def posting(target: bytes, body: bytes, *lines: bytes) -> bytes:
    return asking(b"POST", target, *lines, b"Content-Length: %d" % len(body)) + body


def repeated(one: bytes, size: int) -> bytes:
    return one * (size // len(one))


def numbered(one: bytes, size: int) -> bytes:
    """*one* with a number in it, over and over, and never the same."""
    return b"".join(one % at for at in range(size // len(one % 1000)))


def in_chunks(one: bytes, size: int, extension: bytes = b"", trailers: bytes = b"") -> bytes:
    chunk = b"%x%b\r\n%b\r\n" % (len(one), extension, one)
    return asking(b"POST", b"/", b"Transfer-Encoding: chunked") + repeated(chunk, size) + b"0\r\n%b\r\n" % trailers


def with_trailers(size: int) -> bytes:
    return in_chunks(b"", 0, trailers=numbered(b"X-%d: some value\r\n", size))


def multipart(body: bytes) -> bytes:
    return posting(b"/form", body + b"\r\n--b--\r\n", b"Content-Type: multipart/form-data; boundary=b")


PART = b'--b\r\nContent-Disposition: form-data; name="n%b"\r\n%b\r\n'
LINES = b"".join(b"X%d: y\r\n" % at for at in range(5))
URLENCODED = b"Content-Type: application/x-www-form-urlencoded"
JSON = b"Content-Type: application/json"

INPUTS = (
    Input("header lines", lambda n: asking(b"GET", b"/", numbered(b"X-%d: some value\r\n", n)[:-2]), 40_000),
    Input("header lines, one like the other", lambda n: asking(b"GET", b"/", repeated(b"A:\r\n", n)[:-2]), 20_000),
    Input("header lines, byte by byte", lambda n: asking(b"GET", b"/", repeated(b"A:\r\n", n)[:-2]), 1500, 1),
    Input("header lines, in pieces", lambda n: asking(b"GET", b"/", repeated(b"A:\r\n", n)[:-2]), 30_000, 40),
    Input("a long header line", lambda n: asking(b"GET", b"/", b"X: " + b"x" * n), 400_000),
    Input("a long header line, byte by byte", lambda n: asking(b"GET", b"/", b"X: " + b"x" * n), 1500, 1),
    Input("a long header line, in pieces", lambda n: asking(b"GET", b"/", b"X: " + b"x" * n), 100_000, 100),
    Input("a header line of white space", lambda n: asking(b"GET", b"/", b"X:" + b" \t" * (n // 2)), 400_000),
    Input("a header line that goes wrong", lambda n: asking(b"GET", b"/", b"x" * n), 400_000, status=400),
    Input("options of a connection", lambda n: asking(b"GET", b"/", b"Connection: " + b"a ,\t" * (n // 4)), 50_000),
    Input("an empty list", lambda n: asking(b"GET", b"/", b"Connection: " + b" " * n + b"x"), 400_000),
    Input("cookies", lambda n: asking(b"GET", b"/facts", b"Cookie: " + numbered(b"a%d=b;", n)), 30_000),
    Input("a query", lambda n: asking(b"GET", b"/facts?" + numbered(b"a%d=b&", n)[:-1]), 3000),
    Input("a long target", lambda n: asking(b"GET", b"/" + b"x" * n), 400_000, status=404),
    Input("a target of many parts", lambda n: asking(b"GET", b"/a" * (n // 2)), 50_000, status=404),
    Input("a target of escapes", lambda n: asking(b"GET", b"/%2e%2f%25" * (n // 10)), 5000, status=404),
    Input("a long target, in pieces", lambda n: asking(b"GET", b"/" + b"x" * n), 100_000, 100, 404),
    Input("a host of escapes", lambda n: asking(b"GET", b"http://" + b"%2e" * (n // 3) + b"/"), 100_000),
    Input("a long method", lambda n: asking(b"M" * n), 400_000, status=501),
    Input("a long method, in pieces", lambda n: asking(b"M" * n), 100_000, 100, 501),
    Input("no request at all", lambda n: b"\r\n" * (n // 2), 200_000, status=400),
    Input("no request at all, byte by byte", lambda n: b"\r\n" * (n // 2), 1500, 1, 400),
    Input("chunks", lambda n: in_chunks(b"x" * 20, n), 20_000),
    Input("chunks, byte by byte", lambda n: in_chunks(b"x" * 20, n), 1500, 1),
    Input("long extensions", lambda n: in_chunks(b"x" * 300, n, b';a="\\b"' * 34), 60_000),
    Input("long extensions, byte by byte", lambda n: in_chunks(b"x" * 300, n, b';a="\\b"' * 34), 1100, 1),
    Input("a size without end, in pieces", lambda n: in_chunks(b"x", 10 + 2 * n, b";a" * n)[:n], 20_000, 20, 400),
    Input("trailers", with_trailers, 4000),
    Input("trailers, in pieces", with_trailers, 4000, 5),
    Input("a body", lambda n: posting(b"/", b"x" * n), 400_000),
    Input("a body, byte by byte", lambda n: posting(b"/", b"x" * n), 1500, 1),
    Input("a body, in pieces", lambda n: posting(b"/", b"x" * n), 400_000, 400),
    Input("a body that is taken in parts, byte by byte", lambda n: posting(b"/parts", b"x" * n), 1500, 1),
    Input("requests", lambda n: repeated(asking(), n), 8000),
    Input("requests, in pieces", lambda n: repeated(asking(), n), 8000, 100),
    Input("requests that wait for one another", lambda n: repeated(asking(b"GET", b"/wait"), n), 3000),
    Input("requests that wait, in pieces", lambda n: repeated(asking(b"GET", b"/wait"), n), 3000, 10),
    Input("requests with unknown methods", lambda n: numbered(asking(b"BREW%d"), n), 6000, status=405),
    Input("requests of unknown paths", lambda n: numbered(asking(b"GET", b"/%d"), n), 6000, status=404),
    Input("fields of a form", lambda n: posting(b"/form", numbered(b"a%d=b&", n)[:-1], URLENCODED), 10_000),
    Input("a form of escapes", lambda n: posting(b"/form", b"a=" + b"%20+" * (n // 4), URLENCODED), 20_000),
    Input("fields of multipart", lambda n: multipart(b"\r\n".join([PART % (b"", b"")] * (n // 60))), 12_000),
    Input("a file in multipart", lambda n: multipart(PART % (b'"; filename="f', b"") + b"x" * n), 400_000),
    Input("a field in multipart, in pieces", lambda n: multipart(PART % (b"", b"") + b"x" * n), 10_000, 20),
    Input("half boundaries", lambda n: multipart(PART % (b"", b"") + b"\r\n--" * (n // 4)), 400_000),
    Input("header lines in multipart", lambda n: multipart(b"\r\n".join([PART % (b"", LINES)] * (n // 90))), 10_000),
    Input("a document", lambda n: posting(b"/json", b"[%b0]" % (b"[1]," * (n // 4)), JSON), 20_000),
    Input("a number", lambda n: posting(b"/json", b"1" * n, JSON), 50_000, status=422),
    Input("what comes behind a fault", lambda n: b"\n" + b"x" * n, 40_000, 100, 400),
)  # fmt: skip


def made_app() -> App:
    app = App(limits=WIDE)

    @app.route("/", methods=["GET", "POST"])
    async def plain(body: bytes) -> str:
        return "ok"

    @app.get("/wait")
    async def wait() -> str:
        await asyncio.sleep(0)
        return "ok"

    @app.get("/facts")
    async def facts(req: Request) -> int:
        return len(req.cookies) + len(req.query_params)

    @app.post("/parts")
    async def parts(body: AsyncIterator[bytes]) -> int:
        return sum([len(part) async for part in body])

    @app.post("/form")
    async def fields(form: Any) -> int:
        return len(form.fields)

    @app.post("/json")
    async def document(body: list[Any]) -> int:
        return len(body)

    return app


async def talk(app: App, sent: Input, data: bytes) -> None:
    """Say it all, and wait until it is answered."""
    transport = MemoryTransport(("192.0.2.1", 4711))
    protocol = Http1Protocol(app, Edge(sent.limits, clock=ManualClock()))
    protocol.connection_made(transport)
    for at in range(0, len(data), sent.piece):
        protocol.data_received(data[at : at + sent.piece])
        if sent.piece < WHOLE:
            await asyncio.sleep(0)
    before = -1
    while before != (before := len(transport.written)):
        for _ in range(10):
            await asyncio.sleep(0)
    protocol.connection_lost(None)
    answers = transport.written.count(b"HTTP/1.1 ")
    expected = data.count(b" HTTP/1.1\r\n") or 1
    if not answers == transport.written.count(b"HTTP/1.1 %d " % sent.status) == expected:
        raise SystemExit(
            f"{sent.name}: {expected} times {sent.status} was expected, not {bytes(transport.written[:300])!r}"
        )


async def main() -> None:
    app = made_app()
    await app.start()
    gc.disable()
    for sent in INPUTS:
        # What is done once and kept is done before.
        await talk(app, sent, sent.made(sent.size // 10))
        os.getloadavg()
        for size in (sent.size, 2 * sent.size):
            data = sent.made(size)
            await talk(app, sent, data)
            os.getloadavg()


if __name__ == "__main__":
    asyncio.run(main())
