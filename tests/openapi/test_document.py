import datetime
import functools
import html
import json
import re
import shlex
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

import msgspec
import pytest
from openapi_spec_validator import validate

from pyrt import App, Email, HttpError, Query, Request, Response, UsageError
from pyrt.gtype import Secret, check
from pyrt.http.forms import Form
from pyrt.testing import TestClient


class New(msgspec.Struct):
    """What is made.

    In several lines.
    """

    name: Annotated[str, msgspec.Meta(min_length=1)]
    password: Secret[str]


class Made(msgspec.Struct):
    id: int


class Unspeakable:
    pass


def described(*handlers: Any, path: str = "/", method: str = "get", **options: Any) -> Any:
    """The only operation of an app with one route, and the components."""
    app = App()
    getattr(app, method)(path, **options)(*handlers)
    document = app.openapi()
    ((_, methods),) = document["paths"].items()
    return methods[method], document["components"]


def returning(annotation: Any) -> Any:
    async def handler() -> Any: ...

    handler.__annotations__["return"] = annotation
    return handler


async def make(
    kind: str, id: Annotated[int, msgspec.Meta(ge=1)], body: New, page: Query[int], tag: Query[list[str]] = ("a",)
) -> Made:  # type: ignore[assignment]
    """Make one.

    And say its id.
    """
    return Made(1)


def test_an_operation_says_what_it_takes() -> None:
    operation, components = described(make, path="/{kind}/{id:int}", method="post", status=201, tags=["all"])
    assert operation["operationId"] == "make"
    assert (operation["summary"], operation["description"]) == ("Make one.", "And say its id.")
    assert operation["tags"] == ["all"]
    assert operation["parameters"] == [
        {"name": "kind", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}},
        {"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}},
        {"name": "page", "in": "query", "required": True, "schema": {"type": "integer"}},
        {
            "name": "tag",
            "in": "query",
            "required": False,
            "schema": {"type": "array", "items": {"type": "string"}, "default": ["a"]},
        },
    ]
    schema = {"$ref": "#/components/schemas/New"}
    assert operation["requestBody"] == {"content": {"application/json": {"schema": schema}}, "required": True}
    assert components["schemas"]["New"]["properties"]["password"] == {"type": "string", "writeOnly": True}


def test_an_operation_says_what_it_answers() -> None:
    operation, components = described(
        make, path="/{kind}/{id:int}", method="post", status=201, raises={404: "no such kind", 409: "it is there"}
    )
    answers = operation["responses"]
    assert list(answers) == ["201", "400", "404", "409", "413", "422", "5XX"]
    assert answers["201"]["content"] == {"application/json": {"schema": {"$ref": "#/components/schemas/Made"}}}
    assert (answers["404"]["description"], answers["409"]["description"]) == ("no such kind", "it is there")
    assert answers["422"] == {"$ref": "#/components/responses/422"}
    problem = components["responses"]["422"]["content"]["application/problem+json"]["schema"]
    assert problem == {"$ref": "#/components/schemas/InvalidRequest"}
    assert components["schemas"]["InvalidRequest"]["properties"]["violations"]["items"] == {
        "$ref": "#/components/schemas/Violation"
    }


ANYTHING: dict[str, Any] = {"*/*": {}}
JSON = {"application/json": {"schema": {"type": "array", "items": {"type": "integer"}}}}


@pytest.mark.parametrize(
    ("annotation", "status", "answers"),
    [
        (list[int], 200, {"200": JSON}),
        (list[int] | None, 200, {"200": JSON, "204": None}),
        (list[int] | Response, 200, {"200": JSON}),
        (str, 200, {"200": {"text/plain": {}}}),
        (Annotated[bytes, "raw"], 202, {"202": {"application/octet-stream": {}}}),
        (AsyncIterator[str], 200, {"200": {"application/octet-stream": {}}}),
        (None, 200, {"204": None}),
        (None, 202, {"202": None}),
        (None, 204, {"204": None}),
        (Response, 200, {"200": ANYTHING, "204": None}),
        (Response | None, 200, {"200": ANYTHING, "204": None}),
        (Any, 200, {"200": ANYTHING, "204": None}),
        (str | dict[str, int], 200, {"200": ANYTHING, "204": None}),
        (Unspeakable, 201, {"201": ANYTHING}),
    ],
)  # fmt: skip
def test_an_answer_is_what_the_handler_is_annotated_with(annotation: Any, status: int, answers: Any) -> None:
    operation, _ = described(returning(annotation), status=status)
    found = {code: each.get("content") for code, each in operation["responses"].items() if code != "5XX"}
    assert found == answers


