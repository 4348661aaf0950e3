import asyncio
import contextvars
import functools
import logging
import operator
import threading
from typing import Annotated, Any

import msgspec
import pytest

from pyrt import App, Converter, GlobalContext, HttpError, LocalContext, Module, Query, Request, Response, UsageError
from pyrt.errors import ClosedError, FrozenError, RouteConflict, UnknownName
from pyrt.testing import ManualClock, TestClient


class User(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(min_length=1)]
    age: int


class Database(Module):
    async def name_of(self, id: int) -> str:
        return f"user {id}"


def answer(response: Response) -> Any:
    return response.status, msgspec.json.decode(response.body)


async def test_a_handler_takes_what_it_names() -> None:
    app = App(config={"greeting": "hi"})
    app.module("db", Database)

    @app.post("/users/{id:int}", status=201)
    async def handler(req, res, gctx, lctx, id, db, body, q: Query[int] = 3) -> Any:  # type: ignore[no-untyped-def]
        return [req.method, res.status, gctx.config["greeting"], lctx.params, await db.name_of(id), body, q]

    expected = ["POST", 201, "hi", {"id": 7}, "user 7", {"a": 1}, 3]
    assert answer(await TestClient(app).post("/users/7", {"a": 1})) == (201, expected)


async def test_the_body_follows_its_annotation() -> None:
    app = App()

    @app.post("/raw")
    async def raw(body: bytes) -> bytes:
        return body[::-1]

    @app.post("/user")
    async def user(body: User) -> User:
        return User(body.name.upper(), body.age)

    client = TestClient(app)
    assert (await client.post("/raw", body=b"ab")).body == b"ba"
    assert answer(await client.post("/user", {"name": "ada", "age": 36})) == (200, {"name": "ADA", "age": 36})


async def test_a_body_that_does_not_fit_is_a_422_with_every_violation() -> None:
    app = App()

    @app.post("/user")
    async def user(body: User) -> User:
        return body

    response = await TestClient(app).post("/user", {"name": "", "age": "x"})
    status, problem = answer(response)
    assert (status, response.headers["content-type"]) == (422, "application/problem+json")
    assert [(each["path"], each["expected"]) for each in problem["violations"]] == [
        ("$.name", "str of length >= 1"),
        ("$.age", "int"),
    ]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/?n=1", (200, [1, ["x"]])),
        ("/?n=1&n=2&tag=a&tag=b", (200, [2, ["a", "b"]])),
        ("/", (422, "$query.n")),
        ("/?n=x", (422, "$query.n")),
    ],
)
async def test_query_parameters_are_converted(target: str, expected: Any) -> None:
    app = App()

    @app.get("/")
    async def handler(n: Query[int], tag: Query[list[str]] = ["x"]) -> Any:  # noqa: B006
        return [n, tag]

    status, body = answer(await TestClient(app).get(target))
    assert (status, body["violations"][0]["path"] if status == 422 else body) == expected


async def test_a_query_that_is_not_utf8_is_a_400() -> None:
    app = App()

    @app.get("/")
    async def handler(n: Query[str]) -> str:
        return n

    assert (await TestClient(app).get("/?n=%ff")).status == 400


async def test_a_plain_function_runs_in_a_thread() -> None:
    app = App()
    app.get("/")(lambda: threading.current_thread() is threading.main_thread())
    assert (await TestClient(app).get("/")).body == b"false"


async def test_a_handler_that_names_res_may_fill_it_and_return_nothing() -> None:
    app = App()

    @app.get("/")
    async def handler(res: Response) -> None:
        res.status, res.body = 202, b"later"

    response = await TestClient(app).get("/")
    assert (response.status, response.body) == (202, b"later")


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


@pytest.mark.parametrize(
    ("path", "handler"),
    [
        ("/users/{user_id}", lambda usr_id: None),
        ("/users", lambda db: None),
        ("/users", lambda q=None, *rest: None),
    ],
)
def test_an_unknown_name_is_refused_at_freeze(path: str, handler: Any) -> None:
    app = App()
    app.get(path)(handler)
    with pytest.raises(UsageError, match=r"test_app\.py"):
        app.freeze()


def test_an_annotated_name_is_never_silently_a_query_parameter() -> None:
    app = App()

    @app.get("/users/{user_id}")
    async def show(usr_id: int) -> None: ...

    with pytest.raises(UnknownName, match=r"usr_id.*user_id"):
        app.freeze()


def test_two_handlers_for_one_route_are_refused_with_both_places() -> None:
    app = App()
    app.get("/a")(lambda: 1)
    app.get("/a")(lambda: 2)
    with pytest.raises(RouteConflict, match=r"test_app\.py:\d+.*test_app\.py:\d+"):
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
        with pytest.raises(FrozenError):
            register()


