"""Functions written at `freeze()`: what is known then is not asked again by every request."""

from __future__ import annotations

import itertools
import linecache
from collections.abc import Callable
from typing import Any

__all__ = ("Script",)

_numbers = itertools.count(1)


class Script:
    """The source of one function, line by line, with the values that its names stand for.

    A trace through it shows its lines: they are kept where `traceback` and debuggers look.
    """

    def __init__(self, signature: str) -> None:
        self._lines = [f"{signature}:"]
        self._values: dict[str, Any] = {}

    def add(self, *lines: str) -> None:
        """Append lines of the body, indented relative to it."""
        self._lines += [f"    {line}" for line in lines]

    def name(self, hint: str, value: Any) -> str:
        """A name for *value* in the source, the same for the same value."""
        if self._values.get(hint) is value:
            return hint
        free = hint if hint not in self._values else f"{hint}_{len(self._values)}"
        self._values[free] = value
        return free

    @property
    def source(self) -> str:
        return "\n".join(self._lines) + "\n"

    def function(self, name: str) -> Callable[..., Any]:
        """The function *name* that the lines define."""
        place = f"<pyrt {next(_numbers)}: {name}>"
        namespace = dict(self._values)
        exec(compile(self.source, place, "exec"), namespace)  # our own lines; what authors name are identifiers
        linecache.cache[place] = (len(self.source), None, self.source.splitlines(keepends=True), place)
        made: Callable[..., Any] = namespace[name]
        return made
