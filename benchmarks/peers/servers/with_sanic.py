"""Sanic on its own server, with the validation of Sanic Extensions, by msgspec here."""

import sys
from typing import Annotated

import msgspec
from sanic import Sanic, json, text
from sanic_ext import validate

app = Sanic("peer")
# Their validation is used alone: all the extensions together take a third of its speed.
app.config.AUTO_EXTEND = False


class NewUser(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(min_length=1)]
    email: str
    age: Annotated[int, msgspec.Meta(ge=0)]


@app.on_request
async def see(request):
    request.ctx.seen = request.method


@app.on_response
async def tell(request, response):
    response.headers["x-seen"] = request.ctx.seen


@app.get("/health")
async def health(request):
    return text("ok")


@app.get("/users/<id:int>")
async def show_user(request, id):
    return json({"id": id, "name": f"user {id}"})


@app.post("/users")
@validate(json=NewUser)
async def create_user(request, body):
    return json(msgspec.to_builtins(body), 201)


if __name__ == "__main__":
    app.run("127.0.0.1", int(sys.argv[1]), single_process=True, access_log=False, motd=False)
