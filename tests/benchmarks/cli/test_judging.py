"""What the verbs that judge refuse before they build anything, and what becomes of errors."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from click.testing import CliRunner

from benchmarks.cli.main import main


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["compare", "--bench", "("], "'(' is not a regular expression"),
        (["baseline", "--bench", "("], "'(' is not a regular expression"),
        (["compare", "--record", "x.gz", "--pairs", "0"], "not in the range"),
        (["compare", "--self-test", "--record", "x.gz"], "take one"),
        (["compare", "--self-test", "HEAD", "HEAD"], "name no HEAD"),
        (["compare", "--record", "x.gz", "--baseline", "b.json"], "have no baseline"),
        (["compare", "--self-test", "--markdown", "-"], "leave --markdown out"),
        (["compare", "--record", "x.gz", "--json", "-"], "leave --json out"),
        (["compare", "--counts", "--baseline", "b.json"], "--counts is for two commits"),
        (["compare", "--advisory"], "name it with --baseline FILE"),
        (["compare", "HEAD", "HEAD", "--baseline", "b.json"], "name HEAD alone"),
    ],
)
def test_options_that_would_not_count_are_wrong_use_at_once(arguments: Sequence[str], told: str) -> None:
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 2
    assert told in done.output
    assert "building" not in done.output
