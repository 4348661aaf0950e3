"""What else had the processors."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.judging.noise import watched


def stat(path: Path, **ticks: int) -> None:
    names = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
    path.write_text("cpu  " + " ".join(str(ticks.get(name, 0)) for name in names) + " 0 0\n")


@pytest.mark.parametrize(
    ("after", "disturbed"),
    [
        ({"idle": 10_000}, False),
        ({"idle": 9_700, "steal": 300}, True),
        ({"idle": 9_900, "steal": 100}, False),
        ({"idle": 7_000, "user": 3_000}, True),
        ({"idle": 9_000, "user": 1_000}, False),
    ],
)
def test_a_pair_is_disturbed_by_two_percent_stolen_or_a_fifth_used_by_others(
    tmp_path: Path, after: dict[str, int], disturbed: bool
) -> None:
    path = tmp_path / "stat"
    stat(path)
    with watched(path) as found:
        stat(path, **after)
    assert found.disturbed is disturbed
