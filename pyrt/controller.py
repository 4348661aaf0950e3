"""The local-context controller (LCC): runs one request, in a straight line.

    match -> context -> before -> handler -> after, `catch` on error, cleanup always

Knows nothing of sockets. Every request gets an answer: errors become problem documents (RFC 9457), and what went
wrong inside is logged, never sent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from .binding import Binding, Source, body_source, is_async, param_source, request_vocabulary
from .context import GlobalContext, LocalContext
from .errors import HttpError, Overload, ValidationError, phrase
from .hooks import HookChain
from .messages import Request, Response
from .routing import Router

__all__ = ("Controller", "Endpoint", "problem")

_log = logging.getLogger("pyrt")


class Endpoint:
    """A handler, bound: what a route leads to.

    Args:
        handler: `async def` runs on the event loop, `def` in a thread.
        params: names that the route's path provides.
        modules: names of the app's modules.
        status: of the answer, unless the handler returns a `Response`.
    """

    __slots__ = ("_call", "_threaded", "handler", "status")

    def __init__(
        self,
        handler: Callable[..., Any],
        params: tuple[str, ...],
        modules: Mapping[str, Any],
        status: int = 200,
    ) -> None:
        names = request_vocabulary(modules, res=Source("{}(context)", _new_response), body=body_source(handler))
        names.update((name, param_source(name)) for name in params)
        self.handler, self.status = handler, status
        self._call = Binding(handler, names).call
        self._threaded = not is_async(handler)

    async def __call__(self, lctx: LocalContext) -> Response:
        """Call the handler with what it names; its result as a response."""
        if self._threaded:
            result = await asyncio.to_thread(self._call, lctx)
        else:
            result = await self._call(lctx)
        if result is None and lctx.response is not None:
            return lctx.response
        return Response.of(result, self.status)


def _new_response(lctx: LocalContext) -> Response:
    lctx.response = Response()
    return lctx.response


class Controller:
    """Runs requests through the routes of a frozen app."""

    __slots__ = ("gctx", "hooks", "router")

    def __init__(self, router: Router, hooks: HookChain, gctx: GlobalContext) -> None:
        self.router, self.hooks, self.gctx = router, hooks, gctx

    async def handle(self, request: Request) -> Response:
        """The answer to *request*; raises only what cancels it."""
        lctx = LocalContext(request, self.gctx)
        try:
            response = await self._run(lctx)
        except Exception as error:
            response = await self._catch(error, lctx)
        finally:
            await lctx.cleanup()
        return _without_body(response) if request.method == "HEAD" else response

    async def _run(self, lctx: LocalContext) -> Response:
        endpoint, lctx.params = self._find(lctx.request)
        response = await self.hooks.run_before(lctx)
        if response is None:
            response = await endpoint(lctx)
        lctx.response = response
        await self.hooks.run_after(lctx)
        return lctx.response

    def _find(self, request: Request) -> tuple[Endpoint, dict[str, Any]]:
        match = self.router.match(request.method, request.path)
        if match is None:
            raise HttpError(404, "no route has this path")
        if match.route is None:
            allowed = ", ".join(match.allowed)
            raise HttpError(405, f"this path takes {allowed}", [("allow", allowed)])
        return match.route.value, match.params

    async def _catch(self, error: Exception, lctx: LocalContext) -> Response:
        lctx.error = error
        try:
            answer = await self.hooks.run_catch(lctx)
        except Exception as failure:
            error, answer = failure, None
        return answer if answer is not None else problem(error, lctx)


def problem(error: Exception, lctx: LocalContext) -> Response:
    """The problem document for an error; one that is not meant for the client is logged and becomes a bare 500."""
    status, detail, headers, more = _facts(error)
    if status == 500 and not isinstance(error, HttpError):
        _log.error("request %s failed", lctx.request_id, exc_info=error)
    document = {
        "type": "about:blank",
        "title": phrase(status),
        "status": status,
        "detail": detail,
        "request_id": lctx.request_id,
        **more,
    }
    return Response(msgspec.json.encode(document), status, headers, "application/problem+json")


def _facts(error: Exception) -> tuple[int, str, tuple[tuple[str, str], ...], dict[str, Any]]:
    if isinstance(error, HttpError):
        return error.status, error.detail, error.headers, {}
    if isinstance(error, ValidationError):
        violations = [violation.as_dict() for violation in error.violations]
        return 422, "the request does not fit its schema", (), {"violations": violations}
    if isinstance(error, Overload):
        return 503, str(error), (("retry-after", f"{max(1, round(error.retry_after_s))}"),), {}
    return 500, "the server failed to answer; its log has the reason under this request id", (), {}


def _without_body(response: Response) -> Response:
    """The answer to HEAD: the headers of GET, its length among them, and no body (RFC 9110 section 9.3.2)."""
    bare = Response(b"", response.status, response.headers.raw)
    if "content-length" not in bare.headers and response.status not in (204, 304):
        bare.headers.add("content-length", str(len(response.body)))
    return bare
