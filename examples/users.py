"""A small service: users in a module, a hook, validation and a queue.

pyrt serve examples.users:app --port 8000
"""

import itertools
import logging
from typing import Annotated, Any

import msgspec

from pyrt import App, Email, GlobalContext, LocalContext, Module, Request, Response

app = App()


class NewUser(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(min_length=1)]
    email: Email
    age: Annotated[int, msgspec.Meta(ge=0)]


class Users(Module):
    """Users in memory; ids that nobody created have a made-up name."""

    def __init__(self, limit_users: int = 10_000) -> None:
        self._limit_users = limit_users
        self._names: dict[int, str] = {}
        self._ids = itertools.count(1000)

    async def name_of(self, id: int) -> str:
        return self._names.get(id, f"user {id}")

    async def add(self, name: str) -> int:
        id = next(self._ids)
        self._names[id] = name
        if len(self._names) > self._limit_users:
            del self._names[next(iter(self._names))]
        return id


app.module("users", Users)


@app.after
async def name_the_request(res: Response, lctx: LocalContext) -> None:
    res.headers.add("x-request-id", lctx.request_id)


@app.get("/health")
async def health() -> str:
    return "ok"


@app.get("/users/{id:int}")
async def show_user(id: int, users: Users) -> dict[str, Any]:
    return {"id": id, "name": await users.name_of(id)}


@app.post("/users", status=201)
async def create_user(body: NewUser, users: Users, gctx: GlobalContext) -> dict[str, Any]:
    id = await users.add(body.name)
    await gctx.queue.publish("user.created", {"id": id, "email": body.email})
    return {"id": id, "name": body.name, "email": body.email, "age": body.age}


@app.subscribe("user.created", group="mail")
async def greet(message: dict[str, Any]) -> None:
    logging.getLogger("examples.users").info("would greet user %d", message["id"])


@app.catch
async def log_error(req: Request, error: Exception) -> None:
    logging.getLogger("examples.users").debug("%s %s: %s", req.method, req.path, error)
