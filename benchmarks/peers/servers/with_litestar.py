"""Litestar on uvicorn, with msgspec, which it has built in; a middleware, which is faster than its hooks."""

from typing import Annotated

import msgspec
from litestar import Litestar, MediaType, get, post
from litestar.datastructures import MutableScopeHeaders
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send


class NewUser(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(min_length=1)]
    email: str
    age: Annotated[int, msgspec.Meta(ge=0)]


class Seen(ASGIMiddleware):
    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        seen = scope["method"]

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableScopeHeaders.from_message(message)["x-seen"] = seen
            await send(message)

        await next_app(scope, receive, tell)


@get("/health", media_type=MediaType.TEXT)
async def health() -> str:
    return "ok"


@get("/users/{id:int}")
async def show_user(id: int) -> dict[str, int | str]:
    return {"id": id, "name": f"user {id}"}


@post("/users")
async def create_user(data: NewUser) -> NewUser:
    return data


app = Litestar([health, show_user, create_user], middleware=[Seen()])
