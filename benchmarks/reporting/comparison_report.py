"""What a comparison of two commits found, for people: on a terminal, in a pull request, as a page."""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..judging.comparison import Comparison, Control, Verdict
from ..judging.deciding import ERROR
from . import documents
from .changes import clipped
from .tables import Heading, Table, digits
from .verdicts import COLUMNS, argument, cells, label, ordered

LIMIT = 65_536  # GitHub takes no longer comment, counted in characters; in bytes it is surely short enough
GATING = (Verdict.FAIL, Verdict.ALERT)
COUNTED = (
    Verdict.FAIL,
    Verdict.ALERT,
    Verdict.SLOWER,
    Verdict.INCONCLUSIVE,
    Verdict.FASTER,
    Verdict.OK,
    Verdict.UNJUDGED,
)
SLOWER, FASTER, OPEN, NONE, SAME = "Slower", "Faster", "Inconclusive", "Not judged", "Unchanged"
CONTROLS, ENVIRONMENT = "Controls", "Environment"
CUT_FIRST = (SAME, CONTROLS, ENVIRONMENT, NONE, FASTER, OPEN, SLOWER)


@dataclass(frozen=True)
class ComparisonReport:
    """A comparison as a document (see `documents.Document`), of which a terminal shows `tables` alone."""

    comparison: Comparison

    @property
    def title(self) -> str:
        found = self.comparison
        if gating := sum(row.gates for row in found.rows):
            return f"Performance: {gating} fail or alert{', which does not gate' if found.advisory else ''}"
        if found.too_noisy:
            return "Performance: times cannot be judged on this machine"
        return "Performance: nothing fails or alerts"

    def heading(self) -> Heading:
        found = self.comparison
        return [
            ("Base", f"{found.base.short}, {clipped(found.base.subject)}".rstrip(", ")),
            ("Head", f"{found.head.short}, {clipped(found.head.subject)}".rstrip(", ")),
            ("Machine", clipped(machine(found.fingerprint))),
            ("Noise", noise(found)),
            ("Pairs", self._pairs()),
            ("Measured", clipped(found.date)),
            ("Command", clipped(found.command)),
        ]

    def notes(self) -> list[str]:
        """How many of each verdict; what to do next; what the comparison itself notes."""
        return [self._tally(), *self._next(), clipped(" ".join(self.comparison.notes), 2000)]

    def tables(self) -> list[Table]:
        """What became slower, what faster, what cannot be told, what is not judged."""
        texts = {
            SLOWER: (*GATING, Verdict.SLOWER),
            FASTER: (Verdict.FASTER,),
            OPEN: (Verdict.INCONCLUSIVE,),
            NONE: (Verdict.UNJUDGED,),
        }
        made = [self._table(title, verdicts) for title, verdicts in texts.items()]
        return [table for table in made if table.rows or table.title == SLOWER]

    def sections(self) -> list[Table]:
        """All tables: those, what is unchanged, the controls, and the environment."""
        controls = [[label(one.name, one.parameters), *_control_cells(one)] for one in self.comparison.controls]
        facts = [[clipped(name, 60), clipped(text, 2000)] for name, text in self.comparison.fingerprint.items()]
        facts += [["seed", str(self.comparison.seed)], ["looks at pairs", ", ".join(map(str, self.comparison.looks))]]
        note = "The base against a second copy of itself, measured among the others: what noise alone makes of it."
        more = [
            self._table(SAME, (Verdict.OK,)),
            Table(CONTROLS, ("Benchmark", "Ratio", "Pairs"), controls, note=note, folded=True),
            Table(ENVIRONMENT, ("What", "Value"), facts, folded=True),
        ]
        return [*self.tables(), *(table for table in more if table.rows)]

    def markdown(self, limit: int = LIMIT) -> str:
        """What fits into a comment of *limit* bytes; rows that do not are left out, the unchanged first."""
        sections = self.sections()
        for title in CUT_FIRST:
            if _size(text := documents.markdown(self, sections)) <= limit:
                return text
            at = next((at for at, table in enumerate(sections) if table.title == title), None)
            if at is not None:
                sections[at] = self._cut(sections, at, limit)
        return documents.markdown(self, sections)

    def _cut(self, sections: Sequence[Table], at: int, limit: int) -> Table:
        """The table with as many of its rows as fit beside the other sections."""

        def size(keep: int) -> int:
            return _size(documents.markdown(self, [*sections[:at], shorter(sections[at], keep), *sections[at + 1 :]]))

        rows = range(len(sections[at].rows))
        return shorter(sections[at], max(0, bisect.bisect_right(rows, limit, key=size) - 1))

    def _table(self, title: str, verdicts: Sequence[Verdict]) -> Table:
        rows = [cells(row) for row in ordered(self.comparison.of(*verdicts))]
        looks = len(self.comparison.looks)
        level = f"{100 * (1 - ERROR / looks):.0f} % " if looks else ""
        note = ""
        if any(row[4].endswith("]") for row in rows):
            note = f"Change: the ratio within pairs, with its {level}interval; base and head are medians of all pairs."
        folded = title not in (SLOWER,)
        return Table(title, COLUMNS, rows, note=note, folded=folded, empty="Nothing was found to be slower.").trimmed()

    def _tally(self) -> str:
        count = {verdict: len(self.comparison.of(verdict)) for verdict in COUNTED}
        parts = [f"{number} {verdict}{' (unchanged)' * (verdict is Verdict.OK)}" for verdict, number in count.items()]
        accepted = sum(bool(row.accepted) for row in self.comparison.of(*GATING))
        text = f"{', '.join(parts)}."
        return f"{text} Accepted, of those that fail or alert: {accepted}." if accepted else text

    def _next(self) -> list[str]:
        """One sentence of what to do, behind why nothing gates where that is so."""
        found = self.comparison
        gating = ordered([row for row in found.rows if row.gates])
        worst = next((row for row in gating if row.counts or row.sampled), next(iter(gating), None))
        ends = f"{found.base.short} {found.head.short}"
        if worst is not None and found.advisory:
            step = f"Next: measure both here, `python -m benchmarks compare {ends}`, which can gate."
        elif worst is not None and not (worst.counts or worst.sampled):
            step = f"Next: see why {worst.name} fails at HEAD."
        elif worst is not None:
            step = f"Next: `python -m benchmarks profile {argument(worst.label)} {ends}` shows what grew; what is "
            step += "meant to be slower is accepted, with a reason, in benchmarks/accepted.toml."
        elif found.too_noisy:
            step = "Next: compare again on a quieter machine; counts of instructions, where there are any, saw nothing."
        elif found.of(Verdict.SLOWER):
            step = "Next: nothing has to be done; see whether what counts more instructions is meant to."
        elif found.of(Verdict.INCONCLUSIVE):
            step = "Next: nothing has to be done; a quieter machine may tell what is inconclusive."
        else:
            step = "Next: nothing has to be done."
        return [f"Advisory: {clipped(found.advisory)}", step] if found.advisory else [step]

    def _pairs(self) -> str:
        counts = {len(row.sampled.pairs) for row in self.comparison.rows if row.sampled}
        if not counts:
            return "none: instruction counts alone"
        span = str(min(counts)) if len(counts) == 1 else f"{min(counts)} to {max(counts)}"
        return f"{span} pairs of processes for each benchmark"


def machine(facts: Mapping[str, str]) -> str:
    """A fingerprint's machine for people."""
    words = {"cpu": "{}", "cores": "{} cores", "kernel": "kernel {}", "python": "Python {}"}
    return ", ".join(text.format(facts[name]) for name, text in words.items() if facts.get(name)) or "unknown"


def noise(found: Comparison) -> str:
    """The noise floor, in words."""
    if found.noise_floor is None:
        return "no floor was measured"
    text = f"floor {digits(found.noise_floor)}x: 95 of 100 controls, one commit against itself, stay below"
    return f"{text}; too noisy to judge times" if found.too_noisy else text


def shorter(table: Table, keep: int) -> Table:
    """The first rows of a table, which says so."""
    if keep >= len(table.rows):
        return table
    note = f"{keep} of {len(table.rows)} rows; the others do not fit here, and are in comparison.json."
    return replace(table, rows=table.rows[:keep], note=note, empty="")


def _control_cells(one: Control) -> list[str]:
    return [f"{digits(one.ratio)}x", str(len(one.pairs))]


def _size(text: str) -> int:
    return len(text.encode())
