"""A worker process, from both ends: `Worker` asks here, `work` answers there.

Spawned: a fork of a process that has threads and an event loop inherits locks that nobody will release. A fork server
without the app loaded into it saves some tens of a worker's 100 to 200 ms, and is one more process to lose.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from enum import Enum
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any

from ..errors import NotPicklable

__all__ = ("Worker", "unpacked", "work")

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_spawn = multiprocessing.get_context("spawn")
_children = threading.Lock()  # multiprocessing's record of them is not made for several threads


class Worker:
    """A process that answers one call at a time, and the connection to it.

    Made in a pool's thread: starting a process takes milliseconds, and the thread's signal mask goes with it.

    Raises:
        OSError: no process could be started.
    """

    __slots__ = ("_death", "connection", "process")

    def __init__(self) -> None:
        self.connection, theirs = _spawn.Pipe()
        self.process = _spawn.Process(target=work, args=(theirs,), name="pyrt-worker")
        with theirs, _children:
            # What is blocked here is blocked there until the worker has its handlers. The tracker, which
            # multiprocessing starts on the way, would unblock it again.
            resource_tracker.ensure_running()
            signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
            self.process.start()
        self._death = _death(self.process)

    def is_ready(self) -> bool:
        """Whether it lives and waits, as it should between calls."""
        return not wait([self.connection, self._death], 0)

    def ask(self, request: bytes) -> bytes:
        """The reply.

        Raises:
            EOFError, OSError: it died.
        """
        self.connection.send_bytes(request)
        if self.connection not in wait([self.connection, self._death]):
            raise EOFError
        return self.connection.recv_bytes()

    def wait_for_end(self, timeout_s: float | None = None) -> None:
        wait([self._death], timeout_s)

    def end(self) -> int | None:
        """Kill it unless it is dead; its exit code."""
        self.process.kill()
        self.wait_for_end()
        with _children:
            self.process.join()
        exit_code = self.process.exitcode
        self.process.close()
        self.connection.close()
        os.close(self._death)
        return exit_code


def _death(process: Any) -> int:
    """A file descriptor that is readable once the process is dead.

    Not one of its pipes: a process that a handler has started, and left behind, may hold copies of those.
    """
    try:
        return os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # not Linux, or not allowed here
        return os.dup(process.sentinel)


class _Outcome(Enum):
    """What came of a call; the value of a failure names the part that cannot be pickled."""

    RETURNED = "returned"
    RAISED = "raised"
    BAD_ARGUMENTS = "arguments"
    BAD_RESULT = "result"


class _RemoteTraceback(Exception):
    """Where in the worker it happened: the traceback's text."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


def unpacked(what: str, reply: bytes) -> Any:
    """What the function *what* returned; raises what it raised, or `NotPicklable`."""
    try:
        outcome, value, text = pickle.loads(reply)
    except Exception as error:
        raise NotPicklable(what, "result", str(error)) from error
    if outcome is _Outcome.RETURNED:
        return value
    cause = _RemoteTraceback(text)
    if outcome is _Outcome.RAISED:
        raise value from cause
    raise NotPicklable(what, outcome.value, value) from cause


# In the worker


def work(connection: Connection) -> None:
    """Answer calls until the connection ends."""
    # Ctrl-C and a service manager's TERM go to the whole group: the parent decides what ends here, and when. Handlers,
    # and not SIG_IGN, which the programs that a function starts would inherit.
    for number in _SIGNALS:
        signal.signal(number, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        try:
            connection.send_bytes(_answer(connection.recv_bytes()))
        except (EOFError, OSError):
            return


def _end_with_parent() -> None:
    """A busy worker does not read its connection; this one notices."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _answer(request: bytes) -> bytes:
    failure = _Outcome.BAD_ARGUMENTS
    try:
        function, kwargs = pickle.loads(request)
        failure = _Outcome.RAISED
        result = function(**kwargs)
        failure = _Outcome.BAD_RESULT
        return _packed(_Outcome.RETURNED, result, "")
    except BaseException as error:
        value = _portable(error) if failure is _Outcome.RAISED else _text(error)
        return _packed(failure, value, "".join(traceback.format_exception(error)))


def _portable(error: BaseException) -> BaseException:
    """The error itself, if it survives the journey; some can be pickled and then not be unpickled."""
    try:
        if type(pickle.loads(pickle.dumps(error))) is type(error):
            return error
    except Exception:
        pass
    return RuntimeError(_text(error))


def _text(error: BaseException) -> str:
    return "".join(traceback.format_exception_only(error)).strip()


def _packed(outcome: _Outcome, value: Any, text: str) -> bytes:
    return pickle.dumps((outcome, value, text), pickle.HIGHEST_PROTOCOL)
