"""pyrt: a runtime for Python services. What an app author imports."""

from .app import App
from .binding import Query
from .context import GlobalContext, LocalContext
from .controller import Controller
from .errors import (
    HttpError,
    Overload,
    PyrtError,
    UsageError,
    ValidationError,
    Violation,
)
from .forms import Form, Upload
from .groups import Group
from .gtype import Email, GType
from .hooks import HookChain
from .limits import Limits
from .messages import Headers, Request, Response
from .modules import Module
from .queue import QueueFabric, Subscription
from .routing import Converter, Match, Router

__all__ = (
    "App",
    "Controller",
    "Converter",
    "Email",
    "Form",
    "GType",
    "GlobalContext",
    "Group",
    "Headers",
    "HookChain",
    "HttpError",
    "Limits",
    "LocalContext",
    "Match",
    "Module",
    "Overload",
    "PyrtError",
    "Query",
    "QueueFabric",
    "Request",
    "Response",
    "Router",
    "Subscription",
    "Upload",
    "UsageError",
    "ValidationError",
    "Violation",
)

__version__ = "0.1.0"
