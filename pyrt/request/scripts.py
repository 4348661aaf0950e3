"""Functions written at `freeze()`: what is known then is not asked again by every request."""

from __future__ import annotations

import functools
import itertools
import linecache
import types
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
        """A name for *value* in the source: *hint*, or one like it where that stands for another value."""
        name = hint
        while name in self._values and self._values[name] is not value:
            name += "_"
        self._values[name] = value
        return name

    def function(self, name: str) -> Callable[..., Any]:
        """The function *name* that the lines define."""
        # The values are its closure, not its globals: these have caches in the code, which functions share here.
        make = [f"def make({', '.join(self._values)}):", *(f"    {line}" for line in self._lines), f"    return {name}"]
        namespace: dict[str, Any] = {}
        exec(_code(name, "\n".join(make) + "\n"), namespace)
        made: Callable[..., Any] = namespace["make"](*self._values.values())
        return made


@functools.lru_cache(maxsize=1000)
def _code(name: str, source: str) -> types.CodeType:
    """The source compiled: routes of one shape have one source, and differ by their values alone.

    It is made of our own lines; what authors name in it are identifiers.
    """
    place = f"<pyrt {next(_numbers)}: {name}>"
    linecache.cache[place] = (len(source), None, source.splitlines(keepends=True), place)
    return compile(source, place, "exec")
