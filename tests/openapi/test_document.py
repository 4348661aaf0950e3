import datetime
import functools
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
import pytest

from pyrt import App, Email, HttpError, Query, Request, Response, UsageError
from pyrt.gtype import Secret, check
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


def test_routes_that_only_converters_tell_apart_are_all_described() -> None:
    app = App()
    for template in ("/{v:int}", "/{v:uuid}", "/{v}"):
        app.get(template, name=template)(returning(None))
    paths = app.openapi()["paths"]
    assert {path: methods["get"]["parameters"][0]["name"] for path, methods in paths.items()} == {
        "/{v}": "v",
        "/{v_}": "v_",
        "/{v__}": "v__",
    }
    assert paths["/{v_}"]["get"]["parameters"][0]["schema"]["format"] == "uuid"


def test_operations_have_ids_of_their_own() -> None:
    app = App()
    app.route("/a", ["GET", "POST"])(show)
    app.get("/b")(functools.partial(show))
    methods = app.openapi()["paths"]
    assert [methods["/a"]["get"]["operationId"], methods["/a"]["post"]["operationId"]] == ["show", "show_2"]
    assert methods["/b"]["get"]["summary"] == "Show it."


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
    assert (sent, answered) == ({"$ref": "#/components/schemas/Same"}, {"$ref": "#/components/schemas/Same_"})
    assert [components["schemas"][name]["properties"] for name in ("Same", "Same_")] == [
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
    with pytest.raises(UsageError, match="raises= maps statuses from 400 to 599 to words"):
        App().get("/", raises=raises)(show)
    with pytest.raises(UsageError, match="raises= maps statuses"):
        App().before(raises=raises)(show)


@pytest.mark.parametrize("tags", ["users", [1]])
def test_tags_are_a_sequence_of_strings(tags: Any) -> None:
    with pytest.raises(UsageError, match="tags are a sequence of strings"):
        App().get("/", tags=tags)(show)


def test_a_default_that_is_no_json_is_left_out() -> None:
    async def handler(day: Query[datetime.date] = datetime.date.today()) -> None: ...  # noqa: B008

    async def other(value: Query[int] = Unspeakable()) -> None: ...  # type: ignore[assignment]  # noqa: B008

    assert "default" in described(handler)[0]["parameters"][0]["schema"]
    assert "default" not in described(other)[0]["parameters"][0]["schema"]
