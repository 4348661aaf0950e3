"""Limits on what a schema accepts from strangers."""

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
        input_bytes: JSON that is longer is answered with 413.
        depth: arrays and objects in each other, for types that allow any number of them; more are answered with 400. At
            most 256, because the functions that look at values call themselves.
        violations: a list of violations has at most so many.
        shown_characters: values, keys and choices in violations are cut to so many.

    Raises:
        UsageError: a limit is not a whole number over 0, or *depth* is over 256.
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
