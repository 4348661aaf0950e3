"""`peers gtype`: validation of JSON, from bytes to a value or to all errors."""

from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..harness import counting
from ..reporting.tables import NOTHING, human
from . import validators
from .entries import NotInstalled, Peer, Yardstick, chosen, installed, measure
from .loops import afresh
from .rounds import Work
from .runs import PeerRun

TITLES = {
    "small": "an object of 3 fields, valid, to a value",
    "list": "100 objects, valid, to a list of values",
    "list, invalid": "100 objects of which 5 are invalid, to all 5 errors",
    "five errors": "an object of 5 fields, each invalid in another way, to all 5 errors",
}
HOW = {
    "pyrt": "GType.decode; GType.violations",
    "msgspec": "json.Decoder.decode; stops at the first error",
    "pydantic": "TypeAdapter.validate_json of BaseModels; ValidationError.errors",
    "jsonschema-rs": "msgspec.json.decode, then Validator.validate or iter_errors; values stay dicts",
    "fastjsonschema": "msgspec.json.decode, which is faster than json.loads, then the compiled function, "
    "for errors with fast_fail=False; values stay dicts",
}
TIME = Yardstick(
    name="Time",
    what="time per call",
    unit="seconds",
    key="seconds",
    more_is_faster=False,
    peer="Library",
    how="Calls",
    beside=("Instructions",),
)


@dataclass(frozen=True)
class Count:
    """Instructions per call beside the time, where they were counted."""

    outcome: counting.Outcome | None

    def cells(self) -> list[str]:
        if self.outcome is None or self.outcome.skipped:
            return [NOTHING]
        if self.outcome.instructions is None:
            return [self.outcome.error.partition(":")[0]]
        return [human(round(self.outcome.instructions), "instructions")]

    def as_json(self) -> dict[str, Any]:
        return {
            "instructions": self.outcome.instructions if self.outcome else None,
            "not_counted": (self.outcome.error or self.outcome.skipped) if self.outcome else "",
        }


class Effort(NamedTuple):
    """How much is measured: rounds, and seconds of each loop in them."""

    rounds: int
    loop_s: float


FULL, QUICK = Effort(rounds=30, loop_s=0.007), Effort(rounds=6, loop_s=0.001)


def compare(say: Callable[[str], None], *, quick: bool = False, only: Collection[str] = ()) -> PeerRun:
    """Measure the libraries in every case; `say` hears of the progress.

    Args:
        quick: fewer rounds, shorter loops, and no instruction counts.
        only: libraries of these names, beside pyrt.

    Raises:
        counting.CountingError: instructions could not be counted at all.
        WrongUse: no library has one of the names.
    """
    effort = QUICK if quick else FULL
    peers = chosen(
        [Peer(name, how, functools.partial(_check, name), installed(name)) for name, how in HOW.items()], only
    )
    if not quick:
        say("Counting instructions")
    counted = {} if quick else counts()
    say(f"Measuring {effort.rounds} rounds")
    once = functools.partial(_round, effort.loop_s)
    entries = measure(peers, TITLES, effort.rounds, once, lambda work: Count(counted.get(work)))
    conditions = f"each in a process of its own on one core, in loops of about {effort.loop_s * 1e3:.0f} ms"
    return PeerRun("gtype", TIME, peers, TITLES, entries, effort.rounds, conditions, quick, remarks=uncounted(counted))


def uncounted(counted: Mapping[Work, counting.Outcome]) -> list[str]:
    """Why there are no counts, where there are none."""
    return sorted({f"Instructions: {outcome.skipped}." for outcome in counted.values() if outcome.skipped})


def _check(library: str, case: str) -> str:
    try:
        validators.prepared(library, case)
    except ModuleNotFoundError as error:
        if error.name != library.replace("-", "_"):
            raise
        raise NotInstalled(f"not installed: `make setup`, or `pip install {library}`") from None
    first_only = library in validators.FIRST_ONLY and validators.CASES[case].kind == "invalid"
    return "first error only" if first_only else ""


def _round(loop_s: float, works: Sequence[Work]) -> list[float]:
    return afresh(validators.seconds, works, loop_s)


def counts() -> dict[Work, counting.Outcome]:
    """Instructions per call, by case and library."""
    os.environ["PYRT_BENCH_WORKING_COPY"] = "1"
    works = itertools.product(validators.LIBRARIES, validators.CASES)
    outcomes = counting.count(module=validators.__name__).values()
    return {(case, library): outcome for (library, case), outcome in zip(works, outcomes, strict=True)}
