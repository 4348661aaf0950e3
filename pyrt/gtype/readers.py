"""How values are judged, opened and shown: JSON by decoders, plain values by `msgspec.convert`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from ..jsontext import UNREADABLE, malformed
from .parts import Array, Part
from .wording import shortened, shown

__all__ = ("Plain", "Reader", "Text")

# As many bytes can be read while one question is put to msgspec.
_ASKING = 320
_decode = msgspec.json.Decoder().decode
_open_array = msgspec.json.Decoder(list[msgspec.Raw]).decode
_open_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Reader(Protocol):
    """How values of one sort are judged, opened and shown."""

    def cost(self, value: Any) -> int:
        """What it costs to judge *value*, in bytes of JSON."""

    def refusal(self, part: Part, value: Any) -> str | None:
        """Why *value* is refused, or None."""

    def key_refusal(self, keys: Part, key: str) -> str | None:
        """Why a key is refused by `Entries.keys`, or None."""

    def members(self, value: Any) -> Mapping[str, Any] | None:
        """What an object has; None for what is none."""

    def items(self, value: Any) -> Sequence[Any] | None:
        """What an array has; None for what is none."""

    def overfull(self, array: Array, items: Iterable[Any]) -> str | None:
        """Why a set of these items, which are all valid, is refused; None if it is not."""

    def shown(self, value: Any, limit_characters: int) -> str:
        """A value in one short line of ASCII; of an array or object only how long it is."""


class Text:
    """Reads JSON: values are `msgspec.Raw`."""

    @staticmethod
    def cost(value: msgspec.Raw) -> int:
        return _ASKING + len(memoryview(value))

    @staticmethod
    def refusal(part: Part, value: Any) -> str | None:
        try:
            decoded = part.decode(value)
        except msgspec.ValidationError as error:
            return str(error)
        except UNREADABLE as error:
            raise malformed(error) from None
        return part.refusal(decoded, finite=False) if part.is_checked else None

    def key_refusal(self, keys: Part, key: str) -> str | None:
        return self.refusal(keys, msgspec.json.encode({key: None}))

    @staticmethod
    def members(value: msgspec.Raw) -> Mapping[str, Any] | None:
        return _open_object(value) if memoryview(value)[0] == ord("{") else None

    @staticmethod
    def items(value: msgspec.Raw) -> Sequence[Any] | None:
        return _open_array(value) if memoryview(value)[0] == ord("[") else None

    def overfull(self, array: Array, items: Iterable[Any]) -> str | None:
        if array.distinct is None:
            return None
        return self.refusal(array.distinct, b"[" + b",".join(map(bytes, items)) + b"]")

    def shown(self, value: msgspec.Raw, limit_characters: int) -> str:
        view = memoryview(value)
        if view[0] in b'{["':
            return shown(self.members(value) or self.items(value) or _decode(value), limit_characters)
        return shortened(bytes(view[: limit_characters + 1]).decode(), limit_characters)


class Plain:
    """Reads plain Python values.

    Args:
        strict: a string is no number.
    """

    def __init__(self, strict: bool) -> None:
        self._strict = strict

    @staticmethod
    def cost(value: Any) -> int:
        return _ASKING * (1 + (len(value) if isinstance(value, dict | list | tuple) else 0))

    def refusal(self, part: Part, value: Any) -> str | None:
        try:
            converted = msgspec.convert(value, part.annotation, strict=self._strict, str_keys=True)
        except msgspec.ValidationError as error:
            return str(error)
        return part.refusal(converted, finite=True) if part.is_checked or part.has_floats else None

    def key_refusal(self, keys: Part, key: Any) -> str | None:
        return self.refusal(keys, {key: None})

    @staticmethod
    def members(value: Any) -> Mapping[str, Any] | None:
        return value if isinstance(value, dict) else None

    @staticmethod
    def items(value: Any) -> Sequence[Any] | None:
        return value if isinstance(value, list | tuple) else None

    def overfull(self, array: Array, items: Iterable[Any]) -> str | None:
        return None if array.distinct is None else self.refusal(array.distinct, list(items))

    @staticmethod
    def shown(value: Any, limit_characters: int) -> str:
        return shown(value, limit_characters)
