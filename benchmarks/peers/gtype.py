"""`peers gtype`: validation of JSON, from bytes to a value or to all errors."""

from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..harness import counting
from . import validators
from .comparison import Comparison, Peer, measure
from .loops import afresh
from .rounds import Work

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


class Effort(NamedTuple):
    """How much is measured: rounds, and seconds of each loop in them."""

    rounds: int
    loop_s: float


FULL, QUICK = Effort(rounds=30, loop_s=0.007), Effort(rounds=6, loop_s=0.001)


def compare(say: Callable[[str], None], *, quick: bool = False) -> Comparison:
    """Measure every library in every case; `say` hears of the progress.

    Args:
        quick: fewer rounds, shorter loops, and no instruction counts.

    Raises:
        counting.CountingError: instructions could not be counted at all.
    """
    effort = QUICK if quick else FULL
    peers = [Peer(name, how, functools.partial(_check, name)) for name, how in HOW.items()]
    if not quick:
        say("Counting instructions")
    counted = {} if quick else counts()
    say(f"Measuring {effort.rounds} rounds")
    entries = measure(peers, TITLES, effort.rounds, functools.partial(_round, effort.loop_s), counted)
    conditions = f"each in a process of its own on one core, in loops of about {effort.loop_s * 1e3:.0f} ms"
    return Comparison("gtype", peers, TITLES, entries, effort.rounds, conditions, quick)


def _check(library: str, case: str) -> str:
    validators.prepared(library, case)
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
