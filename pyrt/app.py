"""App: declare, freeze once, handle."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from keyword import iskeyword
from typing import Any, TypeVar

from .errors import ClosedError, UsageError
from .groups import Declarations, Group, RouteDeclaration
from .gtype import CAPS, Caps
from .http.messages import Request, Response
from .ingress import asgi
from .limits import LIMITS, Limits
from .modules import Module, Modules
from .naming import describe
from .openapi import Described
from .openapi.document import Operation
from .pools import Pools
from .queue import QueueFabric
from .queue.subscribers import Subscribed, Subscriber, check_groups
from .request.binding import vocabulary
from .request.context import GlobalContext
from .request.controller import Controller, answer_without_route
from .request.deadlines import checked_limit
from .request.endpoints import Endpoint
from .request.hooks import PHASES, HookChain
from .request.options import DEFAULTS, RouteOptions, check_answering
from .request.returns import Returned
from .routing import Converter, Router
from .running import FrozenApp, Lifecycle, LifecycleFunction, RunningApp
from .types import BodyPlan, Clock, Handler

__all__ = ("App",)

F = TypeVar("F", bound=Callable[..., Any])

RESERVED = frozenset({"req", "res", "lctx", "gctx", "body", "form", "error", "message"})


class App(Group):
    """An application: routes, hooks, modules, subscribers, start and stop functions; declared, then frozen.

    Args:
        config: settings that handlers read through `gctx.config`.
        clock: monotonic clock, in seconds; a `ManualClock` in tests.
        deadline_s: deadline of a route without its own, in seconds; None for no limit.
        cleanup_timeout_s: time limit for the catch hooks of a request, and again for its cleanup, in seconds.
        trailing_slash: `strict`, `redirect` or `ignore` (see `Router`).
        converters: more converters for path parameters, by name.
        threads: how many `def` handlers run at the same time.
        processes: how many `cpu=True` handlers run at the same time, one per process; by default one per core.
        debug: whether clients see the stack trace of an unexpected error; may be set as an attribute before the start.
        check_answers: `off`, `warn` or `enforce`, for routes without the option (see `RouteOptions`).
        caps: limits on what is decoded from path, query and body.
        limits: limits of the ingress and of forms, unless the server has others; may be set before the start.
        title, version, description: texts for the OpenAPI document.
        openapi, docs: paths of the OpenAPI document and of its HTML page; empty for none. A route of the app with the
            same path goes first.
    """

    def __init__(
        self,
        config: Mapping[str, Any] | None = None,
        clock: Clock = time.monotonic,
        *,
        deadline_s: float | None = 30.0,
        cleanup_timeout_s: float = 5.0,
        trailing_slash: str = "strict",
        converters: Mapping[str, Converter] | None = None,
        threads: int = 40,
        processes: int | None = None,
        debug: bool = False,
        check_answers: str = "off",
        caps: Caps = CAPS,
        limits: Limits = LIMITS,
        title: str = "API",
        version: str = "0.1.0",
        description: str = "",
        openapi: str = "/openapi.json",
        docs: str = "/docs",
    ) -> None:
        if deadline_s is not None:
            checked_limit(deadline_s, "deadline_s")
        checked_limit(cleanup_timeout_s, "cleanup_timeout_s")
        check_answering(check_answers, "the app")
        _check_types(caps, limits, title=title, version=version, description=description, openapi=openapi, docs=docs)
        super().__init__(Declarations({"deadline_s": deadline_s, "check_answers": check_answers}))
        self._new_router = partial(Router, trailing_slash, dict(converters or {}))
        self._new_router()  # raises if an argument is wrong
        self.debug, self.limits = debug, limits
        self._caps, self._config, self._clock, self._cleanup_timeout_s = caps, config, clock, cleanup_timeout_s
        self._described = Described(title, version, description, openapi, docs)
        self._pools = Pools(threads, processes)
        self._module_makers: dict[str, Callable[[], Module]] = {}
        self._subscribed: list[Subscribed] = []
        self._life: list[LifecycleFunction] = []
        self._frozen: FrozenApp | None = None
        self._running: RunningApp | None = None
        self._starting = asyncio.Lock()
        self._stopped = False

    # Declaring

    def module(self, name: str, make: Callable[[], Module]) -> None:
        """Give handlers a module under *name*; `freeze()` makes it by calling *make*, usually its class."""
        self.declared.refuse_when_frozen(f"module {name!r}")
        if name in self._module_makers or name in RESERVED or not name.isidentifier() or iskeyword(name):
            raise UsageError(f"module {name!r}: the name is taken, reserved or not an identifier; choose another")
        self._module_makers[name] = make

    def subscribe(
        self, topic: str, *, group: str | None = None, concurrency: int = 1, limit_messages: int = 1000
    ) -> Callable[[F], F]:
        """Call the decorated coroutine function with each `message` of *topic*.

        Args:
            group: subscribers of one group share the messages; without a group, each gets all.
            concurrency: how many calls run at the same time.
            limit_messages: how many messages may wait; past it, publishing raises `Overload`.
        """
        if concurrency < 1 or limit_messages < 1:
            raise UsageError(
                f"subscriber of {topic!r}: concurrency and limit_messages must be at least 1, "
                f"got {concurrency} and {limit_messages}"
            )

        def register(function: F) -> F:
            self.declared.refuse_when_frozen(f"subscriber of {topic!r}")
            self._subscribed.append(Subscribed(topic, function, group, concurrency, limit_messages))
            return function

        return register

    def on_start(self, *, priority: int = 0, timeout_s: float = 10.0) -> Callable[[F], F]:
        """Call the decorated function when the app starts, after its modules; it may name `gctx` and modules.

        Args:
            priority: lower starts earlier and stops later; at the same priority, the first declared starts first.
            timeout_s: how long it may take if it is `async def`; past it, the app does not start.
        """
        return self._lives("start", priority, timeout_s)

    def on_stop(self, *, priority: int = 0, timeout_s: float = 10.0) -> Callable[[F], F]:
        """Call the decorated function when the app stops, in the reverse order of `on_start`; a failure is logged."""
        return self._lives("stop", priority, timeout_s)

    def lifespan(self, *, priority: int = 0, timeout_s: float = 10.0) -> Callable[[F], F]:
        """Enter the decorated async context manager when the app starts, and leave it when it stops.

        The function is an async generator function with one `yield`, or returns an async context manager. Entering may
        take *timeout_s*, and leaving again as long.
        """
        return self._lives("lifespan", priority, timeout_s)

    def _lives(self, kind: str, priority: int, timeout_s: float) -> Callable[[F], F]:
        checked_limit(timeout_s, "timeout_s")

        def register(function: F) -> F:
            self.declared.refuse_when_frozen(f"a {kind} function")
            self._life.append(LifecycleFunction(kind, function, priority, timeout_s))
            return function

        return register

    # Running

    def freeze(self) -> Controller:
        """Build the router, bind every name, compile every schema; from now on, registering raises `FrozenError`.

        Raises:
            UsageError: a declaration is wrong.
        """
        if self._frozen is None:
            self._frozen = self._compiled()
            self.declared.frozen = True
        return self._frozen.controller

    def _compiled(self) -> FrozenApp:
        modules = Modules(self._module_makers)
        gctx = GlobalContext(QueueFabric(), modules, self._config, self._clock)
        router = self._new_router()
        for declared in self.declared.routes:
            self._add(declared, router, modules)
        self._describe(router, modules)
        unmatched = self._endpoint(answer_without_route, modules)
        controller = Controller(router, unmatched, gctx, cleanup_timeout_s=self._cleanup_timeout_s, debug=self.debug)
        lifecycle = Lifecycle(self._life, vocabulary(modules))
        check_groups(self._subscribed)
        return FrozenApp(
            controller, modules, lifecycle, [Subscriber(each, gctx) for each in self._subscribed], self._pools
        )

    def _add(self, declared: RouteDeclaration, router: Router, modules: Modules) -> None:
        options, chain = declared.options, self._chain(declared, modules)
        where = f"{describe(declared.handler)}, declared at {declared.place}"
        for method in declared.methods:
            route = router.add(method, declared.path, None, where, options["name"])
            route.value = Endpoint(
                declared.handler,
                route.converters,
                modules,
                options,
                chain=chain,
                pools=self._pools,
                caps=self._caps,
                limits=self._limits,
            )
            _check_checkable(declared, route.value.returned)

    def _limits(self) -> Limits:
        """The limits now: those that a server passed to `start`, else the app's."""
        return self.limits if self._running is None else self._running.limits

    def _endpoint(self, handler: Handler, modules: Modules) -> Endpoint:
        """An endpoint for a handler of pyrt, with the app's hooks and deadline."""
        options = DEFAULTS | RouteOptions(deadline_s=self.declared.defaults["deadline_s"])
        return Endpoint(handler, {}, modules, options, chain=self._chain(self, modules))

    def _describe(self, router: Router, modules: Modules) -> None:
        """Add routes for the app's description, except on paths that the app's own routes answer."""
        for path, handler in self._described.served(self.openapi).items():
            found = router.match("GET", path)
            if found is None or (found.route is None and found.redirect is None):
                router.add("GET", path, self._endpoint(handler, modules), describe(handler))

    def _chain(self, level: Group | RouteDeclaration, modules: Modules) -> HookChain:
        return HookChain(**{phase: level.hooks(phase) for phase in PHASES}, modules=modules, caps=self._caps)

    def openapi(self) -> dict[str, Any]:
        """Describe the app's routes and schemas as an OpenAPI 3.1 document; freezes the app."""
        router = self.freeze().router
        endpoints = {(route.method, route.path): route.value for route in router}
        return self._described.document(
            Operation(method, declared, endpoints[method, declared.path])
            for declared in self.declared.routes
            for method in declared.methods
        )

    def url(self, name: str, /, **params: Any) -> str:
        """The path of a route by its name (`name=`, else the handler's name); freezes the app.

        Raises:
            UsageError: no route has the name, or several; a parameter is missing, unknown or does not fit.
        """
        return self.freeze().router.url(name, **params)

    @property
    def gctx(self) -> GlobalContext:
        """The global context; freezes the app."""
        return self.freeze().gctx

    @property
    def started(self) -> bool:
        return self._running is not None

    async def start(self, limits: Limits | None = None) -> RunningApp:
        """Freeze the app, start its modules in order, then the rest; returns the running app, which answers requests.

        Args:
            limits: limits to use in place of the app's.

        Raises:
            UsageError: a declaration is wrong; or the app runs already, with other limits.
        """
        self.freeze()
        async with self._starting:
            if self._running is None:
                assert self._frozen is not None
                running = RunningApp(self._frozen, limits or self.limits, self.debug)
                await running.start()
                self._running, self._stopped = running, False
            elif limits is not None and limits != self._running.limits:
                raise UsageError("the app runs already, with other limits; stop it before you start it with these")
        return self._running

    async def stop(self, drain_timeout_s: float = 5.0) -> None:
        """Give subscribers *drain_timeout_s* to finish what is pending, the pools as long again, then stop the rest."""
        async with self._starting:
            if self._running is not None:
                running, self._running, self._stopped = self._running, None, True
                await running.stop(drain_timeout_s)

    def handle(self, request: Request, *, raise_errors: bool = False) -> Coroutine[Any, Any, Response]:
        """Run *request* through the whole pipeline; starts the app if it is not running.

        An ordinary coroutine in its caller's context, which waits only if a handler, hook or module waits. The body of
        a streamed response is an async iterator of `bytes`. Read it to its end or call its `aclose()`: this ends the
        request.

        Args:
            raise_errors: raise an unexpected error, instead of answering with 500.

        Raises:
            ClosedError: the app was stopped, and not started again.
        """
        running = self._running
        return self._first(request, raise_errors) if running is None else running.handle(request, raise_errors)

    async def _first(self, request: Request, raise_errors: bool) -> Response:
        return await (await self._serving()).handle(request, raise_errors)

    async def _serving(self) -> RunningApp:
        """The running app; starts it if it is not running.

        Raises:
            ClosedError: the app was stopped, and not started again.
        """
        if self._stopped:
            raise ClosedError("the app")
        return await self.start()

    def takes(self, request: Request) -> bool:
        """Whether a route takes *request*; freezes the app."""
        return self.freeze().takes(request)

    @property
    def body_plan(self) -> Callable[[Request], BodyPlan] | None:
        """How to read the bodies of requests (see `types.Service`); freezes the app."""
        return self.freeze().body_plan

    async def __call__(self, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        """Serve as an ASGI 3 application."""
        if scope["type"] == "lifespan":
            await asgi.lifespan(self.start, self.stop, receive, send)
        else:
            await asgi.serve(self._serving, scope, receive, send)


def _check_checkable(declared: RouteDeclaration, returned: Returned) -> None:
    """Refuse a route with `check_answers` whose answers cannot be checked."""
    if declared.options["check_answers"] == "off" or returned.gtype is not None:
        return
    if "check_answers" in declared.given or returned.cause:
        cause = returned.cause and f" ({returned.cause})"
        raise UsageError(
            f"{declared.where}: its answers cannot be checked{cause}; annotate what it returns as JSON, "
            "or set check_answers='off'"
        )


def _check_types(caps: Caps, limits: Limits, **words: str) -> None:
    """Refuse arguments that would otherwise fail later, such as when the app's description is made."""
    if not isinstance(caps, Caps):
        raise UsageError(f"caps must be a pyrt.gtype.Caps, got {caps!r}")
    if not isinstance(limits, Limits):
        raise UsageError(f"limits must be a pyrt.Limits, got {limits!r}")
    for name, value in words.items():
        if not isinstance(value, str):
            raise UsageError(f"{name} must be text, got {value!r}")
