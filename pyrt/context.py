"""The two contexts: what one request carries, and what every request may reach."""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
import secrets
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .types import Cleanup, Clock

if TYPE_CHECKING:
    from .messages import Request, Response
    from .queue import QueueFabric

__all__ = ("GlobalContext", "LocalContext")

_log = logging.getLogger("pyrt")

# W3C Trace Context, section 3.2.2: version 00; all-zero ids are invalid.
_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}")


class GlobalContext:
    """The global context (`gctx`): one per app, built at `freeze()`, the same for every request.

    Attributes:
        instance_id: of this process, 16 hexadecimal digits.
        config: read only.
        modules: by name, read only.
        queue: the app's queue fabric.
        state: yours; shared by all requests.
        clock: seconds, monotonic.
    """

    __slots__ = ("clock", "config", "instance_id", "modules", "queue", "state")

    def __init__(
        self,
        queue: QueueFabric,
        modules: Mapping[str, Any] | None = None,
        config: Mapping[str, Any] | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        self.instance_id = secrets.token_hex(8)
        self.config: Mapping[str, Any] = MappingProxyType(dict(config or {}))
        self.modules: Mapping[str, Any] = MappingProxyType(dict(modules or {}))
        self.queue = queue
        self.state: dict[str, Any] = {}
        self.clock = clock


class LocalContext:
    """The local context (`lctx`): one per request, gone when its cleanup has run.

    Attributes:
        request, gctx: what it serves, and what is global.
        params: of the route, decoded.
        state: yours, for this request.
        response: the answer, from the handler on.
        error: what a catch hook looks at.
    """

    __slots__ = (
        "_cleanup",
        "_request_id",
        "_trace_id",
        "error",
        "gctx",
        "params",
        "request",
        "response",
        "state",
    )

    def __init__(self, request: Request, gctx: GlobalContext) -> None:
        self.request = request
        self.gctx = gctx
        self.params: dict[str, Any] = {}
        self._request_id = self._trace_id = ""
        self.state: dict[str, Any] = {}
        self.response: Response | None = None
        self.error: Exception | None = None
        self._cleanup: list[Cleanup] = []

    @property
    def request_id(self) -> str:
        """16 hexadecimal digits, unique to this request; made when first read."""
        if not self._request_id:
            self._request_id = secrets.token_hex(8)
        return self._request_id

    @property
    def trace_id(self) -> str:
        """32 hexadecimal digits, from the W3C `traceparent` header, else new; made when first read."""
        if not self._trace_id:
            found = _TRACEPARENT.fullmatch(self.request.headers.get("traceparent") or "")
            self._trace_id = found[1] if found else secrets.token_hex(16)
        return self._trace_id

    def on_cleanup(self, function: Cleanup) -> None:
        """Run *function* (no arguments, sync or async) at the end of the request, last registered first."""
        self._cleanup.append(function)

    async def cleanup(self) -> None:
        """Run what `on_cleanup` collected, each exactly once; a failure is logged and the rest still runs.

        Cancelled while one waits, it runs the rest and is cancelled then.
        """
        cancelled: asyncio.CancelledError | None = None
        while self._cleanup:
            function = self._cleanup.pop()
            try:
                result = function()
                if inspect.isawaitable(result):
                    await result
            except asyncio.CancelledError as error:
                cancelled = error
            except Exception:
                _log.exception("cleanup of request %s failed", self.request_id)
        if cancelled is not None:
            raise cancelled
