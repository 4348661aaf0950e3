"""Answers held to what their handlers say that they return."""

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


@pytest.mark.parametrize(
    "value",
    [Item("a"), {"name": "a"}, Response(b"[]", status=404), Response("text"), Response.json({"name": "b"})],
)
async def test_what_fits_or_is_no_json_of_the_route_is_let_through(value: Any) -> None:
    answer = await TestClient(app_that_returns(value, check_answers="enforce")).get("/")
    assert answer.status == (value.status if isinstance(value, Response) else 200)


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


async def test_a_response_that_was_filled_is_checked_too() -> None:
    app = App()

    @app.get("/", check_answers="enforce")
    async def show(res: Response) -> Item:
        return {}  # type: ignore[return-value]

    assert (await TestClient(app, raise_errors=False).get("/")).status == 500


def test_a_route_that_says_nothing_of_json_cannot_be_checked() -> None:
    app = App()

    @app.get("/", check_answers="warn")
    async def show():  # type: ignore[no-untyped-def]
        return {}

    with pytest.raises(UsageError, match="annotate what it returns as JSON"):
        app.freeze()


def test_check_answers_is_one_of_three_words() -> None:
    for declare in (lambda: App(check_answers="on"), lambda: App().get("/", check_answers="on")(print)):
        with pytest.raises(UsageError, match="check_answers is one of 'off', 'warn', 'enforce', got 'on'"):
            declare()
