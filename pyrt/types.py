"""The architecture in forty lines: how a request reaches its handler, and how the parts see each other.

    bytes -> Request -> Router -> Controller( LocalContext -> before -> Handler -> after ) -> Response -> bytes

An ingress passes each request to a `Service`, the running app. A server ends the `Connection`s that take too long.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from .http.headers import Headers
    from .http.messages import Request, Response
    from .limits import Limits

__all__ = ("BodyPlan", "BodySink", "Cleanup", "Clock", "Connection", "Handler", "Hook", "Service")

Handler = Callable[..., Any]
"""`async def` runs on the event loop, `def` in a thread. Gets what its parameters name, returns a value to send."""

Hook = Callable[..., Any]
"""Runs before a handler, after it, or on its error. Sync or async. Gets what its parameters name."""

Cleanup = Callable[[], Any]
"""Runs at the end of a request, sync or async."""


class Clock(Protocol):
    """A monotonic clock, in seconds."""

    def __call__(self) -> float: ...


class BodyPlan(NamedTuple):
    """How an ingress reads the body of a request: part by part or whole, up to a limit (0: the ingress's limit)."""

    in_parts: bool = False
    limit_bytes: int = 0


class Service(Protocol):
    """Answers requests. A response's body is `bytes`, or a `Stream` that the ingress reads to its end or closes."""

    @property
    def limits(self) -> Limits: ...

    async def handle(self, request: Request) -> Response: ...

    def takes(self, request: Request) -> bool:
        """Whether a route takes the request; if none does, the ingress need not wait for the body."""

    @property
    def body_plan(self) -> Callable[[Request], BodyPlan] | None:
        """Called with each request that has a body; None if every route has the plan `BodyPlan()`."""


class Connection(Protocol):
    """A connection to a client, as the server sees it."""

    @property
    def is_over(self) -> bool: ...
    def sweep(self, now_s: float, since_s: float) -> None: ...
    def drain(self) -> None: ...
    def abort(self) -> None: ...
    async def wait_closed(self) -> None: ...


class BodySink(Protocol):
    """Takes the body of a request, part by part."""

    def feed(self, part: bytes) -> None: ...
    def end(self, trailers: Headers | None) -> None: ...
