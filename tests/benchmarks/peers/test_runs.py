"""A whole run for machines."""

from __future__ import annotations

import json

from tests.benchmarks.peers.toys import CASES, compared, peer


def test_the_json_is_strict_and_holds_every_round() -> None:
    raw = json.loads(json.dumps(compared(peer("pyrt"), peer("half", "one only")).as_json(), allow_nan=False))
    assert [case["case"] for case in raw["cases"]] == list(CASES)
    pyrt, half = raw["cases"][0]["peers"]
    assert (len(pyrt["samples"]), len(half["samples"]), raw["rounds"]) == (12, 12, 12)
    assert half["ratio"].keys() == {"ratio", "low", "high"}
    assert half["note"] == "one only"
