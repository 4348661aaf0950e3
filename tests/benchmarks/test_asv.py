"""asv gives right answers for suites like ours: a small project of its own, measured by `make` and by asv itself."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from asv import _stats
from asv.util import load_json

from tests.benchmarks.conftest import git
from tests.benchmarks.toy import lay_out

ROOT = Path(__file__).parents[2]
BIN = Path(sys.prefix) / "bin"
SUBJECTS = ("First", "Second", "Third", "Twice as slow", "Fifth", "Sixth")
SLOW = SUBJECTS.index("Twice as slow")

# The clock is moved by the work itself, so that nothing here depends on the machine.
PYRT = """
COST, ERRORS, CLOCK = {cost}, {errors}, [0.0]

def work():
    CLOCK[0] += COST * 1e-4
"""
SUITE = """
import pyrt
from ..harness.samples import samples

class Work:
    version = "1"
    timer = staticmethod(lambda: pyrt.CLOCK[0])
    warmup_time = 0

    def time_work(self):
        pyrt.work()

    def track_cost(self):
        return samples(pyrt.COST * (1 + at / 1000) for at in range(10))
    track_cost.unit, track_cost.less_is_better = "us/request", True

    def track_rate(self):
        return samples(1000 / pyrt.COST * (1 + at / 1000) for at in range(10))
    track_rate.unit, track_rate.less_is_better = "requests/s", False

    def track_errors(self):
        return pyrt.ERRORS
    track_errors.unit, track_errors.less_is_better = "errors", True

    def track_errors_by_window(self):
        return samples([pyrt.ERRORS] * 4 + [0] * 6)
    track_errors_by_window.unit, track_errors_by_window.less_is_better = "errors", True
"""
# What takes the place of pip, which would take most of the time.
PLACE = """
import shutil, sys, sysconfig
where, *source = sys.argv[1:]
where = where.replace("PURELIB", sysconfig.get_path("purelib"))
shutil.rmtree(where, ignore_errors=True)
if source:
    shutil.copytree(*source, where)
"""
CONFIGURATION = {
    "build_command": ["python {conf_dir}/place.py {build_cache_dir}/pyrt {build_dir}/pyrt"],
    "install_command": ["in-dir={env_dir} python {conf_dir}/place.py PURELIB/pyrt {build_cache_dir}/pyrt"],
    "uninstall_command": ["in-dir={env_dir} python {conf_dir}/place.py PURELIB/pyrt"],
    "plugins": [],
}
Table = dict[str, tuple[str, str]]


class Project:
    """A folder with our configuration and our kinds, a history of six commits, and asv's machine of its own."""

    def __init__(self, root: Path) -> None:
        self.root, self.commits = root, {}
        self.environment = os.environ | {"HOME": str(root.parent), "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
        (root / "pyrt").mkdir(parents=True)
        git(root, "init", "--quiet", "--initial-branch=main")
        self._lay_out_the_suite()
        for at, subject in enumerate(SUBJECTS):
            cost, errors = (2, 3) if at >= SLOW else (1, 0)
            (root / "pyrt/__init__.py").write_text(PYRT.format(cost=cost, errors=errors))
            git(root, "add", "pyrt")
            git(root, "commit", "--quiet", "--allow-empty", "-m", subject, day=at + 1)
            self.commits[subject] = git(root, "rev-parse", "HEAD")

    def _lay_out_the_suite(self) -> None:
        lay_out(self.root, "harness", work=SUITE)
        (self.root / "place.py").write_text(PLACE)
        (self.root / "asv.conf.json").write_text(json.dumps(configuration() | CONFIGURATION))

    def asv(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run(str(BIN / "asv"), *arguments)

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        # These tests may be run by make, which makes another make say where it is.
        make = ("make", "--no-print-directory", "-f", str(ROOT / "Makefile"), "-o", ".venv/ready", f"BIN={BIN}")
        return self.run(*make, *arguments)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.root, env=self.environment, capture_output=True, text=True, check=False, timeout=240
        )

    def results(self, subject: str) -> dict[str, dict[str, Any]]:
        """What asv stored of a commit, by benchmark and by column."""
        (path,) = (self.root / "results").glob(f"*/{self.commits[subject][:8]}-*.json")
        stored = json.loads(path.read_text())
        named = {
            name: dict(zip(stored["result_columns"], row, strict=False)) for name, row in stored["results"].items()
        }
        return {name.removeprefix("micro.work.Work."): row for name, row in named.items()}


def configuration() -> dict[str, Any]:
    found: dict[str, Any] = load_json(str(ROOT / "asv.conf.json"), js_comments=True)
    return found


def table(text: str) -> Table:
    """asv's mark and ratio by benchmark; nothing where it does not list one."""
    rows = (line.strip("|").split("|") for line in text.splitlines() if "micro.work.Work." in line and line[0] == "|")
    return {name.strip().rpartition(".")[2]: (mark.strip(), ratio.strip()) for mark, _, _, ratio, name in rows}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("asv") / "project")


