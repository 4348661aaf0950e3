import logging
from typing import Any

import pytest

from pyrt import Module, UsageError
from pyrt.modules import Modules


def recording(order: list[str], name: str, fails: str = "") -> Any:
    class Recording(Module):
        async def start(self) -> None:
            if fails == "start":
                raise RuntimeError(f"{name} cannot start")
            order.append(f"start {name}")

        async def stop(self) -> None:
            order.append(f"stop {name}")
            if fails == "stop":
                raise RuntimeError(f"{name} cannot stop")

    return Recording


async def test_modules_start_in_order_and_stop_in_reverse() -> None:
    order: list[str] = []
    modules = Modules({"a": recording(order, "a"), "b": recording(order, "b")})
    await modules.start()
    await modules.stop()
    assert order == ["start a", "start b", "stop b", "stop a"]


async def test_when_one_fails_to_start_those_started_are_stopped() -> None:
    order: list[str] = []
    modules = Modules({"a": recording(order, "a"), "b": recording(order, "b", "start")})
    with pytest.raises(RuntimeError, match="b cannot start"):
        await modules.start()
    assert order == ["start a", "stop a"]


async def test_one_that_fails_to_stop_is_logged_and_the_rest_still_stops(caplog: pytest.LogCaptureFixture) -> None:
    order: list[str] = []
    modules = Modules({"a": recording(order, "a"), "b": recording(order, "b", "stop")})
    await modules.start()
    with caplog.at_level(logging.ERROR):
        await modules.stop()
    assert order[-1] == "stop a"
    assert "'b'" in caplog.text


def test_what_is_not_a_module_is_refused() -> None:
    with pytest.raises(UsageError, match=r"pyrt\.Module"):
        Modules({"a": object})  # type: ignore[dict-item]
