"""Which benchmarks get a profile by themselves, in which order, and what happens where one cannot be made."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from benchmarks.judging.comparison import Verdict
from benchmarks.profiling import attaching
from benchmarks.reporting import targets
from tests.benchmarks.comparisons import comparison, timed
from tests.benchmarks.profiling.toy import Project

FLAGGED = """
import json, sys
from pathlib import Path
from benchmarks.judging.leash import Leash
from benchmarks.profiling import attaching, profiles
with Leash() as leash:
    found = attaching.profile_flagged(json.loads(sys.argv[1]), [], leash, root=Path("."))
print(json.dumps([[one.benchmark, one.folder, one.first, one.note] for one in found]))
"""


def test_what_fails_or_alerts_is_profiled_the_worst_first_also_where_it_is_accepted() -> None:
    found = comparison(
        timed(Verdict.ALERT, 1.3, name="micro.a.A.time_alerts"),
        timed(Verdict.OK, 1.0, name="micro.a.A.time_stays"),
        timed(Verdict.FAIL, 2.0, name="micro.a.A.time_fails", parameters={"n": "10", "kind": "'static'"}),
        timed(Verdict.FASTER, 0.5, name="micro.a.A.time_gains"),
        timed(Verdict.ALERT, 1.4, name="micro.a.A.time_accepted", accepted="on purpose"),
    )
    assert attaching.gating(found) == [
        "micro.a.A.time_fails(10, 'static')",
        "micro.a.A.time_accepted",
        "micro.a.A.time_alerts",
    ]


def verdict(name: str, compare: str, limit: float, value: float | None) -> targets.TargetVerdict:
    target = targets.Target("mvp", "g", name, compare, limit, "seconds", benchmark=name)
    status: targets.Status = "not measured"
    if value is not None:
        status = "met" if targets.COMPARISONS[compare](value, limit) else "missed"
    return targets.TargetVerdict(target, status, value, {"n": "1"})


def test_what_misses_its_target_is_profiled_the_farthest_first_in_either_direction() -> None:
    found = [
        verdict("near", "<", 1.0, 1.5),
        verdict("met", "<", 1.0, 0.5),
        verdict("rate", ">", 300.0, 100.0),
        verdict("unknown", "<", 1.0, None),
        verdict("none.allowed", "<=", 0.0, 2.0),
    ]
    assert attaching.missing_target(found) == ["none.allowed(1)", "rate(1)", "near(1)"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("p") / "project")


def test_what_cannot_be_profiled_is_noted_and_there_are_at_most_twenty(project: Project) -> None:
    names = [f"micro.gone.Gone.time_{at}" for at in range(21)]
    wanted = ["micro.routing.Other.time_failing", *names[:1], *names]
    done = subprocess.run(
        [project.python, "-c", FLAGGED, json.dumps(wanted)],
        cwd=project.root,
        env={"PATH": os.defpath, "PYTHONPATH": str(project.root)},
        capture_output=True,
        text=True,
        check=True,
        timeout=200,
    )
    found = json.loads(done.stdout)
    assert [one[0] for one in found] == ["micro.routing.Other.time_failing", *names]
    assert "no such route" in found[0][3]
    assert all("not profiled: there is no benchmark" in one[3] for one in found[1:20])
    assert [one[3] for one in found[20:]] == ["not profiled: 20 worse ones were"] * 2
    assert not any(one[1] for one in found)
