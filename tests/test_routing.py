import re
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyrt import HttpError, Router, UsageError
from pyrt.errors import RouteConflict
from pyrt.routing import Converter


def router(*templates: str, method: str = "GET") -> Router:
    made = Router()
    for template in templates:
        made.add(method, template, template)
    return made


def found(made: Router, path: str, method: str = "GET") -> tuple[Any, dict[str, Any]] | None:
    match = made.match(method, path)
    return None if match is None or match.route is None else (match.route.value, match.params)


TABLE = [
    ("/", "/", {}),
    ("/users", "/users", {}),
    ("/users/me", "/users/me", {}),
    ("/users/7", "/users/{id:int}", {"id": 7}),
    ("/users/-7", "/users/{id:int}", {"id": -7}),
    ("/users/ada", "/users/{name}", {"name": "ada"}),
    ("/users/07", "/users/{name}", {"name": "07"}),
    ("/users/a%2Fb", "/users/{name}", {"name": "a/b"}),
    ("/users/%C3%A9", "/users/{name}", {"name": "é"}),
    ("/users/7/posts/x", "/users/{id:int}/posts/{post}", {"id": 7, "post": "x"}),
    ("/users/me/posts/x", "/users/{name}/posts/{post}", {"name": "me", "post": "x"}),
    ("/users/", None, None),
    ("/users//posts/x", None, None),
    ("/Users", None, None),
    ("/users/7/posts", None, None),
    ("*", None, None),
]


@pytest.mark.parametrize(("path", "template", "params"), TABLE)
def test_the_most_specific_template_wins(path: str, template: str | None, params: dict[str, Any] | None) -> None:
    made = router(
        "/users/{name}/posts/{post}",
        "/users/{name}",
        "/users/{id:int}",
        "/users/me",
        "/users",
        "/users/{id:int}/posts/{post}",
        "/",
    )
    assert found(made, path) == (None if template is None else (template, params))


def test_another_method_allows_405_with_every_method_of_the_path() -> None:
    made = router("/a", "/{x}")
    made.add("POST", "/a", "post")
    match = made.match("DELETE", "/a")
    assert match is not None
    assert match.route is None
    assert match.allowed == ("GET", "HEAD", "OPTIONS", "POST")


def test_a_more_specific_path_does_not_hide_a_method() -> None:
    made = router("/users/me")
    made.add("POST", "/users/{name}", "post")
    assert found(made, "/users/me", "POST") == ("post", {"name": "me"})


def test_get_answers_head_unless_head_is_declared() -> None:
    made = router("/a", "/b")
    made.add("HEAD", "/b", "head")
    assert found(made, "/a", "HEAD") == ("/a", {})
    assert found(made, "/b", "HEAD") == ("head", {})


@pytest.mark.parametrize(("one", "other"), [("/a", "/a"), ("/{x}", "/{y}"), ("/{x:int}/b", "/{y:int}/b")])
def test_two_routes_for_the_same_requests_are_refused_and_both_named(one: str, other: str) -> None:
    made = router(one)
    with pytest.raises(RouteConflict) as caught:
        made.add("GET", other, "second", "here.py:1")
    assert one in str(caught.value)
    assert "here.py:1" in str(caught.value)


@pytest.mark.parametrize(("template", "path"), [("/café", "/caf%C3%A9"), ("/a b", "/a%20b"), ("/a%20b", "/a%20b")])
def test_a_template_is_written_as_people_read_it(template: str, path: str) -> None:
    assert found(router(template), path) == (template, {})


@pytest.mark.parametrize(
    "template", ["/a?b", "/a#b", "a", "/{", "/a{b}", "/{1}", "/{a:bool}", "/{a}/{a}", "", "/a/../b", "/."]
)
def test_a_malformed_template_is_refused(template: str) -> None:
    with pytest.raises(UsageError):
        Router().add("GET", template, None)