@pytest.mark.parametrize(
    ("annotation", "body"),
    [
        (bytes, {"content": {"application/octet-stream": {}}, "required": True}),
        (Any, {"content": {"application/json": {"schema": {}}}, "required": True}),
        (Email, None),
    ],
)
def test_a_body_is_what_its_annotation_says(annotation: Any, body: Any) -> None:
    async def handler(body) -> None: ...  # type: ignore[no-untyped-def]

    handler.__annotations__["body"] = annotation
    operation, _ = described(handler, method="post")
    if body is None:
        assert operation["requestBody"]["content"]["application/json"]["schema"]["maxLength"] == 254
    else:
        assert operation["requestBody"] == body


def test_a_default_makes_a_body_optional() -> None:
    async def handler(body: list[int] = []) -> None: ...  # noqa: B006

    operation, _ = described(handler, method="post")
    assert operation["requestBody"]["required"] is False


def test_hooks_add_what_they_ask_and_raise() -> None:
    app = App()
    group = app.group("/in")

    @group.before(raises={401: "no key"})
    async def authenticate(req: Request, key: Query[str]) -> None: ...

    @group.get("/a")
    async def inside() -> None: ...

    @app.get("/b")
    async def outside() -> None: ...

    paths = app.openapi()["paths"]
    assert [each["name"] for each in paths["/in/a"]["get"]["parameters"]] == ["key"]
    assert paths["/in/a"]["get"]["responses"]["401"]["description"] == "no key"
    assert "parameters" not in paths["/b"]["get"]
    assert "401" not in paths["/b"]["get"]["responses"]


class Other(msgspec.Struct):
    number: int


async def read_number(id: int, q: Query[int], r: Query[int]) -> Other:
    """Read a number."""
    return Other(1)


async def read_name(name: str, q: Query[str] = "a", s: Query[int] = 1) -> New | None:
    """Read a name.

    Whichever.
    """


def test_routes_that_names_and_converters_tell_apart_are_one_operation_that_says_both() -> None:
    app = App()
    app.get("/{id:int}", tags=["numbers"], raises={404: "no such number"})(read_number)
    app.get("/{name}", tags=["names"])(read_name)
    app.post("/{v:uuid}", name="write")(returning(None))
    ((path, methods),) = app.openapi()["paths"].items()
    assert path == "/{id}"
    operation = methods["get"]
    assert (operation["operationId"], operation["tags"]) == ("read_number", ["numbers", "names"])
    assert (operation["summary"], operation["description"]) == ("Read a number.", "Or: Read a name.\n\nWhichever.")
    either = [{"type": "integer"}, {"type": "string", "minLength": 1}]
    assert [(each["name"], each["required"], each["schema"]) for each in operation["parameters"]] == [
        ("id", True, {"anyOf": either}),
        ("q", False, {"anyOf": [{"type": "integer"}, {"type": "string", "default": "a"}]}),
        ("r", False, {"type": "integer"}),
        ("s", False, {"type": "integer", "default": 1}),
    ]
    answers = operation["responses"]
    assert [each["$ref"] for each in answers["200"]["content"]["application/json"]["schema"]["anyOf"]] == [
        "#/components/schemas/Other",
        "#/components/schemas/New",
    ]
    assert list(answers) == ["200", "204", "400", "404", "422", "5XX"]
    assert answers["404"]["description"] == "no such number; or: No resource has this path"
    assert [each["schema"]["format"] for each in methods["post"]["parameters"]] == ["uuid"]


