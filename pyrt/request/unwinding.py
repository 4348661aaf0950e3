"""Undoing what was begun: everything, the last first, whatever fails on the way."""

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

    Cancelled while one waits, or told to end the process, it undoes the rest and raises that then.

    Args:
        steps: what is added meanwhile is undone, too.
        what: names a step in the log.
    """
    end: BaseException | None = None
    while steps:
        step = steps.pop()
        try:
            await undo(step)
        except GeneratorExit:
            raise  # nothing may wait any more
        except BaseException as error:
            if isinstance(error, Exception) or (
                isinstance(error, asyncio.CancelledError) and not is_cancelled_from_outside()
            ):
                _log.exception("%s failed", what(step))
            else:
                end = error
    if end is not None:
        raise end