@pytest.fixture(scope="module")
def continuous(project: Project) -> tuple[subprocess.CompletedProcess[str], dict[str, dict[str, dict[str, Any]]]]:
    """`make continuous` of the slow commit and the one before it: what it said, and what was stored then."""
    base, head = "Third", "Twice as slow"
    done = project.make("continuous", f"BASE={project.commits[base]}", f"HEAD={project.commits[head]}")
    return done, {one: project.results(one) for one in (base, head)}


@pytest.fixture(scope="module")
def history(project: Project, continuous: Any) -> subprocess.CompletedProcess[str]:
    """`asv run` of all commits, after `asv continuous`."""
    return project.asv("run", "ALL")


def test_asv_continuous_exits_with_1_for_a_commit_that_is_twice_as_slow(continuous: Any) -> None:
    done = continuous[0]
    assert "PERFORMANCE DECREASED" in done.stdout, done.stdout + done.stderr
    assert done.stderr.rstrip().endswith("Error 1"), done.stderr
    found = table(done.stdout)
    assert (found["time_work"], found["track_cost"]) == (("+", "2.00"), ("+", "2.00"))


def test_a_rate_that_drops_looks_better_to_asv_and_its_cost_shows_it_as_worse(continuous: Any) -> None:
    found = table(continuous[0].stdout)
    assert found["track_rate"][0] == "-"
    assert found["track_cost"][0] == "+"


def test_errors_that_appear_have_no_ratio_and_asv_misses_them_in_the_lesser_part_of_the_windows(
    continuous: Any,
) -> None:
    # A median of nothing: hence errors are one number, never samples, and our own gate judges them without a ratio.
    found = table(continuous[0].stdout)
    assert found["track_errors"] == ("+", "n/a")
    assert "track_errors_by_window" not in found


def test_each_side_of_asv_continuous_has_at_least_8_samples_and_never_6(continuous: Any) -> None:
    for stored in continuous[1].values():
        samples = {name: row["stats_repeat"][0] for name, row in stored.items() if "stats_repeat" in row}
        assert samples.keys() == {"time_work", "track_cost", "track_rate", "track_errors_by_window"}
        assert min(samples.values()) >= 8


def test_asv_run_and_asv_compare_mark_the_slow_commit_and_only_it(project: Project, history: Any) -> None:
    assert history.returncode == 0, history.stdout
    slow = table(project.asv("compare", project.commits["Third"], project.commits["Twice as slow"]).stdout)
    assert (slow["time_work"], slow["track_cost"]) == (("+", "2.00"), ("+", "2.00"))
    same = table(project.asv("compare", project.commits["First"], project.commits["Third"]).stdout)
    assert {mark for mark, _ in same.values()} == {""}


def test_asv_publish_names_the_slow_commit_for_costs_and_says_nothing_of_rates(project: Project, history: Any) -> None:
    done = project.asv("publish")
    assert done.returncode == 0, done.stdout
    found = json.loads((project.root / "html/regressions.json").read_text())["regressions"]
    steps = {name.rpartition(".")[2]: jumps for name, *_, jumps in found}
    assert steps.keys() == {"time_work", "track_cost", "track_errors"}
    (_, revision, before, after) = steps["track_cost"][0]
    assert (revision, round(after / before, 2)) == (SLOW, 2.0)


def test_on_main_itself_the_pair_is_the_last_commit_and_the_one_before(project: Project, history: Any) -> None:
    done = project.make("continuous", "BENCH=track_errors$$")
    assert done.stdout.startswith("==> asv continuous HEAD^ HEAD\n"), done.stdout + done.stderr
    assert (done.returncode, "BENCHMARKS NOT SIGNIFICANTLY CHANGED" in done.stdout) == (0, True)


@pytest.mark.parametrize(("count", "told"), [(6, False), (8, True), (20, True)])
def test_asv_cannot_tell_six_samples_from_six_others(count: int, told: bool) -> None:
    slow, fast = [2.0 + at / 100 for at in range(count)], [1.0 + at / 100 for at in range(count)]
    wide = {"ci_99_a": -math.inf, "ci_99_b": math.inf}
    assert _stats.is_different(fast, slow, wide, wide) is told


def test_every_kind_has_one_threshold_of_its_own_and_rates_have_no_regressions() -> None:
    conf = configuration()
    for name, threshold in {
        "instr_x": 0.01,
        "time_x": 0.2,
        "timeraw_x": 0.2,
        "track_x": 0.2,
        "peakmem_x": 0.05,
    }.items():
        entry = f"micro.routing.Match.{name}(10, 'a')@HEAD"
        assert [at for regex, at in conf["regressions_thresholds"].items() if re.match(regex, entry)] == [threshold]
    (rates,) = conf["regressions_first_commits"]
    assert conf["regressions_first_commits"][rates] is None
    assert re.match(rates, "a.B.track_rate('simple')@HEAD")
    assert not re.match(rates, "a.B.track_cost('simple')@HEAD")