@pytest.mark.parametrize("name", ["req", "not an identifier", "db"])
def test_a_module_name_is_free_and_an_identifier(name: str) -> None:
    app = App()
    app.module("db", Database)
    with pytest.raises(UsageError):
        app.module(name, Database)


async def handler_of_nothing() -> None: ...


@pytest.mark.parametrize("handler", [max, operator.itemgetter(1), int, print, "text", None])
def test_what_does_not_say_what_it_takes_is_refused(handler: Any) -> None:
    app = App()
    app.get("/")(handler)
    with pytest.raises(UsageError):
        app.freeze()


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


async def test_subscribers_get_messages_and_pending_ones_are_finished_at_stop() -> None:
    app, got = App(), []
    app.module("db", Database)

    @app.subscribe("t", concurrency=2)
    async def take(message: int, db: Database) -> None:
        got.append(await db.name_of(message))

    await app.start()
    for n in range(5):
        await app.gctx.queue.publish("t", n)
    await app.stop()
    assert sorted(got) == [f"user {n}" for n in range(5)]


async def test_a_failing_subscriber_is_logged_and_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    app, got = App(), []

    @app.subscribe("t")
    async def take(message: int) -> None:
        got.append(1 // message)

    await app.start()
    with caplog.at_level(logging.ERROR):
        for n in (0, 1):
            await app.gctx.queue.publish("t", n)
        await app.stop()
    assert got == [1]
    assert "take" in caplog.text


@pytest.mark.parametrize("function", [lambda message: None, "text"])
def test_a_subscriber_must_be_a_coroutine_function(function: Any) -> None:
    app = App()
    app.subscribe("t")(function)
    with pytest.raises(UsageError, match="async def"):
        app.freeze()


def test_a_subscriber_may_not_name_a_request() -> None:
    app = App()

    @app.subscribe("t")
    async def take(message: int, req: Request) -> None: ...

    with pytest.raises(UnknownName):
        app.freeze()


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


async def test_what_a_subscriber_cancels_itself_does_not_end_it(caplog: pytest.LogCaptureFixture) -> None:
    app, got = App(), []

    @app.subscribe("t")
    async def take(message: int) -> None:
        got.append(message)
        raise asyncio.CancelledError

    await app.start()
    for n in (1, 2):
        await app.gctx.queue.publish("t", n)
    await app.stop()
    assert got == [1, 2]
    assert "cancellation of its own" in caplog.text


async def test_what_a_handler_cancels_itself_is_a_500(caplog: pytest.LogCaptureFixture) -> None:
    app = App()

    @app.get("/")
    async def handler() -> None:
        raise asyncio.CancelledError

    assert (await TestClient(app, raise_errors=False).get("/")).status == 500
    assert "cancellation of its own" in caplog.text


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


@pytest.mark.parametrize(("body", "status"), [("text", 200), (7, 500), (None, 500)])
async def test_what_a_handler_fills_in_must_be_sendable(body: Any, status: int) -> None:
    app = App()

    @app.get("/")
    async def handler(res: Response) -> None:
        res.body = body

    assert (await TestClient(app, raise_errors=False).get("/")).status == status


async def test_headers_of_res_go_out_with_what_is_returned() -> None:
    app = App()

    @app.post("/", status=201)
    async def handler(res: Response) -> Any:
        res.headers.add("x-a", "1")
        return {"a": 1}

    response = await TestClient(app).post("/", {})
    assert (response.status, response.headers["x-a"], response.body) == (201, "1", b'{"a":1}')


async def test_an_error_that_cannot_be_sent_is_a_500() -> None:
    app = App()

    @app.get("/")
    async def handler() -> None:
        raise HttpError(400, "x", [("a", "b\r\nc: d")])

    assert (await TestClient(app, raise_errors=False).get("/")).status == 500


async def test_a_plain_function_around_an_async_one_is_awaited() -> None:
    app = App()

    async def inner() -> str:
        return "inner"

    app.get("/")(lambda: inner())
    assert (await TestClient(app).get("/")).body == b"inner"


async def test_partials_keep_the_annotations_of_what_they_wrap() -> None:
    async def handler(body: User, times: int) -> Any:
        return [body.name] * times

    app = App()
    app.post("/")(functools.partial(handler, times=2))
    assert answer(await TestClient(app).post("/", {"name": "a", "age": 1})) == (200, ["a", "a"])
    assert (await TestClient(app).post("/", {"name": ""})).status == 422


def optional_outside(q: Query[int] | None = None) -> None: ...


def test_an_optional_query_parameter_is_written_inside() -> None:
    app = App()
    app.get("/")(optional_outside)
    with pytest.raises(UsageError, match=r"Query\[\.\.\. \| None\]"):
        app.freeze()


def test_a_path_parameter_may_not_have_a_name_that_means_something_else() -> None:
    app = App()
    app.get("/{req}")(lambda req: None)
    with pytest.raises(UsageError, match="'req'"):
        app.freeze()


# Routes by name, types and slashes


def test_the_path_of_a_route_is_made_by_its_name() -> None:
    app = App()
    app.group("/users").get("/{id:int}")(show_user)
    app.get("/me", name="myself")(show_me)
    assert (app.url("show_user", id=7), app.url("myself")) == ("/users/7", "/me")
    with pytest.raises(UsageError, match="show_me"):
        app.url("show_me")


async def show_user(id: int) -> int:
    return id


async def show_me() -> str:
    return ""


def test_two_paths_cannot_choose_the_same_name() -> None:
    app = App()
    app.get("/a", name="x")(show_me)
    app.post("/a", name="x")(show_me)
    with pytest.raises(UsageError, match=r"test_app\.py.*test_app\.py"):
        app.get("/b", name="x")(show_me)


def parameter(annotation: Any) -> Any:
    async def handler(id) -> None: ...  # type: ignore[no-untyped-def]

    handler.__annotations__["id"] = annotation
    return handler


@pytest.mark.parametrize(
    ("template", "annotation", "fits"),
    [
        ("/{id:int}", int, True),
        ("/{id:int}", float, True),
        ("/{id:int}", object, True),
        ("/{id:int}", Any, True),
        ("/{id:int}", str, False),
        ("/{id}", int, False),
        ("/{id:path}", str, True),
        ("/{id:uuid}", str, False),
        ("/{id:even}", str, True),
    ],
)
def test_a_path_parameter_is_annotated_with_what_its_converter_makes(
    template: str, annotation: Any, fits: bool
) -> None:
    app = App(converters={"even": Converter("[0-9]*[02468]", int)})
    app.get(template)(parameter(annotation))
    if fits:
        app.freeze()
    else:
        with pytest.raises(UsageError, match=r"test_app\.py:\d+.*'id'"):
            app.freeze()


def test_a_name_that_nothing_provides_is_refused_even_with_a_default() -> None:
    app = App()

    @app.get("/")
    async def handler(limt: int = 10) -> None: ...

    with pytest.raises(UnknownName, match="limt"):
        app.freeze()


def test_what_a_partial_has_been_given_need_not_be_provided() -> None:
    app = App()

    async def handler(limit: int) -> int:
        return limit

    app.get("/")(functools.partial(handler, limit=3))
    app.freeze()


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


# Handlers in processes


def heavy(n: int, body: bytes, base: Query[int] = 1) -> int:
    return base + n + len(body)


async def test_a_handler_in_a_process_is_given_path_query_and_body() -> None:
    app = App(processes=1)
    app.post("/{n:int}", cpu=True)(heavy)
    async with TestClient(app) as client:
        assert (await client.post("/7?base=10", body=b"abc")).text == "20"


def names_a_request(req: Request) -> None: ...


def local() -> Any:
    def handler() -> None: ...

    return handler


@pytest.mark.parametrize(
    ("handler", "reason"),
    [(names_a_request, "names 'req'"), (show_me, "plain function"), (local(), "top level"), (lambda: 1, "top level")],
)
def test_a_handler_that_cannot_run_in_a_process_is_refused(handler: Any, reason: str) -> None:
    app = App()
    app.get("/", cpu=True)(handler)
    with pytest.raises(UsageError, match=reason):
        app.freeze()


async def test_past_its_deadline_a_thread_is_left_to_itself_and_a_process_is_killed() -> None:
    app, entered = App(processes=1), threading.Event()
    release = threading.Event()

    @app.get("/thread", deadline_s=0.05)
    def waits() -> None:
        entered.set()
        release.wait(20)

    app.get("/calm/{n:int}", cpu=True)(endless_after)
    app.get("/hasty/{n:int}", cpu=True, deadline_s=0.1)(endless_after)
    async with TestClient(app) as client:
        assert (await client.get("/thread")).status == 504
        assert entered.is_set()
        release.set()
        assert (await client.get("/calm/0")).text == "0"
        assert (await client.get("/hasty/1")).status == 504
        assert (await client.get("/calm/0")).text == "0"


def endless_after(n: int) -> int:
    while n:
        pass
    return 0
