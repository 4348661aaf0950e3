"""Names of benchmarks: with parameters as asv writes them, and the twins of one code, `time_x` and `instr_x`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any


def label(name: str, values: Iterable[str]) -> str:
    """A benchmark with one choice of parameters: `micro.routing.Match.time_match(10, 'static')`."""
    joined = ", ".join(values)
    return f"{name}({joined})" if joined else name


def is_time(name: str) -> bool:
    return ".time_" in name


def as_time(name: str) -> str:
    """Of a count, the time of the same code; of anything else its own name. Also of labels."""
    return name.replace(".instr_", ".time_", 1)


def as_count(name: str) -> str:
    """Of a time, the count of the same code; of anything else its own name. Also of labels."""
    return name.replace(".time_", ".instr_", 1)


def matches(regex: str, label: str) -> bool:
    """Whether *regex* is found, as asv finds it, in a label or in that of its twin."""
    return any(re.search(regex, each) for each in (label, as_time(label), as_count(label)))


def less_is_better(described: Mapping[str, Any]) -> bool:
    """The direction of a benchmark as asv describes it: what it says itself, else that only a rate should be high."""
    is_rate = str(described["name"]).rpartition(".")[2].startswith("track_rate")
    return bool(described.get("less_is_better", not is_rate))