@pytest.mark.parametrize("path", ["/%", "/%2", "/%zz", "/%ff", "/x/%C3%28"])
def test_a_bad_escape_is_a_400_even_where_no_route_fits(path: str) -> None:
    with pytest.raises(HttpError) as caught:
        router("/a").match("GET", path)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("/{p:path}/x", "must be the last"),
        ("/{a:bool}", "the converters are int, uuid, float, path"),
        ("/a%zz", "escape"),
        ("/{a}/{a}", "twice"),
    ],
)
def test_a_template_is_refused_with_its_place_and_the_reason(template: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        Router().add("GET", template, None, "here.py:1")
    assert "here.py:1" in str(caught.value)


# Converters

ID = "0af76519-16cd-43dd-8448-eb211c80319c"
HEXES = {"hex": Converter("[0-9a-f]+", lambda text: int(text, 16), "{:x}".format, int)}
FITS = [
    ("int", "-0", 0),
    ("int", "9" * 19, int("9" * 19)),
    ("int", "01", None),
    ("int", "9" * 20, None),
    ("int", "+1", None),
    ("int", "\u0661", None),
    ("uuid", ID.upper(), UUID(ID)),
    ("uuid", ID.replace("-", ""), None),
    ("float", "-1.50", -1.5),
    ("float", "3", 3.0),
    ("float", "1e5", None),
    ("float", "nan", None),
    ("float", "1.", None),
    ("path", "a/b%2Fc//d/", "a/b/c//d/"),
    ("path", "a", "a"),
    ("path", "", None),
    ("path", "//", None),
    ("hex", "ff", 255),
    ("hex", "xyz", None),
]


@pytest.mark.parametrize(("converter", "text", "value"), FITS)
def test_a_converter_takes_what_fits_it_and_nothing_else(converter: str, text: str, value: Any) -> None:
    made = Router(converters=HEXES)
    made.add("GET", f"/x/{{v:{converter}}}", "x")
    assert found(made, f"/x/{text}") == (None if value is None else ("x", {"v": value}))
    if value is not None:
        assert type(found(made, f"/x/{text}")[1]["v"]) is type(value)  # type: ignore[index]


def test_converters_are_tried_in_a_fixed_order_whatever_the_order_of_routes() -> None:
    templates = ["/{v:int}", "/{v:float}", "/{v:hex}", "/{v}", "/{v:path}"]
    for order in (templates, templates[::-1]):
        made = Router(converters=HEXES)
        for template in order:
            made.add("GET", template, template)
        assert [found(made, path)[0] for path in ("/1", "/1.5", "/ff", "/x", "/x/y")] == templates  # type: ignore[index]


def test_a_wildcard_of_ones_own_is_tried_before_path() -> None:
    made = Router(converters={"words": Converter("[a-z/]+", lambda text: text.split("/"), many=True)})
    for template in ("/{p:path}", "/{w:words}"):
        made.add("GET", template, template)
    assert found(made, "/a/b") == ("/{w:words}", {"w": ["a", "b"]})
    assert found(made, "/a/7") == ("/{p:path}", {"p": "a/7"})


def test_a_parameter_is_decoded_before_it_is_converted_and_only_once() -> None:
    made = router("/{n:int}", "/{name}")
    assert found(made, "/%37") == ("/{n:int}", {"n": 7})
    assert found(made, "/%2537") == ("/{name}", {"name": "%37"})


@pytest.mark.parametrize(
    "decode", [lambda text: None, lambda text: int("x"), {"mon": 0}.__getitem__, lambda text: Decimal("x"), [0].index]
)
def test_what_a_converter_refuses_is_no_match(decode: Any) -> None:
    made = Router(converters={"never": Converter(".+", decode)})
    made.add("GET", "/{n:never}", "never")
    assert made.match("GET", "/3") is None


@pytest.mark.parametrize(("name", "pattern"), [("X-y", "a"), ("", "a"), ("x", "(")])
def test_a_converter_that_no_template_can_use_is_refused(name: str, pattern: str) -> None:
    with pytest.raises(UsageError, match="converter"):
        Router(converters={name: Converter(pattern, str)})


def test_a_converter_may_not_hide_one_that_is_built_in() -> None:
    with pytest.raises(UsageError, match="built in"):
        Router(converters={"int": HEXES["hex"]})


# Trailing slashes


@pytest.mark.parametrize(
    ("policy", "path", "expected"),
    [
        ("strict", "/a/", None),
        ("strict", "/b", None),
        ("redirect", "/a/", "-> /a"),
        ("redirect", "/b", "-> /b/"),
        ("redirect", "/7/", "-> /7"),
        ("redirect", "/a", "/a"),
        ("redirect", "/none/", None),
        ("redirect", "//a", None),
        ("redirect", "//x/", None),
        ("ignore", "/a/", "/a"),
        ("ignore", "/a", "/a"),
        ("ignore", "/b", "/b/"),
        ("ignore", "/b/", "/b/"),
        ("ignore", "/7/", "/{n:int}"),
        ("ignore", "/a//", None),
        ("ignore", "/", "/"),
    ],
)
def test_what_a_trailing_slash_means_is_the_apps_choice(policy: str, path: str, expected: str | None) -> None:
    made = Router(trailing_slash=policy)
    for template in ("/", "/a", "/b/", "/{n:int}", "/{x}/{y}/"):
        made.add("GET", template, template)
    match = made.match("GET", path)
    got = match and (match.route.value if match.route else f"-> {match.redirect}")
    assert got == expected


@pytest.mark.parametrize("path", ["/caf%C3%A9", "/caf%c3%a9", "/%63af%c3%A9"])
def test_a_literal_is_found_however_it_is_escaped(path: str) -> None:
    assert found(router("/café", "/{x}"), path) == ("/café", {})


@pytest.mark.parametrize("other", ["/%c3%a9", "/%C3%A9", "/é"])
def test_literals_that_clients_send_alike_are_one(other: str) -> None:
    with pytest.raises(RouteConflict):
        router("/é", other)


def test_an_escaped_slash_is_no_slash_in_a_literal() -> None:
    made = router("/a/b", "/a%2fb")
    assert found(made, "/a%2Fb") == ("/a%2fb", {})
    assert found(made, "/a/b") == ("/a/b", {})


def test_a_literal_is_utf8() -> None:
    with pytest.raises(UsageError, match="UTF-8"):
        router("/%ff")


def test_a_redirect_is_for_methods_that_the_other_path_has() -> None:
    made = Router(trailing_slash="redirect")
    made.add("POST", "/a/", "a")
    assert made.match("POST", "/a").redirect == "/a/"  # type: ignore[union-attr]
    assert made.match("GET", "/a") is None


@pytest.mark.parametrize(
    "path", ["//evil.example/x/", "/\\evil.example/", "/\t/evil.example/", "/caf\xe9/", "/\ud800/"]
)
def test_no_redirect_leads_to_another_host(path: str) -> None:
    made = Router(trailing_slash="redirect")
    for template in ("/{a}", "/{a}/{b}", "//{host}/x"):
        made.add("GET", template, template)
    match = made.match("GET", path)
    assert match is None or match.redirect is None


def test_paths_that_differ_by_an_ignored_slash_are_the_same() -> None:
    made = Router(trailing_slash="ignore")
    made.add("GET", "/a", "a")
    with pytest.raises(RouteConflict):
        made.add("GET", "/a/", "b")


def test_a_policy_is_one_of_three() -> None:
    with pytest.raises(UsageError, match="'strict', 'redirect' or 'ignore'"):
        Router(trailing_slash="maybe")


# URLs


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"name": "a/b c", "n": 7}, "/users/a%2Fb%20c/7"),
        ({"name": "é", "n": 7}, "/users/%C3%A9/7"),
        ({"name": "", "n": 7}, "does not fit"),
        ({"name": "..", "n": 7}, "does not fit"),
        ({"name": "\udc80", "n": 7}, "does not fit"),
        ({"name": "a", "n": "x"}, "does not fit"),
        ({"name": "a"}, "takes"),
        ({"name": "a", "n": 1, "m": 2}, "takes"),
    ],
)
def test_a_url_is_made_of_a_route_and_its_parameters(params: dict[str, Any], expected: str) -> None:
    made = Router()
    made.add("GET", "/users/{name}/{n:int}", "user", name="user")
    if expected.startswith("/"):
        assert made.url("user", **params) == expected
    else:
        with pytest.raises(UsageError, match=expected):
            made.url("user", **params)


