"""pyrt: a runtime for Python services. What an app author imports."""

from .errors import (
    HttpError,
    Overload,
    PyrtError,
    UsageError,
    ValidationError,
    Violation,
)
from .messages import Headers, Request, Response

__all__ = (
    "Headers",
    "HttpError",
    "Overload",
    "PyrtError",
    "Request",
    "Response",
    "UsageError",
    "ValidationError",
    "Violation",
)

__version__ = "0.1.0"
