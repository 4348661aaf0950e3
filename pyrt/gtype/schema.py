"""GType: decode and validate in one pass of msgspec; on failure, name every violation."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Mapping
from typing import Any, cast

import msgspec

from ..errors import HttpError, ValidationError, Violation
from ..http.jsontext import UNREADABLE, check_depth, malformed
from .caps import CAPS, Caps
from .compiling import is_bottomless, taken_apart
from .crowds import without_crowds
from .jsonschema import schemas
from .opening import opened
from .parts import Entries, Object, Part, in_query, is_without_hash
from .readers import Plain, Text
from .violations import violations

__all__ = ("GType",)

_raw = msgspec.json.Decoder(msgspec.Raw).decode
# TypeError: a set cannot hold what was sent.
_REFUSED = (*UNREADABLE, TypeError)
_encode = msgspec.json.Encoder().encode


class GType:
    """A schema: what a Python annotation accepts.

    There is one for each annotation and caps: `GType(int) is GType(int)`.

    Args:
        annotation: what msgspec decodes: Struct, dataclass, TypedDict, `list[int]`, `Annotated[int, Meta(ge=0)]`.
        caps: limits on what it accepts from strangers.

    Raises:
        TypeError: msgspec does not know the type.
        UsageError: JSON cannot carry the type, the items of a set have no hash, or a pattern could run away.

    Attributes:
        decode: a function from JSON bytes to a validated value. It raises MalformedBody if they are not JSON at all or
            nested too deeply (400), HttpError for more bytes than `caps` allows (413), and ValidationError with every
            violation (422).
    """

    __slots__ = ("_part", "annotation", "caps", "decode")

    annotation: Any
    caps: Caps
    decode: Callable[[bytes], Any]
    _part: Part

    def __new__(cls, annotation: Any, caps: Caps = CAPS) -> GType:
        try:
            hash(annotation)
        except TypeError:
            return _compiled.__wrapped__(annotation, caps)
        return _compiled(annotation, caps)

    @property
    def in_query(self) -> str:
        """How a query can have such values: `one`, `many` under one name, or `none`."""
        return in_query(self._part)

    @property
    def in_form(self) -> bool:
        """Whether a form can give such values: fields or entries, none of them with objects, or lists in lists."""
        part = self._part
        if isinstance(part, Object):
            return all(in_query(field.part) != "none" for field in part.fields.values())
        return isinstance(part, Entries) and all(in_query(each) == "one" for each in part.inner())

    def gathered(self, values: Mapping[str, list[str]]) -> dict[str, Any]:
        """A form as a plain value: for each name its last text, or all texts if the field takes several."""
        fields = self._part.fields if isinstance(self._part, Object) else {}
        many = {name for name, field in fields.items() if in_query(field.part) == "many"}
        return {name: texts if name in many else texts[-1] for name, texts in values.items()}

    @property
    def hides(self) -> bool:
        """Whether something in it is secret."""
        return self._part.hides

    def convert(self, value: Any, *, strict: bool = True, path: str = "$") -> Any:
        """Make a plain value, such as a message, a validated one.

        An instance of a class is valid if its fields are, and is taken as it is.

        Args:
            strict: False if all values are text, as in paths and queries: then `"7"` is a number.
            path: where the value was found, for violations.

        Raises:
            ValidationError: every violation.
        """
        part = self._part
        try:
            try:
                converted = msgspec.convert(value, self.annotation, strict=strict, str_keys=True)
                if part.has_classes:
                    plain = opened(part, value)
                    if plain is not value:
                        msgspec.convert(plain, self.annotation, strict=strict, str_keys=True)
                if not part.needs(finite=True) or _passes(part, converted, finite=True):
                    return converted
            except (msgspec.ValidationError, UnicodeEncodeError):
                pass  # UnicodeEncodeError: text that cannot be written as UTF-8, where a value of another type belongs
            except TypeError as error:
                if not is_without_hash(error):
                    raise
            found = violations(part, opened(part, value), path, Plain(strict), self.caps)
        except RecursionError:
            found = [Violation(path, "fewer arrays and objects inside each other", "too many", "depth")]
        if not found:
            return converted
        raise ValidationError(found) from None

    def violations(self, value: Any, *, strict: bool = True) -> list[Violation]:
        """Everything wrong with JSON bytes or with a plain value; empty if and only if it is valid.

        Args:
            strict: as in `convert`, for plain values.

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

    def __repr__(self) -> str:
        return f"GType({self.annotation!r})"


@functools.lru_cache(maxsize=4096)
def _compiled(annotation: Any, caps: Caps) -> GType:
    gtype = object.__new__(GType)
    gtype.annotation, gtype.caps, gtype._part = annotation, caps, taken_apart(annotation)
    gtype.decode = _decoder(gtype._part, caps)
    return gtype


def _decoder(part: Part, caps: Caps) -> Callable[[bytes], Any]:
    """`GType.decode`: a copy of `_decode` whose globals are its own.

    CPython finds a global faster than a variable of a closure (docs/perf-log.md, 2026-11-30).
    """
    code = _decode.__code__.replace()
    names = {name: globals()[name] for name in code.co_names if name in globals()}
    names |= {"_part": part, "_caps": caps, "_read": _reader(part, caps), "_limit_bytes": caps.input_bytes}
    return types.FunctionType(code, names, "decode")


# Placeholders: each copy of `_decode` has its own.
_part, _caps, _limit_bytes = cast(Part, None), CAPS, 0
_read: Callable[[bytes], Any] = _raw


def _decode(data: bytes) -> Any:
    if len(data) > _limit_bytes:
        raise HttpError(413, f"the body is over {_limit_bytes} bytes")
    try:
        return _read(data)
    except _REFUSED as error:
        raise ValidationError(_explained(_part, data, error, _caps)) from None


def _reader(part: Part, caps: Caps) -> Callable[[bytes], Any]:
    """The function that reads the type: msgspec's own, if that is enough."""
    read: Callable[[bytes], Any] = _checking(part, caps) if part.is_checked else part.decode
    read = without_crowds(read, part) if part.crowds else read
    return _within(read, caps.depth) if is_bottomless(part) else read


def _checking(part: Part, caps: Caps) -> Callable[[bytes], Any]:
    decode = part.decode

    def read(data: bytes) -> Any:
        value = decode(data)
        if not _passes(part, value, finite=False):
            # A default may have failed, which nobody sent. So look at what was sent.
            found = violations(part, _raw(data), "$", Text(), caps)
            if found:
                raise ValidationError(found)
        return value

    return read


def _passes(part: Part, value: Any, finite: bool) -> bool:
    try:
        return part.missed(value, finite) is None
    except RecursionError:
        raise
    except Exception:
        return False  # perhaps a default of another type; if the value was sent, the walk meets the error again


def _within(decode: Callable[[bytes], Any], limit_depth: int) -> Callable[[bytes], Any]:
    def read(data: bytes) -> Any:
        check_depth(data, limit_depth)
        return decode(data)

    return read


def _explained(part: Part, data: bytes, error: Exception, caps: Caps) -> list[Violation]:
    """The violations in what was refused with *error*.

    Raises:
        MalformedBody: it is not JSON that can be judged.
    """
    if isinstance(error, TypeError):
        if not is_without_hash(error):
            raise error  # the author's code raised it
    elif not isinstance(error, msgspec.ValidationError):
        raise malformed(error)
    try:
        data.decode()  # msgspec does not read what it skips
        raw = _raw(data)
    except UNREADABLE as unreadable:
        raise malformed(unreadable) from None
    return violations(part, raw, "$", Text(), caps)
