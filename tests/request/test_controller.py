import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from pyrt import App, HttpError, LocalContext, Request, Response
from pyrt.errors import ClosedError, DeadlineExceeded
from pyrt.request.context import Phase
from pyrt.request.streams import Stream
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


async def test_head_of_a_stream_closes_it_unsent() -> None:
    cleaned: list[str] = []
    response = await streaming(b"a", cleaned=cleaned).handle(Request("HEAD", "/"))
    assert (response.status, cleaned) == (200, ["closed", "cleanup"])
    assert "content-length" not in response.headers
    assert await parts_of(response) == []


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


async def test_a_stream_that_never_waits_ends_with_the_deadline_too() -> None:
    clock = ManualClock()
    app = App(clock=clock, deadline_s=10.0)

    @app.get("/")
    async def handler() -> AsyncIterator[bytes]:
        while True:
            clock.advance(1.0)
            yield b""

    response = await app.handle(Request("GET", "/"))
    with pytest.raises(DeadlineExceeded):
        await parts_of(response)


async def test_a_stream_that_never_waits_leaves_the_event_loop_to_others() -> None:
    app, others = App(), asyncio.Event()

    @app.get("/")
    async def handler() -> AsyncIterator[bytes]:
        yield b"a"
        while not others.is_set():
            yield b"a"

    response = await app.handle(Request("GET", "/"))
    asyncio.get_running_loop().call_soon(others.set)
    assert set(await parts_of(response)) == {b"a"}


async def test_what_a_stream_cancels_itself_is_its_failure() -> None:
    app, cleaned = App(), []
    app.before(lambda lctx: lctx.on_cleanup(lambda: cleaned.append(True)))

    @app.get("/")
    async def handler() -> AsyncIterator[bytes]:
        yield b"a"
        raise asyncio.CancelledError

    response = await app.handle(Request("GET", "/"))
    with pytest.raises(RuntimeError, match="its request was not cancelled"):
        await parts_of(response)
    assert cleaned == [True]


# What is answered, whatever it is


class Text(bytes):
    """What is bytes, but not exactly."""


class Broken:
    """What is an async iterable by its looks."""

    def __aiter__(self) -> Any:
        raise KeyError("broken")


ANSWERS = [(Text(b"a"), 200, b"a"), (Response(Text(b"a"), 201), 201, b"a"), (Response(Broken()), 500, None)]


@pytest.mark.parametrize(("answer", "status", "body"), ANSWERS)
@pytest.mark.parametrize("phase", ["before", "handler", "after", "catch"])
async def test_every_answer_is_sendable_or_a_500_and_cleaned_up(
    phase: str, answer: Any, status: int, body: bytes | None
) -> None:
    app, cleaned = App(), []
    app.before(lambda lctx: lctx.on_cleanup(lambda: cleaned.append(True)))
    if phase != "handler":
        getattr(app, phase)(lambda: answer)

    @app.get("/")
    async def handler() -> Any:
        if phase == "catch":
            raise KeyError
        return answer if phase == "handler" else "unused"

    response = await app.handle(Request("GET", "/"))
    assert response.status == status
    assert type(response.body) is bytes
    assert body in (None, response.body)
    assert cleaned == [True]


@pytest.mark.parametrize(("body", "status"), [({}, 200), (b"", 999)])
async def test_what_a_before_hook_answers_is_checked(body: Any, status: int) -> None:
    app = App()

    @app.before
    def hook() -> Response:
        made = Response()
        made.body, made.status = body, status
        return made

    app.get("/")(lambda: "unused")
    assert (await app.handle(Request("GET", "/"))).status == 500


class Panic(BaseException):
    """What extensions raise that are not of this world."""


@pytest.mark.parametrize("error", [Panic, SystemExit])
async def test_what_is_raised_and_no_exception_is_a_500_and_cleaned_up(
    error: Any, caplog: pytest.LogCaptureFixture
) -> None:
    app, cleaned = App(), []

    @app.get("/")
    async def handler(lctx: LocalContext) -> None:
        lctx.on_cleanup(lambda: cleaned.append(True))
        raise error("secret")

    response = await app.handle(Request("GET", "/"))
    assert (response.status, cleaned) == (500, [True])
    assert b"secret" not in response.body
    assert f"{error.__name__}: secret" in caplog.text


@pytest.mark.parametrize("error", [KeyboardInterrupt, GeneratorExit])
async def test_what_ends_more_than_the_request_passes_through_after_cleanup(error: type[BaseException]) -> None:
    app, cleaned = App(), []

    @app.get("/")
    async def handler(lctx: LocalContext) -> None:
        lctx.on_cleanup(lambda: cleaned.append(True))
        raise error

    with pytest.raises(error):
        await app.handle(Request("GET", "/"))
    assert cleaned == [True]


