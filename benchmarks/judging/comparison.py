"""What a comparison of two commits found, as it is kept in a file: everything else is made from this.

Raw samples stay in it, pair by pair, so that another rule can be tried on the same measurement.
"""

from __future__ import annotations

import datetime
import enum
from pathlib import Path

import msgspec

from ..harness import names
from ..harness.atomic import write_whole

SCHEMA = 1


class Verdict(enum.StrEnum):
    """What is said of one benchmark, the worst first."""

    FAIL = "FAIL"  # so much slower that it must not be merged
    ALERT = "ALERT"  # slower, and somebody has to look
    INCONCLUSIVE = "INCONCLUSIVE"  # the measurement cannot tell; more pairs, or a quieter machine, may
    SLOWER = "SLOWER"  # by exact counts, and less than alerts
    UNJUDGED = "UNJUDGED"  # there is nothing to compare, or no ratio means anything
    OK = "OK"
    FASTER = "FASTER"

    @property
    def gates(self) -> bool:
        """Whether it makes the comparison fail, unless somebody accepted it."""
        return self in (Verdict.FAIL, Verdict.ALERT)


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Instructions per call on both sides, exact."""

    base: float
    head: float
    verdict: Verdict

    @property
    def ratio(self) -> float:
        return self.head / self.base


class PairedSamples(msgspec.Struct, frozen=True, kw_only=True):
    """What pairs of processes say: one figure of each side in each pair, in the benchmark's unit.

    Attributes:
        pairs: base and head, in the order measured.
        ratio: cost of head by cost of base, so that above 1 is worse also where more is better; None where no ratio
            can be had (a figure that is not above zero, too few pairs). With the interval of its last look.
        p: one-sided p-value of "hardly slower" where the ratio is above 1, of "hardly faster" where it is below.
        confirmed: whether a second, fresh measurement agreed; None where none was asked for.
        disturbed: pairs that were measured again because something else had the processor.
    """

    pairs: list[tuple[float, float]]
    verdict: Verdict
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    confirmed: bool | None = None
    disturbed: int = 0

    @property
    def base(self) -> float:
        return _median([base for base, _ in self.pairs])

    @property
    def head(self) -> float:
        return _median([head for _, head in self.pairs])


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One benchmark at one choice of parameters.

    Attributes:
        name: as asv has it; of the twins `time_x` and `instr_x` the former, and both are in this row.
        parameters: by name, values as asv stores them (their repr).
        unit: of the sampled figures; "instructions" where there are counts alone.
        verdict: the worse of the two, counts first.
        reason: why, in words; for UNJUDGED and INCONCLUSIVE what is missing.
        accepted: the reason somebody gave for accepting it; then it does not gate.
        profile: what grew and where the profile of both commits lies, or why there is none.
    """

    name: str
    parameters: dict[str, str]
    unit: str
    verdict: Verdict
    less_is_better: bool = True
    counts: Counts | None = None
    sampled: PairedSamples | None = None
    reason: str = ""
    accepted: str = ""
    profile: str = ""

    @property
    def label(self) -> str:
        """As asv writes it: `micro.routing.Match.time_match(10, 'static')`."""
        return names.label(self.name, self.parameters.values())

    @property
    def gates(self) -> bool:
        return self.verdict.gates and not self.accepted


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """One benchmark of the base against a second copy of the base, measured among the others."""

    name: str
    parameters: dict[str, str]
    pairs: list[tuple[float, float]]
    ratio: float


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two commits."""

    commit: str
    subject: str = ""

    @property
    def short(self) -> str:
        return self.commit[:8]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one run of `compare` found.

    Attributes:
        command: what makes it again.
        date: when it began, ISO 8601, UTC.
        fingerprint: of the machine, by `fingerprint.here()`.
        noise_floor: the ratio that 95 of 100 controls stay below, either way; None where none was measured.
        too_noisy: times cannot be judged on this machine, at this hour.
        advisory: why nothing in it gates (a stored baseline); empty where it does.
    """

    schema: int = SCHEMA
    command: str
    date: str
    base: Side
    head: Side
    fingerprint: dict[str, str]
    rows: list[Row]
    controls: list[Control] = []
    noise_floor: float | None = None
    too_noisy: bool = False
    seed: int = 0
    looks: list[int] = []
    notes: list[str] = []
    advisory: str = ""

    def of(self, *verdicts: Verdict) -> list[Row]:
        """The rows with one of these verdicts."""
        return [row for row in self.rows if row.verdict in verdicts]

    @property
    def exit_code(self) -> int:
        """0 fine, 1 something fails or alerts that nobody accepted, 3 the machine was too noisy to tell."""
        if not self.advisory and any(row.gates for row in self.rows):
            return 1
        return 3 if self.too_noisy else 0

    def save(self, path: Path) -> None:
        """Write it; what stood there stays until the new one is whole. Raises OSError."""
        write_whole(path, msgspec.json.format(msgspec.json.encode(self), indent=1))


class UnreadableComparison(ValueError):
    """A file holds no comparison; the message says why."""


def load(path: Path) -> Comparison:
    """Read what `Comparison.save` wrote. Raises UnreadableComparison."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Comparison)
    except (OSError, msgspec.MsgspecError) as error:
        raise UnreadableComparison(f"{path} holds no comparison: {error}") from error
    if found.schema != SCHEMA:
        raise UnreadableComparison(f"{path} has schema {found.schema}, this version reads {SCHEMA}; compare again")
    return found


def now() -> str:
    """The present second, UTC, ISO 8601."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _median(values: list[float]) -> float:
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
