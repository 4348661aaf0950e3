"""What the tests run in worker processes: importable there by name, with the standard library alone."""

import atexit
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from pyrt.errors import HttpError


def echo(value: Any) -> Any:
    return value


def pid() -> int:
    return os.getpid()


def spin(entered: Path) -> NoReturn:
    entered.write_text(str(os.getpid()))
    while True:
        pass


def pass_gate(entered: Path, gate: Path) -> str:
    """Both are named pipes: opening one waits for the other side."""
    entered.write_text(str(os.getpid()))
    return gate.read_text()


def leave(code: int) -> NoReturn:
    os._exit(code)


def kill_myself(number: int) -> None:
    os.kill(os.getpid(), number)


def leave_a_child_behind(gate: Path) -> NoReturn:
    if os.fork() == 0:
        gate.read_text()
        os._exit(0)
    os._exit(7)


def terminate_a_program() -> int:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as program:
        program.terminate()
        return program.wait()


def at_exit_write(path: Path, words: str) -> None:
    atexit.register(path.write_text, words)


def at_exit_spin(entered: Path) -> None:
    atexit.register(spin, entered)


class Odd(Exception):
    """Can be pickled, and then not be unpickled."""

    def __init__(self, one: int, other: int) -> None:
        super().__init__(f"{one} {other}")


def fail(kind: str) -> NoReturn:
    class Local(Exception):
        pass

    errors: dict[str, Callable[[], BaseException]] = {
        "key": lambda: KeyError("k"),
        "http": lambda: HttpError(418, "short", [("x-pot", "tea")]),
        "odd": lambda: Odd(1, 2),
        "local": lambda: Local("here"),
        "exit": lambda: SystemExit(3),
        "stop": lambda: StopIteration(4),
    }
    raise errors[kind]()


class Unloadable:
    """Can be pickled, and then not be unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return int, ("no number",)


class Undumpable:
    def __reduce__(self) -> NoReturn:
        raise ValueError("will not travel")


def awkward_result(kind: str) -> Any:
    return {"lambda": lambda: None, "unloadable": Unloadable(), "undumpable": Undumpable()}[kind]