@pytest.mark.parametrize(
    ("bodies", "content", "is_required"),
    [
        ((int, int), {"application/json": {"schema": {"type": "integer"}}}, True),
        ((int, Any), {"application/json": {}}, True),
        ((int, None), {"application/json": {"schema": {"type": "integer"}}}, False),
        (
            (int, bytes),
            {"application/json": {"schema": {"type": "integer"}}, "application/octet-stream": {}},
            True,
        ),
    ],
)
def test_one_operation_takes_the_body_of_either(bodies: Any, content: Any, is_required: bool) -> None:
    app = App()
    for path, body in zip(("/{id:int}", "/{id}"), bodies, strict=True):

        async def with_body(body: Any) -> None: ...

        async def without() -> None: ...

        with_body.__annotations__["body"] = body
        app.post(path)(without if body is None else with_body)
    (methods,) = app.openapi()["paths"].values()
    assert methods["post"]["requestBody"] == {"content": content, "required": is_required}


def test_a_query_that_hook_and_handler_ask_for_fits_both_and_is_required_where_one_requires_it() -> None:
    app = App()

    @app.before
    async def paged(q: Query[int], r: Query[int] = 1, s: Query[int] = 2) -> None: ...

    @app.get("/")
    async def index(q: Query[float] = 1.0, r: Query[int] = 1, s: Query[int] = 3) -> None: ...

    (operation,) = (methods["get"] for methods in app.openapi()["paths"].values())
    assert [(each["name"], each["required"], each["schema"]) for each in operation["parameters"]] == [
        ("q", True, {"allOf": [{"type": "integer"}, {"type": "number"}]}),
        ("r", False, {"type": "integer", "default": 1}),
        ("s", False, {"type": "integer", "default": 3}),
    ]


class Caller:
    async def __call__(self) -> None:
        """Called."""


def test_operations_have_ids_of_their_own() -> None:
    app = App()
    app.route("/a", ["GET", "POST"])(show)
    app.get("/b", name="show_2")(functools.partial(show))
    app.get("/c/{id:int}/d")(Caller())
    app.get("/")(functools.partial(show))
    methods = app.openapi()["paths"]
    assert [operation["operationId"] for each in methods.values() for operation in each.values()] == [
        "show",
        "show_2",
        "show_2_2",
        "get_c_by_d",
        "get",
    ]
    assert [methods[path]["get"]["summary"] for path in ("/b", "/c/{id}/d")] == ["Show it.", "Called."]


async def show() -> None:
    """Show it."""


def test_a_check_is_described_in_its_words() -> None:
    async def handler(body: Annotated[str, check(str.islower, "lower case")]) -> None: ...

    operation, _ = described(handler, method="post")
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert schema == {"type": "string", "description": "lower case"}


def test_two_classes_of_one_name_are_both_described() -> None:
    def made(annotation: Any) -> Any:
        return msgspec.defstruct("Same", [("value", annotation)])

    async def handler(body: Any) -> Any: ...

    handler.__annotations__ |= {"body": made(int), "return": made(str)}
    operation, components = described(handler, method="post")
    sent = operation["requestBody"]["content"]["application/json"]["schema"]
    answered = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert (sent, answered) == ({"$ref": "#/components/schemas/Same"}, {"$ref": "#/components/schemas/Same_2"})
    assert [components["schemas"][name]["properties"] for name in ("Same", "Same_2")] == [
        {"value": {"type": "integer"}},
        {"value": {"type": "string"}},
    ]


# Serving it


async def test_the_document_and_its_page_are_served() -> None:
    app = App(title="Mine & yours", version="2", description="First.\n\nSecond.")
    app.post("/{kind}/{id:int}", status=201)(make)
    async with TestClient(app) as client:
        answer = await client.get("/openapi.json")
        assert answer.headers["content-type"] == "application/json"
        assert answer.value == json.loads(json.dumps(app.openapi()))
        assert answer.value["info"] == {"title": "Mine & yours", "version": "2", "description": "First.\n\nSecond."}
        page = await client.get("/docs")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "<h1>Mine &amp; yours</h1>" in page.text
        assert 'href="openapi.json"' in page.text


async def test_the_page_needs_neither_network_nor_script() -> None:
    app = App()
    app.post("/{kind}/{id:int}")(make)
    page = (await TestClient(app).get("/docs")).text
    assert not [tag for tag in ("<script", "<link", "<img", "src=", "@import", "url(") if tag in page]


