"""The hook orchestrator: functions around a handler, in three phases.

`before` hooks run in order and may answer in the handler's place; `after` and `catch` hooks run in reverse order.
A hook takes what it names: `req`, `lctx`, `gctx` and modules everywhere, `res` after, `error` in catch.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .binding import Binding, Source, Vocabulary, is_async, parameters, request_vocabulary
from .context import LocalContext
from .deadlines import within
from .errors import UsageError, describe
from .messages import Response
from .types import Hook

__all__ = ("HookChain", "HookFunction")

PHASES = ("before", "after", "catch")

_log = logging.getLogger("pyrt")


@dataclass(frozen=True, slots=True)
class HookFunction:
    """A hook as it was declared.

    Args:
        name: of the hook in errors and counts; the function's own where it is not given.
        timeout_s: its limit, in seconds; past it the hook is cancelled and has failed. None for the request's own.
        critical: its failure fails the request; otherwise it is logged and counted in `gctx.hook_failures`.

    Raises:
        UsageError: not a function, or a time limit for one that cannot be interrupted.
    """

    function: Hook
    name: str = ""
    timeout_s: float | None = None
    critical: bool = True

    def __post_init__(self) -> None:
        parameters(self.function)
        if self.timeout_s is not None and not is_async(self.function):
            raise UsageError(f"{self.where} is not `async def` and cannot be interrupted: it takes no timeout_s")
        if self.timeout_s is not None and self.timeout_s <= 0:
            raise UsageError(f"{self.where}: timeout_s is over 0, got {self.timeout_s:g}")
        own = getattr(self.function, "__name__", "")
        object.__setattr__(self, "name", self.name or (own if own.isidentifier() else self.where))

    @classmethod
    def of(cls, hook: Hook | HookFunction) -> HookFunction:
        return hook if isinstance(hook, HookFunction) else cls(hook)

    @property
    def where(self) -> str:
        return describe(self.function)


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
        before: Iterable[Hook | HookFunction] = (),
        after: Iterable[Hook | HookFunction] = (),
        catch: Iterable[Hook | HookFunction] = (),
        modules: Mapping[str, Any] | None = None,
    ) -> None:
        names = request_vocabulary(modules or {})
        self.before = _steps(before, names)
        self.after = _steps(after, names | {"res": Source("context.response")})[::-1]
        self.catch = _steps(catch, names | {"error": Source("context.error")})[::-1]

    async def run_before(self, lctx: LocalContext) -> Response | None:
        """Run the before hooks; the first that returns something answers the request with it."""
        return await _first_answer(self.before, lctx)

    async def run_after(self, lctx: LocalContext) -> None:
        """Run the after hooks; one that returns something replaces `lctx.response`."""
        for step in self.after:
            answer = await step.run(lctx)
            if answer is not None:
                lctx.response = Response.of(answer)

    async def run_catch(self, lctx: LocalContext) -> Response | None:
        """Run the catch hooks on `lctx.error`; the first that returns something answers the request with it."""
        return await _first_answer(self.catch, lctx)


async def _first_answer(steps: Iterable[_Step], lctx: LocalContext) -> Response | None:
    for step in steps:
        answer = await step.run(lctx)
        if answer is not None:
            return Response.of(answer)
    return None


class _Step:
    """A hook, bound."""

    __slots__ = ("call", "declared")

    def __init__(self, declared: HookFunction, names: Vocabulary) -> None:
        self.declared, self.call = declared, Binding(declared.function, names).call

    async def run(self, lctx: LocalContext) -> Any:
        """What the hook returned; None from one that failed and is not critical."""
        hook = self.declared
        try:
            answer = self.call(lctx)
            if hook.timeout_s is not None:
                return await within(answer, hook.timeout_s, f"hook {hook.name}")
            return await answer if inspect.isawaitable(answer) else answer
        except Exception as error:
            if hook.critical:
                raise
            lctx.gctx.hook_failures[hook.name] += 1
            _log.warning("hook %s failed in request %s and is not critical", hook.name, lctx.request_id, exc_info=error)
            return None


def _steps(hooks: Iterable[Hook | HookFunction], names: Vocabulary) -> tuple[_Step, ...]:
    return tuple(_Step(HookFunction.of(hook), names) for hook in hooks)
