import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from pyrt import App, HttpError, LocalContext, Request, Response
from pyrt.context import Phase
from pyrt.errors import DeadlineExceeded
from pyrt.streams import Stream
from pyrt.testing import ManualClock


def problem(response: Response) -> Any:
    assert response.headers["content-type"] == "application/problem+json"
    return msgspec.json.decode(response.body)


async def endless() -> None:
    await asyncio.Event().wait()


async def parts_of(response: Response) -> list[bytes]:
    assert isinstance(response.body, Stream)
    return [part async for part in response.body]


async def test_past_its_deadline_a_request_is_cancelled_answered_and_cleaned_up() -> None:
    app, order = App(), []

    @app.get("/", deadline_s=0.001)
    async def handler(lctx: LocalContext) -> None:
        lctx.on_cleanup(lambda: order.append("cleanup"))
        try:
            await endless()
        finally:
            order.append("cancelled")

    app.catch(lambda error: order.append(type(error)))
    response = await app.handle(Request("GET", "/"))
    assert (response.status, problem(response)["detail"]) == (504, "no answer within 0.001 s")
    assert order == ["cancelled", DeadlineExceeded, "cleanup"]


async def test_the_deadline_holds_for_hooks_too() -> None:
    app = App(deadline_s=0.001)
    app.before(endless)
    app.get("/")(lambda: "")
    assert (await app.handle(Request("GET", "/"))).status == 504
    assert (await app.handle(Request("GET", "/nowhere"))).status == 504


@pytest.mark.parametrize(
    ("options", "expected"), [({}, 107.0), ({"deadline_s": 2.0}, 102.0), ({"deadline_s": None}, None)]
)
async def test_a_route_has_its_own_deadline_or_the_apps(options: Any, expected: float | None) -> None:
    app, seen = App(clock=ManualClock(100.0), deadline_s=7.0), []

    @app.get("/", **options)
    async def handler(lctx: LocalContext) -> None:
        seen.append(lctx.deadline)

    await app.handle(Request("GET", "/"))
    assert seen == [expected]


async def test_a_request_knows_its_phase() -> None:
    app, seen = App(), []

    def note(lctx: LocalContext) -> None:
        seen.append(lctx.phase)

    for register in (app.before, app.after, app.catch):
        register(note)

    @app.get("/")
    async def handler(lctx: LocalContext) -> None:
        lctx.on_cleanup(lambda: note(lctx))
        note(lctx)
        raise HttpError(418)

    await app.handle(Request("GET", "/"))
    assert seen == [Phase.BEFORE, Phase.HANDLER, Phase.CATCH, Phase.CLEANUP]


@pytest.mark.parametrize("slow", ["catch", "cleanup"])
async def test_catch_hooks_and_cleanup_cannot_hold_a_request_for_ever(slow: str, caplog: Any) -> None:
    app = App(cleanup_timeout_s=0.001)
    if slow == "catch":
        app.catch(endless)

    @app.get("/")
    async def handler(lctx: LocalContext) -> None:
        if slow == "cleanup":
            lctx.on_cleanup(endless)
        raise HttpError(418)

    response = await app.handle(Request("GET", "/"))
    assert response.status == {"catch": 504, "cleanup": 418}[slow]
    assert slow in caplog.text


async def test_a_cancelled_request_is_cleaned_up_and_has_no_answer() -> None:
    app, order, started = App(), [], asyncio.Event()

    @app.get("/")
    async def handler(lctx: LocalContext) -> None:
        lctx.on_cleanup(lambda: order.append("cleanup"))
        started.set()
        await endless()

    task = asyncio.create_task(app.handle(Request("GET", "/")))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert order == ["cleanup"]


async def test_an_unforeseen_error_can_be_raised_and_is_cleaned_up() -> None:
    app, order = App(), []

    @app.get("/{what}")
    async def handler(what: str, lctx: LocalContext) -> None:
        lctx.on_cleanup(lambda: order.append("cleanup"))
        raise HttpError(404) if what == "foreseen" else KeyError("x")

    assert (await app.handle(Request("GET", "/foreseen"), raise_errors=True)).status == 404
    with pytest.raises(KeyError):
        await app.handle(Request("GET", "/unforeseen"), raise_errors=True)
    assert order == ["cleanup", "cleanup"]


@pytest.mark.parametrize("debug", [False, True])
async def test_a_stack_trace_leaves_the_process_only_when_debugging(debug: bool) -> None:
    app = App(debug=debug)

    @app.get("/")
    async def handler() -> None:
        raise KeyError("\udc80 secret")

    found = problem(await app.handle(Request("GET", "/")))
    assert found["status"] == 500
    assert ("secret" in str(found)) == ("traceback" in found) == debug


