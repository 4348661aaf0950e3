"""`peers http`: the same small service on other servers, under the same load, on one core."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection

from . import answers
from .entries import CONFIDENCE, Peer, chosen, installed, measure
from .launching import cores, running
from .loads import CONNECTIONS, FIRST, RATE, Effort, Rounds
from .roster import ROSTER, node_version
from .runs import Headline, PeerRun

TITLES = {
    "health": "GET /health, to a text",
    "user": "GET /users/{id}, to an object",
    "new user": "POST /users, an object of 3 fields, validated, and back",
}
HEADLINE = "user"
BESIDE = ("uvicorn", "httptools", "uvloop", "pydantic", "msgspec")
ALONE = "Nothing is pinned: there is no second core here, so that servers and load share what there is."
# Two rounds cannot give an interval of 95 %, however far apart they are.
FULL, QUICK = Effort(8, 0.5, 1.0, CONFIDENCE), Effort(2, 0.1, 0.3, 0.5)


def compare(say: Callable[[str], None], *, quick: bool = False, only: Collection[str] = ()) -> PeerRun:
    """Measure the servers on every route; `say` hears of the progress.

    Args:
        quick: fewer and shorter rounds.
        only: servers of these names, beside pyrt.

    Raises:
        WrongUse: no server has one of the names.
    """
    effort, where, check = QUICK if quick else FULL, cores(), functools.cache(_failure)
    peers = chosen([_peer(name, check) for name in ROSTER], only)
    say(f"Asking {len(peers)} servers for the right answers")
    rounds = Rounds({name: each.command for name, each in ROSTER.items()}, effort, say)
    entries = measure(peers, TITLES, effort.rounds, rounds, rounds.load, effort.confidence)
    pinned = f", on core {where[0]}, the load on core {where[1]}" if where else ""
    conditions = (
        f"each server started afresh in each{pinned}, {CONNECTIONS} connections, {effort.window_s:g} s per route after "
        f"{effort.warm_up_s:g} s of warm-up"
    )
    return PeerRun(
        subject="http",
        yardstick=RATE,
        peers=peers,
        cases=TITLES,
        entries=entries,
        rounds=effort.rounds,
        conditions=conditions,
        quick=quick,
        confidence=effort.confidence,
        also={"node": node_version()} | {name: installed(name) for name in BESIDE},
        remarks=rounds.remarks() if where else [ALONE],
        headlines=headlines(rounds),
        headline_case=HEADLINE,
    )


def headlines(rounds: Rounds) -> list[Headline]:
    """pyrt beside the limit, the best framework in Python, and Fastify, where they were measured.

    The best is the one with the most requests per second of processor time: per second it could be the one that had
    the most of its core.
    """
    found = {name: rounds.load((HEADLINE, name)) for name in ROSTER}
    measured = {name: middle for name, load in found.items() if (middle := load.middle())}
    frameworks = [name for name in measured if ROSTER[name].is_framework]
    best = max(frameworks, key=lambda name: measured[name].per_cpu_s, default="")
    wanted = {"constant": "the limit", best: "the best framework in Python", "fastify": "a framework on Node"}
    return [
        Headline(f"{name}: {what}", found[FIRST].beside(found[name], rounds.effort.confidence))
        for name, what in wanted.items()
        if FIRST in measured and name in measured
    ]


def _peer(name: str, check: Callable[[str], Exception | None]) -> Peer:
    def checked(case: str) -> str:
        if error := check(name):
            raise error
        return "" if ROSTER[name].refuses else "reads nothing"

    return Peer(name, ROSTER[name].how, checked, ROSTER[name].version)


def _failure(name: str) -> Exception | None:
    """What is wrong with a server, if anything: one start answers for all its routes."""
    contender, where = ROSTER[name], cores()
    try:
        contender.require()
        with running(contender.command, where[0] if where else None) as server:
            answers.check(server.port, refuses=contender.refuses)
    except Exception as error:
        return error
    return None
