import asyncio
from typing import Any

import pytest

from pyrt import GlobalContext, HookChain, LocalContext, QueueFabric, Request, Response, UsageError
from pyrt.errors import DeadlineExceeded
from pyrt.request.hooks import HookFunction


def local(**modules: Any) -> LocalContext:
    return LocalContext(Request("GET", "/"), GlobalContext(QueueFabric(), modules))


async def test_before_runs_in_order_and_after_and_catch_in_reverse() -> None:
    order: list[str] = []

    def note(name: str) -> Any:
        async def hook(lctx: LocalContext) -> None:
            order.append(name)

        return hook

    chain = HookChain(*[[note(f"{phase} {n}") for n in (1, 2)] for phase in ("before", "after", "catch")])
    lctx = local()
    await chain.run_before(lctx)
    await chain.run_after(lctx)
    await chain.run_catch(lctx)
    assert order == ["before 1", "before 2", "after 2", "after 1", "catch 2", "catch 1"]


async def test_sync_and_async_hooks_mix() -> None:
    order: list[str] = []

    async def second(req: Request) -> None:
        order.append("async")

    await HookChain(before=[lambda lctx: order.append("sync"), second]).run_before(local())
    assert order == ["sync", "async"]


async def test_a_before_hook_that_returns_something_ends_the_chain() -> None:
    reached: list[int] = []
    chain = HookChain(before=[lambda req: "denied", lambda req: reached.append(1)])
    answer = await chain.run_before(local())
    assert answer is not None
    assert answer.body == b"denied"
    assert reached == []


async def test_an_after_hook_sees_the_response_and_may_replace_it() -> None:
    lctx = local()
    lctx.response = Response("a")
    await HookChain(after=[lambda res: Response(res.body + b"b")]).run_after(lctx)
    assert lctx.response.body == b"ab"


async def test_a_catch_hook_sees_the_error_and_may_answer() -> None:
    lctx = local()
    lctx.error = KeyError("x")
    answer = await HookChain(catch=[lambda error: Response(repr(error), 500)]).run_catch(lctx)
    assert answer is not None
    assert answer.body == b"KeyError('x')"


async def test_a_hook_may_name_a_module() -> None:
    lctx = local(db="the db")
    answer = await HookChain(before=[lambda db: db], modules={"db": "the db"}).run_before(lctx)
    assert answer is not None
    assert answer.body == b"the db"


@pytest.mark.parametrize(
    ("phase", "hook"),
    [
        ("before", lambda res: None),
        ("before", lambda error: None),
        ("after", lambda body: None),
        ("catch", lambda db: None),
        ("before", lambda *args: None),
        ("before", lambda **kwargs: None),
        ("before", lambda req, /: None),
        ("before", "not a function"),
    ],
)
def test_a_hook_with_a_wrong_signature_is_refused(phase: str, hook: Any) -> None:
    with pytest.raises(UsageError):
        HookChain(**{phase: [hook]})


async def test_a_hook_that_takes_too_long_is_cancelled_and_has_failed() -> None:
    async def endless() -> None:
        await asyncio.Event().wait()

    with pytest.raises(DeadlineExceeded, match="hook endless"):
        await HookChain(before=[HookFunction(endless, timeout_s=0.001)]).run_before(local())


async def test_the_failure_of_a_hook_that_is_not_critical_is_logged_and_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken() -> None:
        raise KeyError("x")

    async def endless() -> None:
        await asyncio.Event().wait()

    async def cancelled() -> None:
        raise asyncio.CancelledError

    lctx, order = local(), []
    await HookChain(
        before=[
            HookFunction(broken, critical=False),
            HookFunction(lambda: 1 / 0, name="divide", critical=False),
            HookFunction(endless, timeout_s=0.001, critical=False),
            HookFunction(lambda: broken(), name="late", critical=False),
            HookFunction(cancelled, critical=False),
            lambda: order.append("rest"),
        ]
    ).run_before(lctx)
    assert order == ["rest"]
    assert lctx.gctx.hook_failures == {"broken": 1, "divide": 1, "endless": 1, "late": 1, "cancelled": 1}
    assert all(name in caplog.text for name in ("broken", "divide", "endless", lctx.request_id))


async def test_a_cancelled_request_is_no_failure_of_its_hook() -> None:
    started = asyncio.Event()

    async def waits() -> None:
        started.set()
        await asyncio.Event().wait()

    lctx = local()
    task = asyncio.create_task(HookChain(before=[HookFunction(waits, critical=False)]).run_before(lctx))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not lctx.gctx.hook_failures
