"""Two readers, for JSON text and for plain values, which judge values, look into them and show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

import msgspec

from ..http.jsontext import UNREADABLE, malformed
from .opening import ARRAYS
from .parts import Part, is_without_hash
from .wording import NO_HASH, UNKNOWN, shortened, shown

__all__ = ("ASKING", "Plain", "Reader", "Refusal", "Text")

# Costs, in bytes that can be read in the same time: of one question to msgspec, and of making one value or default. If
# values run code of the author's, all costs _RUNNING times as much.
ASKING, _MAKING, _RUNNING = 320, 16, 16
_SCALARS = {int, float, bool, type(None)}
_decode = msgspec.json.Decoder().decode
_open_array = msgspec.json.Decoder(list[msgspec.Raw]).decode
_open_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_KINDS = {
    b"{"[0]: "object",
    b"["[0]: "array",
    b'"'[0]: "string",
    b"t"[0]: "boolean",
    b"f"[0]: "boolean",
    b"n"[0]: "null",
}


class Refusal(NamedTuple):
    """Why msgspec refuses a value.

    Attributes:
        text: why, in the words of msgspec or of a `__post_init__`.
        inside: the place inside the value, such as `$.a[0]`; the key of a dict is written `[...]`.
        is_authors: the words are those of a `__post_init__`.
    """

    text: str
    inside: str
    is_authors: bool


def _refusal(error: msgspec.ValidationError) -> Refusal:
    message, cause = str(error), error.__cause__
    if cause is not None:
        words = str(cause)
        return Refusal(words, _place(message.removeprefix(words)), True)
    # Of msgspec's own words, only the name of an unknown field comes from the client. It stands last.
    text, mark, place = message.rpartition(" - at `") if message.endswith("`") else (message, "", "")
    if not mark or text.startswith(UNKNOWN):
        return Refusal(message, "$", False)
    return Refusal(text, _place(f" - at `{place}"), False)


def _hashless(error: TypeError) -> Refusal:
    if is_without_hash(error):
        return Refusal(NO_HASH, "$", False)
    raise error


def _written(text: str) -> str:
    """*text*, with "?" for what cannot be written as UTF-8."""
    return text.encode(errors="replace").decode()


def _place(suffix: str) -> str:
    found = suffix.removeprefix(" - at `").removesuffix("`")
    return found if found.startswith("$") else "$"


class Reader(Protocol):
    """What the walk over a refused value asks of the reader of such values."""

    finite: bool
    """Whether floats may be infinite or nan, so that they have to be looked at. Floats from JSON are finite."""

    def cost(self, part: Part, value: Any) -> int:
        """What it costs to judge *value* beyond asking, in bytes of JSON."""

    def judged(self, part: Part, value: Any) -> tuple[Refusal | None, Any]:
        """Why msgspec refuses *value*, or None and what it makes of it."""

    def keyed(self, keys: Part, key: Any) -> tuple[Refusal | None, Any]:
        """The same for a key, judged by `Entries.keys`."""

    def kind(self, value: Any) -> str:
        """The kind of JSON: `string`, `number`, `boolean`, `null`, `array`, `object`; empty if it is not known."""

    def members(self, value: Any) -> Mapping[str, Any]:
        """The members of an object."""

    def items(self, value: Any) -> Sequence[Any]:
        """The items of an array."""

    def joined(self, items: Iterable[Any]) -> Any:
        """An array of these items."""

    def shown(self, value: Any, limit_characters: int) -> str:
        """A value in one short line of ASCII; for an array or object, only its length."""


class Text:
    """Reads JSON: values are `msgspec.Raw`."""

    finite = False

    @staticmethod
    def cost(part: Part, value: Any) -> int:
        size = len(memoryview(value))
        if part.bulk:
            # `{}` makes an object with all its defaults, and every bracket may begin such an object.
            size += _MAKING * (1 + part.bulk) * (size - len(bytes(value).translate(None, b"{[")))
        return size * _RUNNING if part.runs_code else size

    @staticmethod
    def judged(part: Part, value: Any) -> tuple[Refusal | None, Any]:
        try:
            return None, part.decode(value)
        except msgspec.ValidationError as error:
            return _refusal(error), None
        except UNREADABLE as error:
            raise malformed(error) from None
        except TypeError as error:
            return _hashless(error), None

    def keyed(self, keys: Part, key: Any) -> tuple[Refusal | None, Any]:
        refusal, made = self.judged(keys, msgspec.json.encode({key: None}))
        return refusal, next(iter(made), None) if made else None

    @staticmethod
    def kind(value: Any) -> str:
        return _KINDS.get(memoryview(value)[0], "number")

    @staticmethod
    def members(value: Any) -> Mapping[str, Any]:
        try:
            return _open_object(value)
        except UNREADABLE as error:
            raise malformed(error) from None

    @staticmethod
    def items(value: Any) -> Sequence[Any]:
        return _open_array(value)

    @staticmethod
    def joined(items: Iterable[Any]) -> Any:
        return b"[" + b",".join(map(bytes, items)) + b"]"

    def shown(self, value: Any, limit_characters: int) -> str:
        kind = self.kind(value)
        if kind == "string":
            try:
                return shown(_decode(value), limit_characters)
            except UNREADABLE:
                return "text that is not UTF-8"
        if kind in ("object", "array"):
            return shown(self.members(value) if kind == "object" else self.items(value), limit_characters)
        return shortened(bytes(memoryview(value)[: limit_characters + 1]).decode(), limit_characters)


class Plain:
    """Reads plain Python values.

    Args:
        strict: a string is not taken for a number.
    """

    finite = True

    def __init__(self, strict: bool) -> None:
        self._strict = strict
        self._measured: dict[int, tuple[Any, int, int]] = {}

    def cost(self, part: Part, value: Any) -> int:
        values, arrays = self._measure(value)
        size = _MAKING * (values + part.bulk * arrays)
        return size * _RUNNING if part.runs_code else size

    def _measure(self, value: Any) -> tuple[int, int]:
        """How many values there are in *value*, where a long text counts as several; and how many arrays and objects.

        Each is looked at once. A measured value is kept, so that its id stays its own.
        """
        if isinstance(value, str | bytes):
            return 1 + len(value) // _MAKING, 0
        if not isinstance(value, (Mapping, *ARRAYS)):
            return 1, 0
        if id(value) in self._measured:
            return self._measured[id(value)][1:]
        values, arrays = 1 + len(value), 1
        self._measured[id(value)] = value, values, arrays  # it may be inside itself
        inner = value.values() if isinstance(value, Mapping) else value
        for each in inner:
            if type(each) not in _SCALARS:
                more, inside = self._measure(each)
                values += more - 1
                arrays += inside
        self._measured[id(value)] = value, values, arrays
        return values, arrays

    def judged(self, part: Part, value: Any) -> tuple[Refusal | None, Any]:
        try:
            return None, msgspec.convert(value, part.annotation, strict=self._strict, str_keys=True)
        except msgspec.ValidationError as error:
            return _refusal(error), None
        except UnicodeEncodeError:
            # Half of a surrogate pair cannot be written as UTF-8. It is as wrong as other text would be.
            refusal = self.judged(part, _written(value))[0] if isinstance(value, str) else None
            return refusal or Refusal("Half of a surrogate pair", "$", False), None
        except TypeError as error:
            return _hashless(error), None

    def keyed(self, keys: Part, key: Any) -> tuple[Refusal | None, Any]:
        refusal, made = self.judged(keys, {key: None})
        return refusal, next(iter(made), None) if made else None

    def kind(self, value: Any) -> str:
        if isinstance(value, str):
            return "string" if self._strict else ""
        if value is None or isinstance(value, bool):
            return "null" if value is None else "boolean"
        if isinstance(value, int | float | Decimal):
            return "number"
        return "object" if isinstance(value, Mapping) else "array" if isinstance(value, ARRAYS) else ""

    @staticmethod
    def members(value: Any) -> Mapping[str, Any]:
        return value  # type: ignore[no-any-return]

    @staticmethod
    def items(value: Any) -> Sequence[Any]:
        return value if isinstance(value, list | tuple) else list(value)

    @staticmethod
    def joined(items: Iterable[Any]) -> Any:
        return list(items)

    @staticmethod
    def shown(value: Any, limit_characters: int) -> str:
        return shown(value, limit_characters)
