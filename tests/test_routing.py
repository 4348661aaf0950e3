from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyrt import HttpError, Router, UsageError
from pyrt.errors import RouteConflict


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


@pytest.mark.parametrize("template", ["/a?b", "/a#b", "a", "/{", "/a{b}", "/{1}", "/{a:bool}", "/{a}/{a}", ""])
def test_a_malformed_template_is_refused(template: str) -> None:
    with pytest.raises(UsageError):
        Router().add("GET", template, None)


@pytest.mark.parametrize("path", ["/%", "/%2", "/%zz", "/%ff", "/x/%C3%28"])
def test_a_bad_escape_is_a_400_even_where_no_route_fits(path: str) -> None:
    with pytest.raises(HttpError) as caught:
        router("/a").match("GET", path)
    assert caught.value.status == 400


# Oracle: try every template by hand, keep those that fit, take the most specific from left to right.
PARTS = st.sampled_from(["a", "b", "7", "{x}", "{n:int}"])


def by_hand(templates: set[tuple[str, ...]], path: tuple[str, ...]) -> str | None:
    def rank(part: str) -> int:
        return 2 if part == "{x}" else 1 if part == "{n:int}" else 0

    def fits(template: tuple[str, ...]) -> bool:
        return len(template) == len(path) and all(
            part == "{x}" or (part == "{n:int}" and got.isdigit()) or part == got
            for part, got in zip(template, path, strict=True)
        )

    best = min(filter(fits, templates), key=lambda template: [rank(part) for part in template], default=None)
    return None if best is None else "/" + "/".join(best)


@given(
    st.sets(st.lists(PARTS, min_size=1, max_size=3).map(tuple), max_size=12),
    st.lists(st.sampled_from(["a", "b", "7", "c"]), min_size=1, max_size=3).map(tuple),
)
def test_matching_agrees_with_trying_every_template(templates: set[tuple[str, ...]], path: tuple[str, ...]) -> None:
    made = Router()
    kept = set()
    for template in templates:
        if template.count("{x}") < 2 and template.count("{n:int}") < 2:
            kept.add(template)
            made.add("GET", "/" + "/".join(template), "/" + "/".join(template))
    got = found(made, "/" + "/".join(path))
    assert (got and got[0]) == by_hand(kept, path)