def test_a_url_needs_one_route_of_that_name() -> None:
    made = Router()
    made.add("GET", "/a", 1, "a.py:1", name="x")
    made.add("POST", "/a", 2, "a.py:2", name="x")
    assert made.url("x") == "/a"
    made.add("GET", "/b", 3, "b.py:1", name="x")
    with pytest.raises(UsageError, match=r"/a \(a\.py:2\) and /b \(b\.py:1\)"):
        made.url("x")
    with pytest.raises(UsageError, match="no route"):
        made.url("y")


TEXTS = st.text("ab/é%. ?#€\U0001f600", min_size=1).filter(lambda text: text not in (".", ".."))
VALUES = {
    "": TEXTS,
    ":int": st.integers(-(10**18), 10**18),
    ":uuid": st.uuids(),
    ":hex": st.integers(0, 10**9),
    ":path": st.lists(TEXTS.filter(lambda text: "/" not in text), min_size=1).map("/".join),
}


@given(st.data())
def test_a_url_leads_back_to_its_route_with_the_same_parameters(data: st.DataObject) -> None:
    kinds = data.draw(st.lists(st.sampled_from(["", ":int", ":uuid", ":hex"]), max_size=2))
    kinds += data.draw(st.sampled_from([[], [":path"]]))
    made = Router(converters=HEXES)
    template = "/x" + "".join(f"/{{p{at}{kind}}}" for at, kind in enumerate(kinds))
    made.add("GET", template, "x", name="x")
    params = {f"p{at}": data.draw(VALUES[kind]) for at, kind in enumerate(kinds)}
    assert found(made, made.url("x", **params)) == ("x", params)


