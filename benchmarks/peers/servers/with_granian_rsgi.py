"""An RSGI application without a framework, on Granian: what a framework on it could reach."""

from typing import Annotated

import msgspec


class NewUser(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(min_length=1)]
    email: str
    age: Annotated[int, msgspec.Meta(ge=0)]


TEXT, JSON = ("content-type", "text/plain"), ("content-type", "application/json")
encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(NewUser).decode


async def see(scope, state):
    state["seen"] = scope.method


async def tell(headers, state):
    headers.append(("x-seen", state["seen"]))


async def health(protocol):
    return 200, TEXT, b"ok"


async def show_user(protocol, id):
    return 200, JSON, encode({"id": id, "name": f"user {id}"})


async def create_user(protocol):
    try:
        user = decode(await protocol())
    except msgspec.DecodeError as error:
        return 422, TEXT, str(error).encode()
    return 201, JSON, encode(user)


async def not_found(protocol):
    return 404, TEXT, b"not found"


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


async def app(scope, protocol):
    state = {}
    await see(scope, state)
    handler, parameters = route(scope.method, scope.path)
    status, kind, body = await handler(protocol, *parameters)
    headers = [kind]
    await tell(headers, state)
    protocol.response_bytes(status, headers, body)
