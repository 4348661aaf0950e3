"""The success criteria of load tests."""

from __future__ import annotations

from benchmarks.reporting import criteria, targets


def test_a_load_test_has_its_figures_in_one_row_and_the_worst_of_its_outcomes() -> None:
    def verdict(title: str, unit: str, value: float, status: targets.Status) -> targets.TargetVerdict:
        target = targets.Target("mvp", "Load", title, "<=" if unit != "1/s" else ">=", 1.0, unit)
        return targets.TargetVerdict(target, status, value)

    verdicts = [
        verdict("Sustained: P95", "s", 0.018, "met"),
        verdict("Sustained: rate", "1/s", 1000.0, "met"),
        verdict("Sustained: errors", "requests", 3.0, "missed"),
    ]
    assert criteria.load_rows(verdicts) == [
        ["Sustained", "1,000/s", "18 ms", "3 requests", "missed: 3x the limit, 2 requests too much"]
    ]
