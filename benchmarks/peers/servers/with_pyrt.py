"""Served by `pyrt serve`."""

from typing import Annotated

import msgspec

from pyrt import App, LocalContext, Request, Response

app = App()


class NewUser(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(min_length=1)]
    email: str
    age: Annotated[int, msgspec.Meta(ge=0)]


@app.before
async def see(req: Request, lctx: LocalContext):
    lctx.state["seen"] = req.method


@app.after
async def tell(res: Response, lctx: LocalContext):
    res.headers.add("x-seen", lctx.state["seen"])


@app.get("/health")
async def health():
    return "ok"


@app.get("/users/{id:int}")
async def show_user(id):
    return {"id": id, "name": f"user {id}"}


@app.post("/users", status=201)
async def create_user(body: NewUser):
    return body
