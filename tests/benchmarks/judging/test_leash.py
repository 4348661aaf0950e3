"""Nothing that was started on a leash outlives who holds it."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from benchmarks.judging.leash import Leash
from tests.benchmarks.judging.strays import Strays

ROOT = Path(__file__).parents[3]
HOLDER = """
import signal, sys
from benchmarks.judging.leash import Leash
with Leash() as leash:
    leash.run([sys.executable, "-c", sys.argv[1]])
    signal.pause()
"""
UP = "import os, signal; up = lambda: os.write(1, b'up\\n'); "
CHILDREN = {
    "one": UP + "up(); signal.pause()",
    "forks": UP + "os.fork(); os.fork(); up(); signal.pause()",
    "in a group of its own": UP + "os.fork() or os.setpgid(0, 0); os.fork(); up(); signal.pause()",
    "in a session of its own": UP + "os.fork() or os.setsid(); os.fork(); up(); signal.pause()",
    "whose parent has ended": UP + "os.fork() and os._exit(0); os.fork(); up(); signal.pause()",
    "deaf": UP + "[signal.signal(each, signal.SIG_IGN) for each in (1, 2, 15)]; os.fork(); up(); signal.pause()",
}
MANY = {"one": 1, "forks": 4, "in a group of its own": 4, "in a session of its own": 4}
ENDS = [*((child, signal.SIGKILL) for child in CHILDREN), ("forks", signal.SIGTERM), ("forks", signal.SIGINT)]


@pytest.mark.parametrize(("child", "end"), ENDS)
def test_children_end_with_whoever_holds_them(child: str, end: signal.Signals) -> None:
    strays = Strays()
    command = [sys.executable, "-c", HOLDER, CHILDREN[child]]
    with subprocess.Popen(
        command, cwd=ROOT, env=strays.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as holder:
        assert holder.stdout is not None
        for _ in range(MANY.get(child, 2)):
            assert holder.stdout.readline() == b"up\n"
        holder.send_signal(end)
        holder.wait()
    assert strays.left() == []


@pytest.mark.parametrize("error", [None, LookupError])
def test_children_end_with_the_context(error: type[Exception] | None) -> None:
    strays = Strays()
    child = UP + "os.fork() and os._exit(0); os.close(1); signal.pause()"

    with pytest.raises(error) if error else nullcontext(), Leash() as leash:
        leash.run([sys.executable, "-c", child], env=strays.environment, stdout=subprocess.PIPE)
        assert strays.alive()
        if error:
            raise error
    assert strays.left() == []


def test_what_runs_out_of_time_ends_with_all_that_it_started() -> None:
    strays = Strays()
    with Leash() as leash:
        with pytest.raises(subprocess.TimeoutExpired):
            leash.run([sys.executable, "-c", CHILDREN["in a session of its own"]], env=strays.environment, timeout=1)
        assert strays.left() == []
        assert leash.run([sys.executable, "-c", "print('on')"], capture_output=True, text=True).stdout == "on\n"


def test_a_child_in_the_background_does_not_wait_for_the_terminal() -> None:
    with Leash() as leash:
        done = leash.run([sys.executable, "-c", "import sys; sys.exit(len(sys.stdin.read()))"])
    assert done.returncode == 0


def test_a_child_that_fails_says_so() -> None:
    with Leash() as leash:
        done = leash.run(
            [sys.executable, "-c", "import sys; sys.exit('no such route')"], capture_output=True, text=True
        )
    assert (done.returncode, done.stderr) == (1, "no such route\n")
