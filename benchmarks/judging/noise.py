"""What else had the processors while a pair was measured."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

STOLEN, OTHERS = 0.02, 0.20


@dataclass
class Disturbance:
    """Shares of all processors' time: what the hypervisor took, and what other processes took."""

    stolen: float = 0.0
    others: float = 0.0

    @property
    def disturbed(self) -> bool:
        """More than a pair should bear: 2 % stolen, or 20 % of the machine used by others."""
        return self.stolen > STOLEN or self.others > OTHERS


@contextmanager
def watched(stat: Path = Path("/proc/stat")) -> Iterator[Disturbance]:
    """What happened meanwhile beside this process's children; nothing where the kernel does not tell (not Linux)."""
    found = Disturbance()
    before, own = _times(stat), _children_s()
    yield found
    spent = {name: value - before[name] for name, value in _times(stat).items()} if before else {}
    total = sum(spent.values())
    if total > 0:
        busy = total - spent["idle"] - spent["iowait"] - spent["steal"]
        mine = (_children_s() - own) * os.sysconf("SC_CLK_TCK")
        found.stolen, found.others = spent["steal"] / total, max(0.0, busy - mine) / total


_COLUMNS = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")


def _times(stat: Path) -> dict[str, float]:
    """Clock ticks of all processors since the start, by what they went to (proc(5))."""
    try:
        fields = stat.read_text(encoding="ascii").split(maxsplit=9)[1:9]
    except OSError:
        return {}
    return dict(zip(_COLUMNS, map(float, fields), strict=True))


def _children_s() -> float:
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in usage)
