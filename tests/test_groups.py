import functools
import math
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from pyrt import App, Response, UsageError
from pyrt.errors import FrozenError
from pyrt.testing import TestClient


def noting(order: list[str], name: str) -> Any:
    def hook() -> None:
        order.append(name)

    hook.__name__ = name.replace(" ", "_")
    return hook


async def test_a_group_puts_its_prefix_before_its_routes() -> None:
    app = App()
    inner = app.group("/api").group("/{version:int}")

    @inner.get("/users")
    async def users(version: int) -> int:
        return version

    assert (await TestClient(app).get("/api/2/users")).body == b"2"


async def test_hooks_run_from_the_outermost_level_inwards_and_back() -> None:
    app, order = App(), []
    outer = app.group("/a")
    inner = outer.group("/b")
    for phase in ("before", "after"):
        for name, level in (("inner", inner), ("outer", outer), ("app", app)):
            getattr(level, phase)(noting(order, f"{phase} {name}"))

    @inner.get("/", before=[noting(order, "before route")], after=[noting(order, "after route")])
    async def handler() -> None:
        order.append("handler")

    await TestClient(app).get("/a/b/")
    levels = ["app", "outer", "inner", "route"]
    assert order == [*(f"before {each}" for each in levels), "handler", *(f"after {each}" for each in levels[::-1])]


async def test_the_innermost_catch_hook_answers_first() -> None:
    app = App()
    group = app.group("/g")
    app.catch(lambda: "app")
    group.catch(lambda: "group")

    @group.get("/a")
    @app.get("/b")
    @group.get("/c", catch=[lambda: "route"])
    async def broken() -> None:
        raise RuntimeError

    client = TestClient(app)
    assert [(await client.get(path)).body for path in ("/g/a", "/b", "/g/c")] == [b"group", b"app", b"route"]


async def test_hooks_of_a_group_stay_within_it() -> None:
    app = App()
    app.group("/g").before(lambda: Response("mine"))
    app.get("/")(lambda: "app")
    client = TestClient(app)
    assert (await client.get("/")).body == b"app"
    assert (await client.get("/g/nowhere")).status == 404


async def test_hooks_of_the_app_see_requests_that_no_route_takes() -> None:
    app, seen = App(), []
    app.after(lambda res, req: seen.append((req.path, res.status)))
    app.catch(lambda error: seen.append(error.status))
    app.get("/a")(lambda: "a")
    client = TestClient(app)
    assert [(await client.request(method, "/a")).status for method in ("POST", "GET")] == [405, 200]
    assert (await client.get("/b")).status == 404
    assert seen == [405, ("/a", 200), 404]


@pytest.mark.parametrize("prefix", ["api", "/api/", "/", ""])
def test_a_prefix_that_cannot_stand_before_a_path_is_refused(prefix: str) -> None:
    with pytest.raises(UsageError, match="prefix"):
        App().group(prefix)


def named(name: str) -> Any:
    def hook() -> None: ...

    hook.__name__ = name
    return hook


BOTH = r"test_groups\.py.*test_groups\.py"


def test_two_hooks_of_one_name_are_refused_and_both_are_named() -> None:
    app = App()
    app.before(named("auth"))
    with pytest.raises(UsageError, match=BOTH):
        app.before(named("auth"))
    app.after(named("auth"))
    app.before(name="auth2")(named("auth"))


def test_hooks_of_one_name_at_two_levels_of_a_route_are_refused() -> None:
    app = App()
    app.before(named("auth"))
    app.group("/other").before(named("auth"))
    app.group("/g").get("/x", before=[named("auth")])(lambda: "")
    with pytest.raises(UsageError, match=BOTH):
        app.freeze()


def test_groups_may_use_one_name_each() -> None:
    app = App()
    for prefix in ("/a", "/b"):
        group = app.group(prefix)
        group.before(named("auth"))
        group.get("/")(lambda: "")
    app.freeze()


def test_a_partial_has_no_name_of_its_own_and_can_be_given_one() -> None:
    app = App()
    app.before(name="one")(functools.partial(named("x")))
    app.before(name="two")(functools.partial(named("x")))
    assert [hook.name for hook in app.hooks("before")] == ["one", "two"]


def test_a_hook_that_would_run_twice_is_refused() -> None:
    app, hook = App(), named("auth")
    app.before(hook)
    with pytest.raises(UsageError, match="twice"):
        app.before(hook)
    app.get("/x", before=[hook])(lambda: "")
    with pytest.raises(UsageError, match="twice"):
        app.freeze()


def test_a_time_limit_is_for_hooks_that_can_be_interrupted() -> None:
    with pytest.raises(UsageError, match="cannot be interrupted"):
        App().before(timeout_s=1.0)(lambda: None)


@pytest.mark.parametrize("limit_s", [0.0, -1, math.inf, math.nan, "1", Decimal("0.5")])
def test_a_time_limit_is_a_number_of_seconds_over_0(limit_s: Any) -> None:
    async def function() -> None: ...

    for declare in (
        lambda: App(deadline_s=limit_s),
        lambda: App(cleanup_timeout_s=limit_s),
        lambda: App().get("/", deadline_s=limit_s)(function),
        lambda: App().before(timeout_s=limit_s)(function),
        lambda: App().on_start(timeout_s=limit_s)(function),
    ):
        with pytest.raises(UsageError, match="must be a number of seconds over 0"):
            declare()


async def generates() -> AsyncIterator[str]:
    yield ""


def test_a_hook_answers_by_returning() -> None:
    with pytest.raises(UsageError, match="generator"):
        App().before(generates)


def test_a_path_in_a_group_begins_with_a_slash_or_is_empty() -> None:
    group = App().group("/g")
    with pytest.raises(UsageError, match="must begin with '/'"):
        group.get("x")
    with pytest.raises(UsageError, match="must begin with '/'"):
        App().get("")
    group.get("")


def test_nothing_can_be_added_after_freeze() -> None:
    app = App()
    group = app.group("/g")
    late = group.get("/late")
    app.freeze()
    for register in (
        late,
        group.before,
        lambda hook: app.group("/x"),
        app.on_start(),
        app.lifespan(),
    ):
        with pytest.raises(FrozenError, match=r"test_groups\.py:\d+\)"):
            register(named("late"))
