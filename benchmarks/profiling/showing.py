"""Profiles for people: what stands on the page of one, and in its text."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

import msgspec

from ..reporting.tables import NOTHING, Heading, Table, digits, human, percent
from .differential import Change, Differential, FrameChange
from .sampling import RATE
from .single import ComponentCost, FrameCost, Profile

TOP = 10


class ShownProfile(msgspec.Struct, frozen=True):
    """A profile as a document (see `reporting.documents.Document`)."""

    of: Profile

    @property
    def title(self) -> str:
        return f"Profile: {self.of.benchmark}"

    def heading(self) -> Heading:
        one = self.of
        cpu = human(one.cpu_seconds_per_call, "s")
        return [
            ("Commit", one.commit or "working copy"),
            ("Time per call", f"{human(one.seconds_per_call, 's')}, of the processor {cpu}"),
            ("Instructions per call", instructions(one.instructions_per_call)),
            ("Samples", f"{one.samples:,} at {RATE} a second, {percent(one.coverage)} of those that there should be"),
            ("Python", one.python),
            ("Made", one.date),
            ("Command", one.command),
        ]

    def notes(self) -> Sequence[str]:
        first = next(iter(self.of.components), None)
        if first is None:
            return ["Nothing was found out about where it goes.", *self.of.notes]
        by = "instructions" if first.instructions is not None else "time"
        whole = sum(_cost(one) for one in self.of.components)
        top = [one for one in sorted(self.of.components, key=_cost, reverse=True)[:3] if _cost(one) > 0]
        said = ", ".join(f"{one.name} {percent(_cost(one) / whole)}" for one in top)
        return [f"Most {by}: {said}.", *self.of.notes]

    def sections(self) -> Sequence[Table]:
        return [*self._cpu(), *self._garbage(), *self._memory()]

    def _cpu(self) -> Iterator[Table]:
        rows = [[one.name, _share(one.share), us(one.us), instructions(one.instructions)] for one in self.of.components]
        note = "By the functions' own cost; what C code does counts to the Python function that called it."
        yield Table("By component", ["Component", "Samples", "Time", "Instructions"], rows, note).trimmed()
        columns = ["Function", "Own time", "Time", "Own instructions", "Instructions", "Entered"]
        listed = [_frame_cells(one) for one in self.of.frames]
        yield Table("By function", columns, listed, "All per call of the benchmark.").trimmed()

    def _garbage(self) -> Iterator[Table]:
        if (found := self.of.garbage) is not None:
            rows = [
                [str(at), digits(count), human(pause, "s")]
                for at, (count, pause) in enumerate(zip(found.collections, found.pauses_s, strict=True))
            ]
            note = "With the collector on, in 1,000 calls; all other figures are with it off."
            yield Table("Garbage collector", ["Generation", "Collections", "Pauses"], rows, note)

    def _memory(self) -> Iterator[Table]:
        if (found := self.of.memory) is not None:
            rows = [
                ["allocations per call", digits(found.allocations_per_call)],
                ["allocated per call", human(found.bytes_per_call, "bytes")],
                [f"most at one time, in {found.calls:,} calls", human(found.peak_bytes, "bytes")],
            ]
            yield Table("Memory", ["What the calls allocate", "Figure"], rows, "Python's own allocator included.")


class ShownDifferential(msgspec.Struct, frozen=True):
    """A differential profile as a document (see `reporting.documents.Document`)."""

    of: Differential

    @property
    def title(self) -> str:
        return f"What grew: {self.of.benchmark}"

    def heading(self) -> Heading:
        one = self.of
        return [
            ("Base", one.base),
            ("Head", one.commit),
            ("Time per call", f"{_median(one.base_us)} to {_median(one.head_us)}, of the processor, while sampled"),
            (
                "Instructions per call",
                f"{instructions(one.base_instructions)} to {instructions(one.head_instructions)}",
            ),
            ("Runs", f"{len(one.base_us)} pairs, each of {one.loops:,} calls of the benchmark's function"),
            ("Samples", f"{one.samples:,} and more on each side"),
            ("Made", one.date),
            ("Command", one.command),
        ]

    def notes(self) -> Sequence[str]:
        found = grown(self.of.frames)
        said = ", ".join(f"`{one.name}` {_gain(one)}" for one in found[:3])
        return [f"{self._whole()} {f'Grown most: {said}.' if said else 'No function grew by itself.'}", *self.of.notes]

    def _whole(self) -> str:
        """What became of the whole benchmark: by instructions, where there are any."""
        one = self.of
        base, head, what = one.base_instructions, one.head_instructions, "instructions"
        if base is None or head is None:
            base, head, what = statistics.median(one.base_us), statistics.median(one.head_us), "time"
        if base == head:
            return f"As much {what} as before."
        less = "fewer" if what == "instructions" else "less"
        return f"{percent(abs(head / base - 1))} {'more' if head > base else less} {what} in all."

    def sections(self) -> Sequence[Table]:
        return list(self._sections())

    def _sections(self) -> Iterator[Table]:
        told = grown(self.of.frames)[:TOP]
        yield _table("Functions that grew", told, "Own cost per call of the benchmark, the most grown first.")
        timed = sorted(self.of.frames, key=lambda one: -(one.us or 0.0))
        slower = [one for one in timed if one.by_time in (Change.GROWN, Change.NEW)][:TOP]
        if any(one.by_instructions is not None for one in slower):
            note = "Those whose time grew beyond the spread of the runs; spread is the least and the most of the pairs."
            yield _table("The same by time", slower, note)
        less = [one for one in self.of.frames if _kinds(one) & {Change.SHRUNK, Change.GONE}][::-1][:TOP]
        yield _table("Functions that shrank", less, "")


def grown(frames: Sequence[FrameChange]) -> list[FrameChange]:
    """Those that cost more now, the most first."""
    return [one for one in frames if _kinds(one) & {Change.GROWN, Change.NEW}]


def _kinds(one: FrameChange) -> set[Change | None]:
    """What decides: instructions, where there are any."""
    return {one.by_time if one.by_instructions is None else one.by_instructions}


def _table(title: str, rows: Sequence[FrameChange], note: str) -> Table:
    columns = ["Function", "Instructions", "Difference", "Time", "Difference of time", "Spread", "By count", "By time"]
    return Table(title, columns, [_cells(one) for one in rows], note, empty="None.").trimmed()


def _cells(one: FrameChange) -> list[str]:
    counts, times = [NOTHING] * 2, [NOTHING] * 3
    if one.instructions is not None:
        counts = [f"{one.base_instructions:,.0f} to {one.head_instructions:,.0f}", f"{one.instructions:+,.0f}"]
    if one.us is not None and one.low_us is not None and one.high_us is not None:
        spread = f"{_signed(one.low_us)} to {_signed(one.high_us)}"
        times = [f"{us(one.base_us)} to {us(one.head_us)}", _signed(one.us), spread]
    return [one.name, *counts, *times, one.by_instructions or NOTHING, one.by_time or NOTHING]


def _gain(one: FrameChange) -> str:
    return f"{one.instructions:+,.0f} instructions" if one.instructions is not None else _signed(one.us or 0.0)


def _signed(value_us: float) -> str:
    return f"{'+' if value_us > 0 else '-' if value_us < 0 else ''}{human(abs(value_us) / 1e6, 's')}"


def _median(values: Sequence[float]) -> str:
    return human(statistics.median(values) / 1e6, "s") if values else NOTHING


def _frame_cells(one: FrameCost) -> list[str]:
    entered = NOTHING if one.entered is None else f"{one.entered:.3g}"
    costs = [
        us(one.self_us),
        us(one.total_us),
        instructions(one.self_instructions),
        instructions(one.total_instructions),
    ]
    return [one.name, *costs, entered]


def us(value: float | None) -> str:
    return NOTHING if value is None else human(value / 1e6, "s") if value else "0"


def instructions(value: float | None) -> str:
    return NOTHING if value is None else f"{value:,.0f}"


def _share(value: float | None) -> str:
    return NOTHING if value is None else percent(value)


def _cost(one: ComponentCost) -> float:
    return one.us or 0.0 if one.instructions is None else one.instructions
