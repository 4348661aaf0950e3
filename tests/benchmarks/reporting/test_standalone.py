"""A report as one file, in a browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.reporting import comparison_report, report, standalone, targets
from benchmarks.reporting.results import Measured
from benchmarks.reporting.spark import Spark
from tests.benchmarks.browser import needs_browser, tab
from tests.benchmarks.comparisons import one_of_each


@pytest.fixture(scope="module")
def done(measured: Measured) -> report.Report:
    return report.make(measured, targets.load())


def test_the_page_has_every_table_a_line_for_each_history_and_needs_no_other_file(done: report.Report) -> None:
    text = standalone.html(done)
    assert not re.search(r"<link|<img|<script|@import|url\(|https?:", text)
    assert text.count("<h2>") + text.count("<summary>") == len(done.tables())
    assert text.count('<svg class="spark"') == sum(
        isinstance(c, Spark) and c != "-" for t in done.tables() for r in t.rows for c in r
    )
    assert "over 5 commits, from" in text


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_are_no_wider_than_a_phone_and_follow_the_colour_scheme(
    done: report.Report, tmp_path: Path, scheme: str
) -> None:
    shown = {
        "report": standalone.html(done),
        "compared": standalone.html(comparison_report.ComparisonReport(one_of_each())),
    }
    with tab(tmp_path / "profile") as page:
        for name, text in shown.items():
            file = tmp_path / f"{name}.html"
            file.write_text(text)
            page.open(file.as_uri(), width=400, scheme=scheme)
            assert page.ask("document.documentElement.scrollWidth") <= 400
            background = page.ask("getComputedStyle(document.body).backgroundColor")
            assert background == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 26)"}[scheme]
            page.open(file.as_uri(), width=1280, scheme=scheme)
            assert page.ask("document.documentElement.scrollWidth") <= 1280
            assert page.complaints == []
            assert page.asked == [file.as_uri()]
