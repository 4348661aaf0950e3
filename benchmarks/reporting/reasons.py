"""Why a figure stepped, where somebody wrote it down: an accepted regression, or a line of docs/perf-log.md."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ..judging import accepted as acceptances
from ..judging import git
from ..judging.accepted import Acceptance
from .steps import Step

LOG = Path("docs", "perf-log.md")
SAME = 0.01  # the log's figures are of the working copy that became the commit
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_KIND = re.compile(r"^(?:instr|time|timeraw|track|mem|peakmem)_")


class Line(NamedTuple):
    """One line of the log: what was tried, the counts before and after, and whether it was kept, and why."""

    date: str
    what: str
    before: str
    after: str
    kept: str

    def tells_of(self, step: Step) -> bool:
        """Whether it names the commit, or the benchmark with this very change."""
        if re.search(rf"\b{step.commit.hash[:7]}[0-9a-f]*\b", self.what + self.kept):
            return True
        names = _called(step.benchmark.name) in self.what and _chosen(step.parameters) in self.what
        return names and _holds(self.before, step.before) and _holds(self.after, step.after)

    def words(self) -> str:
        return f"{self.what.partition(': `')[0]} (kept: {self.kept})"


@dataclass(frozen=True)
class Reasons:
    """All that is written about changes of figures.

    `introduced` gives the accepted regressions that a commit brought along, by its hash and the hash before.
    """

    accepted: Sequence[Acceptance] = ()
    lines: Sequence[Line] = ()
    introduced: Callable[[str, str], Sequence[Acceptance]] = lambda commit, previous: ()

    def of(self, step: Step) -> str:
        """The reason for a step; empty where nobody gave one."""
        named = [one for one in self.accepted if one.commit and step.commit.hash.startswith(one.commit)]
        candidates = [*named, *self.introduced(step.commit.hash, step.previous.hash)]
        accepted = next((f"Accepted: {one.reason}" for one in candidates if _covers(one, step)), "")
        return accepted or next((line.words() for line in self.lines if line.tells_of(step)), "")


def load(root: Path) -> Reasons:
    """What a project's log and its accepted regressions say; nothing of files that are missing.

    Raises WrongUse.
    """
    log, accepted = root / LOG, acceptances.load(root)
    lines = _lines(log.read_text(encoding="utf-8").splitlines()) if log.is_file() else []
    if not accepted:
        return Reasons(lines=lines)

    @functools.cache
    def at(commit: str) -> Sequence[Acceptance]:
        return acceptances.parse(git.file_at(root, commit, acceptances.FILE), f"{acceptances.FILE} at {commit[:8]}")

    def introduced(commit: str, previous: str) -> Sequence[Acceptance]:
        return [one for one in accepted if not one.commit and one in at(commit) and one not in at(previous)]

    return Reasons(accepted, lines, introduced)


def _lines(text: Iterable[str]) -> list[Line]:
    rows = [[cell.strip() for cell in row.strip().strip("|").split("|")] for row in text if row.startswith("|")]
    return [Line(*cells) for cells in rows if len(cells) == 5 and re.match(r"\d{4}-", cells[0])]


def _covers(one: Acceptance, step: Step) -> bool:
    chosen = {name: repr(value) for name, value in one.parameters.items()}
    same = _called(one.benchmark) == _called(step.benchmark.name)
    return same and chosen.items() <= step.parameters.items() and step.cost <= one.up_to


def _called(name: str) -> str:
    """As the log calls it: without the suite's folder, and without the kind, since twins are one."""
    area, _, method = name.rpartition(".")
    return f"{area.partition('.')[2]}.{_KIND.sub('', method)}"


def _chosen(parameters: Mapping[str, str]) -> str:
    values = ", ".join(text.strip("'\"") for text in parameters.values())
    return f"({values})" if values else ""


def _holds(cell: str, value: float) -> bool:
    numbers = (float(text.replace(",", "")) for text in _NUMBER.findall(cell))
    return any(abs(number - value) <= SAME * value for number in numbers)
