"""A baseline kept in a file: what gates against it, what is a hint, and what cannot be compared at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from benchmarks.judging import baseline
from benchmarks.judging.baseline import Baseline, Stored
from benchmarks.judging.comparison import Row, Side, Verdict
from benchmarks.judging.deciding import Gate
from benchmarks.judging.errors import WrongUse
from benchmarks.judging.fingerprint import machine
from benchmarks.judging.pairs import Key
from benchmarks.judging.rows import Chosen, Lost

TIMES = [1.0, 1.02, 0.99, 1.01, 1.0, 1.03, 0.98, 1.0] * 2
NAMES = ("match", "run", "create", "encode")


def chosen(name: str, version: str = "1") -> Chosen:
    key = Key(f"micro.x.X.time_{name}", 0)
    return Chosen(key, {}, "seconds", Gate(), counted=True, version=version)


def stored(instructions: float | None = 1000, times: Sequence[float] = TIMES, version: str = "1") -> Stored:
    return Stored(version=version, instructions=instructions, samples=list(times))


def rows(
    now: Stored, before: Stored | None = None, others: float = 1.0, lost: dict[Key, Lost] | None = None
) -> dict[str, Row]:
    """Rows of `match` as given, beside three benchmarks whose times all moved by *others*."""
    first, *rest = (chosen(name, now.version) for name in NAMES)
    old = {one.label: stored() for one in rest} | ({first.label: before} if before else {})
    new = {one.label: stored(times=[others * time for time in TIMES]) for one in rest} | {first.label: now}
    made = baseline.judge([first, *rest], old, new, lost or {})
    return {row.name.rpartition("_")[2]: row for row in made}


def test_counts_gate_against_a_baseline() -> None:
    assert rows(stored(1200), stored(1000))["match"].verdict is Verdict.ALERT


def test_a_time_of_another_hour_is_a_hint_and_no_alert() -> None:
    found = rows(stored(None, [3 * time for time in TIMES]), stored(None))["match"]
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.sampled is not None
    assert found.sampled.ratio == pytest.approx(3)


def test_what_moved_all_times_alike_is_the_hour_and_is_divided_out() -> None:
    found = rows(stored(times=[2 * time for time in TIMES]), stored(), others=2.0)
    assert {row.verdict for row in found.values()} == {Verdict.OK}
    assert all(row.sampled and row.sampled.ratio == pytest.approx(1) for row in found.values())


def test_a_benchmark_whose_version_changed_is_not_compared() -> None:
    found = rows(stored(5000, version="2"), stored())["match"]
    assert (found.verdict, found.reason) == (Verdict.UNJUDGED, "not at BASE: its version changed from 1 to 2")


def test_a_benchmark_that_the_baseline_does_not_have_says_so() -> None:
    assert rows(stored())["match"].reason == "not at BASE: the baseline does not have it"


@pytest.mark.parametrize(
    ("before", "verdict"), [(stored(), Verdict.FAIL), (stored(None, []), Verdict.UNJUDGED), (None, Verdict.UNJUDGED)]
)
def test_a_benchmark_that_the_baseline_has_and_that_fails_now_fails(before: Stored | None, verdict: Verdict) -> None:
    one = chosen("match")
    lost: dict[Key, Lost] = dict.fromkeys((one.key, one.twin), ("head", "error", "LookupError: no such route"))
    assert rows(stored(None, []), before, lost=lost)["match"].verdict is verdict


def kept(path: Path, **facts: str) -> Path:
    side = Side(commit="a" * 40)
    known = Baseline(command="c", date="d", side=side, fingerprint=machine() | facts, benchmarks={"x": stored()})
    known.save(path)
    return path


def test_a_baseline_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    path = kept(tmp_path / "b.json")
    assert baseline.load(path).benchmarks == {"x": stored()}


@pytest.mark.parametrize("name", ["cpu", "cores", "kernel", "python"])
def test_another_machines_baseline_is_refused_and_the_way_out_named(tmp_path: Path, name: str) -> None:
    known = baseline.load(kept(tmp_path / "b.json", **{name: "another"}))
    with pytest.raises(WrongUse, match=rf"its {name} differ.*--advisory"):
        baseline.compare(tmp_path, known, Side(commit="b" * 40), bench="", advisory=False, say=print)


@pytest.mark.parametrize(
    ("text", "told"), [("", "holds no baseline"), ("{}", "holds no baseline"), ("[1", "holds no baseline")]
)
def test_a_file_that_is_no_baseline_is_named(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(WrongUse, match=rf"x\.json {told}"):
        baseline.load(tmp_path / "x.json")


def test_a_baseline_of_another_schema_is_to_be_made_again(tmp_path: Path) -> None:
    path = kept(tmp_path / "b.json")
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(baseline.load(path), schema=99)))
    with pytest.raises(WrongUse, match="schema 99"):
        baseline.load(path)


def test_a_benchmark_that_the_baseline_alone_has_is_named_where_it_was_asked_for() -> None:
    side = Side(commit="a" * 40)
    both = {chosen(name).label: stored() for name in ("match", "vanished")}
    known = Baseline(command="c", date="d", side=side, fingerprint={}, benchmarks=both)
    assert baseline.vanished(known, [chosen("match")], "") == ["in the baseline alone: micro.x.X.time_vanished"]
    assert baseline.vanished(known, [chosen("match")], "match") == []
