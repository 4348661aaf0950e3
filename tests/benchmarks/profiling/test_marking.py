"""Marks in byte code: they change nothing of what code does, and note each frame that begins, leaves and goes on."""

from __future__ import annotations

import builtins
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.profiling import instructions, marking

pytest.importorskip("bytecode")

SOURCE = """
import asyncio

def plain(x):
    return inner(x) + 1

def inner(x):
    return x * 2

def numbers():
    yield from (n * n for n in range(3))

def catching():
    try:
        raising()
    except KeyError:
        return inner(20)

def raising():
    with open("/dev/null"):
        deep()

def deep():
    raise KeyError

async def waiting():
    await asyncio.sleep(0)
    return inner(5)
"""
PLACE = "/somewhere/toy.py"


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], tuple[Any, list[tuple[str, ...]]]]]:
    """Runs an expression in the marked module; what came of it, and the frames that ran after each mark."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(marking, "written", set())
    code = compile(SOURCE, PLACE, "exec")
    monkeypatch.setattr(marking, "executed", {f"{PLACE} {one.co_firstlineno} {one.co_qualname}" for one in _all(code)})
    noted: list[bytes] = []
    monkeypatch.setitem(builtins.__dict__, "__note__", noted.append)
    monkeypatch.setitem(builtins.__dict__, "__mark__", lambda: None)
    space: dict[str, Any] = {"__name__": "toy"}
    exec(marking.marked(code, PLACE, "toy"), space)
    noted.clear()

    def call(expression: str) -> tuple[Any, list[tuple[str, ...]]]:
        found = eval(expression, space)
        return found, list(instructions.stacks(instructions.notes(b"".join(noted), tmp_path)))

    return call


def _all(code: types.CodeType) -> Iterator[types.CodeType]:
    for one in code.co_consts:
        if isinstance(one, types.CodeType):
            yield one
            yield from _all(one)


def test_a_frame_runs_again_when_what_it_called_has_left(run: Any) -> None:
    found, stacks = run("plain(4)")
    assert found == 9
    assert stacks == [("toy:plain",), ("toy:plain", "toy:inner"), ("toy:plain",), ()]


def test_a_generator_leaves_with_each_value(run: Any) -> None:
    found, stacks = run("list(numbers())")
    assert found == [0, 1, 4]
    assert stacks.count(()) == 4  # three values, and the end
    assert {len(stack) for stack in stacks} == {0, 1, 2}


def test_frames_that_an_exception_left_are_gone_where_it_is_caught(run: Any) -> None:
    found, stacks = run("catching()")
    assert found == 40
    raised = stacks.index(("toy:catching", "toy:raising", "toy:deep"))
    assert stacks[raised:] == [
        ("toy:catching", "toy:raising", "toy:deep"),
        ("toy:catching", "toy:raising"),
        ("toy:catching",),
        ("toy:catching", "toy:inner"),
        ("toy:catching",),
        (),
    ]


def test_a_coroutine_that_waits_is_left_and_goes_on(run: Any) -> None:
    found, stacks = run("asyncio.run(waiting())")
    assert found == 10
    assert stacks == [("toy:waiting",), (), ("toy:waiting",), ("toy:waiting", "toy:inner"), ("toy:waiting",), ()]


def test_what_is_not_executed_has_no_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marking, "executed", set())
    code = compile(SOURCE, PLACE, "exec")
    assert marking.marked(code, PLACE, "toy") == code


@given(st.integers(1, 400), st.integers(1, 60), st.integers(0, 9))
def test_of_what_repeats_itself_whole_calls_are_counted(calls: int, each: int, around: int) -> None:
    inside = [b"%08d" % at for at in range(each)]
    log = b"".join([b"first---"] * around + inside * calls + [b"last----"] * around)
    skipped, counted, found = marking.window(log, calls)
    marks = len(log) // marking.WIDTH
    assert counted <= marking.MOST_MARKS + 1
    if marks <= marking.MOST_MARKS:
        assert (skipped, counted, found) == (0, marks, calls)
    elif found:
        assert counted == found * each + 1
        taken = log[skipped * 8 : (skipped + counted) * 8]
        assert taken[:8] == taken[-8:]
    else:
        assert each * 2 > marking.MOST_MARKS or around > each // 4 * calls / 4


def test_of_what_does_not_repeat_itself_a_part_is_counted_as_shares() -> None:
    log = b"".join(b"%08d" % at for at in range(5000))
    skipped, counted, calls = marking.window(log, 10)
    assert (counted, calls) == (marking.MOST_MARKS, 0)
    assert skipped == (5000 - counted) // 2
