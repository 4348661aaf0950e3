"""FastAPI on uvicorn, with pydantic; answers are models too, which is faster than a dict."""

from typing import Annotated

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field
from starlette.datastructures import MutableHeaders

app = FastAPI()


class NewUser(BaseModel):
    name: Annotated[str, Field(min_length=1)]
    email: str
    age: Annotated[int, Field(ge=0)]


class User(BaseModel):
    id: int
    name: str


class Seen:
    # A plain ASGI middleware: @app.middleware("http") is shorter to write, and costs several times as much.
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        seen = scope["method"]

        async def tell(message):
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-seen"] = seen
            await send(message)

        await self.app(scope, receive, tell)


app.add_middleware(Seen)


@app.get("/health", response_class=PlainTextResponse)
async def health():
    return "ok"


@app.get("/users/{id}")
async def show_user(id: int) -> User:
    return User(id=id, name=f"user {id}")


@app.post("/users", status_code=201)
async def create_user(user: NewUser) -> NewUser:
    return user
