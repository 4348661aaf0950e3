"""The client on the loopback interface: what it counts, and that nothing wrong is counted."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import pyrt
from benchmarks.harness import loopback
from benchmarks.harness.loopback import load, serving, steady

REQUEST = b"GET /users/42 HTTP/1.1\r\nHost: localhost\r\n\r\n"
BODY = b'{"id":42}'
FAILS_AT = 50


def app(at_last: Callable[[], Awaitable[Any]] | None = None) -> pyrt.App:
    """Answers as it should until FAILS_AT, and then with what *at_last* comes to."""
    made, asked = pyrt.App(), itertools.count(1)

    @made.get("/users/{id:int}")
    async def show_user(id: int) -> Any:
        if at_last is None or next(asked) < FAILS_AT:
            return {"id": id}
        return await at_last()

    return made


def looked_at(served: pyrt.App, request: bytes = REQUEST) -> Any:
    gauge = itertools.count().__next__
    with serving(served) as port:
        return steady(port, request, 200, BODY, connections=4, warm_up_s=0.02, window_s=0.1, gauge=gauge)


def test_a_window_has_a_rate_and_percentiles_in_order_and_is_gauged_at_both_ends() -> None:
    figures, before, after = looked_at(app())
    assert (before, after) == (0, 1)
    assert 0 < figures["p50"] <= figures["p95"] <= figures["p99"]
    assert figures["rate"] == pytest.approx(1e6 / figures["us_each"])


def test_requests_are_counted_out_over_the_connections() -> None:
    with serving(app()) as port:
        first, second = load(port, REQUEST, 200, BODY, connections=4, requests=100, windows=2)
    assert first.keys() == second.keys() == {"p50", "p95", "p99", "us_each", "rate"}


def test_a_first_answer_with_another_body_is_an_error() -> None:
    with pytest.raises(AssertionError, match="wrong answer"):
        looked_at(app(), REQUEST.replace(b"42", b"43"))


@pytest.mark.parametrize("wrong", [{"id": 4242}, pyrt.Response(BODY, 203, content_type="application/json")])
def test_a_later_answer_of_another_length_or_status_is_an_error(wrong: Any) -> None:
    async def answer() -> Any:
        return wrong

    with pytest.raises(RuntimeError, match="wrong answer"):
        looked_at(app(answer))


def test_a_server_that_dies_under_load_is_an_error() -> None:
    async def die() -> None:
        os._exit(1)

    with pytest.raises(RuntimeError, match="the server closed the connection"):
        looked_at(app(die))


def test_a_server_that_stops_answering_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loopback, "PATIENCE_S", 0.5)
    with pytest.raises(RuntimeError, match=r"4 of 4 requests had no answer in 0.5 s"):
        looked_at(app(asyncio.Event().wait))
