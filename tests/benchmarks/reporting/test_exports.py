"""The files of a comparison for other programs, read as those programs read them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from benchmarks.judging import comparison as comparisons_file
from benchmarks.judging.comparison import Comparison, Verdict
from benchmarks.reporting import exports
from benchmarks.reporting.comparison_report import LIMIT
from tests.benchmarks.comparisons import comparison, comparisons, counted, one_of_each, row, sampled, timed

FILES = ["comparison.json", "report.md", "report.html", "gha-smaller.json", "gha-bigger.json", "junit.xml"]


def read_as_action(text: str) -> list[dict[str, Any]]:
    """The entries as github-action-benchmark's custom tools take them.

    Its rules, restated: a JSON array; name and unit are texts and value is a number, all three required; range and
    extra are texts where they are there; a benchmark is found again by its name.
    """
    entries: list[dict[str, Any]] = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    for entry in entries:
        assert set(entry) == {"name", "unit", "value", "range", "extra"}
        assert all(isinstance(entry[name], str) for name in ("name", "unit", "range", "extra"))
        assert isinstance(entry["value"], float)
        assert math.isfinite(entry["value"])
        # What its charts and its change of units read of a range.
        found = re.search(r"(?:\+-|±)\s*(\d.*)", entry["range"])
        assert found
        assert math.isfinite(float(found[1]))
    assert len({entry["name"] for entry in entries}) == len(entries)
    return entries


def alerts(now: Sequence[dict[str, Any]], before: Sequence[dict[str, Any]], threshold: float, *, bigger: bool) -> Any:
    """Names of what it alerts about: the ratio by the direction of the file, strictly above the threshold."""
    known = {entry["name"]: entry["value"] for entry in before}
    values = [(entry["name"], entry["value"], known[entry["name"]]) for entry in now if entry["name"] in known]
    return [name for name, new, old in values if (old / new if bigger else new / old) > threshold]


def test_all_files_are_written_and_the_comparison_comes_back_whole(tmp_path: Path) -> None:
    paths = exports.write(one_of_each(), tmp_path / "new" / "folder")
    assert [path.name for path in paths] == FILES
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == sorted(FILES)
    assert comparisons_file.load(paths[0]) == one_of_each()
    assert len(paths[1].read_bytes()) <= LIMIT


def test_a_file_that_cannot_be_written_leaves_the_one_before(tmp_path: Path) -> None:
    exports.write(one_of_each(), tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in FILES}
    (tmp_path / "junit.xml").unlink()
    (tmp_path / "junit.xml").mkdir()  # in whose place no file can be put
    with pytest.raises(OSError, match=r"junit\.xml"):
        exports.write(one_of_each(), tmp_path)
    assert {name: (tmp_path / name).read_bytes() for name in FILES[:-1]} == dict(list(before.items())[:-1])
    assert not list(tmp_path.glob("*.part"))


def test_costs_and_counts_go_to_one_file_and_rates_to_the_other() -> None:
    smaller = {one["name"]: one for one in exports.entries(one_of_each(), less_is_better=True)}
    bigger = exports.entries(one_of_each(), less_is_better=False)
    assert [one["name"] for one in bigger] == ["concurrency.publishes.Thousand.track_rate"]
    assert (bigger[0]["value"], bigger[0]["unit"]) == (5000.0, "1/s")
    assert smaller["micro.parsing.Head.time_read('GET')"]["value"] == 15.6
    assert smaller["micro.parsing.Head.time_read('GET')"]["unit"] == "us"
    assert smaller["micro.parsing.Head.instr_read('GET')"] == {
        "name": "micro.parsing.Head.instr_read('GET')",
        "unit": "instructions",
        "value": 31_000.0,
        "range": "± 0",
        "extra": "exact\nverdict FAIL\ncommit aaaaaaaa, against bbbbbbbb",
    }
    assert "concurrency.publishes.Thousand.track_rate" not in smaller


def test_the_range_is_the_uncertainty_of_the_figure() -> None:
    (entry,) = exports.entries(comparison(timed(Verdict.OK, 1.0, half=0.05)), less_is_better=True)
    assert entry["range"] == "± 0.5"  # 5 % of 10 us
    assert "12 pairs\n" in entry["extra"]
    assert "noise floor 1.04x" in entry["extra"]


@pytest.mark.parametrize(("ratio", "alerted"), [(1.0, False), (1.19, False), (1.21, True), (0.5, False)])
def test_the_action_alerts_where_something_became_slower(ratio: float, alerted: bool) -> None:
    def entries(factor: float, *, less: bool) -> list[dict[str, Any]]:
        rates = sampled(1000.0, 1000 / factor, Verdict.OK)
        rate = row(Verdict.OK, "x.X.track_rate", unit="1/s", less_is_better=False, sampled=rates)
        return exports.entries(comparison(timed(Verdict.OK, factor), rate), less_is_better=less)

    for less in (True, False):
        found = alerts(entries(ratio, less=less), entries(1.0, less=less), 1.2, bigger=not less)
        assert bool(found) is alerted


def test_what_has_no_figure_is_in_no_file() -> None:
    found = comparison(
        row(Verdict.UNJUDGED), row(Verdict.FAIL, "x.X.time_y", sampled=sampled(1.0, math.inf, Verdict.FAIL))
    )
    assert exports.entries(found, less_is_better=True) == []


@given(comparisons())
def test_whatever_is_compared_the_action_can_read(found: Comparison) -> None:
    for less in (True, False):
        text = exports.gha(found, less_is_better=less)
        assert len(read_as_action(text)) == len(exports.entries(found, less_is_better=less))


def test_counts_alone_have_no_entry_of_time() -> None:
    found = comparison(counted(Verdict.SLOWER, 10_000, 10_300))
    assert [one["unit"] for one in exports.entries(found, less_is_better=True)] == ["instructions"]
