"""Honest entries: what became of each peer beside the first."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest

from benchmarks.judging.errors import WrongUse
from benchmarks.peers import validators
from benchmarks.peers.entries import NotInstalled, chosen, measure
from benchmarks.peers.plot import plot
from benchmarks.peers.rounds import Work
from tests.benchmarks.peers.toys import SECONDS, compared, entry, peer


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
