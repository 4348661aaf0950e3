"""Both ends of a worker process: `Worker` sends calls from the pool, `work` answers them in the process.

The process is spawned: a fork of a process with threads and an event loop inherits locks that are never released. A
fork server without the app loaded saves some tens of a worker's 100 to 200 ms, but is one more process that can die.
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
_children = threading.Lock()  # multiprocessing's list of its children is not thread-safe


class Worker:
    """A process that answers one call at a time, and the connection to it.

    Make it in a pool's thread: the start takes milliseconds, and the process inherits the thread's signal mask.

    Raises:
        OSError: no process could be started.
    """

    __slots__ = ("_death", "connection", "process")

    def __init__(self) -> None:
        self.connection, theirs = _spawn.Pipe()
        self.process = _spawn.Process(target=work, args=(theirs,), name="pyrt-worker")
        with theirs, _children:
            # Signals that are blocked here are blocked in the worker until it has set its handlers. The resource
            # tracker must run before, because multiprocessing unblocks the signals when it starts it.
            resource_tracker.ensure_running()
            signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
            self.process.start()
        self._death = _death(self.process)

    def is_ready(self) -> bool:
        """Whether the process lives and has sent nothing, as it should between calls."""
        return not wait([self.connection, self._death], 0)

    def ask(self, request: bytes) -> bytes:
        """Send a call, and wait for the reply.

        Raises:
            EOFError, OSError: the process died.
        """
        self.connection.send_bytes(request)
        if self.connection not in wait([self.connection, self._death]):
            raise EOFError
        return self.connection.recv_bytes()

    def wait_for_end(self, timeout_s: float | None = None) -> None:
        wait([self._death], timeout_s)

    def end(self) -> int | None:
        """Kill the process unless it is dead; returns its exit code."""
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

    Not one of its pipes: a process that a handler has started, and not ended, may hold copies of those.
    """
    try:
        return os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # not Linux, or not allowed here
        return os.dup(process.sentinel)


class _Outcome(Enum):
    """The outcome of a call; the values of the last two name the part that cannot be pickled."""

    RETURNED = "returned"
    RAISED = "raised"
    BAD_ARGUMENTS = "arguments"
    BAD_RESULT = "result"


class _RemoteTraceback(Exception):
    """The text of a traceback in the worker."""

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
    # Ctrl-C and a service manager's TERM go to the whole process group, but the parent decides when a worker ends.
    # Handlers instead of SIG_IGN, because programs that a function starts would inherit SIG_IGN.
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
    """Exit when the parent is dead; a busy worker does not read its connection, and would not notice."""
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
    """The error itself if it can be pickled and unpickled, else a RuntimeError with its text."""
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
