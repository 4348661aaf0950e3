"""pyrt, a runtime for Python services: the names that an app author imports."""

from .app import App
from .errors import (
    HttpError,
    Overload,
    PyrtError,
    UsageError,
    ValidationError,
    Violation,
)
from .groups import Group
from .gtype import Email, GType
from .http.forms import Form, Upload
from .http.headers import Headers
from .http.messages import Request, Response
from .limits import Limits
from .modules import Module
from .queue import QueueFabric, Subscription
from .request.context import GlobalContext, LocalContext
from .request.controller import Controller
from .request.hooks import HookChain
from .request.sources import Query
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
