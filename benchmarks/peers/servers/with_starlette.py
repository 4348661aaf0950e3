"""Starlette on uvicorn; the body goes through pydantic, since Starlette itself validates nothing."""

from typing import Annotated

from pydantic import BaseModel, Field, ValidationError
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route


class NewUser(BaseModel):
    name: Annotated[str, Field(min_length=1)]
    email: str
    age: Annotated[int, Field(ge=0)]


class Seen:
    # A plain ASGI middleware: BaseHTTPMiddleware is shorter to write, and costs several times as much.
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


async def health(request):
    return PlainTextResponse("ok")


async def show_user(request):
    id = request.path_params["id"]
    return JSONResponse({"id": id, "name": f"user {id}"})


async def create_user(request):
    try:
        user = NewUser.model_validate_json(await request.body())
    except ValidationError as error:
        return Response(error.json(), 422, media_type="application/json")
    return Response(user.model_dump_json(), 201, media_type="application/json")


app = Starlette(
    routes=[
        Route("/health", health),
        Route("/users/{id:int}", show_user),
        Route("/users", create_user, methods=["POST"]),
    ],
    middleware=[Middleware(Seen)],
)