# Oracle: try every template by hand, keep those that fit, take the most specific from left to right.

RANKS = {"{n:int}": 1, "{f:float}": 2, "{x}": 3, "{p:path}": 4}
PATTERNS = {"{n:int}": r"[0-9]+", "{f:float}": r"[0-9]+(\.[0-9]+)?", "{x}": r"[^/]+", "{p:path}": r"(?=.*[^/]).+"}
PARTS = st.sampled_from(["a", "b", "7", "{n:int}", "{f:float}", "{x}", "{p:path}"])
METHODS = st.sampled_from(["GET", "POST", "HEAD"])


def possible(template: tuple[str, ...]) -> bool:
    return all(template.count(part) < 2 for part in RANKS) and "{p:path}" not in template[:-1]


def by_hand(table: set[tuple[str, tuple[str, ...]]], method: str, path: str) -> Any:
    """The template that answers, the methods that would, or None."""

    def fits(template: tuple[str, ...]) -> bool:
        return re.fullmatch("/" + "/".join(PATTERNS.get(part, part) for part in template), path) is not None

    def rank(template: tuple[str, ...]) -> list[int]:
        return [RANKS.get(part, 0) for part in template]

    fitting = [(own, template) for own, template in table if fits(template)]
    fitting += [("HEAD", template) for own, template in fitting if own == "GET"]
    answers = [template for own, template in fitting if own == method]
    if answers:
        return "/" + "/".join(min(answers, key=rank))
    return tuple(sorted({own for own, _ in fitting} | {"OPTIONS"})) if fitting else None


@settings(max_examples=300)
@given(
    st.sets(st.tuples(METHODS, st.lists(PARTS, min_size=1, max_size=3).map(tuple).filter(possible)), max_size=14),
    METHODS,
    st.lists(st.sampled_from(["a", "b", "7", "1.5", "c", ""]), min_size=1, max_size=4).map("/".join),
)
def test_matching_agrees_with_trying_every_template(
    table: set[tuple[str, tuple[str, ...]]], method: str, path: str
) -> None:
    made = Router()
    for own, template in table:
        made.add(own, "/" + "/".join(template), "/" + "/".join(template))
    match = made.match(method, "/" + path)
    got = match and (match.route.value if match.route else match.allowed)
    assert got == by_hand(table, method, "/" + path)


def test_no_path_makes_the_matcher_visit_a_place_twice() -> None:
    # Two ways at each of twelve steps, of which only the last way round ends well: 4,096 if all were tried to the end.
    made, reads = Router(converters={"word": Converter("[a-z]+", lambda text: reads.append(text) or text)}), []
    depth = 12
    for at in range(depth):
        template = "".join(f"/{{p{n}}}" if n == at else f"/{{p{n}:word}}" for n in range(depth))
        made.add("GET", template, at)
    assert found(made, "/" + "/".join("a" * depth) + "/none") is None
    assert len(reads) < 4 * depth * depth


def test_a_path_that_another_route_takes_is_not_built() -> None:
    made = Router()
    made.add("GET", "/users/me", None, name="me")
    made.add("GET", "/users/{name}", None, name="user")
    assert made.url("user", name="ada") == "/users/ada"
    with pytest.raises(UsageError, match="/users/me"):
        made.url("user", name="me")


def test_a_value_that_cannot_be_written_is_refused() -> None:
    made = Router(converters={"hex": Converter("[0-9a-f]+", lambda text: int(text, 16), "{:x}".format)})
    made.add("GET", "/{n:hex}", None, name="number")
    with pytest.raises(UsageError, match="does not fit"):
        made.url("number", n="x")
