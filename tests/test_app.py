import asyncio
import contextvars
import inspect
import logging
from typing import Any

import msgspec
import pytest

from pyrt import App, Converter, GlobalContext, HttpError, Limits, LocalContext, Module, Request, Response, UsageError
from pyrt.errors import ClosedError, FrozenError, RouteConflict
from pyrt.testing import ManualClock, TestClient


class Database(Module):
    async def name_of(self, id: int) -> str:
        return f"user {id}"


def answer(response: Response) -> Any:
    return response.status, msgspec.json.decode(response.body)


async def handler_of_nothing() -> None: ...


async def show_user(id: int) -> int:
    return id


async def show_me() -> str:
    return ""


def parameter(annotation: Any) -> Any:
    async def handler(id) -> None: ...  # type: ignore[no-untyped-def]

    handler.__annotations__["id"] = annotation
    return handler


async def test_the_line_is_before_handler_after_cleanup() -> None:
    app, order = App(), []
    app.before(lambda lctx: lctx.on_cleanup(lambda: order.append("cleanup")))
    app.before(lambda: order.append("before"))
    app.after(lambda: order.append("after"))

    @app.get("/")
    async def handler() -> str:
        order.append("handler")
        return ""

    await TestClient(app).get("/")
    assert order == ["before", "handler", "after", "cleanup"]


async def test_a_before_hook_answers_in_the_handlers_place_and_after_still_runs() -> None:
    app, order = App(), []
    app.before(lambda: Response("denied", 403))
    app.after(lambda res: order.append(res.status))
    app.get("/")(lambda: order.append("handler"))
    assert (await TestClient(app).get("/")).status == 403
    assert order == [403]


async def test_an_error_goes_to_catch_and_cleanup_still_runs() -> None:
    app, order = App(), []
    app.before(lambda lctx: lctx.on_cleanup(lambda: order.append("cleanup")))

    @app.catch
    def translate(error: Exception) -> Response | None:
        return Response("caught", 409) if isinstance(error, KeyError) else None

    @app.get("/{name}")
    async def handler(name: str) -> str:
        return {}[name]

    response = await TestClient(app).get("/x")
    assert (response.status, response.body, order) == (409, b"caught", ["cleanup"])


async def test_an_unexpected_error_is_a_bare_500_and_the_log_has_the_reason(caplog: pytest.LogCaptureFixture) -> None:
    app = App()
    app.get("/")(lambda: 1 / 0)
    with caplog.at_level(logging.ERROR):
        status, problem = answer(await TestClient(app, raise_errors=False).get("/"))
    assert status == 500
    assert "division" not in str(problem)
    assert problem["request_id"] in caplog.text
    assert "ZeroDivisionError" in caplog.text


async def test_http_error_becomes_a_problem_document_with_the_request_id() -> None:
    app = App()

    @app.get("/")
    async def handler() -> None:
        raise HttpError(418, "short and stout", [("x-pot", "tea")])

    response = await TestClient(app).get("/")
    status, problem = answer(response)
    assert (status, problem["detail"], response.headers["x-pot"]) == (418, "short and stout", "tea")
    assert len(problem["request_id"]) == 16


async def test_a_full_queue_is_a_503_with_retry_after() -> None:
    app = App()

    @app.get("/")
    async def handler(gctx: GlobalContext) -> None:
        gctx.queue.subscribe("t", limit_messages=1)
        for _ in range(2):
            await gctx.queue.publish("t", 1)

    response = await TestClient(app).get("/")
    assert (response.status, response.headers["retry-after"]) == (503, "1")


