"""The hook orchestrator: functions around a handler, in three phases.

`before` hooks run in order, and one that returns a value answers instead of the handler; `after` and `catch` hooks run
in reverse order. A hook may name `req`, `lctx`, `gctx` and modules; an after hook also `res`, a catch hook `error`.
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
        name: name in errors and counts; by default the function's name.
        timeout_s: time limit in seconds; past it, the hook is cancelled and has failed. None for the request's limit.
        critical: whether a failure fails the request; otherwise it is logged and counted in `gctx.hook_failures`.
        raises: statuses that the hook raises as `HttpError`, and what each means, for the app's description.

    Raises:
        UsageError: not a function, a generator, or a wrong option; or a time limit for a hook that is not `async def`.
    """

    function: Hook
    name: str = ""
    timeout_s: float | None = None
    critical: bool = True
    raises: Mapping[int, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        parameters(self.function)
        if self.timeout_s is not None and not is_async(self.function):
            raise UsageError(f"{self.where} cannot be interrupted; make it `async def`, or remove timeout_s")
        if self.timeout_s is not None:
            object.__setattr__(self, "timeout_s", checked_limit(self.timeout_s, f"{self.where}: timeout_s"))
        if inspect.isgeneratorfunction(self.function) or inspect.isasyncgenfunction(self.function):
            raise UsageError(f"the hook {self.where} is a generator; use `return` for its answer")
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
        """The lines that call the hook and set `answer` to what it returned."""
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
    """The hooks of a route: each phase becomes one function, in which a hook costs no more than its call.

    Args:
        before, after, catch: functions in the order of their declaration.
        modules: modules of the app, by name.
        caps: limits on the decoding of query parameters.

    Attributes:
        run_before: coroutine function that runs the before hooks on a LocalContext; it returns the first value that a
            hook returns, as a Response, else None.
        run_after: coroutine function that runs the after hooks; a value that a hook returns replaces `lctx.response`.
        run_catch: the same as `run_before`, for the catch hooks.

    Raises:
        UsageError: a hook has a parameter that nothing provides.
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
        """Make `run_before` and the others at their first use: mostly the route's own function includes the hooks."""
        phase = name.removeprefix("run_")
        if phase not in PHASES:
            raise AttributeError(name, name=name, obj=self)
        run = self._flattened(phase)
        setattr(self, name, run)
        return run

    @property
    def inputs(self) -> list[Input]:
        """The parameters that the hooks take from the request itself."""
        return [each for steps in self._steps.values() for _, binding in steps for each in binding.inputs]

    @property
    def raises(self) -> dict[int, str]:
        """The statuses that the hooks raise, and what each means."""
        return {
            status: text for steps in self._steps.values() for hook, _ in steps for status, text in hook.raises.items()
        }

    def __contains__(self, phase: str) -> bool:
        """Whether there are hooks of *phase*."""
        return bool(self._steps[phase])

    def write(self, script: Script, phase: str) -> list[str]:
        """The lines that run a phase's hooks one after the other on `context`.

        An answer becomes `response` and leaves the loop around the lines; an after hook's becomes `context.response`.
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
    """Count and log the failure of a hook that is not critical; the cancellation of the request is no such failure."""
    if isinstance(error, asyncio.CancelledError) and is_cancelled_from_outside():
        raise error
    lctx.gctx.hook_failures[name] += 1
    _log.warning("hook %s failed in request %s, but is not critical", name, lctx.request_id, exc_info=error)
