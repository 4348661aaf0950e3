from typing import Any

import pytest

from pyrt import Request, Response, UsageError


def test_cookies_are_read_by_name_and_the_first_of_two_counts() -> None:
    request = Request("GET", "/", [("cookie", 'a=1; b="x=y"; junk'), ("Cookie", "a=2; c=")])
    assert request.cookies == {"a": "1", "b": "x=y", "c": ""}


def test_a_cookie_is_set_with_its_attributes() -> None:
    response = Response()
    response.set_cookie("id", "7", max_age_s=60, secure=True)
    response.delete_cookie("old", path="/a")
    assert response.headers.get_all("set-cookie") == [
        "id=7; Path=/; SameSite=Lax; Max-Age=60; Secure; HttpOnly",
        "old=; Path=/a; SameSite=Lax; Max-Age=0; HttpOnly",
    ]


@pytest.mark.parametrize(
    ("name", "value", "attributes"),
    [
        ("a b", "x", {}),
        ("a", "x;y", {}),
        ("a", "é", {}),
        ("a", "x", {"path": "/;x"}),
        ("a", "x", {"domain": "x\r\ny"}),
        ("a", "x", {"same_site": "None"}),
        ("a", "x", {"same_site": "Foo"}),
    ],
)
def test_a_cookie_that_a_client_would_misread_is_refused(name: str, value: str, attributes: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="cookie"):
        Response().set_cookie(name, value, **attributes)


def test_an_attribute_that_no_cookie_has_is_refused() -> None:
    with pytest.raises(TypeError, match="http_onyl"):
        Response().set_cookie("a", "x", http_onyl=False)  # type: ignore[call-arg]
