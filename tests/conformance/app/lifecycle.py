"""Start and stop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

from tests.conformance.app.declared import app

lifecycle: list[str] = []


def at_end(line: str) -> None:
    """Leave a line for whoever outlives this process."""
    if "CONFORMANCE_ENDINGS" in os.environ:
        with Path(os.environ["CONFORMANCE_ENDINGS"]).open("a") as file:
            file.write(f"{line}\n")


@app.on_start(priority=10)
def start_last() -> None:
    lifecycle.append("start 10")


@app.on_start(priority=-5, timeout_s=5.0)
async def start_first() -> None:
    await asyncio.sleep(0)
    lifecycle.append("start -5")


@app.lifespan(priority=0)
async def resource() -> AsyncIterator[None]:
    lifecycle.append("open 0")
    yield
    await asyncio.sleep(0)
    at_end("close 0")


@app.on_stop(priority=-5)
async def stop_last() -> None:
    at_end("stop -5")


@app.on_stop(priority=10)
def stop_first() -> None:
    at_end("stop 10")


@app.get("/lifecycle")
async def read_lifecycle() -> list[str]:
    return lifecycle
