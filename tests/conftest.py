import os
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

# How fast a machine draws examples says nothing of what is tested.
settings.register_profile("pyrt", suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("pyrt")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where PYRT_REQUIRE_ALL is set, as in CI, a test that is skipped has failed."""
    report = yield
    if report.skipped and os.environ.get("PYRT_REQUIRE_ALL"):
        report.outcome = "failed"
        report.longrepr = f"skipped where everything must run: {report.longrepr}"
    return report
