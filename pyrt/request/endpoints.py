"""The endpoint of a route: its handler, with the sources of its parameters, its hooks and its deadline."""

from __future__ import annotations

import inspect
import logging
import sys
import types
from collections.abc import Callable, Coroutine, Mapping
from enum import Enum
from functools import partial
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from ..errors import UnfitAnswer, UsageError
from ..gtype import CAPS, Caps
from ..http.forms import read_form
from ..http.messages import Response
from ..limits import LIMITS, Limits
from ..naming import describe
from ..pools import Pools
from ..routing import Converter
from ..types import BodyPlan
from .binding import Binding, request_vocabulary
from .context import LocalContext, Phase
from .hooks import HookChain
from .options import DEFAULTS, RouteOptions
from .returns import returned
from .scripts import Script
from .signatures import ANYTHING, annotation, is_async
from .sources import Source, body_source, form_source, is_query, param_source, takes_parts
from .streams import begun

__all__ = ("Endpoint",)

_log = logging.getLogger("pyrt")


class Endpoint:
    """A handler, compiled with its hooks into one function, in which nothing is left to decide.

    Args:
        handler: `async def` runs on the event loop, `def` in a thread; an async generator is streamed.
        params: converter of each parameter of the route's path, by name.
        modules: modules of the app, by name.
        options: all options of the route.
        chain: hooks around the handler.
        pools: pools in which plain functions run.
        caps: limits on what schemas decode.
        limits: called for each form, because a server may replace the app's limits.

    Attributes:
        run: coroutine function that takes a LocalContext, runs before hooks, handler and after hooks, and returns a
            response that can be sent.
        params: converters of the path's parameters, by name.
        inputs: parameters that handler and hooks take from the request itself.
        returned: meaning of the handler's return annotation.
        body_plan: how an ingress reads the body of the route's requests.
    """

    __slots__ = (
        "_binding", "_check_answers", "_cpu", "_limits", "_pools", "body_plan", "chain", "deadline_s", "handler",
        "inputs", "params", "returned", "run", "status",
    )  # fmt: skip

    run: Callable[[LocalContext], Coroutine[Any, Any, Response]]

    def __init__(
        self,
        handler: Callable[..., Any],
        params: Mapping[str, Converter],
        modules: Mapping[str, Any],
        options: RouteOptions = DEFAULTS,
        *,
        chain: HookChain | None = None,
        pools: Pools | None = None,
        caps: Caps = CAPS,
        limits: Callable[[], Limits] = lambda: LIMITS,
    ) -> None:
        self.handler, self.params, self._limits = handler, params, limits
        self.status, self.deadline_s, self._cpu = options["status"], options["deadline_s"], options["cpu"]
        names = request_vocabulary(
            modules,
            res=Source("{}(context)", partial(_new_response, self.status), kind=Response),
            body=body_source(handler, caps),
            form=form_source(handler, caps),
        )
        taken = sorted(set(params) & set(names))
        if taken:
            raise UsageError(
                f"{describe(handler)}: the path parameter {taken[0]!r} has a reserved name; choose another"
            )
        for name, converter in params.items():
            _check_type(handler, name, converter)
            names[name] = param_source(handler, name, caps)
        self.body_plan = BodyPlan(takes_parts(handler), options["limit_body_bytes"])
        self.chain = chain or HookChain()
        self._binding = Binding(handler, names, caps)
        self._pools = pools or Pools()
        if inspect.isgeneratorfunction(handler):
            raise UsageError(f"{describe(handler)} is a generator; make it `async def` to stream")
        self.inputs = [*self.chain.inputs, *self._binding.inputs]
        self.returned, self._check_answers = returned(handler), options["check_answers"]
        _check_parts(handler, self._binding)
        if self._cpu:
            _check_portable(handler, self._binding, {*params, "body"})
        self.run = self._compiled()

    def __call__(self, lctx: LocalContext) -> Coroutine[Any, Any, Response]:
        return self.run(lctx)

    def _compiled(self) -> Callable[..., Any]:
        script = Script("async def run(context)")
        script.add("while True:", *(f"    {line}" for line in [*self._before(script), *self._handled(script), "break"]))
        script.add("context.response = response", *self._after(script), "return response")
        return script.function("run")

    def _before(self, script: Script) -> list[str]:
        return self.chain.write(script, "before")

    def _handled(self, script: Script) -> list[str]:
        """The lines that call the handler and set `response`."""
        phase = f"context.phase = {script.name('HANDLER', Phase.HANDLER)}"
        if self._binding.names("res"):
            made = [f"response = {script.name('filled', _filled)}(context, result)"]
        else:
            made = [f"response = {script.name('of', Response.of)}(result, {self.status})"]
            made += ["if response is result: response.checked()"]
        if self._check_answers != "off" and self.returned.gtype is not None:
            made += [f"{script.name('hold', self._hold)}(context, result, response)"]
        form = [f"await {script.name('load_form', self._load_form)}(context)"] if self._binding.names("form") else []
        return [phase, *form, *self._called(script), *made]

    async def _load_form(self, lctx: LocalContext) -> None:
        lctx.form = await read_form(lctx.request, self._limits())
        lctx.on_cleanup(lctx.form.close)

    def _hold(self, lctx: LocalContext, result: Any, response: Response) -> None:
        """Check a response by the handler's return annotation; log a misfit, or raise it.

        Raises:
            UnfitAnswer: the response does not fit, and `check_answers` is `enforce`.
        """
        is_response = isinstance(result, Response) or (result is None and self._binding.names("res"))
        if is_response and response.status != self.status:
            return  # the handler made it for another case, with another status
        found = self.returned.misfits(response, is_response)
        if not found:
            return
        if self._check_answers == "enforce":
            raise UnfitAnswer(describe(self.handler), found)
        _log.warning("request %s: %s", lctx.request_id, UnfitAnswer(describe(self.handler), found))

    def _called(self, script: Script) -> list[str]:
        """The lines that call the handler and set `result`."""
        if is_async(self.handler):
            lines, call = self._binding.written(script)
            return [*lines, f"result = await {call}"]
        if inspect.isasyncgenfunction(self.handler):
            lines, call = self._binding.written(script)
            return [*lines, f"result = await {script.name('begun', begun)}({call})"]
        pools = script.name("pools", self._pools)
        if self._cpu:
            lines, arguments = self._binding.arguments(script)
            given = ", ".join(f"{name!r}: {expression}" for name, expression in arguments.items())
            return [
                *lines,
                f"result = await {pools}.processes.run({script.name('function', self.handler)}, {{{given}}})",
            ]
        call = script.name("call", self._binding.compiled())
        isawaitable = script.name("isawaitable", inspect.isawaitable)
        # A plain function may wrap an async one.
        return [
            f"result = await {pools}.threads.run({call}, context)",
            f"if {isawaitable}(result): result = await result",
        ]

    def _after(self, script: Script) -> list[str]:
        """The lines that run the after hooks on `context.response` and set `response`."""
        if "after" not in self.chain:
            return []
        phase = f"context.phase = {script.name('AFTER', Phase.AFTER)}"
        hooks = self.chain.write(script, "after")
        # A quick test that most responses pass, so that `Response.checked` is called for few.
        sound = "type(response.body) is bytes and type(response.status) is int and 200 <= response.status <= 599"
        return [phase, *hooks, "response = context.response", f"if not ({sound}):", "    response.checked()"]


