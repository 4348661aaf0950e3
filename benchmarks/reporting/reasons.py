"""Why a figure stepped, where somebody wrote it down: an accepted regression, or a line of docs/perf-log.md."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from .steps import Step

LOG = Path("docs", "perf-log.md")
ACCEPTED = Path("benchmarks", "accepted.toml")
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
    """All that is written about changes of figures."""

    accepted: Sequence[Mapping[str, Any]] = ()
    lines: Sequence[Line] = field(default=())

    def of(self, step: Step) -> str:
        """The reason for a step; empty where nobody gave one."""
        return next((f"Accepted: {one['reason']}" for one in self.accepted if _accepts(one, step)), "") or next(
            (line.words() for line in self.lines if line.tells_of(step)), ""
        )


def load(root: Path) -> Reasons:
    """What a project's log and its accepted regressions say; nothing of files that are missing."""
    log, accepted = root / LOG, root / ACCEPTED
    lines = _lines(log.read_text(encoding="utf-8").splitlines()) if log.is_file() else []
    found = tomllib.loads(accepted.read_text(encoding="utf-8")) if accepted.is_file() else {}
    entries = [one for tables in found.values() if isinstance(tables, list) for one in tables]
    return Reasons([one for one in entries if {"benchmark", "commit", "reason"} <= one.keys()], lines)


def _lines(text: Iterable[str]) -> list[Line]:
    rows = [[cell.strip() for cell in row.strip().strip("|").split("|")] for row in text if row.startswith("|")]
    return [Line(*cells) for cells in rows if len(cells) == 5 and re.match(r"\d{4}-", cells[0])]


def _accepts(entry: Mapping[str, Any], step: Step) -> bool:
    chosen = {name: text.strip("'\"") for name, text in step.parameters.items()}
    wanted = {name: str(value).strip("'\"") for name, value in (entry.get("parameters") or {}).items()}
    same = _called(entry["benchmark"]) == _called(step.benchmark.name)
    return same and wanted.items() <= chosen.items() and step.commit.hash.startswith(entry["commit"])


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
