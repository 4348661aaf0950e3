"""Deadlines that cost nothing until something waits."""

from __future__ import annotations

import asyncio
import math
import types
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

from ..errors import DeadlineExceeded, UsageError

__all__ = ("checked_limit", "is_cancelled_from_outside", "suspended", "within")

T = TypeVar("T")


def checked_limit(limit_s: Any, what: str) -> float:
    """A time limit in seconds, as it was declared for *what*.

    Raises:
        UsageError: not a finite number over 0.
    """
    if not isinstance(limit_s, int | float) or not 0 < limit_s < math.inf:
        raise UsageError(f"{what} must be a number of seconds over 0, got {limit_s!r}")
    return float(limit_s)


async def within(work: Coroutine[Any, Any, T], limit_s: float | None, what: object, left_s: float | None = None) -> T:
    """Await *work*; cancel it if it is not done *limit_s* seconds after it first waits.

    The timer is set only then: work that never waits does not touch the event loop.

    Args:
        limit_s: time limit in seconds; None for no limit.
        what: name of the work in the error.
        left_s: seconds that are left of the limit; by default all.

    Raises:
        DeadlineExceeded: the time is over; *work* was cancelled and has ended.
    """
    try:
        awaited = work.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
    return await suspended(work, awaited, limit_s, what, left_s)


async def suspended(
    work: Coroutine[Any, Any, T], awaited: Any, limit_s: float | None, what: object, left_s: float | None = None
) -> T:
    """The second half of `within`, for *work* that was started by hand and waits for *awaited*."""
    if limit_s is None:
        return await resumed(work, awaited)
    limit = asyncio.timeout(limit_s if left_s is None else left_s)
    try:
        async with limit:
            result = await resumed(work, awaited)
    except (Exception, asyncio.CancelledError) as error:
        # Before Python 3.13, a failed TaskGroup leaves a cancellation count, and `timeout` then raises no TimeoutError.
        if not limit.expired():
            raise
        raise DeadlineExceeded(str(what), limit_s) from (None if isinstance(error, TimeoutError) else error)
    if limit.expired():
        raise DeadlineExceeded(str(what), limit_s)  # the work caught its cancellation, and went on
    return result


@types.coroutine
def resumed(work: Coroutine[Any, Any, T], awaited: Any) -> Generator[Any, None, T]:
    """Await *work*, which was started by hand and waits for *awaited*."""
    while True:
        try:
            yield awaited
        except BaseException as error:
            try:
                awaited = work.throw(error)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]
        else:
            return (yield from work)  # type: ignore[no-any-return]


def is_cancelled_from_outside() -> bool:
    """Whether the current task itself is being cancelled; also true if there is no current task."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return True
    return task is None or task.cancelling() > 0
