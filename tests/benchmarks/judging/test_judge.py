"""python -m benchmarks compare: a real history, real builds, real processes, real counts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from benchmarks.harness.counting import CountingError
from benchmarks.judging import judge as comparing
from benchmarks.judging.comparison import Side
from benchmarks.judging.deciding import Gate
from benchmarks.judging.judge import Judge, judge_all
from benchmarks.judging.leash import Leash
from benchmarks.judging.pairs import Key, MeasuringError
from benchmarks.judging.rows import Chosen
from benchmarks.judging.sides import Built
from tests.benchmarks.conftest import git
from tests.benchmarks.judging.project import PYPROJECT, Judged

RATED = "def rate(self):\n    return {rate}\ndef errors(self):\n    return {errors}\ndef fail(self):\n    return 1.0\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    project = Judged(tmp_path_factory.mktemp("judged") / "p")
    project.commit("Match", more=RATED.format(rate=1000.0, errors=0))
    git(project.root, "tag", "plain")
    project.commit("Match with a tenth more work", work=3300, more=RATED.format(rate=1000.0, errors=0))
    git(project.root, "tag", "tenth")
    project.commit("Twice the rate, and errors", work=5400, more=RATED.format(rate=2000.0, errors=3))
    git(project.root, "tag", "errors")
    project.commit("Fail", more="def fail(self):\n    raise LookupError('no such route')\n")
    git(project.root, "tag", "failing")
    project.commit("Break the build", pyproject_toml=PYPROJECT.replace('version = "1"', "version = 1"))
    git(project.root, "tag", "broken")
    project.commit("Mend the build", pyproject_toml=PYPROJECT)
    return project


def needs_valgrind() -> None:
    if shutil.which("valgrind") is None:
        pytest.skip("valgrind is not installed")


def test_a_tenth_more_work_alerts_by_counts_and_says_by_how_much(project: Judged) -> None:
    needs_valgrind()
    done = project.run("compare", "plain", "tenth", "--counts", "--no-profile")
    assert done.returncode == 1, done.stderr
    row = project.comparison()["rows"]["time_match"]
    assert row["verdict"] == "ALERT"
    assert row["counts"]["head"] / row["counts"]["base"] == pytest.approx(1.1, abs=0.01)


@pytest.mark.nightly  # of a busy machine times say nothing, which is right and no test
def test_sixty_percent_more_work_is_found_by_times_confirmed_and_profiled(project: Judged) -> None:
    done = project.run("compare", "tenth", "errors", "--bench", "time_match")
    assert done.returncode == 1, done.stderr
    row = project.comparison()["rows"]["time_match"]
    assert row["sampled"]["verdict"] in ("FAIL", "ALERT")
    assert row["sampled"]["confirmed"] is True
    page = row["profile"].rpartition("Profile: ")[2]
    assert (project.root / page).exists(), row["profile"]


def test_errors_where_there_were_none_fail_and_twice_the_rate_is_faster(project: Judged) -> None:
    done = project.run("compare", "tenth", "errors", "--bench", "track", "--no-profile")
    assert done.returncode == 1, done.stderr
    rows = project.comparison()["rows"]
    assert rows["track_errors"]["verdict"] == "FAIL"
    assert rows["track_errors"]["sampled"]["confirmed"] is True
    assert rows["track_rate"]["verdict"] == "FASTER"
    assert rows["track_rate"]["sampled"]["ratio"] == pytest.approx(0.5)


def test_a_benchmark_that_fails_at_head_alone_fails_and_one_that_is_missing_is_named_with_the_side(
    project: Judged,
) -> None:
    done = project.run("compare", "errors", "failing", "--bench", "track", "--no-profile")
    assert done.returncode == 1
    rows = project.comparison()["rows"]
    assert rows["track_rate"]["verdict"] == "UNJUDGED"
    assert rows["track_rate"]["reason"] == "not at HEAD: this pyrt has no Router.rate"
    assert rows["track_failing"]["verdict"] == "FAIL"
    assert rows["track_failing"]["reason"] == "it fails at HEAD: LookupError: no such route"


def test_a_commit_with_itself_is_fine_and_has_a_noise_floor(project: Judged) -> None:
    done = project.run("compare", "plain", "plain", "--bench", "time_match", "--json", "-")
    assert done.returncode in (0, 3), done.stderr  # 3: so busy a machine that times say nothing
    found = json.loads(done.stdout)
    assert found["rows"][0]["verdict"] == "OK"
    assert found["noise_floor"] >= 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nosuch"], "nosuch is no commit of this clone"),
        (["broken", "HEAD"], "cannot be built"),
        (["plain", "tenth", "--bench", "("], "is not a regular expression"),
        (["plain", "tenth", "--bench", "nothing_such"], "the suite has: micro.routing"),
        (["--baseline", "pyproject.toml"], "holds no baseline"),
        (["plain", "tenth", "--baseline", "x.json"], "name HEAD alone"),
    ],
)
def test_wrong_use_is_told_apart_and_names_the_way_out(project: Judged, arguments: list[str], told: str) -> None:
    done = project.run("compare", *arguments)
    assert done.returncode == 2
    assert told in done.stderr


def test_an_unbuildable_commit_leaves_nothing_half_made(project: Judged) -> None:
    commit = git(project.root, "rev-parse", "broken")
    project.run("compare", "plain", "broken", "--bench", "time_match")
    assert not list((project.root / ".asv/sides").glob(f"*{commit[:12]}?"))


SIDE = Side(commit="a" * 40)


def test_counts_alone_without_valgrind_are_no_measurement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CountingError, match="valgrind is not installed"):
        comparing.compare(tmp_path, SIDE, SIDE, counts_only=True, say=print)


def test_where_nothing_can_be_measured_at_the_base_the_measurement_is_broken_and_not_fine(tmp_path: Path) -> None:
    dying = tmp_path / "bin/python"  # an environment whose Python does not start
    dying.parent.mkdir()
    dying.write_text("#!/bin/sh\necho no space left >&2\nexit 1\n")
    dying.chmod(0o755)
    one = Chosen(Key("micro.x.X.time_y", 0), {}, "seconds", Gate())
    built = dict.fromkeys(("base", "head"), Built(SIDE.commit, dying))
    with Leash() as leash, pytest.raises(MeasuringError, match=r"nothing could be measured at BASE.*no space left"):
        judge_all(Judge(built, leash, print), [one])
