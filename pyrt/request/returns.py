"""Return annotations of handlers: for the app's description, and to check what handlers return."""

from __future__ import annotations

import functools
import operator
import types
from collections.abc import AsyncIterable, Callable
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from ..errors import PyrtError, Violation
from ..gtype import Caps, GType
from ..gtype.caps import MOST_DEPTH
from ..http.messages import Response
from .signatures import ANYTHING, annotation

__all__ = ("Returned", "returned")

_TEXT, _BYTES, _JSON = "text/plain", "application/octet-stream", "application/json"
# The app made the response, not a client, so its size needs no limit.
_CAPS = Caps(input_bytes=1 << 62, depth=MOST_DEPTH)
_RAW = {str: _TEXT, bytes: _BYTES, bytearray: _BYTES, memoryview: _BYTES}


class Returned(NamedTuple):
    """What a handler returns, by its annotation.

    Attributes:
        content_type: content type of the response; None for no content, empty if the annotation does not tell.
        gtype: schema of the JSON that is sent; None if other content is sent, or any.
        is_optional: whether the handler may also return None.
        is_free: whether the handler may also return a `Response`, with any content.
        cause: error of making the schema; empty if there was none.
    """

    content_type: str | None = ""
    gtype: GType | None = None
    is_optional: bool = False
    is_free: bool = False
    cause: str = ""

    def misfits(self, response: Response, is_response: bool) -> list[Violation]:
        """The violations of a response with the declared status; *is_response*: whether the handler made it itself."""
        kind = (response.headers.get("content-type") or "").partition(";")[0].strip()
        if self.gtype is None or (self.is_optional and response.body == b""):
            return []
        if kind != _JSON:
            got = kind or "nothing"
            return [] if is_response and self.is_free else [Violation("$", _JSON, got, "type")]
        if not isinstance(response.body, bytes):
            return []  # a stream, whose parts do not exist yet
        try:
            return self.gtype.violations(response.body)
        except PyrtError as error:
            return [Violation("$", "JSON that can be read", str(error), "format")]


def returned(handler: Callable[..., Any]) -> Returned:
    """What *handler* returns, by its annotation."""
    wanted = annotation(handler, "return")
    options = get_args(wanted) if get_origin(wanted) in (Union, types.UnionType) else (wanted,)
    kept = [each for each in options if each not in (None, type(None)) and not _is(each, Response)]
    is_optional = None in options or type(None) in options
    is_free = len(kept) + is_optional < len(options)
    if any(each in ANYTHING for each in kept):
        return Returned()
    if not kept:
        return Returned("" if is_free else None, None, is_optional, is_free)
    if len(kept) == 1:
        raw = next((kind for type_, kind in _RAW.items() if _is(kept[0], type_)), "")
        raw = raw or (_BYTES if _is(kept[0], AsyncIterable) else "")
        if raw:
            return Returned(raw, None, is_optional, is_free)
    elif any(_is(each, type_) for each in kept for type_ in (*_RAW, AsyncIterable)):
        return Returned()
    try:
        return Returned(_JSON, GType(functools.reduce(operator.or_, kept), _CAPS), is_optional, is_free)
    except Exception as error:
        return Returned(cause=str(error))


def _is(annotation: Any, kind: Any) -> bool:
    """Whether an annotation is *kind* or a subclass of it."""
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    origin = get_origin(annotation) or annotation
    return isinstance(origin, type) and issubclass(origin, kind)
