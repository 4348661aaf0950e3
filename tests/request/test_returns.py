"""Answers held to what their handlers say that they return."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
import pytest

from pyrt import App, Response, UsageError
from pyrt.gtype import Secret
from pyrt.testing import TestClient


class Item(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(min_length=1)]
    key: Secret[int] = 0


def app_that_returns(value: Any, **options: Any) -> App:
    app = App()

    @app.get("/", **options)
    async def show() -> Item:
        return value  # type: ignore[no-any-return]

    return app


async def test_an_answer_that_does_not_fit_is_a_500_where_it_is_enforced(caplog: pytest.LogCaptureFixture) -> None:
    client = TestClient(app_that_returns(Item("", "hunter2"), check_answers="enforce"), raise_errors=False)  # type: ignore[arg-type]
    answer = await client.get("/")
    assert answer.status == 500
    assert "length" not in answer.text
    assert "$.name: expected str of length >= 1" in caplog.text
    assert "hunter2" not in caplog.text


async def test_an_answer_that_does_not_fit_is_sent_and_logged_where_one_is_warned(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = await TestClient(app_that_returns({"key": 1}, check_answers="warn")).get("/")
    assert (answer.status, answer.value) == (200, {"key": 1})
    (record,) = caplog.records
    assert (record.levelname, "$.name: expected a value (required)" in record.getMessage()) == ("WARNING", True)


async def test_nobody_looks_where_it_is_off(caplog: pytest.LogCaptureFixture) -> None:
    assert (await TestClient(app_that_returns({"key": 1})).get("/")).status == 200
    assert not caplog.records


DEEP = b"[" * 2000 + b"]" * 2000


@pytest.mark.parametrize(
    ("annotation", "value", "is_fit"),
    [
        (Item, Item("a"), True),
        (Item, {"name": "a"}, True),
        (Item, Response.json({"name": "b"}), True),
        (Item, Response(b"[]", status=404), True),  # another case, of which the annotation says nothing
        (Item, Response.json({}), False),
        (Item, Response("text"), False),
        (Item | Response, Response("text"), True),
        (Item | Response, Response.json({}), False),
        (Item, None, False),
        (Item, "text", False),
        (Item, b"bytes", False),
        (Item | Response, "text", False),
        (Item | None, None, True),
        (Item | None, {}, False),
        (list[str], ["x" * (1 << 24), "y"], True),  # over what a stranger may send
        (dict[str, Any], Response(DEEP, content_type="application/json"), False),
    ],
)
async def test_an_answer_is_held_to_its_annotation(annotation: Any, value: Any, is_fit: bool) -> None:
    app = App()

    async def show() -> Any:
        return value

    show.__annotations__["return"] = annotation
    app.get("/", check_answers="enforce")(show)
    answer = await TestClient(app, raise_errors=False).get("/")
    assert (answer.status == 500) is not is_fit


async def test_the_app_says_it_for_all_routes_and_a_route_for_itself() -> None:
    app = App(check_answers="enforce")

    @app.get("/checked")
    async def checked() -> Item:
        return {}  # type: ignore[return-value]

    @app.get("/own", check_answers="off")
    async def own() -> Item:
        return {}  # type: ignore[return-value]

    @app.get("/text")
    async def text() -> str:
        return "not JSON, nothing to check"

    client = TestClient(app, raise_errors=False)
    assert [(await client.get(path)).status for path in ("/checked", "/own", "/text")] == [500, 200, 200]


@pytest.mark.parametrize(
    ("body", "status", "returned", "is_fit"),
    [
        (b"", 200, {}, False),
        (b"", 201, {}, False),
        (b"", 201, {"name": "a"}, True),
        (b"{}", 200, None, False),
        (b'{"name":"a"}', 200, None, True),
        (b"{}", 404, None, True),
    ],
)
async def test_a_response_that_was_filled_is_checked_too(body: bytes, status: int, returned: Any, is_fit: bool) -> None:
    app = App()

    @app.get("/", check_answers="enforce")
    async def show(res: Response) -> Item:
        res.body, res.status = body, status
        if body:
            res.headers.add("content-type", "application/json")
        return returned  # type: ignore[no-any-return]

    assert ((await TestClient(app, raise_errors=False).get("/")).status == 500) is not is_fit


async def test_what_is_streamed_as_json_is_let_through() -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"{}"

    app = app_that_returns(Response(parts(), content_type="application/json"), check_answers="enforce")
    assert (await TestClient(app).get("/")).value == {}


class Unspeakable:
    pass


@pytest.mark.parametrize(("of_route", "of_app"), [("warn", "off"), ("", "enforce")])
def test_an_annotation_that_is_no_schema_is_told_with_its_reason(of_route: str, of_app: str) -> None:
    app = App(check_answers=of_app)

    @app.get("/", **({"check_answers": of_route} if of_route else {}))
    async def show() -> Unspeakable: ...

    with pytest.raises(UsageError, match=r"cannot be checked \(JSON cannot carry .*Unspeakable"):
        app.freeze()


def test_a_route_that_says_nothing_of_json_cannot_be_checked() -> None:
    app = App()

    @app.get("/", check_answers="warn")
    async def show():  # type: ignore[no-untyped-def]
        return {}

    with pytest.raises(UsageError, match="annotate what it returns as JSON"):
        app.freeze()


def test_check_answers_is_one_of_three_words() -> None:
    for declare in (lambda: App(check_answers="on"), lambda: App().get("/", check_answers="on")(print)):
        with pytest.raises(UsageError, match="check_answers must be one of 'off', 'warn', 'enforce', got 'on'"):
            declare()
