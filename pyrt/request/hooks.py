"""The hook orchestrator: functions around a handler, in three phases.

`before` hooks run in order and may answer in the handler's place; `after` and `catch` hooks run in reverse order.
A hook takes what it names: `req`, `lctx`, `gctx` and modules everywhere, `res` after, `error` in catch.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import UsageError
from ..gtype import CAPS, Caps
from ..http.messages import Response
from ..naming import describe
from ..types import Hook
from .binding import Binding, Vocabulary, request_vocabulary
from .context import LocalContext
from .deadlines import checked_limit, is_cancelled_from_outside, within
from .options import check_statuses
from .scripts import Script
from .signatures import is_async, parameters
from .sources import Input, Source
from .streams import discard

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
        raises: statuses with which it may answer by `HttpError`, and what each means, for the app's description.

    Raises:
        UsageError: not a function, or a time limit for one that cannot be interrupted.
    """

    function: Hook
    name: str = ""
    timeout_s: float | None = None
    critical: bool = True
    raises: Mapping[int, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        parameters(self.function)
        if self.timeout_s is not None and not is_async(self.function):
            raise UsageError(f"{self.where} is not `async def` and cannot be interrupted: it takes no timeout_s")
        if self.timeout_s is not None:
            object.__setattr__(self, "timeout_s", checked_limit(self.timeout_s, f"{self.where}: timeout_s"))
        if inspect.isgeneratorfunction(self.function) or inspect.isasyncgenfunction(self.function):
            raise UsageError(f"the hook {self.where} is a generator; a hook returns its answer")
        own = getattr(self.function, "__name__", "")
        object.__setattr__(self, "name", self.name or (own if own.isidentifier() else self.where))
        check_statuses(self.raises, self.where)

    @classmethod
    def of(cls, hook: Hook | HookFunction) -> HookFunction:
        return hook if isinstance(hook, HookFunction) else cls(hook)

    @property
    def where(self) -> str:
        return describe(self.function)

    def write(self, script: Script, binding: Binding) -> list[str]:
        """The lines that call the hook and leave what it returned in `answer`."""
        prepared, call = binding.written(script)
        if self.timeout_s is not None:
            call = f"await {script.name('within', within)}({call}, {self.timeout_s!r}, {f'hook {self.name}'!r})"
        elif is_async(self.function):
            call = f"await {call}"
        lines = [*prepared, f"answer = {call}"]
        if not is_async(self.function):
            isawaitable = script.name("isawaitable", inspect.isawaitable)
            lines += [f"if answer is not None and {isawaitable}(answer):", "    answer = await answer"]
        if self.critical:
            return lines
        failed, cancelled = script.name("failed", _failed), script.name("CancelledError", asyncio.CancelledError)
        return [
            "try:",
            *(f"    {line}" for line in lines),
            f"except (Exception, {cancelled}) as error:",
            "    answer = None",
            f"    {failed}(context, {self.name!r}, error)",
        ]


class HookChain:
    """The hooks of a route, flattened: each phase is one function, in which a hook costs its call and no more.

    Args:
        before, after, catch: functions in the order they were declared.
        modules: names that hooks may use besides their phase's own.
        caps: of what they ask of the query.

    Attributes:
        run_before: runs the before hooks on a LocalContext; the first that returns something answers the request: its
            value as a Response, else None. A coroutine function, like the others.
        run_after: runs the after hooks; one that returns something replaces `lctx.response`.
        run_catch: runs the catch hooks on `lctx.error`; the first that returns something answers, as before.

    Raises:
        UsageError: a hook with a signature that cannot be met.
    """

    __slots__ = ("_steps", "run_after", "run_before", "run_catch")

    run_before: Callable[[LocalContext], Coroutine[Any, Any, Response | None]]
    run_after: Callable[[LocalContext], Coroutine[Any, Any, None]]
    run_catch: Callable[[LocalContext], Coroutine[Any, Any, Response | None]]

    def __init__(
        self,
        before: Iterable[Hook | HookFunction] = (),
        after: Iterable[Hook | HookFunction] = (),
        catch: Iterable[Hook | HookFunction] = (),
        modules: Mapping[str, Any] | None = None,
        caps: Caps = CAPS,
    ) -> None:
        names = request_vocabulary(modules or {})
        self._steps = {
            "before": _steps(before, names, caps),
            "after": _steps(after, names | {"res": Source("context.response", kind=Response)}, caps)[::-1],
            "catch": _steps(catch, names | {"error": Source("context.error")}, caps)[::-1],
        }

    def __getattr__(self, name: str) -> Any:
        """`run_before` and its like, made when they are first read: a route has its hooks in its own function."""
        phase = name.removeprefix("run_")
        if phase not in PHASES:
            raise AttributeError(name, name=name, obj=self)
        run = self._flattened(phase)
        setattr(self, name, run)
        return run

    @property
    def inputs(self) -> list[Input]:
        """What the hooks ask of the request."""
        return [each for steps in self._steps.values() for _, binding in steps for each in binding.inputs]

    @property
    def raises(self) -> dict[int, str]:
        """The statuses with which the hooks may answer, and what each means."""
        return {
            status: text for steps in self._steps.values() for hook, _ in steps for status, text in hook.raises.items()
        }

    def __contains__(self, phase: str) -> bool:
        """Whether there are hooks of *phase*."""
        return bool(self._steps[phase])

    def write(self, script: Script, phase: str) -> list[str]:
        """The lines that run a phase's hooks one after the other on `context`.

        An answer goes to `response` and leaves the loop around the lines; after hooks' goes to `context.response`.
        """
        of = script.name("of", Response.of)
        if phase == "after":
            answers = [f"{script.name('replace', _replace)}(context, {of}(answer))"]
        else:
            answers = [f"response = {of}(answer)", "if response is answer: response.checked()", "break"]
        lines = []
        for hook, binding in self._steps[phase]:
            lines += [*hook.write(script, binding), "if answer is not None:", *(f"    {line}" for line in answers)]
        return lines

    def _flattened(self, phase: str) -> Callable[..., Any]:
        script = Script(f"async def run_{phase}(context)")
        if phase == "after":
            script.add(*self.write(script, phase), "return None")
        else:
            lines = [*self.write(script, phase), "break"]
            script.add("response = None", "while True:", *(f"    {line}" for line in lines), "return response")
        return script.function(f"run_{phase}")


def _steps(
    hooks: Iterable[Hook | HookFunction], names: Vocabulary, caps: Caps
) -> tuple[tuple[HookFunction, Binding], ...]:
    made = [HookFunction.of(hook) for hook in hooks]
    return tuple((hook, Binding(hook.function, names, caps)) for hook in made)


def _replace(lctx: LocalContext, response: Response) -> None:
    discard(lctx)
    lctx.response = response


def _failed(lctx: LocalContext, name: str, error: BaseException) -> None:
    """Note the failure of a hook that is not critical; that the request is cancelled is none of its doing."""
    if isinstance(error, asyncio.CancelledError) and is_cancelled_from_outside():
        raise error
    lctx.gctx.hook_failures[name] += 1
    _log.warning("hook %s failed in request %s and is not critical", name, lctx.request_id, exc_info=error)
