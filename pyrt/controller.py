"""The local-context controller (LCC): runs one request, in a straight line.

    match -> context -> before -> handler -> after, `catch` on error, cleanup always

Knows nothing of sockets. Every request gets an answer: errors become problem documents (RFC 9457), and what went
wrong inside is logged, never sent.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from .binding import Binding, Source, body_source, is_async, param_source, request_vocabulary
from .context import GlobalContext, LocalContext
from .errors import HttpError, Overload, UsageError, ValidationError, describe
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
        names = request_vocabulary(
            modules, res=Source("{}(context)", partial(_new_response, status)), body=body_source(handler)
        )
        taken = sorted(set(params) & set(names))
        if taken:
            raise UsageError(
                f"{describe(handler)}: the path parameter {taken[0]!r} has a name that means something else"
            )
        names.update((name, param_source(name)) for name in params)
        self.handler, self.status = handler, status
        self._call = Binding(handler, names).call
        self._threaded = not is_async(handler)

    async def __call__(self, lctx: LocalContext) -> Response:
        """Call the handler with what it names; its result as a response."""
        if self._threaded:
            result = await asyncio.to_thread(self._call, lctx)
            if inspect.isawaitable(result):  # a plain function around an async one
                result = await result
        else:
            result = await self._call(lctx)
        filled = lctx.response
        if filled is None or isinstance(result, Response):
            return Response.of(result, self.status)
        if result is not None:
            named = Response.of(result, filled.status)
            filled.body = named.body
            filled.headers.raw[:0] = named.headers.raw
        return filled


def _new_response(status: int, lctx: LocalContext) -> Response:
    lctx.response = Response(status=status)
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
        except asyncio.CancelledError:
            if _is_ours():
                raise
            # Not this request was cancelled, but something that its handler waited for.
            response = await self._catch(RuntimeError("the handler ended in a cancellation of its own"), lctx)
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
        return _checked(lctx.response)

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
        try:
            return _checked(answer) if answer is not None else problem(error, lctx)
        except Exception as failure:
            return problem(failure, lctx)


def _is_ours() -> bool:
    """Whether the running task itself is being cancelled; without a task there is nobody to ask."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return True
    return task is None or task.cancelling() > 0


def _checked(response: Response) -> Response:
    """A response that can be sent; its attributes are the author's to set, to anything."""
    if isinstance(response.body, str):
        response.body = response.body.encode()
    if not isinstance(response.body, bytes):
        raise UsageError(f"a response's body is bytes or str, got {type(response.body).__name__}")
    if not isinstance(response.status, int) or not 200 <= response.status <= 599:
        raise UsageError(f"a response has a status from 200 to 599, got {response.status!r}")
    return response


def problem(error: Exception, lctx: LocalContext) -> Response:
    """The problem document for an error; one that is not meant for the client is logged and becomes a bare 500."""
    status, detail, headers, more = _facts(error)
    if status == 500 and not isinstance(error, HttpError):
        _log.error("request %s failed", lctx.request_id, exc_info=error)
    return Response.problem(status, detail, lctx.request_id, headers, **more)


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
