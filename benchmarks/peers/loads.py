"""Servers under load: a window of each route in each round, and what is known beside the rate."""

from __future__ import annotations

import operator
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ..harness.loopback import steady
from ..harness.samples import PERCENTILES
from ..judging.paired import Interval
from ..reporting.tables import NOTHING, human, percent
from . import answers
from .entries import Yardstick, ratio_of, spread, times
from .launching import Server, cores, running
from .loops import afresh
from .rounds import Figure, Work

FIRST = "pyrt"
CONNECTIONS = 64
CPU_TICK_S = 0.01
RATE = Yardstick(
    name="Requests/s",
    what="requests per second on one core",
    unit="1/s",
    key="requests_per_s",
    more_is_faster=True,
    peer="Server",
    how="Runs",
    beside=("P99", "Per CPU second", "Ratio of that", "Busy: server, load", "Memory"),
)
IDLE = 0.9
CROWDED = (
    "Something else was at work on this machine: in {} of {} windows neither the server nor the load had nine tenths "
    "of a core. That takes most from the fastest, so that ratios of requests per second come out too near to 1; those "
    "per second of processor time do not."
)


class Effort(NamedTuple):
    """How much is measured: rounds, seconds of warm-up and of measuring for each route in them, and what it can say."""

    rounds: int
    warm_up_s: float
    window_s: float
    confidence: float


class Window(NamedTuple):
    """A server under load in one round: of a route.

    Attributes:
        rate: requests per second.
        p50, p95, p99: latencies, in seconds, from all requests.
        per_cpu_s: requests per second of processor time.
        busy, load_busy: the share of a core that the server had, and the load. Where the server had less than all of
            one, something else was the limit.
        rss, pss: memory of all its processes right after, in bytes.
    """

    rate: float
    p50: float
    p95: float
    p99: float
    per_cpu_s: float
    busy: float
    load_busy: float
    rss: float
    pss: float


PER_CPU_S = RATE.beside[1]
RATES = {RATE.name: operator.attrgetter("rate"), PER_CPU_S: operator.attrgetter("per_cpu_s")}


@dataclass(frozen=True)
class Load:
    """What is known of a server beside its rate, from one window of each round.

    Attributes:
        ratio: of its requests per second of processor time to pyrt's, where it has one.
    """

    windows: Sequence[Window]
    ratio: Interval | None = None

    def middle(self) -> Window | None:
        """The median of each figure by itself."""
        return Window(*map(statistics.median, zip(*self.windows, strict=True))) if self.windows else None

    def cells(self) -> list[str]:
        found = self.middle()
        if found is None:
            return [NOTHING for _ in RATE.beside]
        ratio = f"{times(self.ratio.ratio)}, {spread(self.ratio)}" if self.ratio else NOTHING
        busy = f"{percent(found.busy)}, {percent(found.load_busy)}"
        return [human(found.p99, "seconds"), human(found.per_cpu_s, ""), ratio, busy, human(found.pss, "bytes")]

    def beside(self, other: Load, confidence: float) -> dict[str, Interval]:
        """This server as a multiple of another, by the heading of what is compared."""
        return {
            heading: ratio_of(map(figure, self.windows), map(figure, other.windows), confidence)
            for heading, figure in RATES.items()
        }

    def as_json(self) -> dict[str, Any]:
        found = self.middle()
        return {
            **(found._asdict() if found else dict.fromkeys(Window._fields)),
            "per_cpu_s_ratio": self.ratio._asdict() if self.ratio else None,
            "windows": [window._asdict() for window in self.windows],
        }


class Rounds:
    """Measures rounds of servers, each started afresh in each; one that fails is left out of those that follow."""

    def __init__(self, commands: Mapping[str, Sequence[str]], effort: Effort, say: Callable[[str], None]) -> None:
        self.commands, self.effort, self.say = commands, effort, say
        self.windows: dict[Work, list[Window]] = {}
        self.broken: dict[str, str] = {}
        self.round = 0

    def __call__(self, works: Sequence[Work]) -> list[Figure]:
        self.round += 1
        wanted = [work for work in works if work[1] not in self.broken]
        self.say(f"Round {self.round} of {self.effort.rounds}: {', '.join(dict.fromkeys(name for _, name in wanted))}")
        found = afresh(one_round, wanted, self.commands, self.effort, cores())
        for work, window in found.items():
            if isinstance(window, Window):
                self.windows.setdefault(work, []).append(window)
            elif work[1] not in self.broken:
                self.broken[work[1]] = window
                self.say(f"{work[1]} failed: {window}")
        return [self.broken.get(work[1]) or self.windows[work][-1].rate for work in works]

    def load(self, work: Work) -> Load:
        """What is known of a work by now."""
        case, name = work
        found, first = (Load(self._windows(case, each)) for each in (name, FIRST))
        if name == FIRST or not found.windows or not first.windows:
            return found
        return replace(found, ratio=found.beside(first, self.effort.confidence)[PER_CPU_S])

    def remarks(self) -> list[str]:
        """What has to be said of all of it."""
        windows = [window for found in self.windows.values() for window in found]
        crowded = [window for window in windows if max(window.busy, window.load_busy) < IDLE]
        return [CROWDED.format(len(crowded), len(windows))] if crowded else []

    def _windows(self, case: str, name: str) -> Sequence[Window]:
        return [] if name in self.broken else self.windows.get((case, name), [])


def one_round(
    works: Sequence[Work], commands: Mapping[str, Sequence[str]], effort: Effort, where: tuple[int, int] | None
) -> dict[Work, Window | str]:
    """Each server started once, and all its works measured; or why that failed."""
    found: dict[Work, Window | str] = {}
    for name in dict.fromkeys(peer for _, peer in works):
        mine = [work for work in works if work[1] == name]
        try:
            with running(commands[name], where[0] if where else None) as server:
                for case, _ in mine:
                    found[case, name] = window(server, answers.CASES[case], effort)
        except Exception as error:  # a server fails in ways of its own, and alone
            found |= dict.fromkeys(mine, f"{type(error).__name__}: {error}")
    return found


def window(server: Server, case: answers.Case, effort: Effort) -> Window:
    """A route of a running server under load.

    Raises:
        AssertionError, RuntimeError, OSError: an answer was wrong or missing.
    """

    def gauge() -> tuple[float, float, float]:
        return time.perf_counter(), server.cpu_s(), time.process_time()

    figures, before, after = steady(
        server.port,
        case.request,
        case.answer.status,
        case.answer.body,
        connections=CONNECTIONS,
        warm_up_s=effort.warm_up_s,
        window_s=effort.window_s,
        gauge=gauge,
    )
    elapsed, cpu_s, load_s = (end - start for start, end in zip(before, after, strict=True))
    busy = max(cpu_s, CPU_TICK_S) / elapsed
    return Window(
        **{name: figures[name] for name in ("rate", *PERCENTILES)},
        per_cpu_s=figures["rate"] / busy,
        busy=busy,
        load_busy=load_s / elapsed,
        **server.memory()._asdict(),
    )
