"""Sizes as asv's `mem_` takes them: a copy beside the original, measured by pympler.

asv copies an object shallowly and reports what the copy adds, which is next to nothing for a structure that shares
its parts. `Remade` is copied by making another one, so that the figure is what one more costs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Remade:
    """An object and how to make another; what pympler cannot see (closures) is not in the figure."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make
        self.value = make()

    def __copy__(self) -> Remade:
        return Remade(self.make)
