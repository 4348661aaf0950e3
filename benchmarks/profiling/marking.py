"""Marks in byte code: where each Python frame begins, leaves and goes on, so that callgrind counts between them.

What the benchmark runs, of whatever this process imports and what pyrt generates, gets two calls of C functions at each
of these places: one notes which frame it is, the other (`os.sched_yield`) makes callgrind write its total. Unlike a
trace function they leave the rest of the code as fast, and as specialised, as it is without them; their own cost is the
same at each place. A first run, without marks, finds which functions it runs; a second writes byte code; the third is
under callgrind.

What this file imports itself has no marks, and counts to whoever calls it; so it imports little.

This file is the script that the counting process runs; it imports with asv_runner, bytecode and the standard library.
"""

from __future__ import annotations

import builtins
import gc
import hashlib
import importlib
import importlib.machinery
import io
import itertools
import math
import os
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any, cast

PACKAGES = "/proc/self/cwd/packages"
NAMES, EXECUTED = "names.txt", "executed.txt"
GENERATED = "<pyrt "  # how the names of files begin that pyrt's own code is said to be in
ENTERS, LEAVES, CATCHES = b"E", b"L", b"C"
WIDTH = 8
MOST_MARKS = 400  # each makes a file of 20 kB, in 5 ms and more
CALIBRATING = 8
SETTLED_CALLS = 200
CALIBRATING_CALLS = 300  # what cannot be specialised is tried again and again, ever less often
_BEGINS, _ENDS = {"RESUME"}, {"RETURN_VALUE", "RETURN_CONST", "YIELD_VALUE"}


def install() -> None:
    """Mark what is imported from here on, and what pyrt compiles, as far as the first run found it executed."""
    with open(EXECUTED, encoding="utf-8") as lines:
        executed.update(lines.read().splitlines())
    builtins.__dict__["__note__"] = io.BytesIO(bytes(WIDTH * 100_000)).write
    builtins.__dict__["__mark__"] = itertools.repeat(None).__next__
    loader = importlib.machinery.SourceFileLoader
    plain, plain_compile = cast(Any, loader).source_to_code, builtins.compile

    def source_to_code(self: Any, data: Any, path: Any, **options: Any) -> types.CodeType:
        return marked(plain(self, data, path, **options), path, self.name)

    def compile_(source: Any, filename: Any, *arguments: Any, **options: Any) -> Any:
        made = plain_compile(source, filename, *arguments, **options)
        return marked(made, GENERATED, "generated") if str(filename).startswith(GENERATED) else made

    cast(Any, loader).source_to_code = source_to_code
    cast(Any, builtins).compile = compile_


def marked(code: types.CodeType, place: str, module: str) -> types.CodeType:
    """The code with marks, and that of the functions in it, as far as they are executed."""
    inner = (marked(each, place, module) if isinstance(each, types.CodeType) else each for each in code.co_consts)
    code = code.replace(co_consts=tuple(inner))
    return _with_marks(code, f"{module}:{code.co_qualname}") if _line(code, place) in executed else code


def _line(code: types.CodeType, place: str) -> str:
    return f"{place} {code.co_firstlineno} {code.co_qualname}"


def _with_marks(code: types.CodeType, name: str) -> types.CodeType:
    from bytecode import Bytecode, Instr

    made, body = Bytecode.from_code(code), []
    for instruction in made:
        opcode = instruction.name if isinstance(instruction, Instr) else ""
        if opcode in _ENDS:
            body += _mark(LEAVES, name)
        body.append(instruction)
        if opcode in _BEGINS:
            body += _mark(ENTERS, name)
        if opcode == "PUSH_EXC_INFO":
            body += _mark(CATCHES, name)
    made[:] = body
    return made.to_code()


def _mark(kind: bytes, name: str) -> list[Any]:
    """The instructions of a mark, as this Python writes such calls."""
    from bytecode import Bytecode, Instr

    plain: Callable[..., types.CodeType] = compile
    source = f"def place():\n __note__({note(kind, name)!r})\n __mark__()\n"
    (place,) = (each for each in plain(source, "", "exec").co_consts if isinstance(each, types.CodeType))
    lines = [each for each in Bytecode.from_code(place) if isinstance(each, Instr)]
    last = max(at for at, each in enumerate(lines) if each.name == "POP_TOP")
    return [each for each in lines[: last + 1] if each.name != "RESUME"]


