"""Which commit made a benchmark slower or faster: a bisection by instruction counts, which are exact.

It goes over the first-parent commits that changed pyrt/, its pins or its build. Where the counts at both ends differ,
it looks for the two neighbours between which the count crosses the middle of the ends, on the logarithm: with one step
that is the step, and with several one of the large ones.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from ..harness import names
from ..harness.counting import CountingError, Outcome
from . import deciding, fingerprint, git, rows, sides
from .bisecting import bisect
from .comparison import Side, Verdict
from .counts import count_commit, need_valgrind
from .errors import WrongUse
from .leash import Leash
from .pairs import Key, ask
from .rows import Chosen
from .sides import Say

PATHS = ("pyrt", "constraints.txt", "pyproject.toml")
MOST = 0.8  # of the change: a step that is less has others beside it


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """A commit that tells nothing, and why."""

    commit: Side
    reason: str


class Bisection(msgspec.Struct, frozen=True, kw_only=True):
    """What a bisection found.

    Attributes:
        benchmark: which was followed, `name(parameters)`.
        ends: instructions per call at BASE and at HEAD.
        commits: those of which one made the step, oldest first: one, unless others beside it tell nothing; none where
            the ends are equal.
        before: instructions per call ahead of them; None where there are none.
        after: the same at the last of them.
        among: how many commits of the range changed pyrt/, its pins or its build.
        counted: at how many of them it was counted.
    """

    benchmark: str
    base: Side
    head: Side
    ends: tuple[float, float]
    commits: list[Side] = []
    before: float | None = None
    after: float | None = None
    among: int = 0
    counted: int = 0
    skipped: list[Skipped] = []
    notes: list[str] = []

    def as_json(self) -> Any:
        return msgspec.to_builtins(self)

    def text(self) -> str:
        """For people: the commit, its step, and what it was found among."""
        if not self.commits:
            return "\n".join([f"nothing to find: {self.benchmark} is at {_change(*self.ends)}", *self.notes])
        assert self.before is not None
        assert self.after is not None
        several = ["one of these, which could not be told apart:"] if len(self.commits) > 1 else []
        return "\n".join(
            [
                *several,
                *(f"{commit.short} {commit.subject}" for commit in self.commits),
                f"{self.benchmark}: {_change(self.before, self.after)}",
                f"in all of {self.base.short}..{self.head.short}: {_change(*self.ends)}",
                f"counted: BASE, and {self.counted} of the {self.among} commits that could have made it",
                *(f"skipped {one.commit.short} {one.commit.subject}: {one.reason}" for one in self.skipped),
                *self.notes,
            ]
        )


def find(root: Path, span: str, name: str, *, say: Say) -> Bisection:
    """The commit of *span*, `BASE..HEAD`, at which the benchmark's count changed most of the way.

    Args:
        name: as asv writes it, of a time or of its `instr_` twin. Without parameters where it has several, the one that
            changed most between the ends is followed.

    Raises:
        WrongUse: there is no such range or benchmark, or an end of the range cannot be counted.
        CountingError: nothing can be counted here.
    """
    need_valgrind()
    base, head = _ends(root, span)
    commits = _changed(root, base, head)
    with Leash() as leash:
        search = _Search(root, leash, say, [base, *commits])
        return search.go(name, head)


@dataclass
class _Search:
    """Counts one benchmark at commit after commit; the first of them is BASE."""

    root: Path
    leash: Leash
    say: Say
    commits: Sequence[Side]
    skipped: dict[int, str] = field(default_factory=dict)
    built: dict[int, sides.Built] = field(default_factory=dict)

    def go(self, name: str, head: Side) -> Bisection:
        last = len(self.commits) - 1
        chosen = self._chosen(name, last)
        before, after = self._count(0, chosen), self._count(last, chosen)
        followed, ends = _worst(chosen, before, after)
        found = Bisection(
            benchmark=followed.label,
            base=self.commits[0],
            head=head,
            ends=ends,
            among=last,
            notes=_followed(followed, chosen),
        )
        if deciding.judge_counts(*ends, deciding.Gate()).verdict is Verdict.OK:
            return msgspec.structs.replace(found, counted=1)
        return self._step(found, followed)

    def _step(self, found: Bisection, followed: Chosen) -> Bisection:
        values: dict[int, float] = {0: found.ends[0], len(self.commits) - 1: found.ends[1]}

        def value(at: int) -> float | None:
            told = self._tried(at, followed)
            return None if told is None else values.setdefault(at, told)

        low, high = bisect(found.ends, len(self.commits) - 1, value)
        skipped = [Skipped(commit=self.commits[at], reason=self.skipped[at]) for at in sorted(self.skipped)]
        return msgspec.structs.replace(
            found,
            commits=list(self.commits[low + 1 : high + 1]),
            before=values[low],
            after=values[high],
            counted=len(values) - 1,
            skipped=skipped,
            notes=[*found.notes, *self._beside(low, high, values)],
        )

    def _beside(self, low: int, high: int, values: Mapping[int, float]) -> list[str]:
        """What else may explain the step, or make little of it."""
        pins = fingerprint.changed_pins(self.built[low], self.built[high])
        share = _share((values[low], values[high]), (values[0], values[len(self.commits) - 1]))
        before, after = self.commits[low].short, self.commits[high].short
        return [
            *([f"dependencies changed in it: {', '.join(pins)}"] if pins else []),
            *([f"other commits changed it too: look into BASE..{before} and {after}..HEAD"] if share < MOST else []),
        ]

    def _chosen(self, name: str, at: int) -> list[Chosen]:
        """The benchmark with each choice of its parameters, or with the one that *name* names."""
        described = ask(self._build(at).python, self.leash, {"verb": "describe"})
        known = [one for one in rows.choose(described, "") if one.counted]
        wanted = names.as_time(name)
        chosen = [one for one in known if wanted in (names.as_time(one.label), names.as_time(one.key.name))]
        if not chosen:
            whole = {one.key.name for one in known}
            labels = whole | {one.label for one in known}
            near = difflib.get_close_matches(wanted, labels, n=4, cutoff=0.5)
            hint = f"did you mean {', '.join(near)}?" if near else f"they are: {', '.join(sorted(whole))}"
            raise WrongUse(f"no benchmark with an instruction count is called {name}; {hint}")
        return chosen

    def _tried(self, at: int, followed: Chosen) -> float | None:
        """Its count there; None, and noted, where there is none."""
        if not sides.measurable(self.root, self.commits[at].commit):
            self.skipped[at] = "it lacks what building takes"
            return None
        try:
            outcome = self._count(at, [followed])[followed.twin]
        except (sides.Unbuildable, CountingError) as error:
            self.skipped[at] = str(error).splitlines()[0]
            return None
        if outcome.instructions is None:
            self.skipped[at] = outcome.skipped or outcome.error
        return outcome.instructions

    def _count(self, at: int, chosen: Sequence[Chosen]) -> dict[Key, Outcome]:
        commit = self.commits[at]
        self.say(f"counting at {commit.short} {commit.subject}")
        regex = "|".join(f"^{re.escape(one.label)}$" for one in chosen)
        outcomes = count_commit(self._build(at), regex, self.leash)
        return {one.twin: outcomes.get(one.twin, Outcome({}, error="it was not counted")) for one in chosen}

    def _build(self, at: int) -> sides.Built:
        self.built[at] = sides.build(self.root, self.commits[at].commit, self.leash)
        return self.built[at]


def _worst(
    chosen: Iterable[Chosen], before: Mapping[Key, Outcome], after: Mapping[Key, Outcome]
) -> tuple[Chosen, tuple[float, float]]:
    """The one that changed most, either way, with its counts at both ends."""
    known: list[tuple[Chosen, tuple[float, float]]] = []
    reasons = []
    for one in chosen:
        base, head = before[one.twin], after[one.twin]
        if base.instructions is not None and head.instructions is not None:
            known.append((one, (base.instructions, head.instructions)))
        else:
            where, end = ("BASE", base) if base.instructions is None else ("HEAD", head)
            reasons.append(f"{one.label} has no count at {where}: {end.skipped or end.error}")
    if not known:
        raise WrongUse(f"{reasons[0]}; take another end of the range")
    return max(known, key=lambda one: abs(math.log(one[1][1] / one[1][0])))


def _share(step: tuple[float, float], ends: tuple[float, float]) -> float:
    """How much of the whole change the step is, on the logarithm."""
    return math.log(step[1] / step[0]) / math.log(ends[1] / ends[0])


def _followed(followed: Chosen, chosen: Sequence[Chosen]) -> list[str]:
    if len(chosen) == 1:
        return []
    return [f"of its {len(chosen)} choices of parameters the one that changed most was followed"]


def _ends(root: Path, span: str) -> tuple[Side, Side]:
    base, dots, head = span.partition("..")
    if not dots or not base or head.startswith("."):
        raise WrongUse(f"{span} is no range; say BASE..HEAD, such as HEAD~20..HEAD")
    one, other = sides.resolve(root, base, head or "HEAD")
    if git.ask(root, "rev-list", "--count", f"{other.commit}..{one.commit}") != "0":
        raise WrongUse(f"{one.short} is not before {other.short}, so nothing lies between; turn the range round?")
    return one, other


def _changed(root: Path, base: Side, head: Side) -> list[Side]:
    """The commits to look at, oldest first; the last one has the same pyrt/ and pins as HEAD."""
    span = f"{base.commit}..{head.commit}"
    log = git.log(root, "--first-parent", "--reverse", "--format=%H %s", span, "--", *PATHS).splitlines()
    if not log:
        raise WrongUse(f"no commit of {base.short}..{head.short} changed pyrt/, its pins or its build: nothing to find")
    return [Side(commit=line.partition(" ")[0], subject=line.partition(" ")[2]) for line in log]


def _change(before: float, after: float) -> str:
    return f"{before:,.0f} to {after:,.0f} instructions per call ({100 * (after / before - 1):+.1f} %)"
