"""Servers as processes of their own, on one core: start, use of processor and memory, end."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import IO, NamedTuple

import psutil

from ..judging.git import ROOT

SERVERS = ROOT / "benchmarks" / "peers" / "servers"
START_TIMEOUT_S = 30.0
ASK_TIMEOUT_S, ASK_AGAIN_S = 1.0, 0.02
END_TIMEOUT_S = 1.0
OUTPUT_BYTES = 4000
OUTPUT_LINES = 8


class Died(RuntimeError):
    """A server did not start, or ended before its time; the message has its last output."""


class Memory(NamedTuple):
    """Of all processes of a server, in bytes: what each holds, and the same with shared pages divided among sharers."""

    rss: int
    pss: int


class Server:
    """A server that answers on `port`, and the processes it consists of, of which `pid` is the first."""

    def __init__(self, port: int, pid: int) -> None:
        self.port, self.pid = port, pid
        root = psutil.Process(pid)
        self._processes = [root, *root.children(recursive=True)]

    def cpu_s(self) -> float:
        """Seconds of processor time so far, user and system; the kernel counts hundredths."""
        used: float = sum(sum(each.cpu_times()[:2]) for each in self._processes)
        return used

    def memory(self) -> Memory:
        found = [each.memory_full_info() for each in self._processes]
        return Memory(sum(each.rss for each in found), sum(getattr(each, "pss", each.rss) for each in found))


@contextlib.contextmanager
def running(command: Sequence[str], core: int | None) -> Iterator[Server]:
    """Start a server and keep it until the end of the block, with all its threads on *core* (None: anywhere).

    Args:
        command: its arguments; `{port}` in one of them is where it has to listen.

    Raises:
        Died: it does not answer, or has ended within the block.
    """
    port = _free_port()
    with tempfile.TemporaryFile() as output:
        process = _start([part.replace("{port}", str(port)) for part in command], core, output)
        try:
            _until_it_answers(process, port)
            yield Server(port, process.pid)
        except Exception as error:
            what = str(error) or type(error).__name__
            with contextlib.suppress(subprocess.TimeoutExpired):
                # Its connections are cut a moment before it is gone.
                code = process.wait(END_TIMEOUT_S)
                raise Died(f"{what}; it ended with {code}: {_last(output)}") from error
            if isinstance(error, TimeoutError):
                raise Died(f"{what}: {_last(output)}") from error
            raise
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def cores() -> tuple[int, int] | None:
    """Where the servers run, and where the load comes from; None where there is no second core, or no choice."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    mine = os.sched_getaffinity(0)
    return (min(mine), max(mine)) if len(mine) > 1 else None


def _start(command: Sequence[str], core: int | None, output: IO[bytes]) -> subprocess.Popen[bytes]:
    mine = None if core is None else os.sched_getaffinity(0)
    try:
        if core is not None:
            # A child begins with its parent's cores, and so does every thread it starts.
            os.sched_setaffinity(0, {core})
        return subprocess.Popen(
            command,
            cwd=SERVERS,
            # The working copy's pyrt, whatever is installed.
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    finally:
        if mine is not None:
            os.sched_setaffinity(0, mine)


def _until_it_answers(process: subprocess.Popen[bytes], port: int) -> None:
    # An open port is not enough: some listen before the processes are there that will answer.
    end = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError("it did not start")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ASK_TIMEOUT_S)
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
            connection.request("GET", "/health")
            connection.getresponse()
            return
        time.sleep(ASK_AGAIN_S)
    raise TimeoutError(f"it does not answer after {START_TIMEOUT_S:g} s")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _last(output: IO[bytes]) -> str:
    """The last lines of what it wrote."""
    output.seek(max(0, output.seek(0, os.SEEK_END) - OUTPUT_BYTES))
    lines = output.read().decode(errors="replace").splitlines()
    return "\n".join(lines[-OUTPUT_LINES:]) or "it wrote nothing"