async def test_what_authors_write_is_text_on_the_page() -> None:
    async def handler(q: Query[Annotated[str, msgspec.Meta(pattern="^<b>$", description="<i>")]] = "<u>") -> None:
        """<script>alert(1)</script>"""

    app = App(title="</title><script>")
    app.get("/", tags=["<tag>"])(handler)
    page = (await TestClient(app).get("/docs")).text
    assert not [tag for tag in ("<script", "<i>", "<u>", "<tag>", "^<b>$") if tag in page]


async def test_paths_of_ones_own_come_first() -> None:
    app = App()

    @app.get("/docs")
    async def mine() -> str:
        return "mine"

    client = TestClient(app)
    assert (await client.get("/docs")).text == "mine"
    assert (await client.get("/openapi.json")).status == 200

    posted = App()
    posted.post("/{kind}")(returning(None))
    assert (await TestClient(posted).get("/docs")).status == 200

    caught = App()
    caught.get("/{path:path}")(returning(None))
    assert (await TestClient(caught).get("/openapi.json")).status == 204


async def test_they_are_served_elsewhere_or_nowhere_as_one_likes() -> None:
    app = App(openapi="/about/api.json", docs="")
    client = TestClient(app)
    assert (await client.get("/about/api.json")).status == 200
    assert (await client.get("/docs")).status == 404
    assert (await client.get("/openapi.json")).status == 404


async def test_hooks_of_the_app_guard_them_too() -> None:
    app = App()

    @app.before
    async def refuse() -> None:
        raise HttpError(401)

    assert (await TestClient(app).get("/openapi.json")).status == 401


@pytest.mark.parametrize("raises", [{200: "fine"}, {404: 404}, {"404": "none"}, [404]])
def test_what_is_raised_is_told_by_status_and_words(raises: Any) -> None:
    with pytest.raises(UsageError, match="raises must map statuses from 400 to 599 to texts"):
        App().get("/", raises=raises)(show)
    with pytest.raises(UsageError, match="raises must map statuses"):
        App().before(raises=raises)(show)


@pytest.mark.parametrize("tags", ["users", [1]])
def test_tags_are_a_sequence_of_strings(tags: Any) -> None:
    with pytest.raises(UsageError, match="tags must be a sequence of strings"):
        App().get("/", tags=tags)(show)


def test_the_default_of_a_secret_is_left_out() -> None:
    async def handler(q: Query[Secret[str]] = "hunter2", r: Query[str] = "a") -> None: ...

    first, second = described(handler)[0]["parameters"]
    assert "default" not in first["schema"]
    assert second["schema"]["default"] == "a"


def test_a_default_that_is_no_json_is_left_out() -> None:
    async def handler(day: Query[datetime.date] = datetime.date.today()) -> None: ...  # noqa: B008

    async def other(value: Query[int] = Unspeakable()) -> None: ...  # type: ignore[assignment]  # noqa: B008

    assert "default" in described(handler)[0]["parameters"][0]["schema"]
    assert "default" not in described(other)[0]["parameters"][0]["schema"]


class Odd(msgspec.Struct):
    day: datetime.date = datetime.date(2026, 1, 2)
    infinite: float = float("inf")
    nothing: int | None = None
    empty: tuple[()] = ()
    shown: Annotated[datetime.date, msgspec.Meta(examples=[datetime.date(2026, 1, 3)])] = datetime.date(2026, 1, 2)


def test_defaults_and_examples_of_any_type_are_json() -> None:
    async def handler(body: Odd) -> None: ...

    _, components = described(handler, method="post")
    fields = components["schemas"]["Odd"]["properties"]
    json.dumps(fields, allow_nan=False)
    assert {name: field["default"] for name, field in fields.items() if "default" in field} == {
        "day": "2026-01-02",
        "nothing": None,
        "empty": [],
        "shown": "2026-01-02",
    }
    assert fields["shown"]["examples"] == ["2026-01-03"]
    assert "prefixItems" not in fields["empty"]


Nameless = msgspec.defstruct("", [("value", int)])
Recursive = msgspec.defstruct("Größe[1]", [("value", int)])


async def of_many_kinds(
    body: Odd, a: Query[Literal["a"] | None], b: Query[list[int]], c: Query[Any], d: Query[tuple[int, str]]
) -> Nameless | list[Any]: ...  # type: ignore[valid-type]


class Bare(msgspec.Struct):
    a: list  # type: ignore[type-arg]
    b: set[Any]
    c: tuple[()]
    d: tuple  # type: ignore[type-arg]


