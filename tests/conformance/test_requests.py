"""What a client asks for is what a handler gets, or it is told why not, over every edge."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from tests.conformance.conftest import Edges
from tests.conformance.edges import EDGES, Ask, Edge
from tests.conformance.rules import over, problem

# Paths and methods


@pytest.mark.parametrize(
    ("target", "value", "kind"),
    [
        ("text/a%2Fb%20c", "a/b c", "str"),
        ("text/%C3%BC+", "ü+", "str"),
        ("text/a%252Fb", "a%2Fb", "str"),
        ("int/-7", "-7", "int"),
        ("float/1.5", "1.5", "float"),
        ("uuid/00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000a", "UUID"),
        ("hex/ff", "255", "int"),
        ("path/a/b%20c", "a/b c", "str"),
        ("path/a%2Fb/c", "a/b/c", "str"),
    ],
)
def test_a_parameter_is_decoded_once_and_converted(edge: Edge, target: str, value: str, kind: str) -> None:
    answer = edge.get(f"/params/{target}")
    assert (answer.status, answer.json()) == (200, {"value": value, "type": kind})


def test_an_escaped_slash_does_not_end_a_parameter(edge: Edge) -> None:
    assert edge.get("/params/two/a%2F1/2").json() == ["a/1", 2]


@pytest.mark.parametrize(
    "target",
    [
        "/nowhere",
        "/params/int/x",
        "/params/int/1.5",
        "/params/float/nan",
        "/params/uuid/7",
        "/params/hex/FF",
        "/params/text",
        "/params/text/",
        "/params/path/",
        "/health/",
        "//health",
        "/a" * 1000,
    ],
)
def test_what_no_template_fits_is_a_404(edge: Edge, target: str) -> None:
    answer = edge.get(target)
    assert answer.status == 404
    problem(answer)


@pytest.mark.parametrize("target", ["/params/text/%zz", "/params/text/%", "/params/text/%ff", "/params/path/a/%c3"])
def test_an_escape_that_cannot_be_read_is_a_400(edge: Edge, target: str) -> None:
    answer = edge.get(target)
    assert answer.status == 400
    problem(answer)


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("GET", "static", b"static"),
        ("GET", "7", b"typed"),
        ("GET", "seven", b"plain"),
        ("GET", "7/8", b"wildcard"),
        ("POST", "static", b"posted static"),
        ("POST", "7", b"posted 7"),
    ],
)
def test_the_most_specific_template_that_takes_the_method_answers(
    edge: Edge, method: str, target: str, body: bytes
) -> None:
    assert edge.exchange(method, f"/precedence/{target}").body == body


def test_urls_lead_back_to_what_they_were_made_of(edge: Edge) -> None:
    urls = edge.get("/urls").json()
    assert urls["text"] == "/params/text/a%2Fb%20%C3%BC%3F%23%25"
    values = {name: edge.get(url).json()["value"] for name, url in urls.items()}
    assert values == {
        "int": "-7",
        "uuid": str(uuid.UUID(int=5)),
        "text": "a/b ü?#%",
        "path": "a/b c/%",
        "hex": "255",
    }


@pytest.mark.parametrize("target", ["/answers/text", "/answers/json", "/params/int/7", "/answers/none", "/nowhere"])
def test_head_is_get_without_its_body(edge: Edge, target: str) -> None:
    got, head = edge.in_turn([Ask("GET", target), Ask("HEAD", target)])
    assert (head.status, head.body) == (got.status, b"")
    for name in ("content-type", "x-order"):
        assert head.all(name) == got.all(name)
    if got.status == 200:
        assert head.header("content-length") == str(len(got.body))


def test_head_and_options_can_be_the_apps_own(edge: Edge) -> None:
    assert edge.exchange("HEAD", "/methods/head").header("x-own") == "yes"
    assert edge.exchange("OPTIONS", "/methods/options").body == b"own"


@pytest.mark.parametrize(
    ("target", "allowed"),
    [
        ("/health", {"GET", "HEAD", "OPTIONS"}),
        ("/answers/created", {"POST", "OPTIONS"}),
        ("/body/raw", {"POST", "PUT", "PATCH", "DELETE", "OPTIONS"}),
        ("/precedence/static", {"GET", "HEAD", "POST", "OPTIONS"}),
    ],
)
def test_options_and_405_name_what_a_path_takes(edge: Edge, target: str, allowed: set[str]) -> None:
    options, refused = edge.exchange("OPTIONS", target), edge.exchange("TRACE", target)
    assert (options.status, options.body, refused.status) == (204, b"", 405)
    for answer in (options, refused):
        assert set(answer.header("allow").split(", ")) == allowed
    problem(refused)


@over("unknown methods")
@pytest.mark.parametrize(("target", "status"), [("/health", 405), ("/nowhere", 404)])
def test_a_method_that_nobody_knows_is_refused(edge: Edge, target: str, status: int) -> None:
    answer = edge.exchange("BREW", target)
    assert answer.status == status
    problem(answer)


@pytest.mark.parametrize("target", ["/nowhere", "/nowhere/%zz"])
def test_options_of_no_path_is_not_a_204(edge: Edge, target: str) -> None:
    assert edge.exchange("OPTIONS", target).status in (400, 404)


@pytest.mark.parametrize(
    ("target", "location"),
    [("/without/", "/without"), ("/with?a=%20b", "/with/?a=%20b"), ("/item/a%2Fb/", "/item/a%2Fb")],
)
@pytest.mark.parametrize("name", EDGES)
def test_a_policy_of_redirects_sends_to_the_other_form(edges: Edges, name: str, target: str, location: str) -> None:
    edge = edges.get(name, "tests.conformance.app:redirecting")
    answer = edge.get(target)
    assert (answer.status, answer.header("location")) == (308, location)
    assert edge.get(location).status == 200


@pytest.mark.parametrize("name", EDGES)
def test_a_redirect_never_leaves_the_host(edges: Edges, name: str) -> None:
    edge = edges.get(name, "tests.conformance.app:redirecting")
    for target in ("//without/", "//evil.example/", "///with", "//folder/x", "/%2Fwithout/"):
        assert edge.get(target).status == 404


@pytest.mark.parametrize("target", ["/without", "/without/", "/with", "/with/", "/item/a/", "/folder/a"])
@pytest.mark.parametrize("name", ["pyrt", "client"])
def test_a_policy_of_ignoring_takes_both_forms(edges: Edges, name: str, target: str) -> None:
    assert edges.get(name, "tests.conformance.app:ignoring").get(target).status == 200


# What a request carries


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("n=1", [1, 1, None]),
        ("n=1&page=100&tags=a&tags=b%26c", [1, 100, ["a", "b&c"]]),
        ("n=-5&other=x", [-5, 1, None]),
    ],
)
def test_query_parameters_are_converted(edge: Edge, query: str, values: list[Any]) -> None:
    answer = edge.get(f"/query?{query}")
    assert (answer.status, answer.json()) == (200, values)


@pytest.mark.parametrize(
    ("query", "name"), [("", "n"), ("n=x", "n"), ("n=1&page=0", "page"), ("n=1&page=101", "page"), ("n=1.5", "n")]
)
def test_a_query_that_does_not_fit_is_a_422_that_names_the_parameter(edge: Edge, query: str, name: str) -> None:
    answer = edge.get(f"/query?{query}")
    assert answer.status == 422
    (violation,) = problem(answer)["violations"]
    assert name in violation["path"]
    assert violation["expected"]


@pytest.mark.parametrize("query", ["n=%ff", "n=1&" + "a=&" * 1001])
def test_a_query_that_cannot_be_read_is_a_400(edge: Edge, query: str) -> None:
    answer = edge.get(f"/query?{query}")
    assert answer.status == 400
    problem(answer)


def test_all_query_parameters_can_be_read_at_once(edge: Edge) -> None:
    assert edge.get("/query/raw?a=1&b=%C3%BC&a=&c").json() == {"a": ["1", ""], "b": ["ü"], "c": [""]}


def test_cookies_come_in(edge: Edge) -> None:
    assert edge.get("/cookies", ("cookie", "session=abc; theme=dark")).json() == {"session": "abc", "theme": "dark"}
    assert edge.get("/cookies").json() == {}


@pytest.mark.parametrize("header", ["", ";", "=", "a", "=;=;a=b=c", 'x="', "\xff=\xfe", "a=1; a=2", ";" * 5000])
def test_cookies_that_make_no_sense_do_no_harm(edge: Edge, header: str) -> None:
    assert edge.get("/cookies", ("cookie", header)).status in (200, 400)


def test_each_cookie_goes_out_in_a_line_of_its_own(edge: Edge) -> None:
    lines = edge.post("/cookies").all("set-cookie")
    assert [line.partition(";")[0] for line in lines[:2]] == ["session=abc", "theme=dark"]
    assert lines[2].startswith("old=")
    assert "max-age=0" in lines[2].lower() or "expires=thu, 01 jan 1970" in lines[2].lower()


def test_headers_come_in_with_all_their_values(edge: Edge) -> None:
    answer = edge.get("/headers", ("X-Many", "a"), ("x-many", "b, c"), ("x-latin", "caf\xe9"))
    assert answer.json() == [["a", "b, c"], "café", None]


ORDER = {"email": "ada@example.org", "lines": [{"sku": "a", "count": 2}, {"sku": "b", "count": 3}]}


def test_a_body_that_fits_its_schema_is_decoded(edge: Edge) -> None:
    answer = edge.post("/orders", json.dumps(ORDER).encode(), ("content-type", "application/json"))
    assert (answer.status, answer.json()) == (201, {"email": "ada@example.org", "pieces": 5})


def test_a_body_that_does_not_fit_is_a_422_with_every_violation(edge: Edge) -> None:
    body = {"email": "nobody", "lines": [{"sku": "", "count": 0}, {"sku": "b", "colour": "red"}]}
    answer = edge.post("/orders", json.dumps(body).encode())
    assert answer.status == 422
    found = {(each["path"], each["code"]) for each in problem(answer)["violations"]}
    assert found == {
        ("$.email", "pattern"),
        ("$.lines[0].sku", "length"),
        ("$.lines[0].count", "range"),
        ("$.lines[1].count", "missing"),
        ("$.lines[1].colour", "unknown"),
    }


MALFORMED = [b"", b"{", b"\xff", b'{"a":\x00}', b"[" * 100_000, b'"\\ud800', b"[1]]", b"nul"]


@pytest.mark.parametrize("target", ["/orders", "/body/json"])
@pytest.mark.parametrize("body", MALFORMED, ids=lambda body: repr(body[:8]))
def test_a_body_that_is_not_json_is_a_400(edge: Edge, target: str, body: bytes) -> None:
    answer = edge.post(target, body)
    assert answer.status == 400
    problem(answer)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("body", [b"", b"\x00\xff", [b"a", b"bc" * 3, b"d"], b"x" * 1024 * 1024])
def test_a_raw_body_comes_whole_however_it_is_sent(edge: Edge, method: str, body: bytes | list[bytes]) -> None:
    ask = Ask(method, "/body/raw", body=body)
    whole = ask.whole_body
    assert edge.send(ask).json() == [method, len(whole), whole[:20].decode("latin-1")]


@over("framing")
@pytest.mark.parametrize("body", [b"x" * (1024 * 1024 + 1), [b"x" * 1024] * 1025], ids=["length", "chunks"])
def test_a_body_past_the_limit_is_a_413(edge: Edge, body: bytes | list[bytes]) -> None:
    answer = edge.post("/body/raw", body)
    assert answer.status == 413
    problem(answer)


def test_the_trace_comes_from_the_client(edge: Edge) -> None:
    trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    found = edge.get("/context", ("traceparent", f"00-{trace}-{parent}-01")).json()
    assert (found["trace_id"], found["parent_id"]) == (trace, parent)


@pytest.mark.parametrize("header", ["", "x", f"00-{'0' * 32}-b7ad6b7169203331-01", "\xff"])
def test_without_a_trace_that_can_be_read_a_new_one_begins(edge: Edge, header: str) -> None:
    found = [edge.get("/context", ("traceparent", header)).json() for _ in range(2)]
    assert found[0]["trace_id"] != found[1]["trace_id"]
    assert {len(each["trace_id"]) for each in found} == {32}
    assert {each["parent_id"] for each in found} == {""}


def test_each_request_has_an_id_and_all_have_one_instance(edge: Edge) -> None:
    found = [answer.json() for answer in edge.in_turn([Ask("GET", "/context")] * 3)]
    assert len({each["request_id"] for each in found}) == 3
    assert len({each["instance_id"] for each in found}) == 1
    assert {each["config"]["name"] for each in found} == {"conformance"}
    assert all(0 < each["left_s"] <= 30 for each in found)


@over("peers")
def test_a_handler_knows_its_clients_address(edge: Edge) -> None:
    host, port = edge.get("/context").json()["client"]
    assert host == "127.0.0.1"
    assert port > 0


def test_the_global_context_cannot_be_changed(edge: Edge) -> None:
    assert edge.get("/context/frozen").body != b"set"
