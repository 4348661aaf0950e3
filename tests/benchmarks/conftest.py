"""A small project with a history and with results on it, written through asv's own classes."""

from __future__ import annotations

import itertools
import json
import math
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from asv.machine import Machine
from asv.results import Results
from asv.util import write_json

ROOT = Path(__file__).parents[2]
ENVIRONMENT = "virtualenv-py3.11"
SUBJECTS = (
    "Plain routes",
    "Hooks in a loop",
    "Flat hooks",
    "Trie of routes <script>alert(1)</script> | a",
    "Tidy",
)
SCENARIOS = ["'simple'", "'module'", "'hooks'", "'validation'"]
PERCENTILES = ["'p50'", "'p95'", "'p99'"]
NOT_APPLICABLE = math.nan

# name: type, unit, parameters, and the figure by number of the commit and by parameters
SUITE: dict[str, tuple[str, str, dict[str, list[str]], Callable[..., float | None]]] = {
    "micro.routing.Match.time_match": (
        "time",
        "seconds",
        {"routes": ["10", "10000"], "path": ["'static'", "'two parameters'"]},
        lambda at, routes, path: (2e-7 if at >= 3 else 2e-8 * float(routes)) * (2 if "two" in path else 1),
    ),
    "micro.routing.Match.instr_match": (
        "instructions",
        "instructions",
        {"routes": ["10", "10000"], "path": ["'static'", "'two parameters'"]},
        lambda at, routes, path: 900 + 151 * at if at >= 3 else 150 * float(routes),
    ),
    "micro.contexts.Local.time_create": ("time", "seconds", {}, lambda at: 6e-7),
    "micro.hooks.PerHook.track_cost": ("track", "seconds", {}, lambda at: 2e-3 if at == 4 else 1e-6),
    "micro.gtype.Validate.time_validate": (
        "time",
        "seconds",
        {"shape": ["'small'", "'nested'"], "input": ["'valid'", "'invalid'"]},
        lambda at, shape, kind: NOT_APPLICABLE if at < 2 else None if "nested" in shape else 4e-7,
    ),
    "integration.pipeline.Pipeline.instr_request": (
        "instructions",
        "instructions",
        {"scenario": SCENARIOS},
        lambda at, scenario: 34000 - 2100 * at + len(scenario),
    ),
    "integration.loopback.Loopback.track_latency": (
        "track",
        "seconds",
        {"scenario": SCENARIOS, "percentile": PERCENTILES},
        lambda at, scenario, percentile: 1e-4 * len(scenario) * int(percentile[2:4]) / 50 * (1.3 - at / 10),
    ),
    "concurrency.publishes.Thousand.track_rate": ("track", "1/s", {}, lambda at: 8000.0 + 900 * at),
    "footprint.memory.App.track_size": (
        "track",
        "bytes",
        {"routes": ["10", "10000"]},
        lambda at, routes: 350.0 * int(routes),
    ),
}
PARTS = {"'parse'": 400.0, "'route'": 100.0, "'whole'": 600.0}
# What a request's parts cost: counts of every commit, times from the third on.
OVERHEAD: dict[str, tuple[str, str, dict[str, list[str]], Callable[..., float | None]]] = {
    "integration.overhead.Overhead.instr_part": (
        "instructions",
        "instructions",
        {"part": list(PARTS)},
        lambda at, part: PARTS[part] * (1 + at),
    ),
    "integration.overhead.Rotation.track_part": (
        "track",
        "seconds",
        {"part": list(PARTS)},
        lambda at, part: NOT_APPLICABLE if at < 2 else PARTS[part] / 1e8,
    ),
}
Suite = Mapping[str, tuple[str, str, Mapping[str, list[str]], Callable[..., float | None]]]


def git(repository: Path, *arguments: str, day: int = 1) -> str:
    date = f"2026-01-{day:02} 12:00:00 +0000"
    me = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }
    dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date, "GIT_CONFIG_GLOBAL": os.devnull}
    command = ["git", "-C", str(repository), *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **me, **dates})
    return done.stdout.strip()