async def of_bare_arrays(body: Bare, a: Query[list], b: Query[list[Any]]) -> tuple[()]: ...  # type: ignore[type-arg]


async def of_any_items(body: list) -> None: ...  # type: ignore[type-arg]


async def with_odd_names(body: Recursive) -> Annotated[str, msgspec.Meta(min_length=3)] | dict[str, "Odd"]: ...  # type: ignore[valid-type]


@pytest.mark.parametrize(
    "handler", [of_many_kinds, of_bare_arrays, of_any_items, with_odd_names, functools.partial(show), Caller()]
)
@pytest.mark.parametrize("method", ["head", "post"])
async def test_every_app_has_a_page_and_a_valid_document(handler: Any, method: str) -> None:
    app = App()
    app.route("/it's/{kind}/{id:int}", [method.upper()], tags=["one", "two"])(handler)
    client = TestClient(app)
    page = (await client.get("/docs")).text
    ids = re.findall(r'id="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]*)"', page)) <= set(ids)
    document = (await client.get("/openapi.json")).value
    validate(document)
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", name) for name in document["components"]["schemas"])


async def test_an_example_call_is_one_that_a_shell_takes() -> None:
    app = App()

    @app.post("/{kind}")
    async def handler(
        kind: Literal["it's"], q: Query[Literal["a&b"]], body: Annotated[str, msgspec.Meta(examples=["'$x"])]
    ) -> None: ...

    page = html.unescape((await TestClient(app).get("/docs")).text)
    words = shlex.split(re.search(r"curl [^<]*", page)[0])  # type: ignore[index]
    assert words[:4] == ["curl", "-X", "POST", "http://localhost:8000/it%27s?q=a%26b"]
    assert words[-2:] == ["-d", '"\'$x"']


@pytest.mark.parametrize("argument", [{"title": None}, {"version": 1}, {"docs": None}, {"caps": {"depth": 3}}])
def test_an_app_is_told_at_once_what_it_cannot_say_of_itself(argument: Any) -> None:
    with pytest.raises(UsageError, match=f"^{next(iter(argument))} must be "):
        App(**argument)


class Signup(msgspec.Struct):
    name: str
    tags: list[str]
    age: int = 0


async def with_a_form(form: Form) -> None: ...
async def with_fields(form: Signup) -> None: ...
async def with_parts(body: AsyncIterator[bytes]) -> None: ...
async def with_bytes(body: bytes = b"") -> None: ...


FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


@pytest.mark.parametrize(
    ("handler", "kinds", "schema", "is_required", "errors"),
    [
        (with_a_form, FORMS, {}, True, ["400", "413", "415", "5XX"]),
        (
            with_fields,
            FORMS,
            {"schema": {"$ref": "#/components/schemas/Signup"}},
            True,
            ["400", "413", "415", "422", "5XX"],
        ),
        (with_parts, ("application/octet-stream",), {}, True, ["400", "413", "5XX"]),
        (with_bytes, ("application/octet-stream",), {}, False, ["400", "413", "5XX"]),
    ],
)
def test_a_form_and_a_body_in_parts_say_what_they_take(
    handler: Any, kinds: tuple[str, ...], schema: Any, is_required: bool, errors: list[str]
) -> None:
    operation, components = described(handler, method="post")
    assert operation["requestBody"] == {"content": dict.fromkeys(kinds, schema), "required": is_required}
    assert list(operation["responses"])[1:] == errors
    assert components["responses"]["415"]["description"] == "The body is not a form, or not in UTF-8"


@pytest.mark.parametrize(("handler", "fields"), [(with_a_form, ""), (with_fields, "name=text&tags=text")])
async def test_an_example_call_sends_a_form_as_one(handler: Any, fields: str) -> None:
    app = App()
    app.post("/")(handler)
    client = TestClient(app)
    validate((await client.get("/openapi.json")).value)
    page = html.unescape((await client.get("/docs")).text)
    words = shlex.split(re.search(r"curl [^<]*", page)[0])  # type: ignore[index]
    assert words[-2:] == ["-d", fields]
    assert (await client.post("/", headers={"content-type": FORMS[0]}, body=words[-1].encode())).status == 204
