"""The report: stored figures against a baseline, a comparison of the two, and the written targets."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..judging import comparison as comparisons
from ..judging.comparison import Comparison, Verdict
from ..judging.git import ROOT
from . import comparison_report, components, documents, scenarios, shares, stored_profiles
from .components import Component
from .criteria import load_json, load_rows, tally, target_tables, tier_table, verdict_json
from .results import Commit, Measured
from .scenarios import Scenario
from .tables import Table, human
from .targets import Shape, Target, TargetVerdict, judge

NOISE = (
    "Times swing on a machine that runs other work, by a factor of two on a shared one: believe the "
    "instruction counts first, and a change in time only where its 99 % intervals do not touch."
)
COMPARED = Path(".asv", "compare", "comparison.json")  # in the project
SLOWER = (Verdict.FAIL, Verdict.ALERT, Verdict.SLOWER)
COMPONENTS, INTEGRATION, OTHER = "Components", "Integration in process", "Other figures"
ALWAYS = ("faster", "slower", "unchanged")


@dataclass(frozen=True)
class Report:
    """What a machine measured at `head`, against `base` (None: no earlier one) and the targets; a document.

    Attributes:
        comparison: of these two commits, where one was made.
        made: in words how it was made, or how it can be.
    """

    measured: Measured
    head: Commit
    base: Commit | None
    verdicts: Sequence[TargetVerdict]
    date: datetime.datetime
    comparison: Comparison | None = None
    made: str = ""
    profiled: Sequence[tuple[str, str]] = ()

    title = "Benchmark report"

    @property
    def missed(self) -> list[TargetVerdict]:
        return [verdict for verdict in self.verdicts if verdict.status == "missed"]

    @property
    def commits(self) -> Sequence[Commit]:
        """Those measured up to `head`, oldest first."""
        return self.measured.commits[: self.measured.commits.index(self.head) + 1]

    def components(self) -> list[Component]:
        """Every benchmark without percentiles; a time and the count of its code are one."""
        return components.components(self.measured.benchmarks, self.commits, self.base, self.comparison)

    def scenarios(self) -> list[Scenario]:
        """Every choice of parameters of the benchmarks that have a `percentile` among them."""
        benchmarks = self.measured.benchmarks.values()
        return scenarios.scenarios(
            benchmarks, self.commits, self.base, verdicts=self.verdicts, comparison=self.comparison
        )

    def overhead(self) -> dict[str, list[float]]:
        """Instructions and seconds of each part of a request; see `shares.overhead`."""
        return shares.overhead(self.measured, self.head)

    def tables(self) -> list[Table]:
        """Components, scenarios, load tests; success criteria and targets; optimisation targets; other figures."""
        return [
            self._figures(COMPONENTS),
            Table("Scenarios", scenarios.COLUMNS, [one.cells() for one in self.scenarios()], scenarios.NOTE).trimmed(),
            Table("Load tests", ("Test", "RPS", "P95", "Errors", "Status"), load_rows(self.verdicts)),
            tier_table(self.verdicts),
            *target_tables(self.verdicts),
            shares.table(self.measured, self.commits, self.base),
            self._profiles(),
            self._figures(INTEGRATION),
            self._figures(OTHER),
        ]

    sections = tables

    def heading(self) -> list[tuple[str, str]]:
        """What the figures are of: machine, commits, comparison, Python, date, each with its name."""
        machine = self.measured.machine
        about = ", ".join(
            text for text in (machine.get("cpu"), f"{machine.get('num_cpu') or '?'} cores", machine.get("os")) if text
        )
        base = describe(self.base) if self.base else "none: no earlier commit is measured"
        noise = (
            comparison_report.noise(self.comparison) if self.comparison else "floor not measured: it takes a comparison"
        )
        return [
            ("Machine", f"{self.measured.name} ({about})"),
            ("Current", describe(self.head)),
            ("Baseline", base),
            ("Compared", self.made or "not looked for"),
            ("Noise", noise),
            *self._timed(),
            ("Python", self.head.python or "unknown"),
            ("Reported", f"{self.date:%Y-%m-%d %H:%M} UTC"),
        ]

    def _timed(self) -> list[tuple[str, str]]:
        """Where the times are, when `head` has counts alone."""
        times = {name for name, one in self.measured.benchmarks.items() if one.unit == "seconds"}
        timed = [
            one for one in self.commits if any(name in times and at.measured for (name, _), at in one.figures.items())
        ]
        if not timed or timed[-1] is self.head:
            return []
        command = f"python -m benchmarks report --machine {self.measured.name} --head {timed[-1].short}"
        return [("Times", f"none at this commit, counts alone; the last with times: {command}")]

    def headline(self) -> str:
        """How many became faster and slower since the baseline, and how many targets are missed."""
        judged = [
            one.verdict for one in (*self.components(), *(each.judged for each in self.scenarios())) if one and one.told
        ]
        missed = f"{len(self.missed)} of {len(self.verdicts)} targets missed."
        if self.base is None:
            return f"Nothing to compare with; {missed}"
        count = {
            "faster": judged.count(Verdict.FASTER),
            "slower": sum(map(judged.count, SLOWER)),
            "unchanged": judged.count(Verdict.OK),
            "inconclusive": judged.count(Verdict.INCONCLUSIVE),
            "not comparable": judged.count(Verdict.UNJUDGED),
        }
        parts = [f"{number} {word}" for word, number in count.items() if number or word in ALWAYS]
        return f"Against {self.base.short}: {', '.join(parts)}; {missed}"

    def notes(self) -> list[str]:
        return [self.headline(), NOISE, tally(self.verdicts)]

    def markdown(self) -> str:
        """The whole report as GitHub-flavoured Markdown."""
        return documents.markdown(self)

    def as_json(self) -> dict[str, Any]:
        """The same for machines: figures raw and in their units; null with a `state` where there is none."""
        return {
            "machine": dict(self.measured.machine),
            "python": self.head.python,
            "date": self.date.isoformat(),
            "current": {"commit": self.head.hash, "subject": self.head.subject},
            "baseline": {"commit": self.base.hash, "subject": self.base.subject} if self.base else None,
            "headline": self.headline(),
            "compared": self.made,
            "noise_floor": self.comparison.noise_floor if self.comparison else None,
            "components": self._figures_json(COMPONENTS),
            "scenarios": [scenario.as_json() for scenario in self.scenarios()],
            "load": load_json(self.verdicts),
            "targets": [verdict_json(verdict) for verdict in self.verdicts],
            "optimisation_targets": shares.as_json(self.measured, self.head),
            "integration": self._figures_json(INTEGRATION),
            "other": self._figures_json(OTHER),
            "profiles": [{"benchmark": benchmark, "page": page} for benchmark, page in self.profiled],
        }

    def _figures(self, kind: str) -> Table:
        found = [one for one in self.components() if _kind(one) == kind]
        rows = [one.cells() for one in sorted(found, key=_changed) if one.told]
        columns = ("Component" if kind == COMPONENTS else "Benchmark", *components.COLUMNS)
        absent = len(found) - len(rows)
        note = f"{absent} more have no figure at either commit." if absent else ""
        return Table(kind, columns, rows, note=note, folded=kind == OTHER and bool(rows)).trimmed()

    def _profiles(self) -> Table:
        """What was profiled at `head`, and the page of it."""
        empty = "None at this commit: `python -m benchmarks profile NAME` makes one."
        note = "What misses its target, or was asked for: where its time, instructions and memory go."
        return Table("Profiles", ("Benchmark", "Page"), self.profiled, note, empty=empty)

    def _figures_json(self, kind: str) -> list[dict[str, Any]]:
        return [one.as_json() for one in self.components() if one.told and _kind(one) == kind]


def make(
    measured: Measured,
    targets: Iterable[Target],
    *,
    head: str | None = None,
    base: str | None = None,
    project: Path = ROOT,
) -> Report:
    """The report on `head` (a measured commit's hash, else the newest) against `base` (else the one before).

    With the comparison of the two that lies in `project`, if any. Raises WrongUse when a commit is not measured.
    """
    current = measured.find(head) if head else measured.commits[-1]
    earlier = measured.commits[: measured.commits.index(current)]
    baseline = measured.find(base) if base else (earlier[-1] if earlier else None)
    verdicts = [_with_last(judge(one, measured.shapes, current.value), measured.shapes, earlier) for one in targets]
    found, made = _comparison(project, current, baseline)
    now = datetime.datetime.now(datetime.UTC)
    return Report(measured, current, baseline, verdicts, now, found, made, _profiled(project, current))


def _with_last(verdict: TargetVerdict, shapes: Mapping[str, Shape], earlier: Sequence[Commit]) -> TargetVerdict:
    """The verdict; of a target without a figure with the newest that an earlier commit had."""
    if verdict.status != "not measured" or verdict.target.benchmark is None:
        return verdict
    for commit in reversed(earlier):
        then = judge(verdict.target, shapes, commit.value)
        if then.value is not None:
            told = f"{human(then.value, then.target.unit)} at {commit.short}: {then.status}"
            return dataclasses.replace(verdict, last=told)
    return verdict


def describe(commit: Commit) -> str:
    """A commit for people: short hash, date, subject."""
    return f"{commit.short} of {commit.date:%Y-%m-%d}, {commit.subject}".rstrip(", ")


def _profiled(project: Path, commit: Commit) -> list[tuple[str, str]]:
    """Benchmark and page of each profile of a commit that the project has."""
    found = [one for one in stored_profiles.load(project) if one.profile.commit == commit.hash and not one.error]
    return [(one.profile.benchmark, (one.folder / "index.html").relative_to(project).as_posix()) for one in found]


def _comparison(project: Path, head: Commit, base: Commit | None) -> tuple[Comparison | None, str]:
    """The one that the project has of these two commits, and how it was made; or how to make it."""
    if base is None:
        return None, "none: there is no baseline"
    path = project / COMPARED
    command = f"python -m benchmarks compare {base.short} {head.short}"
    try:
        found = comparisons.load(path) if path.exists() else None
    except comparisons.UnreadableComparison as error:
        return None, f"none: {error}"
    if found is None or (found.base.commit, found.head.commit) != (base.hash, head.hash):
        return None, f"none was made of these two; this makes one: {command}"
    advice = f"; advisory: {found.advisory}" if found.advisory else ""
    return found, f"by {found.command} on {comparison_report.machine(found.fingerprint)}, {found.date}{advice}"


def _kind(one: Component) -> str:
    area = one.benchmark.name.partition(".")[0]
    return {"micro": COMPONENTS, "integration": INTEGRATION}.get(area, OTHER)


def _changed(one: Component) -> int:
    """What became slower comes first, then what became faster; the rest as the suite has it."""
    return 0 if one.verdict in SLOWER else 1 if one.verdict is Verdict.FASTER else 2