async def test_the_cleanup_has_one_time_limit_for_all_of_it(caplog: pytest.LogCaptureFixture) -> None:
    app, cleaned = App(cleanup_timeout_s=0.001), []

    @app.get("/")
    async def handler(lctx: LocalContext) -> None:
        lctx.on_cleanup(lambda: cleaned.append("plain"))
        for _ in range(3):
            lctx.on_cleanup(endless)

    assert (await app.handle(Request("GET", "/"))).status == 204
    assert cleaned == ["plain"]
    assert caplog.text.count("was cancelled after 0.001 s") == 3


async def test_what_comes_too_late_for_the_cleanup_is_refused() -> None:
    app, kept = App(), []

    @app.get("/{way}")
    async def handler(way: str, lctx: LocalContext) -> AsyncIterator[bytes] | None:
        kept.append(lctx)
        if way == "cleaned":
            lctx.on_cleanup(lambda: None)
        if way == "failed":
            raise KeyError
        return streamed() if way == "streamed" else None

    async def streamed() -> AsyncIterator[bytes]:
        yield b"a"

    for way in ("plain", "cleaned", "failed"):
        await app.handle(Request("GET", f"/{way}"))
    await parts_of(await app.handle(Request("GET", "/streamed")))
    for lctx in kept:
        with pytest.raises(ClosedError, match=lctx.request_id):
            lctx.on_cleanup(lambda: None)


async def test_what_ends_the_process_is_raised_after_the_rest_of_the_cleanup() -> None:
    app, cleaned = App(), []

    def interrupted() -> None:
        raise KeyboardInterrupt

    @app.get("/")
    async def handler(lctx: LocalContext) -> None:
        lctx.on_cleanup(lambda: cleaned.append(True))
        lctx.on_cleanup(interrupted)

    with pytest.raises(KeyboardInterrupt):
        await app.handle(Request("GET", "/"))
    assert cleaned == [True]


@pytest.mark.parametrize("error", [None, ValueError])
async def test_past_the_deadline_it_is_a_504_whatever_becomes_of_the_cancellation(error: Any) -> None:
    app = App(deadline_s=0.001)

    @app.get("/")
    async def handler() -> str:
        try:
            await endless()
        except asyncio.CancelledError:
            if error:
                raise error from None
        return "late"

    assert (await app.handle(Request("GET", "/"))).status == 504


@pytest.mark.parametrize("way", ["replaced", "failed"])
async def test_a_stream_that_is_not_sent_is_closed(way: str) -> None:
    app, closed = App(), []

    class Parts:
        def __aiter__(self) -> Any:
            return self

        async def aclose(self) -> None:
            closed.append(True)

    @app.after
    def hook() -> str:
        if way == "failed":
            raise KeyError
        return "other"

    app.get("/")(lambda: Parts())
    response = await app.handle(Request("GET", "/"))
    assert (response.status, closed) == (200 if way == "replaced" else 500, [True])


async def test_an_author_may_keep_the_response_that_was_streamed() -> None:
    class Parts:
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"a"

    kept = Response(Parts(), 201)
    app = App()
    app.get("/")(lambda: kept)
    for _ in range(2):
        response = await app.handle(Request("GET", "/"))
        assert (response.status, await parts_of(response)) == (201, [b"a"])


@pytest.mark.parametrize("error", [HttpError(404, "no such file"), KeyError("x")])
async def test_what_a_generator_raises_before_its_first_part_is_the_requests_error(error: Exception) -> None:
    app, cleaned = App(), []
    app.before(lambda lctx: lctx.on_cleanup(lambda: cleaned.append(True)))

    @app.get("/")
    async def handler() -> AsyncIterator[bytes]:
        raise error
        yield b""

    response = await app.handle(Request("GET", "/"))
    assert (response.status, cleaned) == (404 if isinstance(error, HttpError) else 500, [True])


async def test_a_client_that_does_not_read_is_waited_for_as_long_as_the_request_may_take() -> None:
    app, cleaned = App(deadline_s=0.001), []

    @app.get("/")
    async def handler(lctx: LocalContext) -> AsyncIterator[bytes]:
        lctx.on_cleanup(lambda: cleaned.append(True))
        yield b"a"

    response = await app.handle(Request("GET", "/"))
    assert isinstance(response.body, Stream)
    assert await anext(response.body) == b"a"
    with pytest.raises(DeadlineExceeded):
        await response.body.sent(endless)
    assert cleaned == [True]


async def test_past_the_deadline_it_is_a_504_also_after_a_task_group_failed() -> None:
    app = App(deadline_s=0.001)

    async def fail() -> None:
        raise ValueError

    @app.get("/")
    async def handler() -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(fail())
        except* ValueError:
            pass
        await endless()

    assert (await asyncio.create_task(app.handle(Request("GET", "/")))).status == 504
