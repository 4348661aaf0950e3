"""Signatures of functions: their parameters, annotations, and whether a call returns a coroutine."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import UsageError
from ..naming import describe

__all__ = ("ANYTHING", "already_given", "annotation", "default_of", "is_async", "parameters")

# Annotations that allow any value.
ANYTHING = (Any, inspect.Parameter.empty)


def parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """The parameters of *function*; raises UsageError if one cannot be given by name."""
    if not callable(function):
        raise UsageError(f"{function!r} is not a function")
    try:
        found = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError) as error:
        raise UsageError(f"{describe(function)} has no signature ({error}); wrap it in a function") from None
    for parameter in found:
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise UsageError(
                f"{describe(function)} has {str(parameter)!r}, which cannot be given by name; name each parameter"
            )
    return found


def default_of(function: Callable[..., Any], name: str) -> Any:
    found = [each.default for each in parameters(function) if each.name == name]
    return found[0] if found else inspect.Parameter.empty


def already_given(function: Callable[..., Any]) -> Mapping[str, Any]:
    """The keyword arguments of a partial; empty for another function."""
    return function.keywords if isinstance(function, functools.partial) else {}


def is_async(function: Callable[..., Any]) -> bool:
    """Whether a call returns a coroutine: `async def`, a partial of one, or an object with such a `__call__`."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def annotation(function: Callable[..., Any], name: str) -> Any:
    """The annotation of one parameter, evaluated; `inspect.Parameter.empty` if it has none."""
    while isinstance(function, functools.partial):
        function = function.func
    target = function if inspect.isroutine(function) else type(function).__call__
    if name not in getattr(target, "__annotations__", {}):
        return inspect.Parameter.empty
    try:
        return typing.get_type_hints(target, include_extras=True)[name]
    except NameError as error:
        raise UsageError(
            f"{describe(function)}: cannot resolve its annotations ({error}); define the type at module level"
        ) from None
    except Exception as error:  # annotations are expressions, which may raise anything
        raise UsageError(f"{describe(function)}: cannot evaluate its annotations ({error!r})") from error