async def test_every_error_document_carries_the_request_id(caplog: pytest.LogCaptureFixture) -> None:
    app, ids = App(), []
    app.catch(lambda lctx: ids.append(lctx.request_id))
    app.get("/a")(lambda: 1 / 0)
    answers = [await app.handle(Request("GET", path)) for path in ("/a", "/b", "/%zz")]
    assert [response.status for response in answers] == [500, 404, 400]
    assert [problem(response)["request_id"] for response in answers] == ids
    assert ids[0] in caplog.text


async def test_options_are_answered_where_the_author_does_not() -> None:
    app = App()
    app.get("/a")(lambda: "a")
    app.post("/a")(lambda: "a")
    app.options("/b")(lambda: "own")
    response = await app.handle(Request("OPTIONS", "/a"))
    assert (response.status, response.body, response.headers["allow"]) == (204, b"", "GET, HEAD, OPTIONS, POST")
    assert (await app.handle(Request("OPTIONS", "/b"))).body == b"own"


# Streams


def streaming(*parts: Any, cleaned: list[str]) -> App:
    app = App()
    app.before(lambda lctx: lctx.on_cleanup(lambda: cleaned.append("cleanup")))

    @app.get("/")
    async def handler() -> AsyncIterator[Any]:
        try:
            for part in parts:
                if isinstance(part, Exception):
                    raise part
                yield part
        finally:
            cleaned.append("closed")

    return app


async def test_an_async_generator_is_streamed_and_cleaned_up_at_its_end() -> None:
    cleaned: list[str] = []
    response = await streaming(b"a", "é", b"", b"c", cleaned=cleaned).handle(Request("GET", "/"))
    assert (response.status, response.headers["content-type"], cleaned) == (200, "application/octet-stream", [])
    assert await parts_of(response) == [b"a", "é".encode(), b"c"]
    assert cleaned == ["closed", "cleanup"]
    await response.body.aclose()
    assert cleaned == ["closed", "cleanup"]


async def test_a_stream_that_is_closed_early_is_cleaned_up_once() -> None:
    cleaned: list[str] = []
    response = await streaming(b"a", b"b", cleaned=cleaned).handle(Request("GET", "/"))
    assert await anext(response.body) == b"a"
    await response.body.aclose()
    assert cleaned == ["closed", "cleanup"]
    assert [part async for part in response.body] == []


@pytest.mark.parametrize("bad", [KeyError("x"), 7])
async def test_a_stream_that_fails_is_logged_cleaned_up_and_raised(bad: Any, caplog: pytest.LogCaptureFixture) -> None:
    cleaned: list[str] = []
    response = await streaming(b"a", bad, cleaned=cleaned).handle(Request("GET", "/"))
    with pytest.raises((KeyError, TypeError)):
        await parts_of(response)
    assert cleaned == ["closed", "cleanup"]
    assert "failed in its stream" in caplog.text


async def test_a_stream_ends_with_the_deadline_of_its_request() -> None:
    clock = ManualClock()
    app, closed = App(clock=clock), []

    @app.get("/", deadline_s=10.0)
    async def handler(lctx: LocalContext) -> AsyncIterator[bytes]:
        try:
            assert lctx.deadline == clock() + 10.0
            yield b"a"
            clock.advance(9.999)
            yield b"b"
            await endless()
        finally:
            closed.append(True)

    response = await app.handle(Request("GET", "/"))
    with pytest.raises(DeadlineExceeded) as caught:
        await parts_of(response)
    assert caught.value.limit_s == 10.0
    assert closed == [True]


async def test_head_of_a_stream_closes_it_unread() -> None:
    cleaned: list[str] = []
    response = await streaming(b"a", cleaned=cleaned).handle(Request("HEAD", "/"))
    assert (response.status, response.body, cleaned) == (200, b"", ["cleanup"])
    assert "content-length" not in response.headers


async def test_a_response_may_carry_a_stream_with_its_own_type() -> None:
    async def parts() -> AsyncIterator[str]:
        yield "data: 1\n\n"

    app = App()

    @app.get("/")
    async def handler() -> Response:
        return Response(parts(), 202, content_type="text/event-stream")

    response = await app.handle(Request("GET", "/"))
    assert (response.status, response.headers["content-type"]) == (202, "text/event-stream")
    assert await parts_of(response) == [b"data: 1\n\n"]


async def test_cleanup_sees_the_answer() -> None:
    app, seen = App(), []
    app.before(lambda lctx: lctx.on_cleanup(lambda: seen.append(lctx.response.status)))

    @app.get("/", status=202)
    async def handler() -> str:
        return ""

    await app.handle(Request("GET", "/"))
    assert seen == [202]
