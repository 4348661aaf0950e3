"""BlackSheep on uvicorn, with pydantic."""

from typing import Annotated

from blacksheep import Application, FromJSON, get, json, post, text
from pydantic import BaseModel, Field

app = Application()


class NewUser(BaseModel):
    name: Annotated[str, Field(min_length=1)]
    email: str
    age: Annotated[int, Field(ge=0)]


async def seen(request, handler):
    method = request.method
    response = await handler(request)
    response.add_header(b"x-seen", method.encode())
    return response


app.middlewares.append(seen)


@get("/health")
async def health():
    return text("ok")


@get("/users/{int:id}")
async def show_user(id: int):
    return json({"id": id, "name": f"user {id}"})


@post("/users")
async def create_user(user: FromJSON[NewUser]):
    return json(user.value, 201)
