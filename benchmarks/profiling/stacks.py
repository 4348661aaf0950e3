"""Stacks of frames and what each costs: folded as profilers write them, by frame, by component.

A stack is a tuple of frames, the outermost first, a frame is `module:qualname`. What a stack holds is the cost of its
last frame itself, C functions that it calls included.
"""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

Stack = tuple[str, ...]
Key = TypeVar("Key")
Stacks = Mapping[Stack, float]

OWN, GENERATED, LOOP, STANDARD = "the benchmark itself", "generated handlers", "event loop", "standard library"
OPENED = ("http", "request")  # packages of pyrt whose modules are components of their own
THREADS = "other threads:"
WARMING, WARMING_WITHIN = "_warm", 4  # the driver's function, and how deep it is called
_FRAME = re.compile(r"^(?P<name>.*) \((?P<file>.+?)(?::(?P<line>\d+))?\)$")
_GENERATED = "<pyrt "


def fold(raw: str, driven: Mapping[str, Any]) -> Counter[Stack]:
    """Samples by stack, from what py-spy wrote and what its driver said of itself.

    Frames above the benchmark's own function are dropped, and so is what ran outside it; other threads, which a
    benchmark may start, keep a frame of their own on top.
    """
    found: Counter[Stack] = Counter()
    for line in raw.splitlines():
        frames, _, samples = line.rpartition(" ")
        if stack := _below(frames.split(";"), driven):
            found[stack] += int(samples)
    return found


def _below(frames: list[str], driven: Mapping[str, Any]) -> Stack:
    parsed = [_FRAME.match(frame) for frame in frames]
    if not all(parsed):
        return ()
    known = [(each["name"], each["file"], int(each["line"] or 0)) for each in parsed if each]
    if any(name == WARMING for name, *_ in known[:WARMING_WITHIN]):
        return ()
    root = driven["root"]
    for at, (_, file, line) in enumerate(known):
        if line == root["line"] and os.path.realpath(file) == root["file"]:
            return merged(frame_name(name, file, driven["modules"]) for name, file, _ in known[at:])
    if known[0][0] == "<module>":
        return ()  # the driver itself, or what it imports
    return (THREADS, *merged(frame_name(name, file, driven["modules"]) for name, file, _ in known))


def frame_name(name: str, file: str, modules: Mapping[str, str]) -> str:
    """`module:qualname` of a function in a file."""
    if file.startswith(_GENERATED):
        return f"generated:{name}"
    if file.startswith("<"):
        return f"{file.strip('<>').removeprefix('frozen ')}:{name}"
    module = modules.get(os.path.realpath(file)) or os.path.basename(file).removesuffix(".py")
    return f"{module}:{name}"


def merged(frames: Iterable[str]) -> Stack:
    """The stack with a function that calls itself as one frame."""
    stack: list[str] = []
    for frame in frames:
        if not stack or stack[-1] != frame:
            stack.append(frame)
    return tuple(stack)


def unfolded(lines: Mapping[str, float]) -> dict[Stack, float]:
    """Stacks from frames that are joined by `;`."""
    return _summed((merged(line.split(";")), value) for line, value in lines.items())


def _summed(parts: Iterable[tuple[Key, float]]) -> dict[Key, float]:
    found: dict[Key, float] = {}
    for key, value in parts:
        found[key] = found.get(key, 0.0) + value
    return found


def folded(stacks: Stacks) -> str:
    """One stack a line, `frame;frame value`, as flame graphs are drawn from."""
    lines = (f"{';'.join(stack)} {value:.3f}\n" for stack, value in sorted(stacks.items()))
    return "".join(lines)


def by_self(stacks: Stacks) -> dict[str, float]:
    """The cost of each frame itself."""
    return _summed((stack[-1], value) for stack, value in stacks.items())


def by_total(stacks: Stacks) -> dict[str, float]:
    """The cost of each frame and of what it calls."""
    return _summed((frame, value) for stack, value in stacks.items() for frame in set(stack))


def by_component(stacks: Stacks) -> dict[str, float]:
    """The cost of each component itself, the dearest first."""
    found = _summed((component(frame), value) for frame, value in by_self(stacks).items())
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def component(frame: str) -> str:
    """The part of the program that a frame belongs to: a module or package of pyrt; of other code the library."""
    module = frame.partition(":")[0]
    package, _, inside = module.partition(".")
    if package == "pyrt":
        part, _, rest = inside.partition(".")
        return rest if part in OPENED and rest else part or "pyrt"
    if package == "generated":
        return GENERATED
    if package == "benchmarks":
        return OWN
    if package in ("asyncio", "uvloop", "selectors"):
        return LOOP
    return STANDARD if package in sys.stdlib_module_names or package == "string" else package


def scaled(stacks: Stacks, total: float) -> dict[Stack, float]:
    """The same shares of another total."""
    sum_ = sum(stacks.values())
    return {stack: value * total / sum_ for stack, value in stacks.items()} if sum_ else {}
