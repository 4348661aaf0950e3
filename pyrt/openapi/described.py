"""The description of an app: its texts, and the paths that serve it."""

from __future__ import annotations

import functools
import posixpath
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NamedTuple

import msgspec

from ..http.messages import Response
from .document import Operation, document
from .page import page

__all__ = ("Described",)

# The page needs nothing that a browser would fetch or run.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class Described(NamedTuple):
    """The description of an app (see `App`).

    Attributes:
        openapi, docs: paths of the document and of its page; empty for none.
    """

    title: str
    version: str
    description: str
    openapi: str
    docs: str

    def document(self, operations: Iterable[Operation]) -> dict[str, Any]:
        """The OpenAPI document of an app's operations."""
        return document(self.title, self.version, self.description, operations)

    def served(self, make: Callable[[], dict[str, Any]]) -> dict[str, Callable[[], Awaitable[Response]]]:
        """Handlers that serve the document and the page, by path; *make* returns the document at the first request."""

        @functools.cache
        def openapi_body() -> bytes:
            return msgspec.json.encode(make())

        @functools.cache
        def docs_body() -> str:
            source = posixpath.relpath(self.openapi, posixpath.dirname(self.docs)) if self.openapi else ""
            return page(make(), source)

        async def openapi() -> Response:
            return Response(openapi_body(), content_type="application/json")

        async def docs() -> Response:
            return Response(docs_body(), 200, [("content-security-policy", _POLICY)], "text/html; charset=utf-8")

        return {path: handler for path, handler in ((self.openapi, openapi), (self.docs, docs)) if path}
