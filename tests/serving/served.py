"""A server in a process of its own, which tells what it holds: `python -m tests.serving.served LOOP FILE LIMITS`.

LOOP is `uvloop` or `asyncio`, FILE what `/file` sends, LIMITS a JSON object. The port stands on standard output.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from pyrt import App, Limits, Response
from pyrt.serving.server import Server


def made_app(file: str) -> tuple[App, list[int]]:
    """An app with something to be broken off in each way, and the number of its requests that are under way."""
    app, under_way = App(), [0]

    @app.before
    async def enter(lctx: Any) -> None:
        under_way[0] += 1
        lctx.on_cleanup(leave)

    async def leave() -> None:
        under_way[0] -= 1

    @app.route("/", methods=["GET", "POST"])
    async def plain(body: bytes) -> str:
        return "ok"

    @app.get("/wait")
    async def wait() -> None:
        await asyncio.Event().wait()

    @app.get("/later")
    async def later() -> str:
        await asyncio.sleep(0.5)
        return "ok"

    add_talkers(app, file)
    return app, under_way


def add_talkers(app: App, file: str) -> None:
    """The routes that have much to say, or to take."""

    @app.get("/stream")
    async def stream() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 10_000

    @app.get("/file")
    async def whole_file() -> Response:
        return Response.file(file)

    @app.post("/parts")
    async def parts(body: AsyncIterator[bytes]) -> int:
        return sum([len(part) async for part in body])

    @app.post("/form")
    async def form(form: Any) -> int:
        return len(form.fields)


def held(server: Server, under_way: list[int]) -> dict[str, Any]:
    """What the server holds: all of it without the one request that asks."""
    return {
        "tasks": len(asyncio.all_tasks()) - 1,
        "descriptors": len(os.listdir("/proc/self/fd")) - 1,
        "connections": len(server.edge.connections) - 1,
        "requests": under_way[0] - 1,
        "refused": server.edge.refused_connections,
        "hook failures": server.app.gctx.hook_failures,
    }


def memory() -> int:
    """In bytes, resident."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def main(file: str, limits: dict[str, Any]) -> None:
    app, under_way = made_app(file)
    server = Server(app, port=0, limits=Limits(**limits))

    @app.get("/held")
    async def tell() -> dict[str, Any]:
        await asyncio.sleep(0)  # so that it is a task like any other
        return {"held": held(server, under_way), "memory": memory()}

    await server.start()
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def new_loop(name: str) -> asyncio.AbstractEventLoop:
    if name == "asyncio":
        return asyncio.SelectorEventLoop()
    import uvloop

    return uvloop.new_event_loop()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=lambda: new_loop(sys.argv[1])) as runner:
        runner.run(main(sys.argv[2], json.loads(sys.argv[3])))
