"""App: declare, freeze once, handle."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from .binding import parameters
from .context import GlobalContext
from .controller import Controller, Endpoint
from .errors import ClosedError, FrozenError, UsageError, describe
from .hooks import HookChain
from .ingress import asgi
from .messages import Request, Response
from .modules import Module, Modules
from .queue import QueueFabric
from .routing import Router
from .subscribers import Subscribed, Subscriber
from .types import Clock

__all__ = ("App",)

F = TypeVar("F", bound=Callable[..., Any])

RESERVED = frozenset({"req", "res", "lctx", "gctx", "body", "error", "message"})
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


class Declared(NamedTuple):
    """A route as it was declared."""

    methods: tuple[str, ...]
    path: str
    handler: Callable[..., Any]
    status: int


class App:
    """An application: routes, hooks, modules and subscribers, declared and then frozen.

    Args:
        config: read by handlers through `gctx.config`.
        clock: seconds, monotonic; a `ManualClock` in tests.
    """

    def __init__(self, config: Mapping[str, Any] | None = None, clock: Clock = time.monotonic) -> None:
        self._config, self._clock = config, clock
        self._routes: list[Declared] = []
        self._hooks: dict[str, list[Callable[..., Any]]] = {"before": [], "after": [], "catch": []}
        self._module_makers: dict[str, Callable[[], Module]] = {}
        self._subscribed: list[Subscribed] = []
        # Made by `freeze()`.
        self._modules = Modules({})
        self._subscribers: list[Subscriber] = []
        self._controller: Controller | None = None
        self._starting = asyncio.Lock()
        self._started = self._stopped = False

    # Declaring

    def route(self, path: str, methods: Iterable[str], status: int = 200) -> Callable[[F], F]:
        """Answer *methods* on *path* (`/users/{id:int}`) with the decorated handler.

        Args:
            status: of the answer, unless the handler returns a `Response`.

        Raises:
            FrozenError: the app has started.
            UsageError: an unknown method or status; at `freeze()` also a bad path, conflict or handler.
        """
        chosen = tuple(methods)
        if not 200 <= status <= 599:
            raise UsageError(f"{path!r}: a status is from 200 to 599, got {status}")
        for method in chosen:
            if method not in METHODS:
                raise UsageError(f"{path!r}: method {method!r}; known: {', '.join(METHODS)} (upper case)")

        def register(handler: F) -> F:
            self._refuse_when_frozen(f"route {path!r}")
            self._routes.append(Declared(chosen, path, handler, status))
            return handler

        return register

    def get(self, path: str, status: int = 200) -> Callable[[F], F]:
        return self.route(path, ["GET"], status)

    def post(self, path: str, status: int = 200) -> Callable[[F], F]:
        return self.route(path, ["POST"], status)

    def put(self, path: str, status: int = 200) -> Callable[[F], F]:
        return self.route(path, ["PUT"], status)

    def patch(self, path: str, status: int = 200) -> Callable[[F], F]:
        return self.route(path, ["PATCH"], status)

    def delete(self, path: str, status: int = 200) -> Callable[[F], F]:
        return self.route(path, ["DELETE"], status)

    def head(self, path: str, status: int = 200) -> Callable[[F], F]:
        return self.route(path, ["HEAD"], status)

    def options(self, path: str, status: int = 200) -> Callable[[F], F]:
        return self.route(path, ["OPTIONS"], status)

    def before(self, hook: F) -> F:
        """Run *hook* before every handler, in order of declaration; what it returns answers the request."""
        return self._add_hook("before", hook)

    def after(self, hook: F) -> F:
        """Run *hook* after every handler, last declared first; what it returns replaces the answer."""
        return self._add_hook("after", hook)

    def catch(self, hook: F) -> F:
        """Run *hook* on an error, last declared first; what it returns answers the request."""
        return self._add_hook("catch", hook)

    def module(self, name: str, make: Callable[[], Module]) -> None:
        """Give handlers a module under *name*; *make* (usually the class) is called at `freeze()`."""
        self._refuse_when_frozen(f"module {name!r}")
        if name in self._module_makers or name in RESERVED or not name.isidentifier():
            raise UsageError(f"module {name!r}: the name is taken or not an identifier; choose another")
        self._module_makers[name] = make

    def subscribe(
        self, topic: str, *, group: str | None = None, concurrency: int = 1, limit_messages: int = 1000
    ) -> Callable[[F], F]:
        """Call the decorated coroutine function with each `message` of *topic*, *concurrency* at once.

        Args:
            group: subscribers of one group share the messages; without one, each gets all.
            limit_messages: pending at the most; past it publishing raises `Overload`.
        """
        if concurrency < 1:
            raise UsageError(f"concurrency is at least 1, got {concurrency}")

        def register(function: F) -> F:
            self._refuse_when_frozen(f"subscriber of {topic!r}")
            self._subscribed.append(Subscribed(topic, function, group, concurrency, limit_messages))
            return function

        return register

    def _add_hook(self, phase: str, hook: F) -> F:
        self._refuse_when_frozen(f"{phase} hook {describe(hook)}")
        parameters(hook)
        self._hooks[phase].append(hook)
        return hook

    def _refuse_when_frozen(self, what: str) -> None:
        if self._controller is not None:
            raise FrozenError(what)

    # Running

    def freeze(self) -> Controller:
        """Build the router, bind every name, compile every schema; registering raises from now on.

        Raises:
            UsageError: anything that is declared wrongly.
        """
        if self._controller is None:
            modules = Modules(self._module_makers)
            gctx = GlobalContext(QueueFabric(), modules, self._config, self._clock)
            router = self._build_router(modules)
            self._subscribers = [Subscriber(each, gctx) for each in self._subscribed]
            self._modules = modules
            self._controller = Controller(router, HookChain(**self._hooks, modules=modules), gctx)
        return self._controller

    def _build_router(self, modules: Modules) -> Router:
        router = Router()
        for declared in self._routes:
            for method in declared.methods:
                route = router.add(method, declared.path, None, describe(declared.handler))
                route.value = Endpoint(declared.handler, route.names, modules, declared.status)
        return router

    @property
    def gctx(self) -> GlobalContext:
        """The global context; freezes the app."""
        return self.freeze().gctx

    @property
    def started(self) -> bool:
        return self._started

    async def start(self) -> None:
        """Freeze, start the modules in order, then the subscribers. Does nothing when already started."""
        self.freeze()
        async with self._starting:
            if not self._started:
                await self._modules.start()
                for subscriber in self._subscribers:
                    subscriber.start()
                self._started, self._stopped = True, False

    async def stop(self, drain_timeout_s: float = 5.0) -> None:
        """Let subscribers finish what is pending, for *drain_timeout_s* at the most, then stop the modules."""
        async with self._starting:
            if self._started:
                self._started, self._stopped = False, True
                await asyncio.gather(*(each.stop(drain_timeout_s) for each in self._subscribers))
                await self._modules.stop()

    async def handle(self, request: Request) -> Response:
        """Run *request* through the whole pipeline; starts the app when nobody has.

        An ordinary coroutine in its caller's context: it waits only where a handler, hook or module does.

        Raises:
            ClosedError: the app was stopped, and not started again.
        """
        if not self._started:
            if self._stopped:
                raise ClosedError("the app")
            await self.start()
        assert self._controller is not None
        return await self._controller.handle(request)

    async def __call__(self, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        """Serve as an ASGI 3 application."""
        await asgi.serve(self, scope, receive, send)
