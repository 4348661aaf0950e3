"""Falcon's ASGI application on uvicorn, with msgspec as its documentation adds it."""

from typing import Annotated

import falcon
import falcon.asgi
import falcon.media
import msgspec


class NewUser(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(min_length=1)]
    email: str
    age: Annotated[int, msgspec.Meta(ge=0)]


class Seen:
    async def process_request(self, req, resp):
        req.context.seen = req.method

    async def process_response(self, req, resp, resource, req_succeeded):
        resp.set_header("x-seen", req.context.seen)


class Health:
    async def on_get(self, req, resp):
        resp.content_type = falcon.MEDIA_TEXT
        resp.text = "ok"


class User:
    async def on_get(self, req, resp, id):
        resp.media = {"id": id, "name": f"user {id}"}


class Users:
    async def on_post(self, req, resp):
        try:
            user = msgspec.convert(await req.get_media(), NewUser)
        except msgspec.ValidationError as error:
            raise falcon.HTTPUnprocessableEntity(description=str(error)) from error
        resp.status = falcon.HTTP_201
        resp.media = user


app = falcon.asgi.App(middleware=[Seen()])
handler = falcon.media.JSONHandler(dumps=msgspec.json.Encoder().encode, loads=msgspec.json.Decoder().decode)
app.req_options.media_handlers[falcon.MEDIA_JSON] = handler
app.resp_options.media_handlers[falcon.MEDIA_JSON] = handler
app.add_route("/health", Health())
app.add_route("/users/{id:int}", User())
app.add_route("/users", Users())