def _check_type(handler: Callable[..., Any], name: str, converter: Converter) -> None:
    """Refuse a path parameter whose annotation is a type that its converter never makes."""
    wanted, made = annotation(handler, name), converter.type
    if is_query(wanted):
        raise UsageError(f"{describe(handler)}: {name!r} is a path parameter; remove its Query[...]")
    if get_origin(wanted) is Annotated:
        wanted = get_args(wanted)[0]
    options = get_args(wanted) if _is_union(wanted) else (wanted,)
    if get_origin(wanted) is Literal:
        options = tuple(map(type, get_args(wanted)))
    kinds = [get_origin(each) or each for each in options]
    if made is None or not all(isinstance(kind, type) and kind not in ANYTHING for kind in kinds):
        return
    if any(issubclass(kind, Enum) for kind in kinds):
        return  # each value is checked at run time
    if not any(issubclass(made, kind) or (made, kind) == (int, float) for kind in kinds):
        raise UsageError(
            f"{describe(handler)}: its path parameter {name!r} is {made.__name__}, but it is annotated "
            f"{inspect.formatannotation(wanted)}; change one of them, as in {{{name}:int}}"
        )


def _check_parts(handler: Callable[..., Any], binding: Binding) -> None:
    """Refuse a handler that would read its body twice, or would await its parts in a plain function."""
    if binding.names("form") and binding.names("body"):
        raise UsageError(f"{describe(handler)} names 'body' and 'form', which are the same bytes; name one of them")
    is_plain = not is_async(handler) and not inspect.isasyncgenfunction(handler)
    if is_plain and takes_parts(handler) and binding.names("body"):
        raise UsageError(f"{describe(handler)} reads its body part by part, so it must be `async def`")


def _is_union(wanted: Any) -> bool:
    return get_origin(wanted) in (Union, types.UnionType)


def _check_portable(handler: Callable[..., Any], binding: Binding, portable: set[str]) -> None:
    """Refuse a `cpu=True` handler that cannot run in another process."""
    where = describe(handler)
    if is_async(handler) or inspect.isasyncgenfunction(handler):
        raise UsageError(f"{where} is `async def`, but cpu=True needs a plain function; use `def`")
    for name, source in binding.sources.items():
        if name not in portable and not source.is_query:
            raise UsageError(
                f"{where} names {name!r}, which cannot go to another process (cpu=True); path, query and body can"
            )
    module, name = getattr(handler, "__module__", ""), getattr(handler, "__qualname__", "")
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    if found is not handler:
        raise UsageError(
            f"{where} runs in another process (cpu=True): it must be at the top level of its module, under its own name"
        )


def _new_response(status: int, lctx: LocalContext) -> Response:
    lctx.response = Response(status=status)
    return lctx.response


def _filled(lctx: LocalContext, result: Any) -> Response:
    """The response that the handler took as `res`, with the handler's return value as its body."""
    if isinstance(result, Response):
        return result.checked()
    response = lctx.response
    assert response is not None
    if result is not None:
        named = Response.of(result, response.status)
        response.body = named.body
        if "content-type" not in response.headers:
            response.headers.raw[:0] = named.raw
    return response.checked()
