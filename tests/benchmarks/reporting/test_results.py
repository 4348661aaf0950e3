"""What is read from asv's results."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import pytest

from benchmarks.reporting import results
from benchmarks.reporting.results import Measured


def test_a_failed_figure_is_none_and_a_skipped_one_nan(measured: Measured) -> None:
    name = "micro.gtype.Validate.time_validate"
    assert measured.commits[-1].value(name, ("'nested'", "'valid'")) is None
    assert math.isnan(measured.commits[0].value(name, ("'small'", "'valid'")) or 0.0)
    assert math.isnan(measured.commits[0].value("micro.unknown") or 0.0)


def test_the_figure_is_the_median_with_its_interval(measured: Measured) -> None:
    figure = measured.commits[-1].figures["micro.contexts.Local.time_create", ()]
    assert figure.value == pytest.approx(6e-7)
    assert figure.low is not None
    assert figure.high is not None
    assert figure.low < 6e-7 < figure.high


def test_a_single_sample_has_no_interval(measured: Measured) -> None:
    name, parameters = "integration.pipeline.Pipeline.instr_request", ("'simple'",)
    assert measured.commits[-1].figures[name, parameters].low is None


def test_without_results_the_message_says_what_to_do(empty_project: Path) -> None:
    with pytest.raises(results.NothingMeasured, match="make bench"):
        results.load(results.configuration(empty_project))


def test_an_unknown_machine_is_refused_with_those_known(project: Path) -> None:
    with pytest.raises(results.NothingMeasured, match=r"lab; .*reference"):
        results.load(results.configuration(project), "lab")


def test_results_of_commits_that_are_gone_are_left_out(project: Path) -> None:
    history = list(results.subjects(project, "HEAD").items())
    measured = results.load(results.configuration(project), history=dict(history[:2]))
    assert [commit.hash for commit in measured.commits] == [commit for commit, _ in history[:2]]


def test_a_second_python_is_not_mixed_into_the_same_curve(project: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(project, copy, symlinks=True)
    one = next(iter(sorted((copy / "results" / "reference").glob("*-virtualenv-py3.11.json"))))
    other = json.loads(one.read_text())
    other["env_name"], other["python"] = "virtualenv-py3.13", "3.13"
    one.with_name(one.name.replace("3.11", "3.13")).write_text(json.dumps(other))
    measured = results.load(results.configuration(copy))
    assert len(measured.commits) == 5
    assert {commit.python for commit in measured.commits} == {"3.11"}
