"""The architecture in forty lines: what flows from an ingress to a handler and back.

bytes -> Request -> Router -> Controller( LocalContext -> before -> Handler -> after ) -> Response -> bytes
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

__all__ = ("Cleanup", "Clock", "Handler", "Hook", "Subscriber")

Handler = Callable[..., Any]
"""`async def` runs on the event loop, `def` in a thread. Takes what it names, returns a value to send."""

Hook = Callable[..., Any]
"""Around a handler: before, after, catch. Sync or async. Takes what it names."""

Subscriber = Callable[..., Awaitable[Any]]
"""Called once per message with `message`; names modules and `gctx` as a handler does."""

Cleanup = Callable[[], Any]
"""Run at the end of a request, sync or async."""


class Clock(Protocol):
    """Seconds since some fixed moment, never going back."""

    def __call__(self) -> float: ...
