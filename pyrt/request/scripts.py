"""Functions generated at `freeze()`, so that a request does not repeat decisions that are known then.

Take this route, with one hook before it and one after:

    @app.before
    async def authenticate(req): ...

    @app.after
    def stamp(res): ...

    @app.post("/teams/{team:int}/users", status=201)
    async def create_user(team, body: NewUser, notify: Query[bool] = False): ...

This is its whole function; `function`, `function_` and `function__` are `authenticate`, `create_user` and `stamp`:

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

Three modules write it: `hooks` the lines around an `answer`, `endpoints` the lines around the handler, `binding` the
arguments of every call and the lines that read them (`at`, `given_*`). They share five names: `context`, the
LocalContext; `answer`, what a hook returned; `result`, what the handler returned; `response`, which is sent; `error`,
in an except clause. Every other name refers to a value of the route. `Script.name` makes them, and keeps them distinct.

The loop runs once. A hook that answers skips the rest with `break`, at no cost for other hooks: a flag would be tested
after every hook, and a function of its own would cost a call.
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
    """The source of one function, line by line, with the values of its names.

    A stack trace shows the lines: they are kept in `linecache`, where `traceback` and debuggers look.
    """

    def __init__(self, signature: str) -> None:
        self._lines = [f"{signature}:"]
        self._values: dict[str, Any] = {}

    def add(self, *lines: str) -> None:
        """Append lines to the function's body, indented relative to it."""
        self._lines += [f"    {line}" for line in lines]

    def name(self, hint: str, value: Any) -> str:
        """A name for *value* in the source: *hint*, with `_` appended while another value has that name."""
        name = hint
        while name in self._values and self._values[name] is not value:
            name += "_"
        self._values[name] = value
        return name

    def function(self, name: str) -> Callable[..., Any]:
        """The function *name* that the lines define."""
        # Names are closure variables, not globals: caches for globals are in the code object, which routes share.
        make = [f"def make({', '.join(self._values)}):", *(f"    {line}" for line in self._lines), f"    return {name}"]
        namespace: dict[str, Any] = {}
        exec(_code(name, "\n".join(make) + "\n"), namespace)
        made: Callable[..., Any] = namespace["make"](*self._values.values())
        return made


@functools.lru_cache(maxsize=1000)
def _code(name: str, source: str) -> types.CodeType:
    """The compiled source; routes of the same shape share it, and differ in their values only.

    It consists of pyrt's own lines; from the app it has only identifiers and quoted texts.
    """
    place = f"<pyrt {next(_numbers)}: {name}>"
    linecache.cache[place] = (len(source), None, source.splitlines(keepends=True), place)
    return compile(source, place, "exec")
