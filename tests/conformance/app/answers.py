"""What a handler may return."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from pyrt import LocalContext, Request, Response
from tests.conformance.app.declared import app, key_of, notes


class Point(msgspec.Struct):
    x: int
    y: int


@app.get("/answers/text")
async def text() -> str:
    return "tëxt"


@app.get("/answers/bytes")
async def raw() -> bytes:
    return b"\x00\xff"


@app.get("/answers/json")
async def plain_json() -> dict[str, Any]:
    return {"a": [1, None, "é"]}


@app.get("/answers/struct")
async def struct() -> Point:
    return Point(1, 2)


@app.get("/answers/none")
async def none() -> None: ...


@app.post("/answers/created", status=201)
async def created() -> str:
    return "made"


@app.get("/answers/response")
async def response() -> Response:
    return Response("made", 202, [("x-many", "a"), ("x-many", "b"), ("x-latin", "caf\xe9")], "text/x-made")


@app.get("/answers/filled")
async def filled(res: Response) -> str:
    res.headers.add("x-filled", "yes")
    res.status = 203
    return "filled"


@app.get("/answers/status/{status:int}")
async def bare_status(status: int) -> Response:
    return Response(status=status)


# Streamed answers


def note_cleanup(lctx: LocalContext) -> None:
    key = key_of(lctx.request)
    lctx.on_cleanup(lambda: notes.write(key, "cleaned"))


@app.get("/streams/whole", before=[note_cleanup])
async def stream_whole(req: Request) -> AsyncIterator[bytes | str]:
    for part in ("a", b"b", "", "é"):
        yield part
    notes.write(key_of(req), "ended")


@app.get("/streams/returned")
async def stream_returned() -> AsyncIterator[bytes | str]:
    return stream_parts("a", b"b", "é")


@app.get("/streams/response")
async def stream_response() -> Response:
    return Response(stream_parts(b"a,", b"b"), 201, [("x-kind", "streamed")], "text/csv")


@app.get("/streams/empty")
async def stream_empty() -> AsyncIterator[bytes | str]:
    return stream_parts()


async def stream_parts(*parts: Any) -> AsyncIterator[Any]:
    for part in parts:
        yield part


@app.get("/streams/failing/{after:int}", before=[note_cleanup])
async def stream_failing(after: int) -> AsyncIterator[bytes]:
    for _ in range(after):
        yield b"part"
    raise RuntimeError("secret of the stream")


@app.get("/streams/held")
async def stream_held(req: Request) -> AsyncIterator[bytes]:
    yield b"first"
    await notes.read(key_of(req), 1)
    yield b"last"


@app.get("/streams/endless/{size:int}", before=[note_cleanup])
async def stream_endless(size: int, req: Request) -> AsyncIterator[bytes]:
    try:
        while True:
            yield b"x" * size
    finally:
        notes.write(key_of(req), "ended")


@app.get("/streams/quiet", before=[note_cleanup])
async def stream_quiet(req: Request) -> AsyncIterator[bytes]:
    """Says one thing and then nothing for ever: only the end of the connection can end it."""
    try:
        yield b"first"
        await asyncio.Event().wait()
    finally:
        notes.write(key_of(req), "ended")
