"""The local-context controller (LCC): runs one request, in a straight line.

    match -> context -> before -> handler -> after, `catch` on error, cleanup always

It knows nothing of sockets. Every request gets a response: an error becomes a problem document (RFC 9457). Details of
an unexpected error are logged, and sent only with `debug`.
"""

from __future__ import annotations

import asyncio
import copy
import logging
import traceback
from typing import Any

from ..errors import DeadlineExceeded, HttpError, Overload, ProtocolError, ValidationError
from ..http.files import File
from ..http.messages import Request, Response
from ..routing import Route, Router
from ..types import BodyPlan
from .context import OVER, GlobalContext, LocalContext, Phase
from .deadlines import is_cancelled_from_outside, suspended, within
from .endpoints import Endpoint
from .streams import Stream, discard

__all__ = ("Controller", "answer_without_route")

_log = logging.getLogger("pyrt")

WITHOUT_ROUTE = BodyPlan()


class Controller:
    """Runs requests through the routes of a frozen app.

    Args:
        router: router whose routes have endpoints as values.
        unmatched: endpoint for requests that no route takes (see `answer_without_route`).
        cleanup_timeout_s: time limit for the catch hooks of a request, and again for its cleanup, in seconds.
        debug: whether a problem document shows the stack trace of an unexpected error.

    Attributes:
        body_plan: tells how the route of a request wants its body; None if every route leaves that to the ingress.
    """

    __slots__ = ("_cleanup_timeout_s", "_debug", "_first_way", "body_plan", "gctx", "router", "unmatched")

    def __init__(
        self,
        router: Router,
        unmatched: Endpoint,
        gctx: GlobalContext,
        *,
        cleanup_timeout_s: float = 5.0,
        debug: bool = False,
    ) -> None:
        self.router, self.unmatched, self.gctx = router, unmatched, gctx
        self._first_way, self._cleanup_timeout_s, self._debug = router.first_way, cleanup_timeout_s, debug
        has_plans = any(route.value.body_plan != WITHOUT_ROUTE for route in router)
        self.body_plan = self._body_plan if has_plans else None

    def with_debug(self, debug: bool) -> Controller:
        """The same controller, with *debug* on or off."""
        return Controller(
            self.router, self.unmatched, self.gctx, cleanup_timeout_s=self._cleanup_timeout_s, debug=debug
        )

    async def handle(self, request: Request, raise_errors: bool = False) -> Response:
        """Answer *request*; if the body of the response is a `Stream`, read it to its end or close it.

        Args:
            raise_errors: raise an unexpected error, instead of answering with 500.

        Raises:
            asyncio.CancelledError: the task that awaits the response is cancelled.
        """
        try:
            found = self._first_way(request.method, request.path)
        except Exception:
            found = None  # a converter of the app raised it; `search` will get the same error
        if found is None:
            endpoint, lctx = self._searched(request)
        else:
            route, params = found
            endpoint = route.value
            lctx = LocalContext(request, self.gctx, route, params, endpoint.deadline_s)
        try:
            # Started by hand: only a request that waits needs a timer, and with it the event loop.
            work = endpoint.run(lctx)
            try:
                awaited = work.send(None)
            except StopIteration as done:
                response: Response = done.value
            else:
                response = await suspended(work, awaited, endpoint.deadline_s, request, self._left_s(lctx))
            if type(response.body) is not bytes:
                response = self._streamed(response, lctx)
        except BaseException as error:
            response = await self._caught(error, endpoint, lctx, raise_errors)
        if type(response.body) is bytes:
            if lctx.cleanups is None:
                lctx.cleanups = OVER
            else:
                await lctx.cleanup(self._cleanup_timeout_s)
        return await _without_body(response) if request.method == "HEAD" else response

    def _body_plan(self, request: Request) -> BodyPlan:
        try:
            route = self._route(request)
        except Exception:
            route = None  # `handle` will get the same error
        return WITHOUT_ROUTE if route is None else route.value.body_plan

    def takes(self, request: Request) -> bool:
        """Whether a route takes a request; if none does, the response does not depend on the body."""
        try:
            return self._route(request) is not None
        except Exception:
            return True

    def _route(self, request: Request) -> Route | None:
        found = self._first_way(request.method, request.path)
        if found is not None:
            return found[0]
        match = self.router.search(request.method, request.path)
        return None if match is None else match.route

    def _searched(self, request: Request) -> tuple[Endpoint, LocalContext]:
        """The endpoint and context of a request, by a full search; without a route, the context has the reason."""
        match, error = None, None
        try:
            match = self.router.search(request.method, request.path)
        except Exception as failure:
            error = failure
        if match is not None and match.route is not None:
            endpoint: Endpoint = match.route.value
            return endpoint, LocalContext(request, self.gctx, match.route, match.params, endpoint.deadline_s)
        lctx = LocalContext(request, self.gctx, limit_s=self.unmatched.deadline_s)
        lctx.match, lctx.error = match, error
        return self.unmatched, lctx

    def _left_s(self, lctx: LocalContext) -> float | None:
        return None if lctx.deadline is None else max(0.0, lctx.deadline - self.gctx.clock())

    async def _caught(
        self, error: BaseException, endpoint: Endpoint, lctx: LocalContext, raise_errors: bool
    ) -> Response:
        """The response to a request that failed; if it was cancelled, only its cleanup runs."""
        try:
            discard(lctx)
            error = _foreseen(error)
            if not isinstance(error, Exception):
                raise error
            return await self._catch(error, endpoint, lctx, raise_errors)
        except BaseException:
            await lctx.cleanup(self._cleanup_timeout_s)
            raise

    async def _catch(self, error: Exception, endpoint: Endpoint, lctx: LocalContext, raise_errors: bool) -> Response:
        lctx.phase, lctx.error = Phase.CATCH, error
        try:
            answer = await within(endpoint.chain.run_catch(lctx), self._cleanup_timeout_s, "its catch phase")
            if answer is not None:
                lctx.response = answer
                return answer if isinstance(answer.body, bytes) else self._streamed(answer, lctx)
        except Exception as failure:
            error = failure
        lctx.response = self._problem(error, lctx, raise_errors)
        return lctx.response

    def _problem(self, error: Exception, lctx: LocalContext, raise_errors: bool) -> Response:
        """The problem document for an error; an unexpected one is logged, and the client gets a 500 without details."""
        status, detail, headers, more = _facts(error)
        if status == 500 and not isinstance(error, HttpError):
            if raise_errors:
                raise error
            _log.error("request %s failed: %s", lctx.request_id, lctx.request, exc_info=error)
            if self._debug:
                more["traceback"] = (
                    "".join(traceback.format_exception(error)).encode("ascii", "backslashreplace").decode()
                )
        elif isinstance(error, DeadlineExceeded):
            _log.warning("request %s: %s", lctx.request_id, error)
        try:
            return Response.problem(status, detail, lctx.request_id, headers, **more)
        except Exception as failure:  # the handler's detail or headers cannot be sent
            return self._problem(failure, lctx, raise_errors)

    def _streamed(self, response: Response, lctx: LocalContext) -> Response:
        """A copy of the response with its body as a `Stream`; the handler may have kept the original."""
        parts = aiter(response.body)

        async def finish(error: BaseException | None) -> None:
            if isinstance(error, Exception):
                lctx.error = error
                if not isinstance(error, ProtocolError):  # the client's error needs no log entry
                    _log.error("request %s failed in its stream: %s", lctx.request_id, lctx.request, exc_info=error)
            close = getattr(parts, "aclose", None)
            if close is not None:
                lctx.on_cleanup(close)
            await lctx.cleanup(self._cleanup_timeout_s)

        file = response.body if isinstance(response.body, File) else None
        stream = Stream(parts, lctx.limit_s, lambda: self._left_s(lctx), finish, lctx.request, file)
        lctx.response = copy.copy(response)
        lctx.response.body = stream
        return lctx.response


