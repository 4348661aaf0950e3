"""A task per request, at no cost for requests that never wait.

Handlers are promised a current task and context variables of their own. Python 3.12 can start a task eagerly, on the
caller's stack: work that ends there never reaches the event loop. On 3.11 a task costs as much as a whole handler. So a
request begins in a task that is not initialized; this is done when the request first waits, or when any code reads an
attribute of the task.

Private parts of asyncio, only for Python 3.11: `_current_tasks`, `_enter_task` and `_leave_task` set the current task,
as asyncio does. From 3.12 on, `Task(eager_start=True)` replaces them. When pyrt requires 3.12,
`tests/test_private_parts.py` fails: then delete the second half of this file.
"""

from __future__ import annotations

import asyncio
import contextvars
import sys
import types
from collections.abc import Coroutine, Generator
from typing import Any

from .deadlines import resumed

__all__ = ("begin",)

Work = Coroutine[Any, Any, Any]
Begun = tuple[asyncio.Task[Any] | None, Any]
"""A task if the work waits, and None; or None and the value that the work returned."""


if sys.version_info >= (3, 12):

    def begin(loop: asyncio.AbstractEventLoop, work: Work, context: contextvars.Context) -> Begun:
        """Begin *work* in a task and in *context*; what it raises before it waits is raised here."""
        task = asyncio.Task(work, loop=loop, context=context, eager_start=True)
        return (None, task.result()) if task.done() else (task, None)

else:
    from asyncio.tasks import _current_tasks, _enter_task, _leave_task  # type: ignore[attr-defined]

    _attribute = object.__getattribute__
    _new = asyncio.Task.__new__

    class _Late(asyncio.Task):  # type: ignore[type-arg]
        """A task that is initialized late, at the first access to an attribute.

        `make` initializes asyncio.Task; until then, only the identity of the object is used.
        """

        __slots__ = ("begun", "end", "is_made", "waits_for")

        begun: tuple[asyncio.AbstractEventLoop, Work, contextvars.Context]
        end: tuple[Any, BaseException | None] | None
        is_made: bool
        waits_for: Any

        def __getattribute__(self, name: str) -> Any:
            if name not in _OWN and not _attribute(self, "is_made"):
                _attribute(self, "make")()
            return super().__getattribute__(name)

        def make(self) -> None:
            loop, _, context = self.begun
            self.is_made = True
            rest = self.rest()
            rest.send(None)  # begun, so that a cancellation is thrown into it
            super().__init__(rest, loop=loop, context=context)

        @types.coroutine
        def rest(self) -> Generator[Any, None, Any]:
            """The rest of the work, which the event loop runs: maybe only its result."""
            _, work, _ = self.begun
            thrown: BaseException | None = None
            try:
                yield
            except BaseException as error:
                thrown = error
            if self.end is not None:
                value, failure = self.end
                if failure is not None:
                    raise failure
                return value
            try:
                awaited = self.waits_for if thrown is None else work.throw(thrown)
            except StopIteration as done:
                return done.value
            return (yield from resumed(work, awaited))

    _OWN = frozenset({"begun", "end", "is_made", "make", "rest", "waits_for"})

    def _retrieve(task: asyncio.Task[Any]) -> None:
        """Mark the task's error as retrieved, so that asyncio does not log it: `begin` has raised it."""
        if not task.cancelled():
            task.exception()

    def begin(loop: asyncio.AbstractEventLoop, work: Work, context: contextvars.Context) -> Begun:
        """Begin *work* in a task and in *context*; what it raises before it waits is raised here."""
        task = _new(_Late)
        task.is_made, task.end, task.begun = False, None, (loop, work, context)
        around = _current_tasks.get(loop)
        if around is not None:
            _leave_task(loop, around)
        _enter_task(loop, task)
        try:
            task.waits_for = context.run(work.send, None)
        except StopIteration as done:
            task.end = done.value, None
            return None, done.value
        except BaseException as error:
            task.end = None, error
            if task.is_made:
                task.add_done_callback(_retrieve)
            raise
        finally:
            _leave_task(loop, task)
            if around is not None:
                _enter_task(loop, around)
        if not task.is_made:
            task.make()
        return task, None
