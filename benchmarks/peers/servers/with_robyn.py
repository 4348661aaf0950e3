"""Robyn on its own server, with pydantic; plain functions, which it calls a good deal faster than async ones."""

import sys
from typing import Annotated

from pydantic import BaseModel, Field
from robyn import Request, Response, Robyn

app = Robyn(__file__)


class NewUser(BaseModel):
    name: Annotated[str, Field(min_length=1)]
    email: str
    age: Annotated[int, Field(ge=0)]


@app.before_request()
def see(request: Request):
    request.headers.set("seen", request.method)
    return request


@app.after_request()
def tell(request: Request, response: Response):
    response.headers.set("x-seen", request.headers.get("seen"))
    return response


@app.get("/health")
def health():
    return "ok"


@app.get("/users/:id")
def show_user(id: int):
    return {"id": id, "name": f"user {id}"}


@app.post("/users")
def create_user(user: NewUser):
    return Response(201, {"content-type": "application/json"}, user.model_dump_json())


if __name__ == "__main__":
    app.start(host="127.0.0.1", port=int(sys.argv[1]), _check_port=False)
