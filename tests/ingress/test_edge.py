"""What connections share."""

import asyncio

import pytest

from pyrt import Limits
from pyrt.ingress import edge as edges
from pyrt.ingress.edge import Edge
from pyrt.testing import ManualClock


async def test_a_look_that_fails_is_told_and_does_not_end_those_to_come(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(edges, "SWEEP_S", 0)
    looked = asyncio.Event()
    looks = 0

    class Connection:
        is_over = False

        def sweep(self, now_s: float, since_s: float) -> None:
            nonlocal looks
            looks += 1
            if looks == 1:
                raise RuntimeError("no more threads")
            looked.set()

        def drain(self) -> None: ...
        def abort(self) -> None: ...
        async def wait_closed(self) -> None: ...

    edge = Edge(Limits(), clock=ManualClock())
    edge.connections.add(Connection())
    edge.start()
    await asyncio.wait_for(looked.wait(), 10)
    edge.stop()
    assert [record.exc_info is not None for record in caplog.records] == [True]
