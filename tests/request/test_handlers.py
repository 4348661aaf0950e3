import asyncio
import enum
import functools
import operator
import threading
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal, NamedTuple, Protocol

import msgspec
import pytest

from pyrt import App, Converter, GlobalContext, LocalContext, Module, Query, Request, Response, UsageError
from pyrt.errors import UnknownName
from pyrt.gtype import check
from pyrt.testing import TestClient


class User(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(min_length=1)]
    age: int


class Database(Module):
    async def name_of(self, id: int) -> str:
        return f"user {id}"


def answer(response: Response) -> Any:
    return response.status, msgspec.json.decode(response.body)


def optional_outside(q: Query[int] | None = None) -> None: ...


async def show_me() -> str:
    return ""


def parameter(annotation: Any) -> Any:
    async def handler(id) -> None: ...  # type: ignore[no-untyped-def]

    handler.__annotations__["id"] = annotation
    return handler


def heavy(n: int, body: bytes, base: Query[int] = 1) -> int:
    return base + n + len(body)


def names_a_request(req: Request) -> None: ...


def local() -> Any:
    def handler() -> None: ...

    return handler


def endless_after(n: int) -> int:
    while n:
        pass
    return 0


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
    with pytest.raises(UsageError, match=r"test_handlers\.py"):
        app.freeze()


def test_an_annotated_name_is_never_silently_a_query_parameter() -> None:
    app = App()

    @app.get("/users/{user_id}")
    async def show(usr_id: int) -> None: ...

    with pytest.raises(UnknownName, match=r"usr_id.*user_id"):
        app.freeze()


@pytest.mark.parametrize("handler", [max, operator.itemgetter(1), int, print, "text", None])
def test_what_does_not_say_what_it_takes_is_refused(handler: Any) -> None:
    app = App()
    app.get("/")(handler)
    with pytest.raises(UsageError):
        app.freeze()


async def test_what_a_handler_cancels_itself_is_a_500(caplog: pytest.LogCaptureFixture) -> None:
    app = App()

    @app.get("/")
    async def handler() -> None:
        raise asyncio.CancelledError

    assert (await TestClient(app, raise_errors=False).get("/")).status == 500
    assert "its request was not cancelled" in caplog.text


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
        ("/{id:int}", int | None, True),
        ("/{id:int}", str | None, False),
        ("/{id:int}", list[int], False),
        ("/{id:int}", Query[int], False),
        ("/{id:int}", Literal[1, 2], True),
        ("/{id:int}", Literal["a", 1], True),
        ("/{id:int}", Literal["a", "b"], False),
        ("/{id}", Literal[1], False),
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
        with pytest.raises(UsageError, match=r"test_handlers\.py:\d+.*'id'"):
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


async def test_a_handler_in_a_process_is_given_path_query_and_body() -> None:
    app = App(processes=1)
    app.post("/{n:int}", cpu=True)(heavy)
    async with TestClient(app) as client:
        assert (await client.post("/7?base=10", body=b"abc")).text == "20"


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


class Part(msgspec.Struct):
    a: int


async def optional_struct(body: Part | None = None) -> Any:
    return body


async def optional_json(body: Any = "nothing") -> Any:
    return body


@pytest.mark.parametrize(
    ("handler", "body", "expected"),
    [
        (optional_struct, b"", (204, b"")),
        (optional_struct, b'{"a":1}', (200, b'{"a":1}')),
        (optional_struct, b'{"a":"x"}', (422, None)),
        (optional_json, b"", (200, b"nothing")),
        (optional_json, b"[1]", (200, b"[1]")),
        (optional_json, b"[", (400, None)),
    ],
)
async def test_a_default_stands_in_for_a_body_that_is_absent(handler: Any, body: bytes, expected: Any) -> None:
    app = App()
    app.post("/")(handler)
    response = await TestClient(app).post("/", body=body)
    assert response.status == expected[0]
    assert expected[1] in (None, response.body)


@pytest.mark.parametrize("value", [b"ab", bytearray(b"ab"), memoryview(b"ab")])
async def test_whatever_is_bytes_is_sent_as_it_is(value: Any) -> None:
    async def parts() -> AsyncIterator[Any]:
        yield value

    app = App()
    app.get("/whole")(lambda: value)
    app.get("/made")(lambda: Response(value))
    app.get("/parts")(parts)
    for path in ("/whole", "/made", "/parts"):
        assert (await TestClient(app).get(path)).body == b"ab"


def names_the_context_as_a_request(req: LocalContext) -> None: ...


def names_a_module_as_something_else(db: Request) -> None: ...


def names_the_query_where_the_body_is(body: Query[int]) -> None: ...


def names_the_query_where_the_request_is(req: Query[int]) -> None: ...


MISTAKEN = [
    names_the_context_as_a_request,
    names_a_module_as_something_else,
    names_the_query_where_the_body_is,
    names_the_query_where_the_request_is,
]


@pytest.mark.parametrize("handler", MISTAKEN)
def test_a_name_is_annotated_with_what_it_gets(handler: Any) -> None:
    app = App()
    app.module("db", Database)
    app.post("/")(handler)
    with pytest.raises(UsageError, match=r"test_handlers\.py:\d+"):
        app.freeze()


def test_a_name_may_be_annotated_with_less_than_it_gets() -> None:
    class Names(Protocol):
        async def name_of(self, id: int) -> str: ...

    app = App()
    app.module("db", Database)

    @app.get("/")
    def handler(db: Names, req: object, lctx: Any, gctx: "GlobalContext") -> None: ...

    app.get("/module")(lambda db: None)
    app.freeze()


