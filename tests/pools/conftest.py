from typing import Any

import pytest

from tests.pools.running import leave_out_what_runs


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Both event loops: what wakes a loop from a thread differs between them."""
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture(autouse=True)
def others_are_left_out() -> None:
    leave_out_what_runs()
