"""Undo steps, the last first, also if some of them fail."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from .deadlines import is_cancelled_from_outside

__all__ = ("unwind",)

T = TypeVar("T")

_log = logging.getLogger("pyrt")


async def unwind(steps: list[T], undo: Callable[[T], Awaitable[None]], what: Callable[[T], str]) -> None:
    """Take *steps* off their list and undo each, the last first; a failure is logged and the rest is still undone.

    A cancellation, or a `KeyboardInterrupt` or `SystemExit` of a step, is raised after the rest is undone.

    Args:
        steps: list of steps; a step that is added meanwhile is undone as well.
        what: returns the name of a step for the log.
    """
    end: BaseException | None = None
    while steps:
        step = steps.pop()
        try:
            await undo(step)
        except GeneratorExit:
            raise  # a coroutine that is being closed must not await
        except BaseException as error:
            if isinstance(error, Exception) or (
                isinstance(error, asyncio.CancelledError) and not is_cancelled_from_outside()
            ):
                _log.exception("%s failed", what(step))
            else:
                end = error
    if end is not None:
        raise end
