"""GType: decode and validate in one pass of msgspec; on failure, name every violation.

The judge of every part is msgspec itself, the one that decoded: after a failure the value is walked along its
type, and each part is put to `msgspec.convert` alone. A part that converts is valid; one that does not, and has
no refused part inside, is a violation. So the list is never empty after a failure and never names a valid part.
"""

from __future__ import annotations

from typing import Any, cast

import msgspec

from ..errors import MalformedBody, ValidationError, Violation
from .violations import from_message, walk

__all__ = ("GType",)


class GType:
    """A schema: what a Python annotation accepts.

    Args:
        annotation: what msgspec decodes: Struct, dataclass, TypedDict, `list[int]`, `Annotated[int, Meta(ge=0)]`.

    Raises:
        TypeError: msgspec does not know the type.
    """

    __slots__ = ("_decode", "annotation")

    def __init__(self, annotation: Any) -> None:
        self.annotation = annotation
        self._decode = msgspec.json.Decoder(annotation).decode

    def decode(self, data: bytes) -> Any:
        """JSON bytes to a validated value.

        Raises:
            MalformedBody: not JSON at all, or nested too deeply (400).
            ValidationError: every violation (422).
        """
        try:
            return self._decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ValidationError(self._explain(data, error)) from None

    def convert(self, value: Any, path: str = "$") -> Any:
        """A plain value (query, path, message) to a validated one; strings become numbers where the type asks.

        Raises:
            ValidationError: every violation.
        """
        try:
            return msgspec.convert(value, self.annotation, strict=False)
        except msgspec.ValidationError as error:
            found = walk(self.annotation, value, path, strict=False)
            raise ValidationError(found or [from_message(str(error), path, value)]) from None

    def violations(self, value: Any) -> list[Violation]:
        """Everything wrong with JSON bytes or with a plain value; empty if and only if it is valid.

        Raises:
            MalformedBody: bytes that are not JSON at all.
        """
        try:
            if isinstance(value, bytes):
                self._decode(value)
            else:
                msgspec.convert(value, self.annotation, str_keys=True)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return self._explain(value, error)
        return []

    def encode(self, value: Any) -> bytes:
        """A value as JSON."""
        return msgspec.json.encode(value)

    def _explain(self, value: Any, error: Exception) -> list[Violation]:
        plain = _parse(value) if isinstance(value, bytes) else value
        try:
            found = walk(self.annotation, plain, "$", strict=True)
        except RecursionError:
            found = []
        # msgspec saw something that the parsed value no longer shows, such as the first of two equal keys.
        return found or [from_message(str(error), "$", plain)]

    def __repr__(self) -> str:
        return f"GType({self.annotation!r})"


def _parse(data: bytes) -> Any:
    try:
        return cast(Any, msgspec.json.decode(data))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedBody(f"the body is not JSON: {error}") from None
    except RecursionError:
        raise MalformedBody("the body is nested too deeply") from None
