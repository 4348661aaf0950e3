"""The success criteria: what became of each written target, tier by tier, and of the load tests among them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from .changes import plain, spoken
from .tables import NOTHING, Table, human
from .targets import TIERS, Target, TargetVerdict

STATUSES = ("met", "missed", "not measured")
LOAD = "Load"
# Which column of the load tests a target's unit speaks of.
LOAD_COLUMNS = {"1/s": "rps", "s": "p95", "requests": "errors"}


def wanted(target: Target) -> str:
    """What the target asks for: `< 5 ms`, with the percentile where that is the choice."""
    percentile = str(target.parameters.get("percentile", "")).upper()
    return f"{percentile} {target.compare} {human(target.limit, target.unit)}".lstrip()


def outcome(verdict: TargetVerdict) -> str:
    """The status in words, with how much is missing: `missed: 1.34x the limit, 1.7 ms too much`."""
    if verdict.status != "missed":
        return verdict.status
    factor = ""
    if verdict.factor is not None:
        shown = human(verdict.factor, "ratio")
        factor = f"{shown} the limit, " if shown.endswith("x") else f"{shown} of the limit, "
    side = "too much" if verdict.target.less_is_better else "too little"
    return f"missed: {factor}{human(verdict.excess, verdict.target.unit)} {side}"


def tally(verdicts: Sequence[TargetVerdict]) -> str:
    """One sentence on how many targets are met, missed, and not measured."""
    parts = ", ".join(f"{number} {status}" for status, number in _count(verdicts).items())
    return f"Of {len(verdicts)} targets: {parts}."


def tier_table(verdicts: Sequence[TargetVerdict]) -> Table:
    """A line of totals for each tier that has targets."""
    by_tier = {tier: [one for one in verdicts if one.target.tier == tier] for tier in TIERS}
    rows = [[tier, *map(str, _count(found).values()), str(len(found))] for tier, found in by_tier.items() if found]
    return Table("Success criteria", ("Tier", "Met", "Missed", "Not measured", "Of"), rows)


def target_tables(verdicts: Sequence[TargetVerdict]) -> list[Table]:
    """One table for each tier that has targets."""
    columns = ("Area", "Target", "Limit", "Value", "Status")
    by_tier = {tier: [one for one in verdicts if one.target.tier == tier] for tier in TIERS}
    return [
        Table(f"Targets: {tier}", columns, [_target_cells(one) for one in found], note=tally(found))
        for tier, found in by_tier.items()
        if found
    ]


def load_json(verdicts: Iterable[TargetVerdict]) -> list[dict[str, Any]]:
    """Each load test that a target speaks of, with the figures there are: rps (1/s), p95 (s), errors, status."""
    found: dict[tuple[str, str], list[TargetVerdict]] = {}
    for one in verdicts:
        if one.target.group == LOAD and one.target.unit in LOAD_COLUMNS:
            test = one.target.title.partition(":")[0]
            found.setdefault((one.target.tier, test), []).append(one)
    return [_load(tier, test, mine) for (tier, test), mine in found.items()]


def load_rows(verdicts: Iterable[TargetVerdict]) -> list[list[str]]:
    """The same for people."""
    units = {column: unit for unit, column in LOAD_COLUMNS.items()}
    rows = []
    for one in load_json(verdicts):
        figures = [NOTHING if one[name] is None else human(one[name], unit) for name, unit in units.items()]
        test = one["test"] if one["tier"] == TIERS[0] else f"{one['test']} ({one['tier']})"
        rows.append([test, *figures, one["status"]])
    return rows


def verdict_json(verdict: TargetVerdict) -> dict[str, Any]:
    at = {name: plain(value) for name, value in verdict.at.items()}
    return {
        **asdict(verdict.target),
        "status": verdict.status,
        "value": verdict.value,
        "factor": verdict.factor,
        "excess": verdict.excess,
        "at": at,
        "reason": verdict.reason,
        "last": verdict.last,
    }


def _load(tier: str, test: str, verdicts: Sequence[TargetVerdict]) -> dict[str, Any]:
    figures: dict[str, float | None] = dict.fromkeys(LOAD_COLUMNS.values())
    figures |= {LOAD_COLUMNS[one.target.unit]: one.value for one in verdicts}
    worst = next(
        status for status in ("missed", "not measured", "met") if any(one.status == status for one in verdicts)
    )
    missed = [outcome(one) for one in verdicts if one.status == "missed"]
    return {"tier": tier, "test": test, **figures, "status": "; ".join(missed) or worst}


def _target_cells(verdict: TargetVerdict) -> list[str]:
    target = verdict.target
    value = (verdict.last or NOTHING) if verdict.value is None else human(verdict.value, target.unit)
    free = {name: text for name, text in verdict.at.items() if name not in target.parameters}
    if free:
        value = f"{value} (worst: {spoken(free)})"
    status = outcome(verdict)
    if verdict.status == "not measured" and target.benchmark:
        status = f"{status}: {verdict.reason}"
    return [target.group, target.title, f"{target.compare} {human(target.limit, target.unit)}", value, status]


def _count(verdicts: Sequence[TargetVerdict]) -> dict[str, int]:
    return {status: sum(one.status == status for one in verdicts) for status in STATUSES}