def note(kind: bytes, name: str) -> bytes:
    """What a mark notes: its kind and a digest, whose name stands in the file of names."""
    digest = hashlib.blake2b(name.encode(), digest_size=WIDTH - 1).digest()
    if name not in written:
        written.add(name)
        with open(NAMES, "a", encoding="utf-8") as names:
            names.write(f"{digest.hex()} {name}\n")
    return kind + digest


executed: set[str] = set()
written: set[str] = set()


# In the fork of one benchmark.


def slices(work: Any) -> dict[str, Any]:
    """Run a benchmark's function once between marks; what they noted, in order, as hexadecimal digits.

    Of a function with more than MOST_MARKS marks some in the middle are counted; then what is noted ends with them.
    """
    from asv_runner.benchmarks.mark import SkipNotImplemented

    try:
        return _slices(work) if executed else _find_executed(work)
    except SkipNotImplemented as reason:
        return {"skipped": str(reason) or "not in this pyrt"}
    except BaseException as error:  # also SystemExit: it is this benchmark's failure and nobody else's
        return {"error": f"{type(error).__name__}: {error}"}


def _find_executed(work: Any) -> dict[str, Any]:
    found: set[types.CodeType] = set()
    work.benchmark.func(*work.params)
    sys.setprofile(lambda frame, event, _: found.add(frame.f_code) if event == "call" else None)
    try:
        work.benchmark.func(*work.params)
    finally:
        sys.setprofile(None)
    places = ((each, each.co_filename) for each in found)
    lines = {_line(code, GENERATED if place.startswith(GENERATED) else place) for code, place in places}
    with open(EXECUTED, "w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in sorted(lines))
    return {}


def _slices(work: Any) -> dict[str, Any]:
    function, params, places = work.benchmark.func, work.params, builtins.__dict__
    log = cast(io.BytesIO, places["__note__"].__self__)
    calibrate = _marks_alone()
    for _ in range(CALIBRATING_CALLS):
        calibrate()
    for _ in range(max(3, math.ceil(SETTLED_CALLS / work.inner))):
        log.seek(0)
        function(*params)
    skipped, counted, calls = window(log.getvalue()[: log.tell()], work.inner)
    gc.collect()
    gc.disable()
    places["__mark__"] = _dumping(CALIBRATING + 1, 0)
    log.seek(0)
    calibrate()
    places["__mark__"] = _dumping(counted, skipped)
    log.seek(0)
    function(*params)
    noted = log.getvalue()[: (skipped + counted) * WIDTH]
    return {"pid": os.getpid(), "calls": calls, "counted": counted, "noted": noted.hex()}


def window(noted: bytes, inner: int) -> tuple[int, int, int]:
    """Which marks to count, from what one run noted: how many to skip, how many then, and how many calls lie between.

    All where they are few. Else as many whole calls from the middle as are few enough; 0 calls where it does not
    repeat itself.
    """
    marks = len(noted) // WIDTH
    if marks <= MOST_MARKS:
        return 0, marks, inner
    middle = marks // 2
    each = marks / inner  # for one call, and a part of what comes once
    for period in range(math.floor(each), max(1, math.floor(0.8 * each)) - 1, -1):
        here = noted[middle * WIDTH : (middle + period) * WIDTH]
        if 2 * period <= MOST_MARKS and here == noted[(middle + period) * WIDTH : (middle + 2 * period) * WIDTH]:
            calls = min(MOST_MARKS // period, inner // 2)
            return middle - calls // 2 * period, calls * period + 1, calls
    return (marks - MOST_MARKS) // 2, MOST_MARKS, 0


def _dumping(count: int, skip: int) -> Callable[[], Any]:
    """What marks call: a dump each, *count* times after *skip* times of nothing; all in C."""
    dumps: Iterator[Any] = itertools.starmap(os.sched_yield, itertools.repeat((), count))
    return itertools.chain(itertools.repeat(None, skip), dumps, itertools.repeat(None)).__next__


def _marks_alone() -> Callable[[], None]:
    """A function of CALIBRATING + 1 marks with nothing between."""
    lines = "".join([" __note__(b'--------')\n __mark__()\n"] * (CALIBRATING + 1))
    space: dict[str, Any] = {}
    exec(f"def marks_alone():\n{lines}", space)
    return cast(Callable[[], None], space["marks_alone"])


if __name__ == "__main__":
    sys.path.append(PACKAGES)
    if os.path.exists(EXECUTED):
        if not os.path.exists(NAMES):
            importlib.import_module("bytecode")  # first, since what it needs itself cannot be marked by it
        install()
    from benchmarks.harness import counting

    counting.child(sys.argv[1], slices)
