"""A pool of processes for functions that compute; when a call is cancelled, its worker is killed and replaced.

Written on `multiprocessing`, because `concurrent.futures.ProcessPoolExecutor` cannot end one worker without breaking
the pool. pebble 5.2.3 can, but never answers a call whose worker exits with code 0, and breaks for good if an idle
worker is killed or an exception cannot be unpickled.
"""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from multiprocessing.util import Finalize
from typing import Any, TypeVar

from ..errors import ClosedError, NotPicklable, WorkerDied
from ..naming import describe
from .threads import ThreadPool
from .worker import Worker, unpacked

__all__ = ("ProcessPool",)

T = TypeVar("T")

_log = logging.getLogger("pyrt")
_KILL_TIMEOUT_S = 5.0


class ProcessPool:
    """Runs functions in at most *processes* other processes, which start when they are first needed.

    The pool works with several event loops, one after the other. A closed pool stays closed. Each running call holds a
    thread in this process, which waits for its worker.

    A worker inherits nothing from this process, not even context variables. It imports the program's main module under
    the name `__mp_main__`, then the module of each function that it runs. So put what the program does when it is run
    under `if __name__ == "__main__":`. A function must end the processes that it starts.

    Args:
        processes: how many calls run at the same time; by default one per core.
        limit_pending: how many calls may wait for a worker; past it, `run` raises `Overload`.
    """

    def __init__(self, processes: int | None = None, limit_pending: int = 100) -> None:
        self.what = "the process pool"
        processes = (os.cpu_count() or 1) if processes is None else processes
        self._threads = ThreadPool(processes, limit_pending, what=self.what)
        self._lock = threading.Lock()  # guards all that follows
        self._workers: set[Worker] = set()
        self._idle: list[Worker] = []
        self._hung_up: list[Worker] = []
        self._closed = self._killed = False
        _pools.add(self)

    @property
    def busy(self) -> int:
        """Workers that run a call."""
        return self._threads.busy

    @property
    def pending(self) -> int:
        """Calls that wait for a worker."""
        return self._threads.pending

    async def run(self, function: Callable[..., T], kwargs: Mapping[str, Any]) -> T:
        """Call `function(**kwargs)` in another process; return or raise what it returns or raises.

        If a call is cancelled while it waits, it never begins; while it runs, its worker is killed and replaced. An
        exception that cannot be pickled arrives as a `RuntimeError` with its text; the `__cause__` of any exception is
        the worker's traceback.

        Args:
            function: function that can be imported by its name.

        Raises:
            Overload: `limit_pending` calls wait already.
            NotPicklable: pickle cannot carry the function, an argument or the result.
            WorkerDied: the worker ended, by itself or by a signal, before the call did.
            ClosedError: the pool was closed before the call was done.
            OSError: no process could be started.
        """
        job = _Job()
        try:
            result: T = await self._threads.run(self._serve, job, function, kwargs)
        except (asyncio.CancelledError, GeneratorExit):
            job.cancel()
            raise
        return result

    def _serve(self, job: _Job, function: Callable[..., Any], kwargs: Mapping[str, Any]) -> Any:
        what = describe(function)
        try:
            request = pickle.dumps((function, dict(kwargs)), pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            raise NotPicklable(what, "arguments", str(error)) from error
        worker = self._take()
        reply = job.run(worker, request)
        if reply is not None and not job.cancelled:
            self._keep(worker)
            return unpacked(what, reply)
        exit_code = self._end(worker)
        self._replace()
        if job.cancelled:
            return None
        if self._killed:
            raise ClosedError(self.what)
        raise WorkerDied(what, exit_code)

    def _take(self) -> Worker:
        while True:
            with self._lock:
                worker = self._idle.pop() if self._idle else None
            if worker is None:
                return self._start()
            if worker.is_ready():
                return worker
            self._end(worker)  # it died while it was idle

    def _start(self) -> Worker:
        worker = Worker()
        with self._lock:
            self._workers.add(worker)
            if self._killed:
                worker.process.kill()
        return worker

    def _keep(self, worker: Worker) -> None:
        with self._lock:
            (self._hung_up if self._closed else self._idle).append(worker)
            if self._closed:
                worker.connection.close()

    def _replace(self) -> None:
        """Start another worker before the next call needs it."""
        if not self._closed:
            try:
                self._keep(self._start())
            except OSError:
                _log.warning("%s could not replace a worker; the next call tries again", self.what, exc_info=True)

    def _end(self, worker: Worker) -> int | None:
        with self._lock:
            self._workers.discard(worker)
        return worker.end()

    async def close(self, timeout_s: float = 5.0) -> int:
        """Refuse new calls, fail waiting calls with `ClosedError`, wait for running calls, end the workers.

        Returns:
            Number of calls that still ran after *timeout_s*: their workers were killed, they failed with `ClosedError`.
        """
        until = time.monotonic() + timeout_s
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for worker in idle:
            self._keep(worker)
        left = await self._threads.close(timeout_s)
        self._kill_busy()
        await self._threads.close(_KILL_TIMEOUT_S)
        last = ThreadPool(1, 0, what=self.what)
        await last.run(self._end_idle, until)
        await last.close(_KILL_TIMEOUT_S)
        return left

    def _kill_busy(self) -> None:
        with self._lock:
            self._closed = self._killed = True
            for worker in self._workers.difference(self._hung_up):
                worker.process.kill()

    def _end_idle(self, until: float) -> None:
        with self._lock:
            leaving, self._hung_up = self._hung_up, []
        for worker in leaving:
            worker.wait_for_end(max(0.0, until - time.monotonic()))
            self._end(worker)


class _Job:
    """One call and the worker that runs it; to cancel the call kills the worker, but only while it runs this call."""

    __slots__ = ("_lock", "_worker", "cancelled")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._worker: Worker | None = None
        self.cancelled = False

    def run(self, worker: Worker, request: bytes) -> bytes | None:
        """The reply; None if the call was cancelled or the worker died."""
        with self._lock:
            if self.cancelled:
                return None
            self._worker = worker
        try:
            return worker.ask(request)
        except (EOFError, OSError):
            return None
        finally:
            with self._lock:
                self._worker = None

    def cancel(self) -> None:
        with self._lock:
            self.cancelled = True
            if self._worker is not None:
                self._worker.process.kill()


_pools: weakref.WeakSet[ProcessPool] = weakref.WeakSet()


def _kill_all() -> None:
    for pool in list(_pools):
        pool._kill_busy()


# Before the exit function of multiprocessing, which waits for its children, and would wait for a busy worker for ever.
Finalize(None, _kill_all, exitpriority=10)
