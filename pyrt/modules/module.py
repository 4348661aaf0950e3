"""Modules in this process: made at `freeze()`, started in order of declaration, stopped in reverse."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..errors import UsageError
from ..request.unwinding import unwind

__all__ = ("Module", "Modules")


class Module:
    """A service that handlers name. Override `start` and `stop` if it has something to open and close."""

    async def start(self) -> None:
        """Called before the first request, at each start of the app."""

    async def stop(self) -> None:
        """Called after the last request, at each stop of the app."""


class Modules(Mapping[str, Any]):
    """The modules of an app by name."""

    def __init__(self, makers: Mapping[str, Callable[[], Any]]) -> None:
        self._modules = {name: _made(name, make) for name, make in makers.items()}
        self._started: list[str] = []

    def __getitem__(self, name: str) -> Any:
        return self._modules[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)

    async def start(self) -> None:
        """Start all modules in order; if one fails, stop those already started, and raise its error."""
        for name, module in self._modules.items():
            try:
                await module.start()
            except BaseException:
                await self.stop()
                raise
            self._started.append(name)

    async def stop(self) -> None:
        """Stop the started modules, last first; a failure is logged and the rest still stops."""
        await unwind(self._started, lambda name: self._modules[name].stop(), lambda name: f"stopping module {name!r}")


def _made(name: str, make: Callable[[], Any]) -> Module:
    module = make()
    if not isinstance(module, Module):
        raise UsageError(f"module {name!r} is {module!r}; it must be a pyrt.Module")
    return module