def start_project(
    root: Path, files: Mapping[int, Mapping[str, str]] | None = None, commit_url: str = "https://example.org/commit/"
) -> list[str]:
    """A history of five commits, oldest first, with asv's configuration and today's suite beside it.

    `files` maps the number of a commit, from 0, to what it writes: text by path.
    """
    root.mkdir()
    git(root, "init", "--quiet", "--initial-branch=main")
    (root / "benchmarks").symlink_to(ROOT / "benchmarks")
    # The suite itself is not discovered here, only the results are read.
    conf = {
        "version": 1,
        "project": "pyrt",
        "repo": ".",
        "branches": ["main"],
        "environment_type": "virtualenv",
        "show_commit_url": commit_url,
        "results_dir": "results",
        "html_dir": "html",
        "plugins": [".benchmarks.cli.site"],
    }
    (root / "asv.conf.json").write_text(json.dumps(conf))
    commits = []
    for day, subject in enumerate(SUBJECTS, 1):
        for name, text in (files or {}).get(day - 1, {}).items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
            git(root, "add", name)
        git(root, "commit", "--quiet", "--allow-empty", "-m", subject, day=day)
        commits.append(git(root, "rev-parse", "HEAD"))
    return commits


def describe(name: str, suite: Suite = SUITE) -> dict[str, Any]:
    kind, unit, parameters, _ = suite[name]
    shape = {"params": list(parameters.values()), "param_names": list(parameters)}
    return {
        "name": name,
        "type": kind,
        "unit": unit,
        "version": "1",
        "code": "",
        "less_is_better": unit != "1/s",
        **shape,
    }


class Measurement:
    """What asv's runner hands to its results: a figure and its samples for each combination of parameters."""

    def __init__(self, name: str, at: int, suite: Suite = SUITE) -> None:
        _, unit, parameters, figure = suite[name]
        self.result = [figure(at, *chosen) for chosen in itertools.product(*parameters.values())]
        spread = (0.0,) if unit == "instructions" else (-0.02, -0.01, -0.005, 0.0, 0.005, 0.01, 0.02)
        known = [value is not None and math.isfinite(value) for value in self.result]
        self.samples = [
            [value * (1 + part) for part in spread] if value is not None and have else None
            for value, have in zip(self.result, known, strict=True)
        ]
        self.number = [1 if have else None for have in known]
        self.errcode, self.stderr, self.profile = 0, "", None


def write_results(root: Path, commits: list[str], machine: str, suite: Suite = SUITE) -> None:
    """Write results of every commit for a machine, and asv's list of benchmarks."""
    results = root / "results"
    about = {
        "machine": machine,
        "os": "Linux",
        "arch": "x86_64",
        "cpu": "Toy CPU",
        "num_cpu": "2",
        "ram": "8",
    }
    write_json(str(results / machine / "machine.json"), about, Machine.api_version)
    write_json(str(results / "benchmarks.json"), {name: describe(name, suite) for name in suite}, 2)
    for at, commit in enumerate(commits):
        date = 1767268800000 + at * 86400000
        stored = Results({**about, "python": "3.11"}, {}, commit, date, "3.11", ENVIRONMENT, {})
        for name in suite:
            stored.add_result(describe(name, suite), Measurement(name, at, suite), duration=1.0)
        stored.save(str(results))


@pytest.fixture(scope="session")
def empty_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which nothing has been measured."""
    root = tmp_path_factory.mktemp("empty") / "project"
    start_project(root)
    return root


@pytest.fixture(scope="session")
def measure() -> Callable[[Path, list[str]], Path]:
    """Makes a project in a new folder with five commits, all measured on each of the machines."""

    def make(root: Path, machines: list[str]) -> Path:
        commits = start_project(root)
        for machine in machines:
            write_results(root, commits, machine)
        return root

    return make


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory, measure: Callable[[Path, list[str]], Path]) -> Path:
    """A project with five commits, all measured on the machine `reference`."""
    return measure(tmp_path_factory.mktemp("measured") / "project", ["reference"])
