"""Pairs of one commit with itself, kept raw: what a machine's noise is like, to try the rules on."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import msgspec

from ..harness.atomic import write_whole
from .judge import Judge
from .pairs import Pairs
from .rows import Chosen

DIGITS = 6


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """Pairs of two copies of one commit.

    Attributes:
        command: what records again.
        pairs: by `name(parameters)`: a figure of each copy, in the order measured and in the benchmark's unit.
        less_is_better: by the same.
    """

    command: str
    date: str
    commit: str
    fingerprint: dict[str, str]
    pairs: dict[str, list[tuple[float, float]]]
    less_is_better: dict[str, bool]

    def save(self, path: Path) -> None:
        """Write it, compressed, without the hour of compressing. Raises OSError."""
        write_whole(path, gzip.compress(msgspec.json.encode(self), mtime=0))


def load(path: Path) -> Recording:
    """Read what `Recording.save` wrote. Raises OSError, msgspec.DecodeError."""
    return msgspec.json.decode(gzip.decompress(path.read_bytes()), type=Recording)


def record(judge: Judge, chosen: Sequence[Chosen], count: int) -> dict[str, list[tuple[float, float]]]:
    """Take *count* pairs of base and head, which should be copies of one commit; by `name(parameters)`."""
    pairs = Pairs({side: judge.built[side].python for side in ("base", "head")}, judge.leash, seed=judge.seed)
    sampled = {one.key: one.label for one in chosen if one.sampled}
    for at in range(count):
        judge.say(f"recording pair {at + 1} of {count}")
        pairs.take(list(sampled), 1)
    return {sampled[key]: [_rounded(pair) for pair in taken] for key, taken in pairs.taken.items()}


def _rounded(pair: tuple[float, float]) -> tuple[float, float]:
    base, head = (float(f"{figure:.{DIGITS}g}") for figure in pair)
    return base, head
