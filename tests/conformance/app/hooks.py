"""Hooks: what ran is collected in `lctx.state` and sent as `x-order`, by the last hook to run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from pyrt import GlobalContext, HttpError, LocalContext, Request, Response
from tests.conformance.app.declared import app, key_of, notes


class Unhappy(Exception):
    """What the app's catch hook answers."""


def step(lctx: LocalContext, name: str) -> None:
    lctx.state.setdefault("order", []).append(f"{name}:{lctx.phase}")


def marking(name: str) -> Callable[[LocalContext], None]:
    """A hook that leaves its mark and changes nothing."""

    def mark(lctx: LocalContext) -> None:
        step(lctx, name)

    mark.__name__ = f"mark_{name}"
    return mark


def order_of(lctx: LocalContext) -> list[tuple[str, str]]:
    return [("x-order", " ".join(lctx.state["order"]))]


app.before(marking("app"))


@app.after
async def send_order(lctx: LocalContext, res: Response) -> None:
    step(lctx, "app")
    res.headers.add(*order_of(lctx)[0])


@app.catch
async def answer_unhappy(error: Exception, lctx: LocalContext) -> Response | None:
    if not isinstance(error, Unhappy):
        return None
    step(lctx, "app")
    return Response(f"caught {error}", 409, order_of(lctx))


outer = app.group("/hooks")
outer.before(marking("outer"))
outer.after(marking("outer"))
outer.catch(marking("outer"))
inner = outer.group("/inner")
inner.before(marking("inner"))
inner.after(marking("inner"))
inner.catch(marking("inner"))
ROUTE: dict[str, Any] = {each: [marking("route")] for each in ("before", "after", "catch")}


@inner.get("/order", **ROUTE)
async def in_order(lctx: LocalContext) -> str:
    step(lctx, "here")
    return "in order"


@inner.get("/unhappy", **ROUTE)
async def unhappy(lctx: LocalContext) -> None:
    step(lctx, "here")
    raise Unhappy("this")


def answer_early(lctx: LocalContext) -> Response:
    step(lctx, "early")
    return Response("early", 203)


@inner.get("/early", before=[answer_early, marking("late")])
async def not_reached(lctx: LocalContext) -> str:
    step(lctx, "here")
    return "late"


def replace(res: Response) -> str:
    assert isinstance(res.body, bytes)
    return f"replaced {res.body.decode()}"


@outer.get("/replaced", after=[replace])
async def to_replace() -> str:
    return "this"


def refuse(req: Request) -> None:
    if "authorization" not in req.headers:
        raise HttpError(401, "who are you", [("www-authenticate", "Basic")])


@outer.get("/guarded", before=[refuse])
async def guarded() -> str:
    return "inside"


def break_down() -> None:
    raise RuntimeError("secret of the hook")


@outer.get("/critical", before=[break_down])
async def behind_critical(req: Request) -> str:
    notes.write(key_of(req), "reached")
    return "reached"


flaky = app.group("/flaky")


@flaky.before(critical=False, name="flaky")
async def fail_softly() -> None:
    raise RuntimeError("secret of the flaky hook")


@flaky.get("/answer")
async def behind_flaky(gctx: GlobalContext) -> int:
    return gctx.hook_failures["flaky"]


slow = app.group("/slow")


@slow.before(timeout_s=0.01, critical=False, name="slow")
async def hang_softly() -> None:
    await asyncio.Event().wait()


@slow.get("/answer")
async def behind_slow(gctx: GlobalContext) -> int:
    return gctx.hook_failures["slow"]


stuck = app.group("/stuck")


@stuck.before(timeout_s=0.01)
async def hang(req: Request) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        notes.write(key_of(req), "let go")


@stuck.get("/answer")
async def behind_stuck(req: Request) -> str:
    notes.write(key_of(req), "reached")
    return "reached"