async def answer_without_route(lctx: LocalContext) -> Response:
    """The handler for requests that no route takes: answers OPTIONS and redirects, raises an error for the rest.

    Raises:
        HttpError: 400 for a path with bad escapes, 404, or 405 with `Allow`.
    """
    request, match = lctx.request, lctx.match
    if lctx.error is not None:
        raise lctx.error
    if match is None:
        raise HttpError(404, "no route has this path")
    if match.redirect is not None:
        target = f"{match.redirect}?{request.query}" if request.query else match.redirect
        return Response(status=308, headers=[("location", target)])
    allowed = ", ".join(match.allowed)
    if request.method == "OPTIONS":
        return Response(status=204, headers=[("allow", allowed)])
    raise HttpError(405, f"this path allows only {allowed}", [("allow", allowed)])


def _foreseen(error: BaseException) -> BaseException:
    """The error to handle: a RuntimeError for a cancellation from inside or an exit, else the error itself."""
    if isinstance(error, asyncio.CancelledError) and not is_cancelled_from_outside():
        # The request itself was not cancelled, but something that its handler waited for.
        return RuntimeError("the handler raised CancelledError, but its request was not cancelled")
    if isinstance(error, Exception | asyncio.CancelledError | KeyboardInterrupt | GeneratorExit):
        return error
    own = RuntimeError(f"the handler raised {type(error).__name__}, which is not an Exception")
    own.__cause__ = error
    return own


def _facts(error: Exception) -> tuple[int, str, tuple[tuple[str, str], ...], dict[str, Any]]:
    if isinstance(error, HttpError):
        return error.status, error.detail, error.headers, {}
    if isinstance(error, ProtocolError):
        return error.status, error.detail, (), {}
    if isinstance(error, ValidationError):
        violations = [violation.as_dict() for violation in error.violations]
        return 422, "the request does not fit its schema", (), {"violations": violations}
    if isinstance(error, Overload):
        return 503, str(error), (("retry-after", f"{max(1, round(error.retry_after_s))}"),), {}
    if isinstance(error, DeadlineExceeded):
        return 504, f"no answer within {error.limit_s:g} s", (), {}
    return 500, "the server failed to answer; its log has the reason under this request_id", (), {}


async def _without_body(response: Response) -> Response:
    """The response to HEAD: the header fields of GET, including the length, without a body (RFC 9110 section 9.3.2)."""
    if isinstance(response.body, Stream):
        await response.body.aclose()
        return response
    bare = Response(b"", response.status, response.raw)
    if "content-length" not in bare.headers and response.status not in (204, 304):
        bare.headers.add("content-length", str(len(response.body)))
    return bare
