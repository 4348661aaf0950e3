"""GType: decode and validate in one pass of msgspec; on failure, name every violation."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import msgspec

from ..errors import HttpError, ValidationError, Violation
from ..jsontext import UNREADABLE, check_depth, malformed
from .caps import CAPS, Caps
from .jsonschema import schemas
from .parts import Part, is_bottomless, taken_apart
from .readers import Plain, Text
from .violations import violations

__all__ = ("GType",)

_raw = msgspec.json.Decoder(msgspec.Raw).decode
_encode = msgspec.json.Encoder().encode


class GType:
    """A schema: what a Python annotation accepts.

    One is made per annotation and caps, and kept: `GType(int) is GType(int)`.

    Args:
        annotation: what msgspec decodes: Struct, dataclass, TypedDict, `list[int]`, `Annotated[int, Meta(ge=0)]`.
        caps: how far it goes with what strangers send.

    Raises:
        TypeError: msgspec does not know the type.
        UsageError: JSON cannot carry the type, or a pattern in it could run away.
    """

    __slots__ = ("_decode", "_limit_bytes", "_part", "annotation", "caps")

    annotation: Any
    caps: Caps
    _part: Part
    _decode: Callable[[bytes], Any]
    _limit_bytes: int

    def __new__(cls, annotation: Any, caps: Caps = CAPS) -> GType:
        try:
            hash(annotation)
        except TypeError:
            return _compiled.__wrapped__(annotation, caps)
        return _compiled(annotation, caps)

    def decode(self, data: bytes) -> Any:
        """JSON bytes to a validated value.

        Raises:
            MalformedBody: not JSON at all, or nested too deeply (400).
            HttpError: more bytes than `caps` allows (413).
            ValidationError: every violation (422).
        """
        if len(data) > self._limit_bytes:
            raise HttpError(413, f"the body is over {self._limit_bytes} bytes")
        try:
            return self._decode(data)
        except UNREADABLE as error:
            raise ValidationError(self._explained(data, error)) from None

    def convert(self, value: Any, *, strict: bool = True, path: str = "$") -> Any:
        """A plain value, such as a message's, to a validated one.

        Args:
            strict: False for what is text in any case, as in paths and queries: then `"7"` is a number.
            path: where the value was found, for violations.

        Raises:
            ValidationError: every violation.
        """
        try:
            converted = msgspec.convert(value, self.annotation, strict=strict, str_keys=True)
        except msgspec.ValidationError:
            pass
        except RecursionError:
            raise ValidationError([_too_deep(path)]) from None
        else:
            part = self._part
            if not (part.is_checked or part.has_floats) or part.refusal(converted, finite=True) is None:
                return converted
        raise ValidationError(violations(self._part, value, path, Plain(strict), self.caps)) from None

    def violations(self, value: Any, *, strict: bool = True) -> list[Violation]:
        """Everything wrong with JSON bytes or with a plain value; empty if and only if it is valid.

        Args:
            strict: of plain values, as `convert` has it.

        Raises:
            MalformedBody: bytes that are not JSON at all.
            HttpError: more bytes than `caps` allows (413).
        """
        try:
            if isinstance(value, bytes | bytearray | memoryview):
                self.decode(bytes(value))
            else:
                self.convert(value, strict=strict)
        except ValidationError as error:
            return list(error.violations)
        return []

    def encode(self, value: Any) -> bytes:
        """A value as JSON."""
        return _encode(value)

    def json_schema(self) -> dict[str, Any]:
        """The type as JSON Schema (draft 2020-12), its named types under `$defs`."""
        (schema,), named = schemas([self.annotation], "#/$defs/{name}")
        return {**schema, "$defs": named} if named else schema

    def _explained(self, data: bytes, error: Exception) -> list[Violation]:
        """The violations in what `_decode` refused with *error*.

        Raises:
            MalformedBody: it is no JSON that can be judged.
        """
        if not isinstance(error, msgspec.ValidationError):
            raise malformed(error)
        try:
            data.decode()  # what msgspec skips it does not read
            raw = _raw(data)
        except UNREADABLE as unreadable:
            raise malformed(unreadable) from None
        return violations(self._part, raw, "$", Text(), self.caps)

    def __repr__(self) -> str:
        return f"GType({self.annotation!r})"


@functools.lru_cache(maxsize=4096)
def _compiled(annotation: Any, caps: Caps) -> GType:
    gtype = object.__new__(GType)
    gtype.annotation, gtype.caps = annotation, caps
    gtype._part, gtype._limit_bytes = taken_apart(annotation), caps.input_bytes
    gtype._decode = _decoder(gtype._part, caps)
    return gtype


def _decoder(part: Part, caps: Caps) -> Callable[[bytes], Any]:
    """What decodes the type: msgspec alone, wherever that is enough."""
    decode: Callable[[bytes], Any] = part.decode
    if part.is_checked:
        decode = _checking(part)
    return _within(decode, caps.depth) if is_bottomless(part) else decode


def _checking(part: Part) -> Callable[[bytes], Any]:
    decode, refusal = part.decode, part.refusal

    def checked(data: bytes) -> Any:
        value = decode(data)
        if refusal(value, False) is not None:
            raise msgspec.ValidationError
        return value

    return checked


def _within(decode: Callable[[bytes], Any], limit_depth: int) -> Callable[[bytes], Any]:
    def bounded(data: bytes) -> Any:
        check_depth(data, limit_depth)
        return decode(data)

    return bounded


def _too_deep(path: str) -> Violation:
    return Violation(path, "fewer arrays and objects inside each other", "too many", "depth")
