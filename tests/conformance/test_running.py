"""What runs around and under a handler: hooks, errors, deadlines, threads, asyncio; over every edge."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.edges import EDGES, SERVERS, Ask, Edge, Served, start
from tests.conformance.rules import noted, over, problem

# Hooks

AROUND = "app:before outer:before inner:before"


def test_hooks_run_from_the_outside_in_and_back(edge: Edge) -> None:
    answer = edge.get("/hooks/inner/order")
    back = "route:after inner:after outer:after app:after"
    assert answer.header("x-order") == f"{AROUND} route:before here:handler {back}"
    assert answer.body == b"in order"


def test_catch_hooks_run_from_the_inside_out_until_one_answers(edge: Edge) -> None:
    answer = edge.get("/hooks/inner/unhappy")
    back = "route:catch inner:catch outer:catch app:catch"
    assert (answer.status, answer.body) == (409, b"caught this")
    assert answer.header("x-order") == f"{AROUND} route:before here:handler {back}"


def test_a_before_hook_that_answers_stands_in_for_the_handler(edge: Edge) -> None:
    answer = edge.get("/hooks/inner/early")
    assert (answer.status, answer.body) == (203, b"early")
    assert answer.header("x-order") == f"{AROUND} early:before inner:after outer:after app:after"


def test_hooks_of_a_group_do_not_run_outside_it(edge: Edge) -> None:
    assert edge.get("/health").header("x-order") == "app:before app:after"


def test_an_after_hook_may_replace_the_answer(edge: Edge) -> None:
    assert edge.get("/hooks/replaced").body == b"replaced this"


def test_a_hook_may_refuse(edge: Edge) -> None:
    refused = edge.get("/hooks/guarded")
    assert (refused.status, refused.header("www-authenticate")) == (401, "Basic")
    problem(refused)
    assert edge.get("/hooks/guarded", ("authorization", "Basic x")).body == b"inside"


def test_a_critical_hook_that_fails_keeps_the_request_from_its_handler(edge: Edge, key: str) -> None:
    answer = edge.get("/hooks/critical", ("x-key", key))
    assert answer.status == 500
    problem(answer)
    assert noted(edge, key, 0) == []


@pytest.mark.parametrize("hook", ["flaky", "slow"])
def test_a_hook_that_is_not_critical_may_fail_or_be_late_and_is_counted(edge: Edge, hook: str) -> None:
    first, second = edge.get(f"/{hook}/answer"), edge.get(f"/{hook}/answer")
    assert (first.status, second.status) == (200, 200)
    assert second.json() == first.json() + 1


def test_a_critical_hook_that_is_late_ends_the_request(edge: Edge, key: str) -> None:
    answer = edge.get("/stuck/answer", ("x-key", key))
    assert answer.status in (500, 503, 504)
    problem(answer)
    assert noted(edge, key, 1) == ["let go"]


# Errors, deadlines, cleanup


def test_an_http_error_is_answered_with_its_fields(edge: Edge) -> None:
    answer = edge.get("/errors/http")
    assert (answer.status, answer.header("retry-after")) == (429, "7")
    assert problem(answer)["detail"] == "slow down"


def test_overload_is_a_503_that_says_when_to_come_back(edge: Edge) -> None:
    answer = edge.get("/errors/overload")
    assert (answer.status, answer.header("retry-after")) == (503, "3")
    problem(answer)


@pytest.mark.parametrize(
    "target",
    [
        "/errors/unexpected",
        "/errors/threaded",
        "/errors/unsendable",
        "/errors/cancelled",
        "/hooks/critical",
        "/cleanup/error",
        "/cpu/fail/7",
    ],
)
def test_what_went_wrong_inside_stays_inside(edge: Edge, target: str) -> None:
    answer = edge.get(target)
    assert answer.status == 500
    problem(answer)
    for word in (b"secret", b"Traceback", b"RuntimeError", b"TypeError", b".py"):
        assert word not in answer.body


def test_the_connection_is_good_for_more_after_an_error(edge: Edge) -> None:
    targets = ("/errors/unexpected", "/nowhere", "/errors/http", "/late", "/health")
    answers = edge.in_turn([Ask("GET", target) for target in targets])
    assert [answer.status for answer in answers] == [500, 404, 429, 504, 200]


def test_past_its_deadline_a_handler_is_cancelled_and_cleaned_up(edge: Edge, key: str) -> None:
    answer = edge.get("/late", ("x-key", key))
    assert answer.status == 504
    problem(answer)
    assert noted(edge, key, 2) == ["cancelled", "cleaned"]


def test_a_thread_past_its_deadline_does_not_keep_the_client_waiting(edge: Edge) -> None:
    answer = edge.get("/late/threaded")
    edge.post("/late/threaded")
    assert answer.status == 504
    problem(answer)


@pytest.mark.parametrize(("ending", "status"), [("well", 200), ("error", 500)])
def test_cleanup_runs_last_registered_first_whatever_happens(edge: Edge, key: str, ending: str, status: int) -> None:
    assert edge.get(f"/cleanup/{ending}", ("x-key", key)).status == status
    assert noted(edge, key, 3) == ["third", "second", "first:cleanup"]


@over("while it lasts")
def test_a_request_whose_client_has_gone_is_cancelled_and_cleaned_up(edge: Served, key: str) -> None:
    with edge.connect() as connection:
        connection.say(Ask("GET", "/gone", [("x-key", key)]).as_bytes())
        assert noted(edge, key, 1) == ["waiting"]
        connection.leave()
    assert noted(edge, key, 2) == ["waiting", "cleaned"]


# Threads, processes, and asyncio's promises


@pytest.mark.parametrize("target", ["async", "def"])
def test_a_handler_sees_the_context_variables_of_its_hooks(edge: Edge, key: str, target: str) -> None:
    assert edge.get(f"/in-context/{target}", ("x-key", key)).body.decode() == f"{target} {key}"


@over("at once")
def test_def_handlers_run_beside_each_other(edge: Edge) -> None:
    answers = edge.together([Ask("GET", "/threads/both")] * 2)
    assert [answer.body for answer in answers] == [b"met", b"met"]


def test_cpu_handlers_run_in_another_process(edge: Edge) -> None:
    found = edge.get("/cpu/total/1000").json()
    assert found["total"] == 499500
    assert found["pid"] != edge.get("/pid").json()


def test_an_http_error_crosses_from_the_other_process(edge: Edge) -> None:
    answer = edge.get("/cpu/refuse/90")
    assert (answer.status, answer.header("x-cup")) == (418, "none")
    assert problem(answer)["detail"] == "90 is too hot"


def test_context_variables_do_not_leak_between_requests_or_connections(edge: Edge) -> None:
    asks = [Ask("GET", f"/promises/context/{value}") for value in "abc"]
    answers = edge.in_turn(asks) + edge.in_turn(asks)
    expected = [f"nothing then {value}".encode() for value in "abcabc"]
    assert [answer.body for answer in answers] == expected


@over("at once")
def test_context_variables_do_not_leak_between_requests_at_once(edge: Edge, key: str) -> None:
    asks = [Ask("GET", f"/promises/meet/{value}", [("x-key", key)]) for value in "ab"]
    assert [answer.body for answer in edge.together(asks)] == [b"a", b"b"]


@pytest.mark.parametrize(
    ("promise", "body"),
    [
        ("timeout", b"timed out"),
        ("wait-for", b"timed out"),
        ("task-group", b"3 sibling group"),
        ("anyio", b"moved on True, failed, in a thread nothing"),
        ("current-task", b"[true,true,true]"),
        ("cancel-scope-of-own/x", b"x 0"),
    ],
)
def test_asyncios_promises_hold(edge: Edge, promise: str, body: bytes) -> None:
    asks = [Ask("GET", f"/promises/{promise}"), Ask("GET", f"/promises/{promise}")]
    assert [answer.body for answer in edge.in_turn(asks)] == [body, body]


# Start and stop


def test_what_starts_is_started_in_ascending_priority_and_once(edge: Edge) -> None:
    assert edge.get("/lifecycle").json() == ["start -5", "open 0", "start 10"]


@pytest.mark.parametrize("name", EDGES)
def test_what_was_started_is_stopped_in_descending_priority(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endings = tmp_path / "endings"
    monkeypatch.setenv("CONFORMANCE_ENDINGS", str(endings))
    edge = start(name, tmp_path)
    edge.close()
    assert endings.read_text().split("\n") == ["stop 10", "close 0", "stop -5", ""]
    assert name not in SERVERS or "Traceback" not in edge.log()
