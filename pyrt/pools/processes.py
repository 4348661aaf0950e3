"""Functions that compute, in processes: a call that is cancelled has its worker killed and replaced.

Our own, on `multiprocessing`: `concurrent.futures.ProcessPoolExecutor` cannot end one worker without breaking the pool;
pebble 5.2.3 can, but never answers a call whose worker leaves with code 0, and breaks for good when an idle worker is
killed or an exception cannot be unpickled.
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

    Bound to no event loop: one may follow the other. A closed pool stays closed. Each running call holds a thread here,
    which waits for its worker.

    A worker begins with nothing of this process, context variables included. It imports the program's main module,
    under the name `__mp_main__`, and then the module of each function it is given: what a program does when it is run
    belongs under `if __name__ == "__main__":`. Processes that a function starts are its own to end.

    Args:
        processes: calls that run at the same time; by default one per core.
        limit_pending: calls that wait for a worker; past it `run` raises `Overload`.
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
        """What `function(**kwargs)` returns or raises, in another process.

        A cancelled call that waits never begins; one that runs has its worker killed and replaced. An exception
        arrives as itself, or, where it cannot be pickled, as a `RuntimeError` with its text; its `__cause__` is the
        worker's traceback.

        Args:
            function: importable by name.

        Raises:
            Overload: as many calls wait as may.
            NotPicklable: the function, an argument or the result.
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
            self._end(worker)  # it died while it had nothing to do

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
        """Have another worker ready before the next call needs it."""
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
        """Refuse new calls, fail those that wait with `ClosedError`, wait for those that run, end the workers.

        Returns:
            How many calls still ran after *timeout_s*: their workers were killed, and they failed with `ClosedError`.
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
    """One call and the worker that runs it: cancelling the one kills the other, and never what runs there next."""

    __slots__ = ("_lock", "_worker", "cancelled")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._worker: Worker | None = None
        self.cancelled = False

    def run(self, worker: Worker, request: bytes) -> bytes | None:
        """The reply; None when the call was cancelled, or the worker died."""
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


# Before multiprocessing's own end, which waits for its children, and would wait for a busy worker for ever.
Finalize(None, _kill_all, exitpriority=10)
