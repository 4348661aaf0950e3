import logging

import pytest

from pyrt import GlobalContext, LocalContext, QueueFabric, Request, UsageError
from pyrt.request.context import Phase


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


TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize("value", [f"00-{TRACE}-{SPAN}-01", f"cc-{TRACE}-{SPAN}-01", f"cc-{TRACE}-{SPAN}-01-more"])
def test_the_trace_and_the_callers_span_come_from_traceparent(value: str) -> None:
    lctx = local([("traceparent", value)])
    assert (lctx.trace_id, lctx.parent_id) == (TRACE, SPAN)


@pytest.mark.parametrize(
    "value",
    [
        "",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
    ],
)
def test_an_invalid_traceparent_is_replaced(value: str) -> None:
    lctx = local([("traceparent", value)])
    assert len(lctx.trace_id) == 32
    assert lctx.trace_id.strip("0")
    assert lctx.trace_id != TRACE
    assert lctx.parent_id == ""


def test_the_client_is_the_requests() -> None:
    request = Request("GET", "/", client=("192.0.2.1", 4711))
    assert LocalContext(request, GlobalContext(QueueFabric())).client == ("192.0.2.1", 4711)


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


def test_the_global_context_cannot_be_changed_but_for_its_state() -> None:
    gctx = GlobalContext(QueueFabric())
    gctx.state["ready"] = True
    with pytest.raises(UsageError, match=r"gctx\.state"):
        gctx.queue = QueueFabric()


def test_every_instance_has_its_own_id() -> None:
    assert GlobalContext(QueueFabric()).instance_id != GlobalContext(QueueFabric()).instance_id


def test_what_is_not_set_has_its_first_value() -> None:
    lctx = local()
    assert (lctx.phase, lctx.state, lctx.response, lctx.error, lctx.deadline) == (Phase.BEFORE, {}, None, None, None)


def test_a_misspelled_attribute_is_not_taken() -> None:
    with pytest.raises(AttributeError):
        local().stat = 1  # type: ignore[attr-defined]


def test_nothing_can_be_taken_from_the_global_context() -> None:
    gctx = GlobalContext(QueueFabric())
    with pytest.raises(UsageError, match="config"):
        del gctx.config
