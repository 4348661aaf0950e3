"""Names for messages: the line that called into pyrt, a function with its place, a status in words."""

from __future__ import annotations

import functools
import inspect
import sys
from http import HTTPStatus
from typing import Any

__all__ = ("caller", "describe", "phrase")


def phrase(status: int) -> str:
    """The standard reason phrase of a status, such as `Not Found` for 404."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def caller() -> str:
    """The place that called into pyrt, as `file:line`, for messages."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "pyrt":
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def describe(function: Any) -> str:
    """A function and its place, as `name (file:line)`, for messages."""
    while isinstance(function, functools.partial):
        function = function.func
    function = inspect.unwrap(function) if callable(function) else function
    code = getattr(function, "__code__", None)
    if code is None and callable(function):
        code = getattr(type(function).__call__, "__code__", None)
    name = getattr(function, "__qualname__", repr(function))
    return f"{name} ({code.co_filename}:{code.co_firstlineno})" if code else name
