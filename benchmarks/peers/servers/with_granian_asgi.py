"""An ASGI application without a framework, on Granian: what a framework on it could reach."""

from typing import Annotated

import msgspec


class NewUser(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(min_length=1)]
    email: str
    age: Annotated[int, msgspec.Meta(ge=0)]


TEXT, JSON = (b"content-type", b"text/plain"), (b"content-type", b"application/json")
encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(NewUser).decode


async def see(scope, state):
    state["seen"] = scope["method"]


async def tell(headers, state):
    headers.append((b"x-seen", state["seen"].encode()))


async def health(receive):
    return 200, TEXT, b"ok"


async def show_user(receive, id):
    return 200, JSON, encode({"id": id, "name": f"user {id}"})


async def create_user(receive):
    try:
        user = decode(await whole(receive))
    except msgspec.DecodeError as error:
        return 422, TEXT, str(error).encode()
    return 201, JSON, encode(user)


async def not_found(receive):
    return 404, TEXT, b"not found"


async def whole(receive):
    """The request's body, from all its parts."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def route(method, path):
    """The handler, and what it takes from the path."""
    if (method, path) == ("GET", "/health"):
        return health, ()
    if (method, path) == ("POST", "/users"):
        return create_user, ()
    users, _, id = path.rpartition("/")
    if (method, users) == ("GET", "/users") and id.isdecimal():
        return show_user, (int(id),)
    return not_found, ()


async def app(scope, receive, send):
    state = {}
    await see(scope, state)
    handler, parameters = route(scope["method"], scope["path"])
    status, kind, body = await handler(receive, *parameters)
    headers = [kind, (b"content-length", b"%d" % len(body))]
    await tell(headers, state)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
