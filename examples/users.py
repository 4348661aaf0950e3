"""A small service: users in a module, a hook, validation and a queue.

pyrt serve examples.users:app --port 8000

http://localhost:8000/docs describes its routes.
"""

import itertools
import logging
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec

from pyrt import App, Email, GlobalContext, HttpError, LocalContext, Module, Query, Request, Response
from pyrt.gtype import DateTime, Secret, Url, check

app = App(title="Users", description="A small service that keeps users in memory.", check_answers="enforce")


class NewUser(msgspec.Struct, forbid_unknown_fields=True):
    """The fields of a new user."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100), check(str.isprintable, "printable characters")]
    email: Email
    age: Annotated[int, msgspec.Meta(ge=0, le=150)]
    password: Secret[Annotated[str, msgspec.Meta(min_length=8)]] | None = None
    homepage: Url | None = None
    role: Literal["reader", "writer"] = "reader"


class User(msgspec.Struct):
    """A user as the service shows it."""

    id: int
    name: str
    joined: DateTime
    email: Email | None = None
    age: int | None = None


class Users(Module):
    """Keeps users in memory. For an id that was never created, it makes up a user; a negative id gets 404."""

    def __init__(self, limit_users: int = 10_000) -> None:
        self._limit_users = limit_users
        self._users: dict[int, User] = {}
        self._ids = itertools.count(1000)

    async def find(self, id: int) -> User:
        if id in self._users:
            return self._users[id]
        if id < 0:
            raise HttpError(404, f"there is no user {id}")
        return User(id, f"user {id}", datetime.fromtimestamp(0, UTC))

    async def list(self, limit: int, name: str) -> list[User]:
        found = (user for user in self._users.values() if name in user.name)
        return [*itertools.islice(found, limit)]

    async def add(self, new: NewUser) -> User:
        user = User(next(self._ids), new.name, datetime.now(UTC), new.email, new.age)
        self._users[user.id] = user
        if len(self._users) > self._limit_users:
            del self._users[next(iter(self._users))]
        return user


app.module("users", Users)


@app.after
async def name_the_request(res: Response, lctx: LocalContext) -> None:
    res.headers.add("x-request-id", lctx.request_id)


@app.get("/health")
async def health() -> str:
    """Answer `ok` while the service runs."""
    return "ok"


@app.get("/users/{id:int}", tags=["users"])
async def show_user(id: int, users: Users) -> User:
    """One user."""
    return await users.find(id)


@app.get("/users", tags=["users"])
async def list_users(
    users: Users, limit: Query[Annotated[int, msgspec.Meta(ge=1, le=100)]] = 10, name: Query[str] = ""
) -> list[User]:
    """The created users whose names contain *name*."""
    return await users.list(limit, name)


@app.post("/users", status=201, tags=["users"])
async def create_user(body: NewUser, users: Users, gctx: GlobalContext) -> User:
    """Create a user, and publish it for a greeting."""
    user = await users.add(body)
    await gctx.queue.publish("user.created", {"id": user.id, "email": user.email})
    return user


@app.subscribe("user.created", group="mail")
async def greet(message: dict[str, Any]) -> None:
    logging.getLogger("examples.users").info("would greet user %d", message["id"])


@app.catch
async def log_error(req: Request, error: Exception) -> None:
    logging.getLogger("examples.users").debug("%s %s: %s", req.method, req.path, error)
