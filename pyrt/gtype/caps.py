"""How far a schema goes with what strangers send."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import UsageError
from ..http.jsontext import LIMIT_DEPTH

__all__ = ("CAPS", "MOST_DEPTH", "Caps")

MOST_DEPTH = 256


@dataclass(frozen=True, slots=True)
class Caps:
    """Limits of a GType.

    Attributes:
        input_bytes: of JSON that is decoded; past it the answer is 413.
        depth: arrays and objects inside each other, where a type allows any number of them; past it 400. At the most
            256, since values are looked at by functions that call themselves.
        violations: listed at the most.
        shown_characters: of a value, a key or a choice in a violation.

    Raises:
        UsageError: a limit that is no whole number, or under 1; a depth over 256.
    """

    input_bytes: int = 16 * 1024 * 1024
    depth: int = LIMIT_DEPTH
    violations: int = 100
    shown_characters: int = 60

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if type(getattr(self, name)) is not int or getattr(self, name) < 1:
                raise UsageError(f"{name} is a whole number over 0, got {getattr(self, name)!r}")
        if self.depth > MOST_DEPTH:
            raise UsageError(f"depth is at most {MOST_DEPTH}, got {self.depth}")


CAPS = Caps()
