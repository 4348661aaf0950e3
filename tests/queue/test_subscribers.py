import asyncio
import logging
from typing import Annotated, Any

import msgspec
import pytest

from pyrt import App, Module, Request, UsageError
from pyrt.errors import UnknownName


class Database(Module):
    async def name_of(self, id: int) -> str:
        return f"user {id}"


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


class Order(msgspec.Struct):
    count: Annotated[int, msgspec.Meta(ge=1)]


async def test_a_message_fits_its_annotation_or_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    app, got = App(), []

    @app.subscribe("t")
    async def take(message: Order) -> None:
        got.append(message)

    await app.start()
    for message in ({"count": 0}, {"count": 1}, Order(2), Order(-1)):
        await app.gctx.queue.publish("t", message)
    await app.stop()
    assert got == [Order(1), Order(2)]
    assert "$.count: expected int >= 1, got 0" in caplog.text
    assert "$.count: expected int >= 1, got -1" in caplog.text


def test_a_message_is_annotated_with_a_schema_or_not_at_all() -> None:
    app = App()

    @app.subscribe("t")
    async def take(message: object) -> None: ...

    with pytest.raises(UsageError, match="the annotation of 'message' is not a schema"):
        app.freeze()


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
    assert "raised CancelledError by itself" in caplog.text


def test_subscribers_of_one_group_have_one_limit_or_the_app_does_not_freeze() -> None:
    app = App()

    async def one(message: int) -> None: ...
    async def other(message: int) -> None: ...

    app.subscribe("t", group="g", limit_messages=1)(one)
    app.subscribe("t", group="another", limit_messages=2)(other)
    app.subscribe("t", group="g", limit_messages=2)(other)
    with pytest.raises(UsageError, match=r"one .* and .*other .* share the group 'g' of 't'"):
        app.freeze()


@pytest.mark.parametrize("numbers", [{"concurrency": 0}, {"limit_messages": 0}])
def test_a_subscriber_that_could_take_nothing_is_refused(numbers: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="at least 1"):
        App().subscribe("t", **numbers)
