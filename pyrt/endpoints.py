"""What a route leads to: a handler, bound to what it names, with its hooks and its deadline."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from .binding import Binding, Source, body_source, is_async, param_source, request_vocabulary
from .context import LocalContext, Phase
from .errors import UsageError, describe
from .hooks import HookChain
from .messages import Response

__all__ = ("Endpoint",)


class Endpoint:
    """A handler, bound.

    Args:
        handler: `async def` runs on the event loop, `def` in a thread; an async generator is streamed.
        params: names that the route's path provides.
        modules: of the app, by name.
        status: of the answer, unless the handler returns a `Response`.
        chain: the hooks around it.
        deadline_s: when a request of its is cancelled, in seconds; None for never.
    """

    __slots__ = ("_call", "_threaded", "chain", "deadline_s", "handler", "status")

    def __init__(
        self,
        handler: Callable[..., Any],
        params: tuple[str, ...],
        modules: Mapping[str, Any],
        *,
        status: int = 200,
        chain: HookChain | None = None,
        deadline_s: float | None = None,
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
        self.handler, self.status, self.deadline_s = handler, status, deadline_s
        self.chain = chain or HookChain()
        self._call = Binding(handler, names).compiled()
        self._threaded = not (is_async(handler) or inspect.isasyncgenfunction(handler))

    async def run(self, lctx: LocalContext) -> Response:
        """Before hooks, handler, after hooks; the response, which can be sent."""
        lctx.phase = Phase.BEFORE
        response = await self.chain.run_before(lctx)
        if response is None:
            lctx.phase = Phase.HANDLER
            response = await self(lctx)
        lctx.response = response
        lctx.phase = Phase.AFTER
        await self.chain.run_after(lctx)
        return lctx.response.checked()

    async def __call__(self, lctx: LocalContext) -> Response:
        """Call the handler with what it names; its result as a response."""
        result = await asyncio.to_thread(self._call, lctx) if self._threaded else self._call(lctx)
        if inspect.isawaitable(result):
            result = await result
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
