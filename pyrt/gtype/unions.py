"""Unions that msgspec must not see: up to 0.22 it frees what it knows of some of them twice, and the process dies."""

from __future__ import annotations

import collections.abc
import typing
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

from ..errors import UsageError

__all__ = ("refuse_crashing",)

_SCALAR_MARKS = ("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "pattern")


def refuse_crashing(annotation: Any) -> None:
    """Raise UsageError if a union in a type, or in the fields of a class in it, would end the process.

    Those are: text with a pattern beside an array or a dict, and a scalar with constraints beside a tuple of a known
    number of items.
    """
    seen: list[Any] = []
    waiting = [annotation]
    while waiting:
        found, _ = _bare(waiting.pop())
        if get_origin(found) in (Union, UnionType):
            _check([_bare(each) for each in get_args(found)], found)
        elif isinstance(found, type) and found not in seen:
            seen.append(found)
            waiting += _fields(found)
        waiting += [each for each in get_args(found) if not isinstance(each, str | int | bytes)]


def _bare(annotation: Any) -> tuple[Any, list[msgspec.Meta]]:
    """A type without Annotated, NewType and `type X = ...` around it, and their marks."""
    marks: list[msgspec.Meta] = []
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *more = get_args(annotation)
            marks += [mark for mark in more if isinstance(mark, msgspec.Meta)]
        elif hasattr(annotation, "__supertype__"):
            annotation = annotation.__supertype__
        elif type(annotation).__name__ == "TypeAliasType":
            annotation = annotation.__value__
        else:
            return annotation, marks


def _fields(cls: type) -> list[Any]:
    """The types of a class's fields; none where they cannot be found, which is msgspec's to tell."""
    try:
        return list(typing.get_type_hints(cls, include_extras=True).values())
    except Exception:
        return []


def _check(options: list[tuple[Any, list[msgspec.Meta]]], union: Any) -> None:
    origins = [get_origin(each) or each for each, _ in options]
    many = [each for each in origins if isinstance(each, type) and issubclass(each, collections.abc.Collection)]
    has_array_or_dict = any(
        each not in (str, bytes, bytearray, memoryview) and not hasattr(each, "_fields") for each in many
    )
    has_tuple = any(get_origin(each) is tuple and get_args(each)[-1:] != (...,) for each, _ in options)
    for each, marks in options:
        for mark in marks if each in (int, float, str, bytes) else ():
            named = [name for name in _SCALAR_MARKS if getattr(mark, name) is not None]
            if (has_array_or_dict and "pattern" in named) or (has_tuple and named):
                raise UsageError(
                    f"msgspec crashes on the union {union}: text with a pattern, or a scalar with limits, and an "
                    "array, tuple or dict; give that a field of its own, or use check() in place of the limits"
                )
