"""The two contexts: the state of one request, and the state that all requests share."""

from __future__ import annotations

import inspect
import logging
import re
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..errors import ClosedError, UsageError
from ..naming import describe
from ..types import Cleanup, Clock
from .deadlines import within
from .unwinding import unwind

if TYPE_CHECKING:
    from ..http.forms import Form
    from ..http.messages import Request, Response
    from ..queue import QueueFabric
    from ..routing import Match, Route

__all__ = ("GlobalContext", "LocalContext", "Phase", "new_id")

_log = logging.getLogger("pyrt")

# W3C Trace Context, section 3.2: all-zero ids are invalid; versions after 00 may have more after another dash.
_TRACEPARENT = re.compile(
    r"(?:00(?!.{54})|(?!00|ff)[0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?"
)


def new_id() -> str:
    """16 random hexadecimal digits."""
    return secrets.token_hex(8)


class GlobalContext:
    """The global context (`gctx`): one per app, built at `freeze()`, the same for every request.

    Its attributes cannot be set; keep what changes in `state`.

    Attributes:
        instance_id: id of the app in this process, 16 random hexadecimal digits.
        config: settings of the app, read only.
        modules: modules by name, read only.
        queue: queue fabric of the app.
        state: dict for handlers and hooks, shared by all requests.
        clock: monotonic clock, in seconds.
        hook_failures: number of failures of each hook that is not critical, by name.
    """

    __slots__ = ("clock", "config", "hook_failures", "instance_id", "modules", "queue", "state")

    instance_id: str
    config: Mapping[str, Any]
    modules: Mapping[str, Any]
    queue: QueueFabric
    state: dict[str, Any]
    clock: Clock
    hook_failures: Counter[str]

    def __init__(
        self,
        queue: QueueFabric,
        modules: Mapping[str, Any] | None = None,
        config: Mapping[str, Any] | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        put = super().__setattr__
        put("instance_id", new_id())
        put("config", MappingProxyType(dict(config or {})))
        put("modules", MappingProxyType(dict(modules or {})))
        put("queue", queue)
        put("state", {})
        put("clock", clock)
        put("hook_failures", Counter())

    def __setattr__(self, name: str, value: object) -> None:
        raise UsageError(f"gctx.{name} cannot be set; keep what changes in gctx.state")

    def __delattr__(self, name: str) -> None:
        raise UsageError(f"gctx.{name} cannot be deleted")


class Phase(StrEnum):
    """The stages of a request."""

    BEFORE = "before"
    HANDLER = "handler"
    AFTER = "after"
    CATCH = "catch"
    CLEANUP = "cleanup"


_BEFORE = Phase.BEFORE

OVER: list[Cleanup] = []
"""The `cleanups` of a request that is over; it stays empty."""


class LocalContext:
    """The local context (`lctx`): one per request, until its cleanup has run.

    Attributes:
        request, gctx: the request, and the global context.
        route: route that takes the request; None if none does.
        match: verdict of the route manager if no route takes the request; None if no route has the path.
        params: decoded parameters of the path, by name.
        limit_s: how long the request may take, in seconds; None for no limit. See `deadline`.
        phase: stage of the request.
        state: dict for handlers and hooks, for this request.
        response: response, after the handler has returned.
        error: error of the request, from the catch phase on.
        form: form of the request; set only if its handler takes one.
        cleanups: functions that `on_cleanup` registered and that have not run. Its states, in this order:

            None         `on_cleanup` was never called; if the request ends now, the next state is `OVER`
            a list       functions that wait for the end; `cleanup` takes them off one by one, and also runs
                         functions that are registered meanwhile
            `OVER`       all have run; `on_cleanup` raises ClosedError
    """

    __slots__ = (
        "_deadline",
        "_request_id",
        "_traced",
        "cleanups",
        "error",
        "form",
        "gctx",
        "limit_s",
        "match",
        "params",
        "phase",
        "request",
        "response",
        "route",
        "state",
    )

    form: Form

    def __init__(
        self,
        request: Request,
        gctx: GlobalContext,
        route: Route | None = None,
        params: dict[str, Any] | None = None,
        limit_s: float | None = None,
    ) -> None:
        self.request = request
        self.gctx = gctx
        self.route = route
        self.params: dict[str, Any] = {} if params is None else params
        self.state: dict[str, Any] = {}
        self.phase = _BEFORE
        self.match: Match | None = None
        self.response: Response | None = None
        self.error: Exception | None = None
        self.cleanups: list[Cleanup] | None = None
        self.limit_s = limit_s
        self._request_id: str | None = None
        self._deadline: float | None = None
        self._traced: tuple[str, str] | None = None

    @property
    def request_id(self) -> str:
        """16 random hexadecimal digits for this request, made when first read."""
        if self._request_id is None:
            self._request_id = new_id()
        return self._request_id

    @property
    def deadline(self) -> float | None:
        """The time of `gctx.clock` at which the request is cancelled; None for never.

        It is `limit_s` after the request first waits, or after the first access to this property.
        """
        if self._deadline is None and self.limit_s is not None:
            self._deadline = self.gctx.clock() + self.limit_s
        return self._deadline

    @property
    def trace_id(self) -> str:
        """32 hexadecimal digits from the W3C `traceparent` header, else random ones; made when first read."""
        return self._trace()[0]

    @property
    def parent_id(self) -> str:
        """The caller's span: 16 hexadecimal digits from the W3C `traceparent` header, else empty."""
        return self._trace()[1]

    def _trace(self) -> tuple[str, str]:
        if self._traced is None:
            found = _TRACEPARENT.fullmatch(self.request.headers.get("traceparent") or "")
            self._traced = (found[1], found[2]) if found else (secrets.token_hex(16), "")
        return self._traced

    @property
    def client(self) -> tuple[str, int] | None:
        """Host and port of the client, if the ingress knows them."""
        return self.request.client

    def on_cleanup(self, function: Cleanup) -> None:
        """Run *function* (no arguments, sync or async) at the end of the request, last registered first.

        Raises:
            ClosedError: the request is over, so the function would never run.
        """
        if self.cleanups is None:
            self.cleanups = []
        if self.cleanups is OVER:
            raise ClosedError(f"request {self.request_id}")
        self.cleanups.append(function)

    async def cleanup(self, limit_s: float | None = None) -> None:
        """Run the functions of `on_cleanup`, each exactly once; a failure is logged and the rest still runs.

        If this is cancelled while a function waits, it runs the rest, then raises CancelledError.

        Args:
            limit_s: how long the functions may wait together, in seconds; past it, a function that waits is cancelled.
        """
        self.phase = Phase.CLEANUP
        until = None if limit_s is None else time.monotonic() + limit_s

        async def run(function: Cleanup) -> None:
            result = function()
            if inspect.isawaitable(result):
                left_s = None if until is None else max(0.0, until - time.monotonic())
                await within(_awaited(result), limit_s, describe(function), left_s)

        try:
            if self.cleanups:
                await unwind(self.cleanups, run, lambda each: f"cleanup {describe(each)} of request {self.request_id}")
        finally:
            self.cleanups = OVER


async def _awaited(result: Awaitable[Any]) -> None:
    await result