async def test_a_response_has_one_content_type_the_authors() -> None:
    app = App()

    @app.get("/")
    async def handler(res: Response) -> dict[str, int]:
        res.headers.add("content-type", "application/geo+json")
        return {"a": 1}

    response = await TestClient(app).get("/")
    assert response.headers.get_all("content-type") == ["application/geo+json"]


def generator_of_numbers():  # type: ignore[no-untyped-def]
    yield 1


async def body_of_no_schema(body: print) -> None: ...  # type: ignore[valid-type]


async def query_of_no_schema(q: Query[print]) -> None: ...  # type: ignore[valid-type]


async def query_of_an_object(q: Query[dict[str, int]]) -> None: ...


async def query_of_lists(q: Query[list[list[int]] | None]) -> None: ...


async def annotated_with_what_fails(q: "Query[int].missing") -> None: ...  # type: ignore[name-defined]


NEVER_ANSWER = [
    generator_of_numbers,
    body_of_no_schema,
    query_of_no_schema,
    query_of_an_object,
    query_of_lists,
    annotated_with_what_fails,
]


@pytest.mark.parametrize("handler", NEVER_ANSWER)
def test_a_handler_that_could_never_answer_is_refused_with_its_place(handler: Any) -> None:
    app = App()
    app.post("/")(handler)
    with pytest.raises(UsageError, match=r"test_handlers\.py:\d+"):
        app.freeze()


class Colour(enum.Enum):
    RED = "red"


Positive = Annotated[int, msgspec.Meta(ge=1)]


def in_a_thread(id: Positive, body: User, page: Query[Positive], tag: Query[list[Positive]] = ()) -> Any:  # type: ignore[assignment]
    return [id, body.name, page, tag]


async def on_the_loop(id: Positive, body: User, page: Query[Positive], tag: Query[list[Positive]] = ()) -> Any:  # type: ignore[assignment]
    return in_a_thread(id, body, page, tag)


async def streamed(id: Positive, body: User, page: Query[Positive], tag: Query[list[Positive]] = ()) -> Any:  # type: ignore[assignment]
    yield msgspec.json.encode(in_a_thread(id, body, page, tag))


@pytest.mark.parametrize(
    ("handler", "cpu"), [(in_a_thread, False), (in_a_thread, True), (on_the_loop, False), (streamed, False)]
)
async def test_what_is_wrong_with_path_query_and_body_is_named_together(handler: Any, cpu: bool) -> None:
    app = App(processes=1)
    app.post("/{id:int}", cpu=cpu)(handler)
    async with TestClient(app) as client:
        assert (await client.post("/1?page=2&tag=3", {"name": "Ada", "age": 1})).value == [1, "Ada", 2, [3]]
        wrong = await client.post("/0?page=x&tag=1&tag=0", {"name": ""})
        assert wrong.status == 422
        named = [(each["path"], each["code"]) for each in wrong.value["violations"]]
        assert named == [
            ("$path.id", "range"),
            ("$.name", "length"),
            ("$.age", "missing"),
            ("$query.page", "type"),
            ("$query.tag[1]", "range"),
        ]
        assert (await client.post("/0?page=x", body=b"{")).status == 400


async def test_a_hooks_inputs_are_named_together_too() -> None:
    app = App()

    @app.before
    async def paged(page: Query[int], size: Query[int]) -> None: ...

    @app.get("/")
    async def index() -> str:
        return "fine"

    client = TestClient(app)
    assert (await client.get("/?page=1&size=2")).text == "fine"
    assert [each["path"] for each in (await client.get("/?page=a")).value["violations"]] == [
        "$query.page",
        "$query.size",
    ]


async def test_each_input_is_read_once_also_where_others_are_refused() -> None:
    asked = []

    def judge(number: int) -> bool:
        asked.append(number)
        return number != 3

    Judged = Annotated[int, check(judge)]
    app = App()

    @app.get("/{a:int}")
    async def index(a: Judged, b: Query[Judged], c: Query[Judged]) -> None: ...

    answer = await TestClient(app).get("/1?b=3&c=4")
    assert [each["path"] for each in answer.value["violations"]] == ["$query.b"]
    assert asked == [1, 3, 3, 4]  # a refused value is looked at again for its violations


class Page(NamedTuple):
    first: int
    size: int


@pytest.mark.parametrize("annotation", [tuple[int, int], Page, list[int] | None, set[int]])
async def test_a_query_gives_all_its_values_to_what_takes_several(annotation: Any) -> None:
    app = App()

    async def handler(n: Any) -> Any:
        return n

    handler.__annotations__["n"] = Query[annotation]
    app.get("/")(handler)
    assert sorted((await TestClient(app).get("/?n=1&n=2")).value) == [1, 2]


@pytest.mark.parametrize(
    ("path", "annotation", "good", "bad"),
    [
        ("/{id:int}", Positive, "1", "0"),
        ("/{id}", Annotated[str, msgspec.Meta(max_length=2)], "ab", "abc"),
        ("/{id}", Literal["ab", "cd"], "ab", "ef"),
        ("/{id}", Colour, "red", "green"),
        ("/{id:float}", Annotated[float, msgspec.Meta(lt=1)], "0.5", "1.5"),
    ],
)
async def test_a_path_parameter_fits_what_it_is_annotated_with(path: str, annotation: Any, good: str, bad: str) -> None:
    app = App()
    app.get(path)(parameter(annotation))
    client = TestClient(app)
    assert (await client.get("/" + good)).status == 204
    refused = await client.get("/" + bad)
    assert (refused.status, refused.value["violations"][0]["path"]) == (422, "$path.id")


def test_a_constraint_of_another_type_than_the_converters_is_refused() -> None:
    app = App()
    app.get("/{id}")(parameter(Positive))
    with pytest.raises(UsageError, match="is str, but it is annotated int"):
        app.freeze()
