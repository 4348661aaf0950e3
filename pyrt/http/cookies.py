"""Cookies (RFC 6265): read the `Cookie` lines of requests, write `Set-Cookie` lines."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypedDict

from ..errors import UsageError
from .headers import NAME

__all__ = ("CookieAttributes", "cookie_line", "read_cookies")

# RFC 6265 section 4.1.1: cookie-octet, and the characters of a cookie's attributes.
_COOKIE_VALUE = re.compile(r"[!#-+\--:<-\[\]-~]*")
_COOKIE_ATTRIBUTE = re.compile(r"[\x20-:<-~]*")


def read_cookies(lines: Iterable[str]) -> dict[str, str]:
    """The cookies by name; if two have the same name, the first, which is the more specific one (section 5.4)."""
    found: dict[str, str] = {}
    for line in lines:
        for pair in line.split(";"):
            name, mark, value = pair.partition("=")
            if mark and name.strip():
                found.setdefault(name.strip(), value.strip().removeprefix('"').removesuffix('"'))
    return found


class CookieAttributes(TypedDict, total=False):
    """How long a client keeps a cookie, and when it sends it back (section 4.1.2).

    Attributes:
        max_age_s: seconds to keep it; None (the default) to keep it for the session.
        path, domain: send it to these and to what is below them. Default: `/`, and only the host that set it.
        secure: send it only over TLS. Default False.
        http_only: hide it from scripts. Default True.
        same_site: `Strict`, `Lax` (the default), or `None`, which needs *secure*.
    """

    max_age_s: int | None
    path: str
    domain: str
    secure: bool
    http_only: bool
    same_site: str


def cookie_line(
    name: str,
    value: str,
    *,
    max_age_s: int | None = None,
    path: str = "/",
    domain: str = "",
    secure: bool = False,
    http_only: bool = True,
    same_site: str = "Lax",
) -> str:
    """The value of a `Set-Cookie` line (section 4.1).

    Raises:
        UsageError: a character that a cookie cannot carry, or attributes that browsers refuse.
    """
    attributes = {"Path": path, "Domain": domain, "SameSite": same_site}
    if max_age_s is not None:
        attributes["Max-Age"] = f"{int(max_age_s)}"
    if not NAME.fullmatch(name.encode()) or not _COOKIE_VALUE.fullmatch(value):
        raise UsageError(f"cookie {name!r}: name or value {value!r} has characters that are not allowed; encode it")
    if not all(_COOKIE_ATTRIBUTE.fullmatch(each) for each in attributes.values()):
        raise UsageError(f"cookie {name!r}: the attributes {attributes!r} have characters that are not allowed")
    if same_site not in ("Strict", "Lax", "None"):
        raise UsageError(f"cookie {name!r}: same_site must be 'Strict', 'Lax' or 'None', got {same_site!r}")
    if same_site == "None" and not secure:
        raise UsageError(f"cookie {name!r}: browsers refuse same_site='None' without secure=True; set it")
    parts = [f"{name}={value}", *(f"{key}={each}" for key, each in attributes.items() if each)]
    flags = [flag for flag, wanted in (("Secure", secure), ("HttpOnly", http_only)) if wanted]
    return "; ".join(parts + flags)
