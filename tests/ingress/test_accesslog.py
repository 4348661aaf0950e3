import asyncio
import io
import json
import math
import threading
import weakref
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyrt import App, HttpError, Request, Response
from pyrt.ingress.accesslog import AccessLog
from pyrt.ingress.edge import Edge
from pyrt.ingress.http1 import Http1Protocol
from pyrt.testing import ManualClock, MemoryTransport

FIELDS = [
    "time", "client", "status", "bytes", "duration_s", "method", "target", "version", "referer", "user_agent"
]  # fmt: skip
OF_A_REQUEST = ("method", "target", "version", "referer", "user_agent", "duration_s")


class Broken(io.StringIO):
    """Takes nothing while it is `full`; then half of it has been taken."""

    is_full = False

    def write(self, text: str) -> int:
        if self.is_full:
            super().write(text[: len(text) // 2])
            raise OSError(28, "No space left on device")
        return super().write(text)


class Waiting(io.StringIO):
    """Takes nothing until it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go_on = threading.Event(), threading.Event()

    def write(self, text: str) -> int:
        self.begun.set()
        self.go_on.wait()
        return super().write(text)


def entries(file: io.StringIO) -> list[dict[str, Any]]:
    """What each line says; every line is one, and of ASCII."""
    text = file.getvalue()
    assert text.isascii()
    assert text == "" or text.endswith("\n")
    assert not any(ord(character) < 32 for character in text.replace("\n", ""))
    return [json.loads(line) for line in text.split("\n")[:-1]]


def noting(*targets: str) -> list[dict[str, Any]]:
    file = io.StringIO()
    log = AccessLog(file, now_s=lambda: 0.25)
    for target in targets:
        log.add(Request("GET", target), ("192.0.2.1", 4711), 200, 3, 0.1234567)
    log.close()
    return entries(file)


def heard(*pieces: bytes) -> tuple[list[dict[str, Any]], bytes]:
    """What is written down of a connection that says this, and what it hears."""
    return asyncio.run(_heard(pieces))


def answering() -> App:
    app = App()

    @app.route("/{path:path}", ["GET", "POST"])
    async def handler(path: str) -> Response:
        if path == "wait":
            await asyncio.sleep(0)
        if path == "error":
            raise HttpError(418)
        if path in ("stream", "broken"):
            return Response(parts(path == "broken"))
        return Response(b"body", {"none": 204, "reset": 205}.get(path, 200))

    async def parts(breaks: bool) -> AsyncIterator[bytes]:
        yield b"ab"
        if breaks:
            raise RuntimeError
        yield b"cd"

    return app


async def _heard(pieces: tuple[bytes, ...]) -> tuple[list[dict[str, Any]], bytes]:
    app, file = answering(), io.StringIO()
    await app.start()
    edge = Edge(log=AccessLog(file))
    protocol, transport = Http1Protocol(app, edge), MemoryTransport(("192.0.2.1", 4711))
    protocol.connection_made(transport)
    for piece in pieces:
        protocol.data_received(piece)
        for _ in range(20):
            await asyncio.sleep(0)
    protocol.eof_received()
    for _ in range(20):
        await asyncio.sleep(0)
    protocol.connection_lost(None)
    await protocol.wait_closed()
    edge.stop()
    await app.stop()
    return entries(file), bytes(transport.written)


def test_a_line_says_what_was_asked_and_answered() -> None:
    (entry,) = noting("/a?b=c&token=secret")
    assert list(entry) == FIELDS
    assert datetime.fromisoformat(entry["time"]).timestamp() == 0.25
    assert entry == {
        "time": "1970-01-01T00:00:00.250+00:00",
        "client": "192.0.2.1",
        "status": 200,
        "bytes": 3,
        "duration_s": 0.123457,
        "method": "GET",
        "target": "/a?b=c&token=secret",
        "version": "1.1",
        "referer": None,
        "user_agent": None,
    }


def test_lines_are_in_the_order_of_the_answers() -> None:
    assert [each["target"] for each in noting("/a", "/b", "/c")] == ["/a", "/b", "/c"]


def test_every_answer_has_one_line() -> None:
    paths = ["/first", "/wait", "/error", "/stream", "/none", "/reset", "/last"]
    request = "GET {} HTTP/1.1\r\nHost: x\r\nUser-Agent: me\r\nReferer: there\r\n\r\n"
    found, _ = heard(*(request.format(path).encode() for path in paths))
    assert [each["target"] for each in found] == paths
    assert [each["status"] for each in found] == [200, 200, 418, 200, 204, 205, 200]
    assert [each["bytes"] for each in found if each["status"] != 418] == [4, 4, 4, 0, 0, 4]
    assert {(each["user_agent"], each["referer"], each["client"]) for each in found} == {("me", "there", "192.0.2.1")}
    assert all(each["duration_s"] >= 0 for each in found)


@pytest.mark.parametrize("path", ["/any", "/stream", "/error"])
def test_an_answer_to_head_has_no_bytes(path: str) -> None:
    ((entry,), _) = heard(f"HEAD {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert (entry["method"], entry["bytes"]) == ("HEAD", 0)


def test_an_answer_that_breaks_off_has_a_line_with_what_was_sent() -> None:
    ((entry,), _) = heard(b"GET /broken HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (entry["target"], entry["status"], entry["bytes"]) == ("/broken", 200, 2)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: x\n\n", 400),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 9000, 431),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", 413),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    ],
)
def test_what_is_no_request_is_a_line_without_one(data: bytes, status: int) -> None:
    found, said = heard(b"GET /first HTTP/1.1\r\nHost: x\r\n\r\n", data)
    first, refused = found
    assert first["target"] == "/first"
    assert list(refused) == FIELDS
    assert {name: refused[name] for name in OF_A_REQUEST} == dict.fromkeys(OF_A_REQUEST)
    assert (refused["status"], refused["client"]) == (status, "192.0.2.1")
    assert said.endswith(b"}")
    assert refused["bytes"] == len(said.rpartition(b"\r\n\r\n")[2])


# No line is forged

# What may stand in a target and in a header's value, by the grammar, and a little of what may not.
TARGETS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7F)).map(lambda text: "/" + text)
VALUES = st.binary(max_size=30) | st.sampled_from(
    [b'"}\\', b"\xff\xfe\x80\x85\xa0", b"\\u000a\\n%0a", b'"status": 200}\n{"status": 200', b"\x1b[2J", b"\r\nX: y"]
)


@settings(deadline=None)
@given(TARGETS, VALUES, VALUES)
def test_no_request_makes_another_line_or_says_what_it_did_not(target: str, agent: bytes, referer: bytes) -> None:
    request = b"GET %b HTTP/1.1\r\nHost: x\r\nUser-Agent: %b\r\nReferer: %b\r\n\r\n" % (target.encode(), agent, referer)
    found, said = heard(request)
    assert len(found) == said.count(b"HTTP/1.1 ")
    if len(found) > 1 or found[0]["method"] is None or b"\r\n" in agent + referer:
        return  # refused, or said in other lines than these
    ((path, _, query), (entry,)) = target.partition("?"), found
    assert entry["target"] == (f"{path}?{query}" if query else path)
    sent = [value.strip(b" \t").decode("latin-1") for value in (agent, referer)]
    assert [entry["user_agent"], entry["referer"]] == sent


@settings(deadline=None)
@given(st.text(), st.text(), st.text())
def test_a_line_holds_whatever_another_server_may_say(path: str, method: str, version: str) -> None:
    file = io.StringIO()
    log = AccessLog(file)
    request = Request(method, path, version=version)
    request.raw = [(b"user-agent", bytes(range(256)))]
    log.add(request, None, 200, 0, 0.0)
    log.close()
    (entry,) = entries(file)
    assert (entry["method"], entry["version"], entry["client"]) == (method, version, None)
    assert entry["user_agent"] == bytes(range(256)).decode("latin-1")


# Writing


def test_it_is_written_by_a_thread_of_its_own_at_the_edges_next_tick() -> None:
    file, clock = Waiting(), ManualClock()
    log = AccessLog(file)
    edge = Edge(log=log, clock=clock)
    log.add(Request("GET", "/"), None, 200, 0, 0.0)
    assert not file.begun.is_set()
    edge.tick()
    assert file.begun.wait(20)  # and here nobody waits for it
    assert file.getvalue() == ""
    file.go_on.set()
    edge.stop()
    assert len(entries(file)) == 1


def test_what_is_too_much_is_dropped_and_counted() -> None:
    file = Waiting()
    log = AccessLog(file, limit_pending=3)

    def add(*targets: str) -> None:
        for target in targets:
            log.add(Request("GET", target), None, 200, 0, 0.0)

    add("/1", "/2")
    log.flush()
    file.begun.wait()
    add("/3", "/4", "/5")  # of which there is room for one
    log.flush()
    add("/6")
    log.flush()
    file.go_on.set()
    log.close()
    assert [each.get("target", each.get("dropped")) for each in entries(file)] == ["/1", "/2", "/3", 2, 1]
    add("/7")  # with what was written there is room again, and another thread
    log.close()
    assert entries(file)[-1]["target"] == "/7"


def test_a_request_that_waits_to_be_written_does_not_keep_its_body() -> None:
    class Body:
        pass

    gone, request = threading.Event(), Request("POST", "/")
    request.body = Body()
    weakref.finalize(request.body, gone.set)
    log = AccessLog(io.StringIO())
    log.add(request, None, 200, 0, 0.0)
    del request
    assert gone.is_set()
    log.close()


def test_a_file_that_takes_nothing_costs_its_lines_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    file = Broken()
    log = AccessLog(file, limit_pending=2)

    def add(*targets: str) -> None:
        for target in targets:
            log.add(Request("GET", target), None, 200, 0, 0.0)
        log.close()

    add("/1")
    file.is_full = True
    add("/2", "/3")
    add("/4")
    file.is_full = False
    add("/5", "/6")
    assert "the access log cannot be written; 2 lines are lost" in caplog.text
    lines = file.getvalue().splitlines()
    assert [json.loads(line)["target"] for line in (lines[0], *lines[-2:])] == ["/1", "/5", "/6"]


def test_an_entry_that_cannot_be_written_down_does_not_end_the_log(caplog: pytest.LogCaptureFixture) -> None:
    file = io.StringIO()
    log = AccessLog(file, now_s=iter([math.inf, 0.0]).__next__)
    log.add(Request("GET", "/"), None, 200, 0, 0.0)
    log.flush()
    log.add(Request("GET", "/after"), None, 200, 0, 0.0)
    log.close()
    assert [each["target"] for each in entries(file)] == ["/after"]
    assert "cannot be written" in caplog.text


def test_what_waits_to_be_written_is_bounded_in_bytes() -> None:
    file = io.StringIO()
    log = AccessLog(file, limit_bytes=1000)
    for _ in range(3):
        log.add(Request("GET", "/", {"user-agent": "x" * 400, "cookie": "y" * 5000}), None, 200, 0, 0.0)
    log.close()
    assert [each.get("dropped") for each in entries(file)] == [None, None, 1]


def test_a_log_that_nothing_is_added_to_starts_no_thread() -> None:
    before = threading.active_count()
    log = AccessLog(io.StringIO())
    log.flush()
    assert threading.active_count() == before
    log.close()
