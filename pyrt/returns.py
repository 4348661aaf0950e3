"""What a handler says that it returns: for the description of an app, and to hold its answers to it."""

from __future__ import annotations

import functools
import operator
import types
from collections.abc import AsyncIterable, Callable
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from .binding import ANYTHING, annotation
from .gtype import GType
from .messages import Response

__all__ = ("Returned", "returned")

_TEXT, _BYTES, _JSON = "text/plain", "application/octet-stream", "application/json"
_RAW = {str: _TEXT, bytes: _BYTES, bytearray: _BYTES, memoryview: _BYTES}


class Returned(NamedTuple):
    """What an answer carries.

    Attributes:
        content_type: None for nothing; empty where the handler does not say.
        gtype: of what is sent as JSON; None where it is something else, or anything.
        is_optional: it may also carry nothing.
    """

    content_type: str | None = ""
    gtype: GType | None = None
    is_optional: bool = False


def returned(handler: Callable[..., Any]) -> Returned:
    """What *handler* returns by its annotation; a `Response` in it, which may carry anything, is left out."""
    wanted = annotation(handler, "return")
    options = get_args(wanted) if get_origin(wanted) in (Union, types.UnionType) else (wanted,)
    kept = [each for each in options if each not in (None, type(None)) and not _is(each, Response)]
    is_optional = None in options or type(None) in options
    if any(each in ANYTHING for each in kept):
        return Returned()
    if not kept:
        return Returned("" if any(_is(each, Response) for each in options) else None, None, is_optional)
    if len(kept) == 1:
        raw = next((kind for type_, kind in _RAW.items() if _is(kept[0], type_)), "")
        raw = raw or (_BYTES if _is(kept[0], AsyncIterable) else "")
        if raw:
            return Returned(raw, None, is_optional)
    elif any(_is(each, type_) for each in kept for type_ in (*_RAW, AsyncIterable)):
        return Returned()
    try:
        return Returned(_JSON, GType(functools.reduce(operator.or_, kept)), is_optional)
    except Exception:
        return Returned()  # an annotation that says nothing of JSON


def _is(annotation: Any, kind: Any) -> bool:
    """Whether an annotation means *kind*, or a subclass of it."""
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    origin = get_origin(annotation) or annotation
    return isinstance(origin, type) and issubclass(origin, kind)
