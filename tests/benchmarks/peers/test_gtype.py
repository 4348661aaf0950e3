"""Peers: fair turns, honest entries, the same work by each library, and the verb that tells of it."""

from __future__ import annotations

import gc
import itertools
import json
import math
import os
import subprocess
import sys
import xml.etree.ElementTree as xml
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.harness.counting import Outcome
from benchmarks.judging.errors import WrongUse
from benchmarks.peers import gtype, validators
from benchmarks.peers.entries import Entry, NotInstalled, Peer, Yardstick, chosen, measure
from benchmarks.peers.loops import afresh, per_call
from benchmarks.peers.plot import plot
from benchmarks.peers.rounds import Work, alternate, order
from benchmarks.peers.runs import PeerRun

ROOT = Path(__file__).parents[3]
SECONDS = {"pyrt": 1e-6, "half": 0.5e-6, "five-times": 5e-6}
CASES = {"one": "the first", "two": "the second <of> them"}


def peer(name: str, answer: str | Exception = "") -> Peer:
    def check(case: str) -> str:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Peer(name, "calls it", check)


class Machine:
    """Measures what SECONDS says, ever slower: each measurement takes 1 % longer than the one before."""

    def __init__(self) -> None:
        self.asked: list[list[Work]] = []
        self.slowness = itertools.accumulate(itertools.repeat(1.01), initial=1.0, func=lambda one, other: one * other)

    def __call__(self, works: Sequence[Work]) -> list[float]:
        self.asked.append(list(works))
        return [SECONDS[peer] * next(self.slowness) for _, peer in works]


def compared(*peers: Peer, counts: dict[Work, Outcome] | None = None, yardstick: Yardstick = gtype.TIME) -> PeerRun:
    counted = counts or {}
    entries = measure(peers, CASES, 12, Machine(), lambda work: gtype.Count(counted.get(work)))
    return PeerRun("toy", yardstick, peers, CASES, entries, 12, "toys", remarks=gtype.uncounted(counted))


def entry(name: str, answer: str | Exception) -> Entry:
    """What becomes of a peer beside pyrt."""
    return compared(peer("pyrt"), peer(name, answer)).entries["one"][1]


def test_everybody_is_first_and_before_everybody_else_equally_often() -> None:
    names = list("abcde")
    turns = [order(names, at) for at in range(2 * len(names))]
    assert Counter(each[0] for each in turns) == dict.fromkeys(names, 2)
    pairs = itertools.combinations(names, 2)
    assert {sum(each.index(one) < each.index(two) for each in turns) for one, two in pairs} == {len(names)}


def test_a_round_measures_every_work_once_and_the_peers_of_a_case_side_by_side() -> None:
    machine, works = Machine(), [("one", "pyrt"), ("one", "half"), ("two", "pyrt")]
    figures = alternate(works, 4, machine)
    assert {work: len(found) for work, found in figures.items()} == dict.fromkeys(works, 4)
    assert [[case for case, _ in asked] for asked in machine.asked] == [["one", "one", "two"]] * 4


def test_a_machine_that_slows_down_leaves_the_ratios_as_they_are() -> None:
    pyrt, half, slow = compared(*map(peer, SECONDS)).entries["one"]
    assert pyrt.ratio is None
    assert half.ratio is not None
    assert slow.ratio is not None
    assert (half.ratio.ratio, slow.ratio.ratio) == (pytest.approx(0.5, rel=0.02), pytest.approx(5, rel=0.02))
    assert half.ratio.low < 0.5 < half.ratio.high < 0.53
    # The first and the last of its own times are further apart than that.
    assert max(slow.samples) > 1.5 * min(slow.samples)


def test_a_peer_that_is_not_installed_is_skipped_with_the_way_to_install_it() -> None:
    found = entry("five-times", NotInstalled("not installed: `make all`"))
    assert (found.status, found.samples, found.reason) == ("skipped", [], "not installed: `make all`")


@pytest.mark.parametrize(
    "error", [validators.WrongAnswer("4 errors found"), ModuleNotFoundError("No module", name="what_it_needs")]
)
def test_a_peer_that_cannot_do_it_has_failed_and_is_not_measured(error: Exception) -> None:
    found = entry("half", error)
    assert (found.status, found.figure) == ("failed", None)
    assert found.reason == f"{type(error).__name__}: {error}"


