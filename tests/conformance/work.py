"""What the app under test is made of besides its handlers: notes on what happened, and work for other processes."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from typing import Any

from pyrt import HttpError


class Notes:
    """What handlers, hooks and cleanups did, by a key that the client chose; to be written on the event loop."""

    def __init__(self) -> None:
        self._lines: defaultdict[str, list[str]] = defaultdict(list)
        self._written = asyncio.Event()

    def write(self, key: str, line: str) -> None:
        self._lines[key].append(line)
        self._written.set()
        self._written = asyncio.Event()

    async def read(self, key: str, count: int, timeout_s: float = 5.0) -> list[str]:
        """The lines of *key*, as soon as there are *count*; after *timeout_s* those that there are."""
        try:
            async with asyncio.timeout(timeout_s):
                while len(self._lines[key]) < count:
                    await self._written.wait()
        except TimeoutError:
            pass
        return self._lines[key]


# Handlers with `cpu=True`: in a module of their own, since another process imports them by name.


def total(n: int) -> dict[str, Any]:
    return {"pid": os.getpid(), "total": sum(range(n))}


def refuse(n: int) -> None:
    raise HttpError(418, f"{n} is too hot", [("x-cup", "none")])


def fail(n: int) -> None:
    raise RuntimeError(f"secret {n}")