async def test_unknown_paths_are_404_and_other_methods_405_with_allow() -> None:
    app = App()
    app.get("/a")(lambda: "a")
    client = TestClient(app)
    assert (await client.get("/b")).status == 404
    response = await client.post("/a")
    assert (response.status, response.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


async def test_head_has_the_headers_of_get_and_no_body() -> None:
    app = App()

    @app.get("/")
    async def handler() -> str:
        return "four"

    response = await TestClient(app).request("HEAD", "/")
    assert (response.status, response.body, response.headers["content-length"]) == (200, b"", "4")


def test_two_handlers_for_one_route_are_refused_with_both_places() -> None:
    app = App()
    first = inspect.currentframe().f_lineno + 1  # type: ignore[union-attr]
    app.get("/a")(handler_of_nothing)
    app.get("/a")(handler_of_nothing)
    with pytest.raises(RouteConflict, match=rf"test_app\.py:{first + 1}\b.*test_app\.py:{first}\b"):
        app.freeze()


def test_registering_after_freeze_is_refused() -> None:
    app = App()
    app.freeze()
    for register in (
        lambda: app.get("/")(lambda: 1),
        lambda: app.before(lambda: None),
        lambda: app.module("db", Database),
        lambda: app.subscribe("t")(lambda message: None),
    ):
        with pytest.raises(FrozenError, match=r"test_app\.py:\d+\)"):
            register()


@pytest.mark.parametrize("name", ["req", "not an identifier", "class", "db"])
def test_a_module_name_is_free_and_an_identifier(name: str) -> None:
    app = App()
    app.module("db", Database)
    with pytest.raises(UsageError):
        app.module(name, Database)


def test_an_unknown_method_or_status_is_refused() -> None:
    with pytest.raises(UsageError, match="BREW"):
        App().route("/", ["BREW"])(handler_of_nothing)
    with pytest.raises(UsageError, match="no method"):
        App().route("/", [])(handler_of_nothing)
    with pytest.raises(UsageError, match="99"):
        App().get("/", status=99)(handler_of_nothing)
    with pytest.raises(UsageError, match="deadline_s"):
        App().get("/", deadline_s=0)(handler_of_nothing)
    with pytest.raises(TypeError, match="statuss"):
        App().get("/", statuss=99)(handler_of_nothing)  # type: ignore[call-arg]


async def test_concurrent_first_requests_wait_for_the_modules() -> None:
    class Slow(Module):
        ready = False

        async def start(self) -> None:
            await asyncio.sleep(0)
            self.ready = True

    app = App()
    app.module("slow", Slow)

    @app.get("/")
    async def handler(slow: Slow) -> bool:
        return slow.ready

    responses = await asyncio.gather(*(TestClient(app).get("/") for _ in range(3)))
    assert [response.body for response in responses] == [b"true"] * 3


def test_a_request_that_never_waits_needs_no_event_loop() -> None:
    app = App()

    @app.get("/")
    async def handler() -> str:
        return "ok"

    coroutine = app.handle(Request("GET", "/"))
    with pytest.raises(StopIteration) as caught:
        coroutine.send(None)
    assert caught.value.value.body == b"ok"


async def test_handle_runs_in_its_callers_context() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")
    variable.set("the caller's")
    app = App()

    @app.get("/")
    async def handler() -> str:
        return variable.get()

    assert (await TestClient(app).get("/")).body == b"the caller's"


def test_a_manual_clock_stands_still_until_it_is_advanced() -> None:
    clock = ManualClock()
    app = App(clock=clock)
    clock.advance(1.5)
    assert app.gctx.clock() == 1.5


async def test_a_stopped_app_refuses_until_it_is_started_again_and_then_delivers() -> None:
    app, got = App(), []
    app.get("/")(lambda: "ok")

    @app.subscribe("t")
    async def take(message: int) -> None:
        got.append(message)

    await app.start()
    await app.stop()
    with pytest.raises(ClosedError):
        await TestClient(app).get("/")
    await app.start()
    assert await app.gctx.queue.publish("t", 1) == 1
    await app.stop()
    assert got == [1]


async def test_cleanup_runs_to_its_end_when_the_request_is_cancelled_in_it() -> None:
    app, order, waiting = App(), [], asyncio.Event()

    async def wait() -> None:
        waiting.set()
        await asyncio.Event().wait()

    @app.get("/")
    async def handler(lctx: LocalContext) -> None:
        lctx.on_cleanup(lambda: order.append("first registered"))
        lctx.on_cleanup(wait)

    task = asyncio.create_task(TestClient(app).get("/"))
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert order == ["first registered"]


async def test_an_error_that_cannot_be_sent_is_a_500() -> None:
    app = App()

    @app.get("/")
    async def handler() -> None:
        raise HttpError(400, "x", [("a", "b\r\nc: d")])

    assert (await TestClient(app, raise_errors=False).get("/")).status == 500


# Routes by name, types and slashes


def test_the_path_of_a_route_is_made_by_its_name() -> None:
    app = App()
    app.group("/users").get("/{id:int}")(show_user)
    app.get("/me", name="myself")(show_me)
    assert (app.url("show_user", id=7), app.url("myself")) == ("/users/7", "/me")
    with pytest.raises(UsageError, match="show_me"):
        app.url("show_me")


def test_two_paths_cannot_choose_the_same_name() -> None:
    app = App()
    app.get("/a", name="x")(show_me)
    app.post("/a", name="x")(show_me)
    with pytest.raises(UsageError, match=r"test_app\.py.*test_app\.py"):
        app.get("/b", name="x")(show_me)


async def test_a_redirect_keeps_the_query() -> None:
    app = App(trailing_slash="redirect")
    app.get("/a")(show_me)
    response = await TestClient(app).get("/a/?b=c")
    assert (response.status, response.headers["location"]) == (308, "/a?b=c")


async def test_a_converter_that_breaks_is_a_500_and_no_hung_request() -> None:
    app = App(converters={"bad": Converter(".+", lambda text: text.missing)})
    app.get("/y/{id:bad}")(parameter(Any))
    response = await TestClient(app, raise_errors=False).get("/y/1")
    assert response.status == 500


async def test_start_gives_what_runs_and_leaves_the_declaration_as_it_was() -> None:
    app = App()
    app.get("/")(lambda: "ok")
    declared = vars(app).keys(), app.limits
    running = await app.start(Limits(form_fields=1))
    assert await app.start() is running
    assert (vars(app).keys(), app.limits) == declared
    assert running.limits == Limits(form_fields=1)
    assert (await running.handle(Request("GET", "/"))).body == b"ok"


async def test_an_app_that_runs_cannot_be_started_with_other_limits() -> None:
    app = App()
    await app.start(Limits(form_fields=1))
    with pytest.raises(UsageError, match="already, with other limits"):
        await app.start(Limits(form_fields=2))
    await app.stop()
    assert (await app.start(Limits(form_fields=2))).limits.form_fields == 2


@pytest.mark.parametrize("options", [{}, {"limit_body_bytes": 3}])
async def test_only_apps_with_a_plan_for_bodies_are_asked_for_one(options: dict[str, Any]) -> None:
    app = App()

    @app.post("/", **options)
    async def handler(body: bytes) -> None: ...

    running = await app.start()
    plans = [each and each(Request("POST", "/")) for each in (app.body_plan, running.body_plan)]
    assert plans == [(False, 3) if options else None] * 2
