"""Rules that every suite keeps, over the suite as asv discovers it."""

import hashlib
import inspect
import itertools
import math
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asv.util import load_json
from asv_runner._aux import update_sys_path
from asv_runner.discovery import disc_benchmarks

from benchmarks.reporting import targets

ROOT = Path(__file__).parents[2]
SUITE = ROOT / "benchmarks"
PARTS = ("micro", "integration", "concurrency", "footprint")


@pytest.fixture(scope="module")
def benchmarks() -> list[Any]:
    update_sys_path(str(SUITE))
    return list(disc_benchmarks(str(SUITE)))


def runs(benchmark: Any) -> Iterator[tuple[Any, ...]]:
    return itertools.product(*benchmark._params) if benchmark._params else iter([()])


def test_each_part_has_benchmarks(benchmarks: list[Any]) -> None:
    found = {benchmark.name.partition(".")[0] for benchmark in benchmarks}
    assert found == set(PARTS)


def test_every_benchmark_has_a_version_of_its_own_choice(benchmarks: list[Any]) -> None:
    # asv's default version is a hash of the source: reformatting a file would discard its history.
    assert [benchmark.name for benchmark in benchmarks if not benchmark.version.isdigit()] == []


def test_no_benchmark_is_a_coroutine_function(benchmarks: list[Any]) -> None:
    # asv calls it and nobody awaits: it would time the making of a coroutine.
    assert [benchmark.name for benchmark in benchmarks if inspect.iscoroutinefunction(benchmark.func)] == []


def test_no_time_benchmark_has_a_setup(benchmarks: list[Any]) -> None:
    # asv then times single calls, clock and all.
    assert [each.name for each in benchmarks if each.type == "time" and each._setups] == []


def test_setup_caches_are_not_shared_by_accident(benchmarks: list[Any]) -> None:
    owners: dict[str, set[str]] = {}
    for benchmark in benchmarks:
        if benchmark.setup_cache_key and benchmark.type != "instructions":
            owners.setdefault(benchmark.setup_cache_key, set()).add(benchmark.name.rpartition(".")[0])
    assert {key: names for key, names in owners.items() if len(names) > 1} == {}


def test_every_tracked_figure_says_its_unit_and_its_direction(benchmarks: list[Any]) -> None:
    tracked = [benchmark for benchmark in benchmarks if benchmark.type == "track"]
    assert [each.name for each in tracked if each.unit in ("", "unit")] == []
    assert [each.name for each in tracked if not isinstance(getattr(each.func, "less_is_better", None), bool)] == []


def test_every_rate_stands_beside_a_cost(benchmarks: list[Any]) -> None:
    names = {benchmark.name for benchmark in benchmarks}
    rates = [name for name in names if name.endswith(".track_rate")]
    assert rates
    assert [name for name in rates if name.replace("track_rate", "track_cost") not in names] == []


def test_every_timed_part_of_micro_and_of_the_pipeline_is_counted_too(benchmarks: list[Any]) -> None:
    names = {benchmark.name for benchmark in benchmarks}
    timed = [n for n in names if ".time_" in n and n.startswith(("micro.", "integration."))]
    uncounted = [name for name in timed if name.replace(".time_", ".instr_") not in names]
    assert uncounted == ["micro.routing.Table.time_build"]


def test_every_time_has_at_least_8_samples_under_make_continuous(benchmarks: list[Any]) -> None:
    """Of few samples, above all of exactly six, asv's test cannot tell a difference of any size."""
    (rounds,) = re.findall(r"asv continuous .*-a rounds=(\d+)", (ROOT / "Makefile").read_text())
    timed = [each for each in benchmarks if each.type == "time"]
    # With several rounds asv's own choice, `repeat = 0`, is five samples in each.
    assert {each.name: each.repeat for each in timed if each.repeat and int(rounds) * each.repeat < 8} == {}
    assert int(rounds) * 5 >= 8


