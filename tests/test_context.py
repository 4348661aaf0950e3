import logging

import pytest

from pyrt import GlobalContext, LocalContext, QueueFabric, Request


def local(headers: list[tuple[str | bytes, str | bytes]] | None = None) -> LocalContext:
    return LocalContext(Request("GET", "/", headers or []), GlobalContext(QueueFabric()))


def test_every_request_has_its_own_id_and_state() -> None:
    one, other = local(), local()
    assert one.request_id != other.request_id
    assert len(one.request_id) == 16
    one.state["x"] = 1
    assert other.state == {}


def test_an_id_stays_the_same_once_read() -> None:
    lctx = local()
    assert lctx.request_id == lctx.request_id
    assert lctx.trace_id == lctx.trace_id


def test_the_trace_id_comes_from_traceparent() -> None:
    lctx = local([("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")])
    assert lctx.trace_id == "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize("value", ["", "00-" + "0" * 32 + "-b7ad6b7169203331-01", "01-x", "00-AF-b7-01"])
def test_an_invalid_traceparent_is_replaced(value: str) -> None:
    trace_id = local([("traceparent", value)]).trace_id
    assert len(trace_id) == 32
    assert trace_id.strip("0")


async def test_cleanup_runs_in_reverse_exactly_once_sync_and_async() -> None:
    lctx, order = local(), []

    async def later() -> None:
        order.append("async")

    lctx.on_cleanup(lambda: order.append("first"))
    lctx.on_cleanup(later)
    await lctx.cleanup()
    await lctx.cleanup()
    assert order == ["async", "first"]


async def test_a_failing_cleanup_is_logged_and_the_rest_still_runs(caplog: pytest.LogCaptureFixture) -> None:
    lctx, order = local(), []
    lctx.on_cleanup(lambda: order.append("rest"))
    lctx.on_cleanup(lambda: 1 / 0)
    with caplog.at_level(logging.ERROR):
        await lctx.cleanup()
    assert order == ["rest"]
    assert lctx.request_id in caplog.text


def test_config_and_modules_are_read_only() -> None:
    gctx = GlobalContext(QueueFabric(), {"db": object()}, {"debug": False})
    with pytest.raises(TypeError):
        gctx.config["debug"] = True  # type: ignore[index]
    with pytest.raises(TypeError):
        gctx.modules["db"] = None  # type: ignore[index]
