"""The apps under test, by scenario, each with its request and the answer that is right."""

import pyrt

from . import requests, schemas

SCENARIOS = ("simple", "module", "hooks", "validation")

REQUESTS = {
    "simple": requests.GET_USER,
    "module": requests.GET_USER,
    "hooks": requests.GET_USER,
    "validation": requests.POST_USER,
}

STATUS = {"simple": 200, "module": 200, "hooks": 200, "validation": 201}

BODIES = {
    "simple": b'{"id":42,"name":"user 42"}',
    "module": b'{"id":42,"name":"user 42"}',
    "hooks": b'{"id":42,"name":"user 42"}',
    "validation": requests.NEW_USER,
}


def app(scenario):
    """A new app of a scenario: a server that stops closes its app for everybody else."""
    made = pyrt.App()
    _DECLARE[scenario](made)
    return made


def _simple(app):
    @app.get("/users/{id:int}")
    async def show_user(id):
        return {"id": id, "name": f"user {id}"}


def _module(app):
    class Users(pyrt.Module):
        async def name_of(self, id):
            return f"user {id}"

    app.module("users", Users)

    @app.get("/users/{id:int}")
    async def show_user(id, users):
        return {"id": id, "name": await users.name_of(id)}


async def before(req, lctx):
    lctx.state["seen"] = req.method


async def after(res, lctx):
    lctx.state["status"] = res.status


def _hooks(app):
    app.before(before)
    app.after(after)
    _simple(app)


def _validation(app):
    async def create_user(body):
        return body

    create_user.__annotations__["body"] = schemas.annotation("small")
    app.post("/users", status=201)(create_user)


_DECLARE = {"simple": _simple, "module": _module, "hooks": _hooks, "validation": _validation}


def _empty():
    return None


async def _empty_async():
    return None


HOOKED = {"none": None, "one before, one after": _empty, "one before, one after, async": _empty_async}


def hooked(kind):
    """A new app of the simple scenario with an empty hook before and one after."""
    made = pyrt.App()
    if HOOKED[kind] is not None:
        made.before(HOOKED[kind])
        made.after(HOOKED[kind])
    _simple(made)
    return made
