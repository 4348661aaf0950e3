"""What the toy project has measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.reporting import results
from benchmarks.reporting.results import Measured


@pytest.fixture(scope="module")
def measured(project: Path) -> Measured:
    return results.load(results.configuration(project))
