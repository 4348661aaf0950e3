"""The app itself, before its parts declare their routes.

What only shows afterwards (cleanups, cancellations, ends of streams) is noted under the key that the client sends as
`x-key`, and read back at `/notes/{key}`.
"""

from __future__ import annotations

from pyrt import App, Query, Request
from pyrt.routing import Converter
from tests.conformance.work import Notes

HEX = Converter(pattern="[0-9a-f]+", decode=lambda text: int(text, 16), encode="{:x}".format, type=int)

app = App({"name": "conformance"}, converters={"hex": HEX})
notes = Notes()


def key_of(req: Request) -> str:
    return req.headers.get("x-key") or ""


@app.get("/health")
async def health() -> str:
    return "ok"


@app.get("/notes/{key}")
async def read_notes(key: str, count: Query[int]) -> list[str]:
    return await notes.read(key, count)


@app.post("/notes/{key}")
async def write_note(key: str) -> None:
    notes.write(key, "told")
