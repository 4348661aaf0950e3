"""Profiles of a toy project: by real samples, real counts, real memory."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from benchmarks.profiling import profiles, stacks
from benchmarks.reporting.pages import profiles as page
from tests.benchmarks.profiling.toy import Project, figures

MATCH = "micro.routing.Match.time_match"
ROOT = "benchmarks.micro.routing:Match.time_match"
needs_valgrind = pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("p") / "project")


@pytest.fixture(scope="module")
def single(project: Project) -> Path:
    return project.profile(f"{MATCH}('/a/b', 1)", seconds=1.0)


@pytest.fixture(scope="module")
def differential(project: Project) -> Path:
    return project.profile(MATCH, project.base, project.head)


def frames(folder: Path) -> dict[str, dict[str, Any]]:
    return {frame["name"]: frame for frame in figures(folder)["frames"]}


def read_folded(path: Path) -> dict[str, float]:
    lines = (line.rpartition(" ") for line in path.read_text().splitlines())
    return {frames: float(value) for frames, _, value in lines}


@needs_valgrind
def test_a_slowed_function_is_on_top_of_what_grew_by_instructions(differential: Path) -> None:
    top, *others = figures(differential)["frames"]
    assert (top["name"], top["by_instructions"]) == ("pyrt:_clean", "grown")
    assert [one["name"] for one in others if one["by_instructions"] in ("grown", "new")] == []
    assert "pyrt:_clean" in (differential / "profile.md").read_text().split("## Functions that grew")[0]


def test_a_slowed_function_is_on_top_of_what_grew_by_time(differential: Path) -> None:
    top = max(figures(differential)["frames"], key=lambda frame: frame["us"])
    assert (top["name"], top["component"]) == ("pyrt:_clean", "pyrt")
    assert top["by_time"] in ("grown", "new")
    assert len(figures(differential)["base_us"]) == 5


def test_a_differential_profile_names_both_commits_and_the_command_that_makes_it_again(differential: Path) -> None:
    found = figures(differential)
    assert (found["base"], found["commit"]) == ("b" * 40, "c" * 40)
    assert found["command"] == f"python -m benchmarks profile \"{MATCH}('/a/b', 1)\" bbbbbbbb cccccccc"
    assert differential.name == "micro.routing.Match.time_match-a-b-1@bbbbbbbb..cccccccc"


def test_where_no_parameters_are_named_the_first_are_taken_and_it_is_said(differential: Path) -> None:
    found = figures(differential)
    assert found["parameters"] == {"path": "'/a/b'", "times": "1"}
    assert "No parameters were named: this is the first of 4 choices, ('/a/b', 1)." in found["notes"]


@needs_valgrind
def test_stacks_of_both_commits_stand_beside_each_other(differential: Path) -> None:
    lines = [line.rsplit(" ", 2) for line in (differential / "differential.txt").read_text().splitlines()]
    slowed = [(float(base), float(head)) for frames, base, head in lines if frames.endswith("pyrt:_clean")]
    assert slowed
    assert all(head > 10 * base > 0 for base, head in slowed)


@needs_valgrind
def test_instructions_by_function_are_exact_and_add_up_to_the_count_of_the_benchmark(
    single: Path,
) -> None:
    found = figures(single)
    assert sum(read_folded(single / "instructions.txt").values()) == pytest.approx(
        found["instructions_per_call"], abs=0.01
    )
    counts = frames(single)
    entered = {name: counts[name]["entered"] for name in ("pyrt:Router.match", "pyrt:_split", "pyrt:_clean")}
    assert entered == {"pyrt:Router.match": 1.0, "pyrt:_split": 1.0, "pyrt:_clean": 2.0}
    assert ROOT in counts
    assert [note for note in found["notes"] if "scaled" in note] == []


@needs_valgrind
def test_instructions_by_function_have_the_same_digits_in_another_environment(single: Path, differential: Path) -> None:
    lines = [line.rsplit(" ", 2) for line in (differential / "differential.txt").read_text().splitlines()]
    base = "".join(f"{frames} {value}\n" for frames, value, _ in lines)
    assert base == (single / "instructions.txt").read_text()


def test_samples_stand_below_the_benchmarks_function_and_make_up_its_time(single: Path) -> None:
    found, folded = figures(single), read_folded(single / "folded.txt")
    assert {stack.partition(";")[0] for stack in folded} == {ROOT}
    assert sum(folded.values()) == pytest.approx(1e6 * found["cpu_seconds_per_call"], rel=0.01, abs=0.005)
    assert sum(one["us"] for one in found["components"]) == pytest.approx(sum(folded.values()), abs=0.01)
    assert sum(one["share"] for one in found["components"]) == pytest.approx(1)
    assert found["samples"] > 0


def test_samples_are_not_drawn_to_system_calls(project: Project) -> None:
    folded = read_folded(project.profile("micro.routing.Other.time_asking", seconds=0.5) / "folded.txt")
    # By instructions it is nine tenths; stopped where the kernel is entered, one or two.
    assert sum(value for stack, value in folded.items() if stack.endswith(":_dear")) > 0.6 * sum(folded.values())


def test_nothing_in_a_profile_tells_where_it_was_made(single: Path, project: Project) -> None:
    for name in ("profile.json", "profile.md", "index.html", "folded.txt", "speedscope.json", "flamegraph.svg"):
        assert str(project.root) not in (single / name).read_text(), name


def test_speedscope_gets_the_stacks_as_they_are(single: Path) -> None:
    found = json.loads((single / "speedscope.json").read_text())
    names = [frame["name"] for frame in found["shared"]["frames"]]
    times = next(one for one in found["profiles"] if one["unit"] == "microseconds")
    assert sum(times["weights"]) == pytest.approx(times["endValue"])
    stack, weight = max(zip(times["samples"], times["weights"], strict=True), key=lambda pair: pair[1])
    assert read_folded(single / "folded.txt")[";".join(names[at] for at in stack)] == pytest.approx(weight, abs=0.001)


def test_memory_is_what_the_calls_allocate_and_its_page_needs_no_network(single: Path) -> None:
    pytest.importorskip("memray")
    memory = figures(single)["memory"]
    # A list and at least one string for each call.
    assert 2 <= memory["allocations_per_call"] < 200
    assert 0 < memory["peak_bytes"] < 10_000_000
    assert not re.search(r'<(script|link)[^>]+(src|href)="?http', (single / "memory.html").read_text())


def test_few_samples_are_warned_of(project: Project) -> None:
    folder = project.profile("micro.routing.Other.time_cycles", seconds=0.1)
    assert any(re.match(r"Only \d+ samples, fewer than 300", note) for note in figures(folder)["notes"])
    assert figures(folder)["garbage"]["collections"][0] > 0
    assert figures(folder)["garbage"]["pauses_s"][0] > 0
    assert any("Without instructions: only `time_`" in note for note in figures(folder)["notes"])


def test_where_a_setup_cache_does_the_work_it_is_profiled(project: Project) -> None:
    folder = project.profile("micro.routing.Prepared.track_figure", seconds=0.5)
    assert max(read_folded(folder / "folded.txt").items(), key=lambda pair: pair[1])[0].endswith(":_dear")


def test_without_a_tool_the_rest_is_profiled_and_the_lack_is_said(project: Project) -> None:
    folder = project.profile(f"{MATCH}('/a/b', 1)", seconds=0.1, path="/nowhere")
    found = figures(folder)
    assert any(note.startswith("Without samples: py-spy is not installed") for note in found["notes"])
    assert any(note.startswith("Without instructions: valgrind is not installed") for note in found["notes"])
    assert found["components"] == []
    assert (folder / "index.html").exists()


@pytest.mark.parametrize(
    ("wanted", "error", "said"),
    [
        ("micro.routing.Match.time_mach", "UnknownBenchmark", f"near it: {MATCH}"),
        ("nothing.at.all", "UnknownBenchmark", "there are"),
        (f"{MATCH}('/a/b')", "UnknownBenchmark", "near it: '/a/b', "),
        ("micro.routing.Other.timeraw_start", "UnknownBenchmark", "program of its own"),
        ("micro.routing.Other.time_failing", "ProfilingError", "LookupError: no such route"),
        ("micro.routing.Other.time_future", "ProfilingError", "this pyrt has no Router.fly"),
    ],
)
def test_what_cannot_be_profiled_says_why(project: Project, wanted: str, error: str, said: str) -> None:
    done = project.attempt(wanted)
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert error in last
    assert said in last


def test_the_site_finds_profiles_where_they_are_put(single: Path, differential: Path, project: Project) -> None:
    found = {one.folder.name: one for one in page.load(project.root)}
    assert found[single.name].profile.benchmark == f"{MATCH}('/a/b', 1)"
    assert found[differential.name].profile.commit == "c" * 40
    assert [one.error for one in found.values() if one.error] == []


def test_a_new_profile_takes_the_place_of_the_old_one(project: Project) -> None:
    old = project.root / ".asv/profiles/micro.routing.Other.time_cycles@working-copy/left.txt"
    old.parent.mkdir(parents=True, exist_ok=True)
    old.touch()
    project.profile("micro.routing.Other.time_cycles", seconds=0.1)
    assert not old.exists()
    assert not (project.root / ".asv/profiles/.part").exists()


def test_components_are_those_of_the_frames(single: Path) -> None:
    found = figures(single)
    assert {one["name"] for one in found["components"]} == {stacks.component(name) for name in frames(single)}


def test_a_profile_stands_where_the_site_looks_and_under_a_name_that_is_fit_for_an_address(tmp_path: Path) -> None:
    from benchmarks.profiling.subject import Choice, Subject

    choice = Choice("micro.a.B.time_c", 3, {"path": "'two <parameters>/ä'", "n": "10"})
    sides = [Subject(tmp_path, "b" * 40), Subject(tmp_path, "c" * 40)]
    assert profiles.name_of(choice, sides) == "micro.a.B.time_c-two-parameters-10@bbbbbbbb..cccccccc"
    assert profiles.name_of(choice, [Subject(tmp_path)]).endswith("@working-copy")
