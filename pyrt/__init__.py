"""pyrt: a runtime for Python services. What an app author imports."""

from .binding import Query
from .context import GlobalContext, LocalContext
from .errors import (
    HttpError,
    Overload,
    PyrtError,
    UsageError,
    ValidationError,
    Violation,
)
from .gtype import Email, GType
from .hooks import HookChain
from .messages import Headers, Request, Response
from .queue import QueueFabric, Subscription
from .routing import Match, Router

__all__ = (
    "Email",
    "GType",
    "GlobalContext",
    "Headers",
    "HookChain",
    "HttpError",
    "LocalContext",
    "Match",
    "Overload",
    "PyrtError",
    "Query",
    "QueueFabric",
    "Request",
    "Response",
    "Router",
    "Subscription",
    "UsageError",
    "ValidationError",
    "Violation",
)

__version__ = "0.1.0"