def test_a_peer_that_fails_in_a_later_round_has_failed_and_the_others_have_not() -> None:
    turn = itertools.count()

    def once(works: Sequence[Work]) -> list[float | str]:
        late = next(turn) > 3
        return ["it died" if late and peer == "half" else SECONDS[peer] for _, peer in works]

    pyrt, half, slow = measure([*map(peer, SECONDS)], ["one"], 6, once)["one"]
    assert (half.status, half.reason, half.samples, half.ratio) == ("failed", "it died", (), None)
    assert (pyrt.status, slow.status) == ("ok", "ok")
    assert slow.ratio is not None


def test_those_that_are_chosen_are_measured_beside_the_first() -> None:
    everybody = [*map(peer, SECONDS)]
    assert chosen(everybody, ()) == everybody
    assert [one.name for one in chosen(everybody, ["five-times"])] == ["pyrt", "five-times"]
    with pytest.raises(WrongUse, match="there is no tenth: choose from pyrt, half, five-times"):
        chosen(everybody, ["half", "tenth"])


def test_without_the_first_peer_there_are_times_and_no_ratios() -> None:
    done = compared(peer("pyrt", ValueError("no")), peer("half"))
    assert done.failed == ["pyrt (one)", "pyrt (two)"]
    other = done.entries["one"][1]
    assert (other.ratio, other.figure) == (None, pytest.approx(0.5e-6, rel=0.2))
    assert plot(done).count("<circle") == 0


def test_where_nobody_can_do_it_nothing_is_measured() -> None:
    assert compared(peer("pyrt", ValueError("no"))).failed == ["pyrt (one)", "pyrt (two)"]


def test_a_count_is_shown_beside_the_time_or_why_there_is_none() -> None:
    counts = {
        ("one", "pyrt"): Outcome({}, 1234.4),
        ("one", "half"): Outcome({}, error="not steady: 1.0, 2.0 instructions per call"),
        ("one", "five-times"): Outcome({}, skipped="valgrind is not installed"),
    }
    done = compared(*map(peer, SECONDS), counts=counts)
    assert [row[4] for row in done.tables()[0].rows] == ["1,234", "not steady", "-"]
    assert "Instructions: valgrind is not installed." in done.markdown()


def test_the_json_is_strict_and_holds_every_round() -> None:
    raw = json.loads(json.dumps(compared(peer("pyrt"), peer("half", "one only")).as_json(), allow_nan=False))
    assert [case["case"] for case in raw["cases"]] == list(CASES)
    pyrt, half = raw["cases"][0]["peers"]
    assert (len(pyrt["samples"]), len(half["samples"]), raw["rounds"]) == (12, 12, 12)
    assert half["ratio"].keys() == {"ratio", "low", "high"}
    assert half["note"] == "one only"


