"""Comparisons made up: what each part of one looks like, and strategies of all that there can be."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from benchmarks.judging.comparison import Comparison, Control, Counts, PairedSamples, Row, Side, Verdict

FINGERPRINT = {
    "cpu": "Toy CPU",
    "cores": "2",
    "kernel": "6.1",
    "python": "3.11.7 main GCC 12.2.0",
    "arch": "x86_64",
    "pins": "msgspec 0.20.0, uvloop 0.22.1",
    "harness": "0123456789abcdef",
}


def sampled(
    base: float, head: float, verdict: Verdict, bounds: tuple[float, float] | None = None, **more: Any
) -> PairedSamples:
    """Twelve pairs that all say the same; *bounds* of the ratio of costs, which is head by base, or base by head."""
    if bounds is not None:
        more.setdefault("ratio", head / base)
        more |= {"low": bounds[0], "high": bounds[1]}
    return PairedSamples(pairs=[(base, head)] * 12, verdict=verdict, **more)


def row(verdict: Verdict, name: str = "micro.routing.Match.time_match", **more: Any) -> Row:
    """A row without figures, but for those that are given."""
    return Row(**{"name": name, "parameters": {}, "unit": "seconds", "verdict": verdict, **more})


def timed(verdict: Verdict, ratio: float, *, half: float = 0.05, name: str = "micro.a.B.time_c", **more: Any) -> Row:
    """A row of 10 us at the base and *ratio* times that at head, give or take *half*."""
    found = sampled(10e-6, 10e-6 * ratio, verdict, (ratio - half, ratio + half))
    return row(verdict, name, sampled=found, **more)


def counted(verdict: Verdict, base: float, head: float, name: str = "micro.a.B.instr_c", **more: Any) -> Row:
    """A row of counts alone."""
    counts = Counts(base=base, head=head, verdict=verdict)
    return row(verdict, name, unit="instructions", counts=counts, **more)


def comparison(*rows: Row, **more: Any) -> Comparison:
    """A comparison of two commits."""
    given: dict[str, Any] = {
        "command": "python -m benchmarks compare main",
        "date": "2026-01-05T12:00:00+00:00",
        "base": Side(commit="b" * 40, subject="Plain routes"),
        "head": Side(commit="a" * 40, subject="Trie of routes"),
        "fingerprint": FINGERPRINT,
        "rows": list(rows),
        "noise_floor": 1.04,
        "looks": [8, 12, 16],
    }
    return Comparison(**given | more)


def one_of_each() -> Comparison:
    """Every verdict, times and counts and rates, accepted and not."""
    fail, alert, slower, ok, faster = Verdict.FAIL, Verdict.ALERT, Verdict.SLOWER, Verdict.OK, Verdict.FASTER
    both = Counts(base=20_406.5, head=31_000.0, verdict=fail)
    rate = sampled(8000.0, 5000.0, alert, (1.5, 1.7), ratio=1.6)
    controls = [Control(name="micro.a.B.time_c", parameters={}, pairs=[(1e-5, 1.01e-5)] * 12, ratio=1.01)]
    return comparison(
        timed(ok, 1.01, name="micro.same.Same.time_same"),
        timed(fail, 1.56, name="micro.parsing.Head.time_read", counts=both, parameters={"request": "'GET'"}),
        row(alert, "concurrency.publishes.Thousand.track_rate", unit="1/s", less_is_better=False, sampled=rate),
        timed(alert, 1.3, name="micro.gtype.Compile.time_compile", accepted="checks one more rule"),
        counted(slower, 10_000, 10_300, name="micro.hooks.Chain.instr_run"),
        timed(Verdict.INCONCLUSIVE, 1.15, half=0.2, name="integration.pipeline.Handle.time_handle"),
        row(Verdict.UNJUDGED, "micro.queue.Queue.time_put", reason="not at BASE: no such method"),
        timed(faster, 0.5, name="micro.contexts.Local.time_create"),
        row(fail, "micro.writing.Encode.time_encode", reason="it fails at HEAD: ValueError: <b>no</b> | `x`"),
        controls=controls,
    )


_FIGURES = st.floats(1e-9, 1e9)
_TEXTS = st.text(max_size=40)
_VERDICTS = st.sampled_from(list(Verdict))


@st.composite
def _sampled(draw: st.DrawFn) -> PairedSamples:
    pairs = draw(st.lists(st.tuples(_FIGURES | st.just(0.0), _FIGURES | st.just(0.0)), min_size=1, max_size=4))
    found = PairedSamples(pairs=pairs, verdict=draw(_VERDICTS), disturbed=draw(st.integers(0, 3)))
    if draw(st.booleans()):
        return found
    low, ratio, high = sorted(draw(st.lists(st.floats(1e-3, 1e3), min_size=3, max_size=3)))
    return PairedSamples(pairs=pairs, verdict=found.verdict, ratio=ratio, low=low, high=high, p=0.5, confirmed=True)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    """A row of any kind, with any texts."""
    counts = st.builds(Counts, base=_FIGURES, head=_FIGURES, verdict=_VERDICTS)
    return Row(
        name=f"micro.{draw(st.from_regex('[a-z]{1,5}', fullmatch=True))}.X.time_x",
        parameters=draw(st.dictionaries(st.sampled_from(["routes", "path"]), _TEXTS.map(repr))),
        unit=draw(st.sampled_from(["seconds", "1/s", "bytes", "us/request", "instructions"])),
        verdict=draw(_VERDICTS),
        less_is_better=draw(st.booleans()),
        counts=draw(st.none() | counts),
        sampled=draw(st.none() | _sampled()),
        reason=draw(_TEXTS),
        accepted=draw(st.just("") | _TEXTS),
    )


def comparisons() -> st.SearchStrategy[Comparison]:
    """Comparisons of any outcome, no benchmark in them twice."""
    many = st.lists(rows(), max_size=8, unique_by=lambda one: (one.name, tuple(one.parameters.values())))
    return st.builds(
        lambda found, **more: comparison(*found, **more),
        many,
        noise_floor=st.none() | st.floats(1, 3),
        too_noisy=st.booleans(),
        notes=st.lists(_TEXTS, max_size=2),
        advisory=st.just("") | _TEXTS,
        fingerprint=st.just(FINGERPRINT) | st.just({}),
    )
