"""Stacks: what of a profiler's output is kept, and by which names."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.profiling import stacks

FRAMES = st.lists(st.sampled_from(["a:f", "a:g", "b.c:h.i"]), min_size=1, max_size=5).map(stacks.merged)
STACKS = st.dictionaries(FRAMES, st.floats(0.001, 1e6), min_size=1, max_size=8)
MAIN = "<module> (/s/driver.py:1);drive (/s/driver.py:5)"
ROOT = "Match.time_match (/s/micro/routing.py:37)"
DRIVEN = {
    "root": {"file": "/s/micro/routing.py", "line": 37, "name": "time_match"},
    "modules": {"/s/micro/routing.py": "benchmarks.micro.routing", "/p/pyrt/routing.py": "pyrt.routing"},
}


def test_frames_above_the_benchmark_are_dropped_and_names_hold_no_path_and_no_line() -> None:
    raw = f"{MAIN};{ROOT};Router.match (/p/pyrt/routing.py:12) 7\n{MAIN};{ROOT} 2\n"
    assert stacks.fold(raw, DRIVEN) == {
        ("benchmarks.micro.routing:Match.time_match", "pyrt.routing:Router.match"): 7,
        ("benchmarks.micro.routing:Match.time_match",): 2,
    }


@pytest.mark.parametrize(
    "line",
    [
        f"{MAIN};catalogue (/s/driver.py:30)",
        f"{MAIN};_warm (/s/driver.py:90);{ROOT}",
        f"{MAIN};Match.time_match (/s/micro/routing.py:99)",
    ],
    ids=["what the driver does", "calls before the measured ones", "another function of that name"],
)
def test_what_runs_outside_the_measured_calls_is_no_part_of_the_profile(line: str) -> None:
    assert stacks.fold(f"{line} 3\n", DRIVEN) == {}


def test_other_threads_keep_a_frame_of_their_own() -> None:
    raw = "Thread.run (/usr/lib/threading.py:1);work (/p/pyrt/routing.py:3) 4\n"
    assert stacks.fold(raw, DRIVEN) == {(stacks.THREADS, "threading:Thread.run", "pyrt.routing:work"): 4}


@pytest.mark.parametrize(
    ("name", "file", "expected"),
    [
        ("make.<locals>.run", "<pyrt 3: run>", "generated:make.<locals>.run"),
        ("_find", "<frozen importlib._bootstrap>", "importlib._bootstrap:_find"),
        ("f", "/somewhere/else/odd.py", "odd:f"),
    ],
)
def test_a_frame_without_a_module_is_named_after_its_file(name: str, file: str, expected: str) -> None:
    assert stacks.frame_name(name, file, {}) == expected


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ("pyrt.routing:Router.match", "routing"),
        ("pyrt.ingress.http1:Http1Protocol._run", "ingress"),
        ("pyrt.request.hooks:HookChain.write", "hooks"),
        ("pyrt.http.messages:Response.of", "messages"),
        ("pyrt:App", "pyrt"),
        ("generated:make.<locals>.run", stacks.GENERATED),
        ("benchmarks.micro.routing:Match.time_match", stacks.OWN),
        ("asyncio.events:Handle._run", stacks.LOOP),
        ("urllib.parse:unquote", stacks.STANDARD),
        ("msgspec._utils:f", "msgspec"),
    ],
)
def test_a_frame_belongs_to_a_component_by_its_module(frame: str, expected: str) -> None:
    assert stacks.component(frame) == expected


@given(STACKS)
def test_by_function_and_by_component_nothing_is_lost_and_nothing_counted_twice(found: stacks.Stacks) -> None:
    whole = sum(found.values())
    assert sum(stacks.by_self(found).values()) == pytest.approx(whole)
    assert sum(stacks.by_component(found).values()) == pytest.approx(whole)
    total, own = stacks.by_total(found), stacks.by_self(found)
    assert all(own.get(frame, 0.0) <= cost * (1 + 1e-9) <= whole * (1 + 1e-6) for frame, cost in total.items())


@given(STACKS)
def test_stacks_that_are_written_are_read_as_they_were(found: stacks.Stacks) -> None:
    lines = (line.rpartition(" ") for line in stacks.folded(found).splitlines())
    read = stacks.unfolded({frames: float(value) for frames, _, value in lines})
    assert read == pytest.approx(dict(found), abs=0.001)


@given(st.lists(st.sampled_from("ab"), max_size=9))
def test_a_function_that_calls_itself_is_one_frame(frames: list[str]) -> None:
    merged = stacks.merged(frames)
    assert all(one != other for one, other in itertools.pairwise(merged))
    assert stacks.merged(merged) == merged


def test_real_paths_are_compared_so_that_a_link_is_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "real.py").touch()
    (tmp_path / "link.py").symlink_to(tmp_path / "real.py")
    driven = {"root": {"file": str(tmp_path / "real.py"), "line": 3, "name": "f"}, "modules": {}}
    assert stacks.fold(f"{MAIN};f ({tmp_path}/link.py:3) 1\n", driven) == {("link:f",): 1}
