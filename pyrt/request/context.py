"""The two contexts: what one request carries, and what every request may reach."""

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

# W3C Trace Context, section 3.2: all-zero ids are invalid; versions after 00 may say more behind a dash.
_TRACEPARENT = re.compile(
    r"(?:00(?!.{54})|(?!00|ff)[0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?"
)


def new_id() -> str:
    """16 random hexadecimal digits."""
    return secrets.token_hex(8)


class GlobalContext:
    """The global context (`gctx`): one per app, built at `freeze()`, the same for every request.

    Its attributes cannot be set once it is made; `state` is a dict, and yours to fill.

    Attributes:
        instance_id: of this process, 16 hexadecimal digits.
        config: read only.
        modules: by name, read only.
        queue: the app's queue fabric.
        state: shared by all requests.
        clock: seconds, monotonic.
        hook_failures: how often each hook failed that is not critical, by name.
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
    """Where in its course a request is."""

    BEFORE = "before"
    HANDLER = "handler"
    AFTER = "after"
    CATCH = "catch"
    CLEANUP = "cleanup"


_BEFORE = Phase.BEFORE

OVER: list[Cleanup] = []
"""The `cleanups` of a request that is over; it stays empty."""


class LocalContext:
    """The local context (`lctx`): one per request, gone when its cleanup has run.

    Attributes:
        request, gctx: what it serves, and what is global.
        route: that takes the request; None where none does.
        match: the route manager's verdict where no route takes the request; None where none has its path.
        params: of the route, decoded.
        limit_s: how long the request may take, in seconds; None for no limit. See `deadline`.
        phase: where in its course the request is.
        state: yours, for this request.
        response: the answer, from the handler on.
        error: what went wrong, from the catch phase on.
        form: of a request whose handler takes one; nobody else has it.
        cleanups: functions that `on_cleanup` registered and that have not run. Its states, in this order:

            None         `on_cleanup` was never called; a request that ends so goes to `OVER` at once
            a list       they wait for the end; `cleanup` takes them off one by one, and functions that are
                         registered meanwhile run as well
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
        """16 hexadecimal digits, unique to this request; made when first read."""
        if self._request_id is None:
            self._request_id = new_id()
        return self._request_id

    @property
    def deadline(self) -> float | None:
        """When the request is cancelled, in seconds of `gctx.clock`; None if never.

        The time begins to run when it is first read, or when the request first waits.
        """
        if self._deadline is None and self.limit_s is not None:
            self._deadline = self.gctx.clock() + self.limit_s
        return self._deadline

    @property
    def trace_id(self) -> str:
        """32 hexadecimal digits, from the W3C `traceparent` header, else new; made when first read."""
        return self._trace()[0]

    @property
    def parent_id(self) -> str:
        """The caller's span, 16 hexadecimal digits, from the W3C `traceparent` header, else empty."""
        return self._trace()[1]

    def _trace(self) -> tuple[str, str]:
        if self._traced is None:
            found = _TRACEPARENT.fullmatch(self.request.headers.get("traceparent") or "")
            self._traced = (found[1], found[2]) if found else (secrets.token_hex(16), "")
        return self._traced

    @property
    def client(self) -> tuple[str, int] | None:
        """Host and port of the peer, where the ingress knows them."""
        return self.request.client

    def on_cleanup(self, function: Cleanup) -> None:
        """Run *function* (no arguments, sync or async) at the end of the request, last registered first.

        Raises:
            ClosedError: the request is over, and nobody would run it.
        """
        if self.cleanups is None:
            self.cleanups = []
        if self.cleanups is OVER:
            raise ClosedError(f"request {self.request_id}")
        self.cleanups.append(function)

    async def cleanup(self, limit_s: float | None = None) -> None:
        """Run what `on_cleanup` collected, each exactly once; a failure is logged and the rest still runs.

        Cancelled while one waits, it runs the rest and is cancelled then.

        Args:
            limit_s: how long they may wait together, in seconds; past it, one that waits is cancelled.
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
