"""Functions written at `freeze()`: what is known then is not asked again by every request.

The whole function of this route, with one hook before it and one after:

    @app.before
    async def authenticate(req): ...

    @app.after
    def stamp(res): ...

    @app.post("/teams/{team:int}/users", status=201)
    async def create_user(team, body: NewUser, notify: Query[bool] = False): ...

is, with `function`, `function_` and `function__` for the three:

    async def run(context):
        while True:
            answer = await function(req=context.request)
            if answer is not None:
                response = of(answer)
                if response is answer: response.checked()
                break
            context.phase = HANDLER
            try:
                at = 0; given_body = value_body(context.request.body)
                at = 1; given_notify = value_notify(context)
            except ValidationError as error:
                raise refusal(context, error, every[at + 1:]) from None
            result = await function_(team=context.params['team'], body=given_body, notify=given_notify)
            response = of(result, 201)
            if response is result: response.checked()
            break
        context.response = response
        context.phase = AFTER
        answer = function__(res=context.response)
        if answer is not None and isawaitable(answer):
            answer = await answer
        if answer is not None:
            replace(context, of(answer))
        response = context.response
        if not (type(response.body) is bytes and type(response.status) is int and 200 <= response.status <= 599):
            response.checked()
        return response

Three modules write it: `hooks` the lines around an `answer`, `endpoints` the handler's, `binding` the arguments of
every call and the lines that read them (`at`, `given_*`). They share five names: `context`, the LocalContext; `answer`,
what a hook returned; `result`, what the handler returned; `response`, which is sent; `error`, in an except clause.
Every other name stands for a value of the route and comes from `Script.name`, which keeps names apart.

The loop runs once: it is there so that a hook that answers leaves the rest out with `break`, at no cost for hooks that
do not. A flag would be asked after every hook, and a function of its own would cost a call.
"""

from __future__ import annotations

import functools
import itertools
import linecache
import types
from collections.abc import Callable
from typing import Any

__all__ = ("Script",)

_numbers = itertools.count(1)


class Script:
    """The source of one function, line by line, with the values that its names stand for.

    A trace through it shows its lines: they are kept where `traceback` and debuggers look.
    """

    def __init__(self, signature: str) -> None:
        self._lines = [f"{signature}:"]
        self._values: dict[str, Any] = {}

    def add(self, *lines: str) -> None:
        """Append lines of the body, indented relative to it."""
        self._lines += [f"    {line}" for line in lines]

    def name(self, hint: str, value: Any) -> str:
        """A name for *value* in the source: *hint*, or one like it where that stands for another value."""
        name = hint
        while name in self._values and self._values[name] is not value:
            name += "_"
        self._values[name] = value
        return name

    def function(self, name: str) -> Callable[..., Any]:
        """The function *name* that the lines define."""
        # The values are its closure, not its globals: these have caches in the code, which functions share here.
        make = [f"def make({', '.join(self._values)}):", *(f"    {line}" for line in self._lines), f"    return {name}"]
        namespace: dict[str, Any] = {}
        exec(_code(name, "\n".join(make) + "\n"), namespace)
        made: Callable[..., Any] = namespace["make"](*self._values.values())
        return made


@functools.lru_cache(maxsize=1000)
def _code(name: str, source: str) -> types.CodeType:
    """The source compiled: routes of one shape have one source, and differ by their values alone.

    It is made of our own lines; what authors name in it are identifiers.
    """
    place = f"<pyrt {next(_numbers)}: {name}>"
    linecache.cache[place] = (len(source), None, source.splitlines(keepends=True), place)
    return compile(source, place, "exec")
