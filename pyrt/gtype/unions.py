"""Refuse the unions on which msgspec crashes: it frees memory twice, or reads a size from the wrong place.

There are two rules, one for each fault:

- text with a `pattern` beside an array or a dict: up to msgspec 0.22; mended in 0.23
- anything with limits beside a tuple of a known number of items: up to 0.23, the newest one

A test for each rule fails as soon as msgspec no longer crashes.
"""

from __future__ import annotations

import collections.abc
import inspect
import typing
from collections import Counter
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Generic, TypeVar, Union, get_args, get_origin

import msgspec

from ..errors import UsageError

__all__ = ("refuse_crashing",)

_MARKS = ("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "pattern")
_TEXTS = (str, bytes, bytearray, memoryview)
# A generic class may stand in a type with so many different arguments. More are taken for a type that never ends.
LIMIT_GENERIC = 200

_Option = tuple[Any, list[msgspec.Meta]]


def refuse_crashing(annotation: Any) -> None:
    """Raise UsageError if msgspec crashes on a union in a type, or in the fields of a class in it.

    Type variables are replaced by their arguments, as msgspec does it.
    """
    seen: set[Any] = set()
    generic: Counter[Any] = Counter()
    waiting = [annotation]
    while waiting:
        found = waiting.pop()
        options = list(_options(found, []))
        if len(options) > 1:
            _check(options, found)
        for option, _ in options:
            try:
                is_known = option in seen
                seen.add(option)
            except TypeError:  # a mark in it has no hash
                is_known = False
            if is_known:
                continue
            waiting += _inside(option)
            if hasattr(get_origin(option), "__parameters__"):
                generic[get_origin(option)] += 1
                if generic[get_origin(option)] > LIMIT_GENERIC:
                    raise UsageError(f"{annotation!r} names itself without end; give it a class of its own")


def _options(annotation: Any, marks: list[msgspec.Meta]) -> Iterator[_Option]:
    """The branches of a type, or the type itself if it is not a union: each without its wrappers, and their marks."""
    found, more = _bare(annotation)
    marks = marks + more
    inner: tuple[Any, ...] = ()
    origin: Any = get_origin(found)
    if origin in (Union, UnionType):
        inner = get_args(found)
    elif isinstance(found, TypeVar):
        inner = tuple(each for each in (found.__bound__, *found.__constraints__) if each is not None)
    if not inner:
        yield found, marks
    for each in inner:
        yield from _options(each, marks)


def _bare(annotation: Any) -> _Option:
    """A type without the Annotated, NewType and `type X = ...` around it, and their marks."""
    marks: list[msgspec.Meta] = []
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation, *more = get_args(annotation)
            marks += [mark for mark in more if isinstance(mark, msgspec.Meta)]
        elif origin in (typing.Final, typing.Required, typing.NotRequired, typing.ClassVar):
            (annotation,) = get_args(annotation)
        elif hasattr(annotation, "__supertype__"):
            annotation = annotation.__supertype__
        elif type(annotation).__name__ == "TypeAliasType":
            annotation = annotation.__value__
        elif type(origin).__name__ == "TypeAliasType":
            annotation = origin.__value__[get_args(annotation)]
        else:
            return annotation, marks


def _inside(found: Any) -> list[Any]:
    """The types inside a type: its arguments and, if it is a class, the types of its fields."""
    if get_origin(found) is typing.Literal:
        return []
    arguments = [each for each in get_args(found) if not isinstance(each, str | int | bytes)]
    return arguments + _fields(found) if isinstance(get_origin(found) or found, type) else arguments


def _fields(found: Any) -> list[Any]:
    """The types of the fields of a class, which may be generic and have arguments.

    If they cannot be found, there are none: msgspec will say why.
    """
    cls = get_origin(found) or found
    known: dict[type, Mapping[Any, Any]] = {}
    try:
        _learn(found, {}, known)
        fields: dict[str, Any] = {}
        for base in cls.__mro__:
            if base in (object, Generic) or base.__module__ == "builtins":
                continue
            for name, hint in typing.get_type_hints(base, include_extras=True).items():
                if name in inspect.get_annotations(base):
                    fields.setdefault(name, _substituted(hint, known.get(base, {})))
    except Exception:
        return []
    return list(fields.values())


def _learn(found: Any, outer: Mapping[Any, Any], known: dict[type, Mapping[Any, Any]]) -> None:
    """Add to *known* the arguments for the type variables of a class, and of the classes that it inherits from."""
    cls = get_origin(found) or found
    if not isinstance(cls, type) or cls in (object, Generic) or cls in known:
        return
    arguments = [_substituted(each, outer) for each in get_args(found)]
    known[cls] = dict(zip(getattr(cls, "__parameters__", ()), arguments, strict=False))
    for base in vars(cls).get("__orig_bases__", cls.__bases__):
        _learn(base, known[cls], known)


def _substituted(hint: Any, known: Mapping[Any, Any]) -> Any:
    if isinstance(hint, TypeVar):
        return known.get(hint, hint)
    parameters = getattr(hint, "__parameters__", ())
    if not parameters or isinstance(hint, type):
        return hint
    return hint[tuple(known.get(each, each) for each in parameters)]


def _check(options: list[_Option], union: Any) -> None:
    origins: list[Any] = [get_origin(each) or each for each, _ in options]
    many = [each for each in origins if isinstance(each, type) and issubclass(each, collections.abc.Collection)]
    has_array_or_dict = any(each not in _TEXTS and not hasattr(each, "_fields") for each in many)
    has_tuple = any(
        origin is tuple and get_origin(each) is not None and get_args(each)[-1:] != (...,)
        for origin, (each, _) in zip(origins, options, strict=True)
    )
    for _, marks in options:
        for mark in marks:
            named = [name for name in _MARKS if getattr(mark, name) is not None]
            if (has_array_or_dict and "pattern" in named) or (has_tuple and named):
                raise UsageError(
                    f"msgspec crashes on the union {union}: text with a pattern beside an array, a tuple or a dict, or "
                    "limits beside a tuple; make it two fields, or use pyrt.gtype.check in place of the marks"
                )
