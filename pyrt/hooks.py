"""The hook orchestrator: functions around a handler, in three phases.

`before` hooks run in order and may answer in the handler's place; `after` and `catch` hooks run in reverse order.
A hook takes what it names: `req`, `lctx`, `gctx` and modules everywhere, `res` after, `error` in catch.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .binding import Binding, Source, Vocabulary, is_async, request_vocabulary
from .context import LocalContext
from .messages import Response
from .types import Hook

__all__ = ("HookChain",)


class HookChain:
    """The hooks of a route, bound once and run per request.

    Args:
        before, after, catch: functions in the order they were declared.
        modules: names that hooks may use besides their phase's own.

    Raises:
        UsageError: a hook with a signature that cannot be met.
    """

    __slots__ = ("after", "before", "catch")

    def __init__(
        self,
        before: Iterable[Hook] = (),
        after: Iterable[Hook] = (),
        catch: Iterable[Hook] = (),
        modules: Mapping[str, Any] | None = None,
    ) -> None:
        names = request_vocabulary(modules or {})
        self.before = _bound(before, names)
        self.after = _bound(after, names | {"res": Source("context.response")})[::-1]
        self.catch = _bound(catch, names | {"error": Source("context.error")})[::-1]

    async def run_before(self, lctx: LocalContext) -> Response | None:
        """Run the before hooks; the first that returns something answers the request with it."""
        for hook, awaits in self.before:
            answer = await hook(lctx) if awaits else hook(lctx)
            if answer is not None and (answer := await _settled(answer)) is not None:
                return Response.of(answer)
        return None

    async def run_after(self, lctx: LocalContext) -> None:
        """Run the after hooks; one that returns something replaces `lctx.response`."""
        for hook, awaits in self.after:
            answer = await hook(lctx) if awaits else hook(lctx)
            if answer is not None and (answer := await _settled(answer)) is not None:
                lctx.response = Response.of(answer)

    async def run_catch(self, lctx: LocalContext) -> Response | None:
        """Run the catch hooks on `lctx.error`; the first that returns something answers the request with it."""
        for hook, awaits in self.catch:
            answer = await hook(lctx) if awaits else hook(lctx)
            if answer is not None and (answer := await _settled(answer)) is not None:
                return Response.of(answer)
        return None


Step = tuple[Callable[[LocalContext], Any], bool]


def _bound(hooks: Iterable[Hook], names: Vocabulary) -> tuple[Step, ...]:
    """Each hook's call, and whether its result is awaited: decided here, not asked of every result."""
    return tuple((Binding(hook, names).call, is_async(hook)) for hook in hooks)


async def _settled(answer: Any) -> Any:
    """What a hook returned; a plain function may return a coroutine."""
    return await answer if inspect.isawaitable(answer) else answer
