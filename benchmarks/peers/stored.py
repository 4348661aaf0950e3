"""Whole runs of `peers`, as they are kept: one line of JSON each in results/peers/SUBJECT.jsonl, the newest last.

Not as .json: asv takes every such file below results/ for a result of its own.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..harness.atomic import write_whole
from ..judging.errors import WrongUse
from ..judging.paired import Interval
from .entries import Entry, Peer, Yardstick
from .runs import Headline, PeerRun, changes

FOLDER = Path("results", "peers")


class UnreadableRun(ValueError):
    """A kept run cannot be read; the message names the file and the line."""


@dataclass(frozen=True)
class Shown:
    """What else was known of a peer in a case, as it was shown."""

    texts: Sequence[str]

    def cells(self) -> Sequence[str]:
        return self.texts

    def as_json(self) -> dict[str, Any]:
        return {}


def require_commit(root: Path) -> None:
    """Raises WrongUse where what is measured has changes that are not committed."""
    if changed := changes(root):
        raise WrongUse(f"{changed[0]} is not as it was committed, and kept figures belong to a commit: commit first")


def save(done: PeerRun, root: Path) -> Path:
    """Add a run to those of its subject, and say where. Raises OSError; what was there stays."""
    path = root / FOLDER / f"{done.subject}.jsonl"
    before = path.read_bytes() if path.exists() else b""
    write_whole(path, before + json.dumps(_kept(done), allow_nan=False, separators=(",", ":")).encode() + b"\n")
    return path


def load(root: Path) -> dict[str, list[PeerRun]]:
    """All kept runs by subject, the newest first. Raises UnreadableRun."""
    paths = sorted((root / FOLDER).glob("*.jsonl"))
    found = {path.stem: [_read(path, *line) for line in enumerate(path.read_text().splitlines(), 1)] for path in paths}
    return {subject: sorted(runs, key=lambda run: run.date, reverse=True) for subject, runs in found.items() if runs}


def _read(path: Path, number: int, line: str) -> PeerRun:
    try:
        return _run(json.loads(line))
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableRun(f"{path}, line {number} holds no run of `peers`: {error!r}; remove the line") from error


def _kept(done: PeerRun) -> dict[str, Any]:
    """What the run wrote as JSON, and what is missing there to show it again."""
    beside = {
        case: [list(one.beside.cells()) if one.beside else [] for one in found] for case, found in done.entries.items()
    }
    return {
        **done.as_json(),
        "yardstick": asdict(done.yardstick),
        "peers": [{"name": one.name, "how": one.how, "version": one.version} for one in done.peers],
        "conditions": done.conditions,
        "remarks": list(done.remarks),
        "headline_case": done.headline_case,
        "beside": beside,
    }


def _run(raw: Mapping[str, Any]) -> PeerRun:
    return PeerRun(
        subject=raw["subject"],
        yardstick=Yardstick(**raw["yardstick"]),
        peers=[Peer(one["name"], one["how"], str, one["version"]) for one in raw["peers"]],
        cases={one["case"]: one["title"] for one in raw["cases"]},
        entries={one["case"]: _entries(one["peers"], raw["beside"][one["case"]]) for one in raw["cases"]},
        rounds=raw["rounds"],
        conditions=raw["conditions"],
        quick=raw["quick"],
        confidence=raw["confidence"],
        remarks=raw["remarks"],
        headlines=[Headline(one["beside"], _ratios(one["ratios"])) for one in raw["headlines"]],
        headline_case=raw["headline_case"],
        date=datetime.datetime.fromisoformat(raw["date"]),
        recorded=raw["heading"],
    )


def _entries(found: Sequence[Mapping[str, Any]], beside: Sequence[Sequence[str]]) -> list[Entry]:
    return [
        Entry(
            peer=one["peer"],
            status=one["status"],
            reason=one["reason"],
            note=one["note"],
            samples=one["samples"],
            ratio=Interval(**one["ratio"]) if one["ratio"] else None,
            beside=Shown(cells) if cells else None,
        )
        for one, cells in zip(found, beside, strict=True)
    ]


def _ratios(raw: Mapping[str, Any]) -> dict[str, Interval]:
    return {name: Interval(**ratio) for name, ratio in raw.items()}