def test_the_plot_is_a_file_by_itself_with_a_mark_for_each_figure() -> None:
    text = plot(compared(peer("pyrt"), peer("half", "<one> only"), peer("five-times", ValueError("No"))))
    root = xml.fromstring(text)
    marks = [each.get("class") for each in root.iter("{http://www.w3.org/2000/svg}circle")]
    assert marks == ["dot", "less"] * len(CASES)
    shown = ["".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert shown.count("half (<one> only)") == len(CASES)
    assert sum(each.startswith("failed: ValueError") for each in shown) == len(CASES)
    assert "href" not in text
    assert "url(" not in text


@pytest.mark.parametrize("faster", [True, False])
def test_the_plot_says_at_which_end_the_faster_ones_are(faster: bool) -> None:
    text = plot(compared(peer("pyrt"), yardstick=replace(gtype.TIME, more_is_faster=faster)))
    assert ("faster →" in text, "← faster" in text) == (faster, not faster)


@pytest.mark.parametrize(("slower", "marks"), [(1.1, "1x"), (6.0, "1x 2x 5x"), (900.0, "1x 10x 100x")])
def test_the_axis_is_marked_at_round_numbers_that_do_not_crowd(slower: float, marks: str) -> None:
    two = [peer("pyrt"), peer("other")]
    entries = measure(two, ["one"], 6, lambda works: [slower ** (name == "other") for _, name in works])
    root = xml.fromstring(plot(PeerRun("toy", gtype.TIME, two, {"one": "the first"}, entries, 6, "toys")))
    ticks = [each.text for each in root if each.get("text-anchor") == "middle"]
    assert " ".join(map(str, ticks)) == marks


@pytest.mark.parametrize("case", validators.CASES)
@pytest.mark.parametrize("library", validators.LIBRARIES)
def test_every_library_gives_the_same_answer(library: str, case: str) -> None:
    validation, data = validators.prepared(library, case)
    assert validation(data)


def test_what_gives_another_answer_is_told_from_what_does_the_work() -> None:
    case = validators.CASES["small"]
    for wrong, said in ((lambda data: {}, "another value"), (json.loads, "an invalid body is not refused")):
        with pytest.raises(validators.WrongAnswer, match=said):
            validators.check_value(wrong, case)
    with pytest.raises(validators.WrongAnswer, match="1 errors found where 5 are"):
        validators.check_errors(["$.name"], 5)


def test_each_count_is_the_one_of_its_case_and_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYRT_BENCH_WORKING_COPY", "1")
    monkeypatch.setenv("PATH", os.devnull)
    for (case, library), outcome in gtype.counts().items():
        assert outcome.params == {"library": repr(library), "case": repr(case)}
        assert outcome.skipped.startswith("valgrind is not installed")


def test_what_is_told_of_the_libraries_and_cases_is_of_all_of_them() -> None:
    assert list(gtype.HOW) == list(validators.LIBRARIES)
    assert list(gtype.TITLES) == list(validators.CASES)


def test_a_round_has_a_process_of_its_own_on_one_core() -> None:
    assert afresh(os.getpid) != os.getpid()
    assert len(afresh(os.sched_getaffinity, 0)) == 1


def test_a_loop_is_as_long_as_it_takes_and_leaves_the_collector_as_it_was() -> None:
    calls: list[int] = []
    assert 0 < per_call(calls.append, 1, 1e-4) < math.inf
    assert len(calls) > 1
    assert gc.isenabled()


def peers(*options: str, prelude: str = "") -> subprocess.CompletedProcess[str]:
    """`python -m benchmarks peers gtype --quick`, after some lines of Python."""
    code = f"{prelude}\nfrom benchmarks.cli.main import main\nmain()"
    command = [sys.executable, "-c", code, "peers", "gtype", "--quick", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_the_verb_works_where_no_peer_is_installed() -> None:
    absent = ["pydantic", "jsonschema_rs", "fastjsonschema"]
    done = peers("--json", "-", prelude=f"import sys; sys.modules.update(dict.fromkeys({absent}))")
    assert done.returncode == 0, done.stderr
    raw = json.loads(done.stdout)
    states = [[one["status"] for one in case["peers"]] for case in raw["cases"]]
    assert states == [["ok", "ok", "skipped", "skipped", "skipped"]] * len(validators.CASES)


def test_the_verb_measures_those_that_are_named_and_knows_no_others() -> None:
    done = peers("--only", "msgspec", "--json", "-")
    assert [one["peer"] for one in json.loads(done.stdout)["cases"][0]["peers"]] == ["pyrt", "msgspec"]
    wrong = peers("--only", "nobody")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "there is no nobody: choose from pyrt, msgspec," in wrong.stderr


def test_the_verb_writes_what_it_is_asked_for_and_fails_where_a_peer_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "fastjsonschema.py").write_text(
        "class JsonSchemaValuesException(Exception): pass\ndef compile(schema, fast_fail): return lambda value: value"
    )
    files = {name: tmp_path / f"peers.{name}" for name in ("json", "svg", "markdown")}
    options = itertools.chain.from_iterable((f"--{name}", str(path)) for name, path in files.items())
    done = peers(*options, prelude=f"import sys; sys.path.insert(0, {str(tmp_path)!r})")
    assert done.returncode == 3
    assert "4 failed: fastjsonschema (small), fastjsonschema (list)" in done.stderr
    assert done.stdout == files["markdown"].read_text()
    assert "| fastjsonschema | failed | - | - | - | WrongAnswer: an invalid body is not refused |" in done.stdout
    raw: dict[str, Any] = json.loads(files["json"].read_text())
    assert raw["failed"][0] == "fastjsonschema (small)"
    assert xml.fromstring(files["svg"].read_text()).get("role") == "img"
