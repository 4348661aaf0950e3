"""What a request carries: path, query, cookies, headers, body; and the contexts."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec

from pyrt import Email, GlobalContext, LocalContext, Query, Request, Response
from tests.conformance.app.declared import app


def typed(value: Any) -> dict[str, str]:
    return {"value": str(value), "type": type(value).__name__}


@app.get("/params/text/{value}")
async def show_text(value: str) -> dict[str, str]:
    return typed(value)


@app.get("/params/int/{value:int}")
async def show_int(value: int) -> dict[str, str]:
    return typed(value)


@app.get("/params/float/{value:float}")
async def show_float(value: float) -> dict[str, str]:
    return typed(value)


@app.get("/params/uuid/{value:uuid}")
async def show_uuid(value: UUID) -> dict[str, str]:
    return typed(value)


@app.get("/params/hex/{value:hex}", name="own converter")
async def show_hex(value: int) -> dict[str, str]:
    return typed(value)


@app.get("/params/path/{value:path}")
async def show_path(value: str) -> dict[str, str]:
    return typed(value)


@app.get("/params/two/{first}/{second:int}")
async def show_two(first: str, second: int) -> list[Any]:
    return [first, second]


@app.get("/precedence/static")
async def by_static() -> str:
    return "static"


@app.get("/precedence/{value:int}")
async def by_type(value: int) -> str:
    return "typed"


@app.get("/precedence/{value}")
async def by_name(value: str) -> str:
    return "plain"


@app.get("/precedence/{value:path}")
async def by_wildcard(value: str) -> str:
    return "wildcard"


@app.post("/precedence/{value}")
async def post_by_name(value: str) -> str:
    return f"posted {value}"


@app.get("/urls")
async def urls() -> dict[str, str]:
    return {
        "int": app.url("show_int", value=-7),
        "uuid": app.url("show_uuid", value=UUID(int=5)),
        "text": app.url("show_text", value="a/b ü?#%"),
        "path": app.url("show_path", value="a/b c/%"),
        "hex": app.url("own converter", value=255),
    }


@app.options("/methods/options")
async def own_options() -> str:
    return "own"


@app.head("/methods/head")
async def own_head() -> Response:
    return Response(headers=[("x-own", "yes")])


@app.get("/methods/head")
async def head_of_own() -> str:
    return "body"


@app.get("/query")
async def query(
    n: Query[int],
    page: Query[Annotated[int, msgspec.Meta(ge=1, le=100)]] = 1,
    tags: Query[list[str] | None] = None,
) -> list[Any]:
    return [n, page, tags]


@app.get("/query/raw")
async def query_raw(req: Request) -> dict[str, list[str]]:
    return req.query_params


@app.get("/cookies")
async def cookies(req: Request) -> dict[str, str]:
    return req.cookies


@app.post("/cookies")
async def set_cookies() -> Response:
    answer = Response("set")
    answer.set_cookie("session", "abc")
    answer.set_cookie("theme", "dark")
    answer.delete_cookie("old")
    return answer


@app.get("/headers")
async def headers(req: Request) -> list[Any]:
    return [req.headers.get_all("x-many"), req.headers.get("X-LATIN"), req.headers.get("x-none")]


class Line(msgspec.Struct, forbid_unknown_fields=True):
    sku: Annotated[str, msgspec.Meta(min_length=1)]
    count: Annotated[int, msgspec.Meta(ge=1)]


class Order(msgspec.Struct, forbid_unknown_fields=True):
    email: Email
    lines: Annotated[list[Line], msgspec.Meta(min_length=1)]


@app.post("/orders", status=201)
async def order(body: Order) -> dict[str, Any]:
    return {"email": body.email, "pieces": sum(line.count for line in body.lines)}


@app.route("/body/raw", methods=["POST", "PUT", "PATCH", "DELETE"])
async def body_raw(body: bytes, req: Request) -> list[Any]:
    return [req.method, len(body), body[:20].decode("latin-1")]


@app.post("/body/json")
async def body_json(body: Any) -> Any:
    return body


@app.get("/context")
async def context(lctx: LocalContext, gctx: GlobalContext) -> dict[str, Any]:
    assert lctx.deadline is not None
    return {
        "request_id": lctx.request_id,
        "trace_id": lctx.trace_id,
        "parent_id": lctx.parent_id,
        "client": lctx.client,
        "left_s": lctx.deadline - gctx.clock(),
        "config": dict(gctx.config),
        "instance_id": gctx.instance_id,
    }


@app.get("/context/frozen")
async def frozen(gctx: GlobalContext) -> str:
    try:
        gctx.config = {}  # type: ignore[misc]
    except Exception as error:
        return type(error).__name__
    return "set"
