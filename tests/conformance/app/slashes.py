"""Apps with other policies on trailing slashes."""

from __future__ import annotations

from pyrt import App
from tests.conformance.app.declared import health

redirecting = App(trailing_slash="redirect")
ignoring = App(trailing_slash="ignore")
for each in (redirecting, ignoring):
    each.get("/health")(health)

    @each.get("/without")
    async def without() -> str:
        return "without"

    @each.get("/with/")
    async def with_slash() -> str:
        return "with"

    @each.get("/item/{name}")
    async def item(name: str) -> str:
        return name

    @each.get("/folder/{name}/")
    async def folder(name: str) -> str:
        return name