def test_rates_are_no_part_of_asv_s_regressions_and_all_others_are(benchmarks: list[Any]) -> None:
    conf = load_json(str(ROOT / "asv.conf.json"), js_comments=True)
    spared = "|".join(conf["regressions_first_commits"])
    found = {each.name for each in benchmarks if re.match(spared, each.name)}
    assert found == {each.name for each in benchmarks if getattr(each.func, "less_is_better", True) is False}


def test_every_benchmark_runs_once_with_a_finite_result(benchmarks: list[Any]) -> None:
    caches: dict[str, Any] = {}
    for benchmark in benchmarks:
        if benchmark.type == "instructions":
            continue
        key = benchmark.setup_cache_key
        if key is not None and key not in caches:
            caches[key] = benchmark.do_setup_cache()
        for params in runs(benchmark):
            result = benchmark.func(*([caches[key]] if key is not None else []), *params)
            values = result["samples"] if isinstance(result, dict) and "samples" in result else [result]
            assert all(math.isfinite(each) for each in values if isinstance(each, float)), benchmark.name
            if benchmark.type == "track":
                assert all(isinstance(each, (int, float)) for each in values), benchmark.name
                assert len(values) == 1 or len(values) >= 8, benchmark.name


# Workloads are append-only: a changed input would change what a benchmark means and keep its history.
FROZEN = {
    "routes": "90b6fc97a1f0791d",
    "requests": "1014c2a62be63a4f",
    "schemas": "714ef77396862b16",
    "five errors": "496a650b70db97e1",
}
# The shapes that are frozen together; each later one is frozen by itself.
FIRST_SHAPES = ("small", "nested", "list of 100")


def frozen(name: str) -> str:
    from benchmarks.workloads import requests, routes, schemas

    def bodies(*shapes: str) -> list[bytes]:
        return [schemas.body(shape, kind) for shape in shapes for kind in ("valid", "invalid")]

    inputs = {
        "routes": [routes.templates(100), {kind: routes.path(1000, kind) for kind in routes.PATHS}],
        "requests": sorted(requests.BY_NAME.items()),
        "schemas": bodies(*FIRST_SHAPES),
        **{shape: bodies(shape) for shape in schemas.VIOLATIONS if shape not in FIRST_SHAPES},
    }
    assert inputs.keys() == FROZEN.keys()
    return hashlib.sha256(repr(inputs[name]).encode()).hexdigest()[:16]


@pytest.mark.parametrize("name", FROZEN)
def test_workloads_stay_as_they_are(name: str) -> None:
    assert frozen(name) == FROZEN[name]


def test_every_target_names_a_benchmark_that_exists_in_its_unit(benchmarks: list[Any]) -> None:
    shapes = {each.name: targets.Shape(each.param_names, each.params, each.unit) for each in benchmarks}
    written = [target for target in targets.load() if target.benchmark is not None]
    assert {target.benchmark for target in written} <= shapes.keys()
    for target in written:
        shape = shapes[target.benchmark]
        assert shape.missing(target.parameters) + shape.missing(target.relative_to) == [], target.title
        converted = target.scale != 1 or target.relative_to
        assert converted or shape.unit in targets.UNITS[target.unit], target.title


def test_the_suite_is_discovered_in_a_bare_environment(benchmarks: list[Any], tmp_path: Path) -> None:
    """Only pyrt, what it needs, and what asv adds: no click, no numpy, no rich."""
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "bare")], check=True)
    python = tmp_path / "bare/bin/python"
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "-c", ROOT / "constraints.txt", "asv_runner", "pympler", str(ROOT)], check=True)
    code = (
        "import sys; from asv_runner._aux import update_sys_path; from asv_runner.discovery import disc_benchmarks;"
        "update_sys_path(sys.argv[1]); print(len(list(disc_benchmarks(sys.argv[1]))))"
    )
    command = [str(python), "-P", "-c", code, str(SUITE)]
    output = subprocess.check_output(command, cwd=tmp_path, env={"PATH": os.environ["PATH"]}, text=True)
    assert int(output) == len(benchmarks)
