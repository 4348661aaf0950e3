"""python -m benchmarks <verb>."""

from __future__ import annotations

from typing import Any

import click

from ..harness.counting import CountingError
from ..judging.errors import Invalid, WrongUse
from .judging import baseline, compare, find
from .measuring import bench, history, run
from .options import EXIT_CODES, Missed
from .peers import peers
from .profiling import profile
from .reporting import publish, report

CODES = {Missed: 1, WrongUse: 2, Invalid: 3, CountingError: 3}


class Verbs(click.Group):
    """Verbs that end, where something outside this program is wrong, with its message and its exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except tuple(CODES) as error:
            click.ClickException(str(error)).show()
            ctx.exit(next(code for kind, code in CODES.items() if isinstance(error, kind)))


@click.group(cls=Verbs, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Measure pyrt, report against the targets, publish the site.

    The history is asv's: `asv run`, `asv continuous`, `asv preview` work beside these.
    """


for verb in (run, bench, history, compare, baseline, find, report, publish, profile, peers):
    main.add_command(verb)
