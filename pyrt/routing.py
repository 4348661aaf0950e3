"""The route manager: finds the route for a method and a path.

Templates are segments: `/users/{id:int}/posts`. A path is matched as it was sent, segment by segment, so `%2F`
stays inside its segment; each parameter is decoded once, after the match. Where several templates fit, the most
specific wins, from left to right: static, then typed parameter, then plain parameter. Another method never hides
a route: a less specific template that has the method is preferred to 405.
"""

from __future__ import annotations

import re
from bisect import insort
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote

from .errors import HttpError, RouteConflict, UsageError

__all__ = ("Match", "Route", "Router")

_TEMPLATE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(?::([a-z]+))?\}")
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_INT = re.compile(r"-?(0|[1-9][0-9]{0,18})", re.ASCII)

# Rank of a segment: lower is more specific.
_STATIC, _TYPED, _PLAIN = 0, 1, 2

_CONVERTERS: dict[str, tuple[re.Pattern[str], Callable[[str], Any]]] = {"int": (_INT, int)}


class Segment(NamedTuple):
    """One part of a template: a literal, or a parameter with its name and converter."""

    rank: int
    text: str
    converter: str

    @classmethod
    def parse(cls, text: str, template: str) -> Segment:
        found = _TEMPLATE.fullmatch(text)
        if found is None:
            if "{" in text or "}" in text:
                raise UsageError(f"{template!r}: {text!r} is neither a literal nor {{name}} or {{name:int}}")
            return cls(_STATIC, text, "")
        name, converter = found.groups()
        if converter is None:
            return cls(_PLAIN, name, "")
        if converter not in _CONVERTERS:
            raise UsageError(f"{template!r}: no converter {converter!r}; known: {', '.join(_CONVERTERS)}")
        return cls(_TYPED, name, converter)

    @property
    def shape(self) -> tuple[int, str]:
        """Equal for two segments that accept the same text."""
        return (self.rank, self.text if self.rank == _STATIC else self.converter)


class Route:
    """A method, a template and the value that answers it.

    Attributes:
        names: of the parameters, left to right.
        where: the place that registered it, for messages.
    """

    __slots__ = ("method", "names", "path", "ranks", "segments", "shape", "value", "where")

    def __init__(self, method: str, path: str, value: Any, where: str = "") -> None:
        if not path.startswith("/"):
            raise UsageError(f"a route's path begins with '/', got {path!r}")
        self.method, self.path, self.value, self.where = method, path, value, where or repr(value)
        self.segments = tuple(Segment.parse(text, path) for text in path[1:].split("/"))
        self.ranks = tuple(segment.rank for segment in self.segments)
        self.shape = tuple(segment.shape for segment in self.segments)
        self.names = tuple(segment.text for segment in self.segments if segment.rank != _STATIC)
        if len(set(self.names)) != len(self.names):
            raise UsageError(f"{path!r} names a parameter twice")

    def fits(self, parts: list[str]) -> bool:
        """Whether the raw segments *parts* are this template's."""
        if len(parts) != len(self.segments):
            return False
        for part, (rank, text, converter) in zip(parts, self.segments, strict=True):
            if rank == _STATIC:
                if part != text:
                    return False
            elif not part or (rank == _TYPED and not _CONVERTERS[converter][0].fullmatch(part)):
                return False
        return True

    def params(self, parts: list[str]) -> dict[str, Any]:
        """The parameters of raw segments that fit, decoded and converted."""
        return {
            segment.text: _CONVERTERS[segment.converter][1](part) if segment.converter else _decode(part)
            for part, segment in zip(parts, self.segments, strict=True)
            if segment.rank != _STATIC
        }

    def __repr__(self) -> str:
        return f"Route({self.method!r}, {self.path!r})"


class Match(NamedTuple):
    """A verdict: the route with its parameters, or, where only the method is wrong, the methods allowed."""

    route: Route | None
    params: dict[str, Any]
    allowed: tuple[str, ...] = ()


class Router:
    """The route manager.

    Invariant: `_routes` is ordered by specificity, so the first that fits is the one.
    """

    def __init__(self) -> None:
        self._routes: list[Route] = []
        self._shapes: dict[tuple[Any, ...], Route] = {}

    def add(self, method: str, path: str, value: Any, where: str = "") -> Route:
        """Register *value* for a method and a template; GET also answers HEAD.

        Raises:
            RouteConflict: another route answers the same requests.
            UsageError: the template is malformed.
        """
        route = Route(method, path, value, where)
        shape = (method, *route.shape)
        other = self._shapes.get(shape)
        if other is not None:
            raise RouteConflict(method, path, other.path, route.where, other.where)
        self._shapes[shape] = route
        insort(self._routes, route, key=lambda each: each.ranks)
        return route

    def match(self, method: str, path: str) -> Match | None:
        """The route for a raw *path* (begins with `/`, no query), or None when no template fits (404).

        A path that exists under other methods gives a Match without a route and with `allowed` (405).

        Raises:
            HttpError: 400 for a bad percent escape or one that is not UTF-8.

        Cost: O(routes x segments).
        """
        if "%" in path:
            check_escapes(path)
        if path[:1] != "/":
            return None
        parts = path[1:].split("/")
        allowed: set[str] = set()
        for route in self._routes:
            if route.fits(parts):
                if route.method == method or (method == "HEAD" and self._answers_head(route)):
                    return Match(route, route.params(parts))
                allowed.add(route.method)
        return Match(None, {}, _with_head(allowed)) if allowed else None

    def _answers_head(self, route: Route) -> bool:
        return route.method == "GET" and ("HEAD", *route.shape) not in self._shapes

    def __len__(self) -> int:
        return len(self._routes)

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes)


def _with_head(methods: set[str]) -> tuple[str, ...]:
    return tuple(sorted(methods | {"HEAD"} if "GET" in methods else methods))


def check_escapes(path: str) -> None:
    """Raise HttpError 400 unless every `%` starts an escape and the escapes are UTF-8 (RFC 3986 section 2.1)."""
    if _BAD_PERCENT.search(path):
        raise HttpError(400, "the path has a '%' that does not begin an escape such as %2F")
    _decode(path)


def _decode(part: str) -> str:
    try:
        return unquote(part, errors="strict") if "%" in part else part
    except UnicodeDecodeError:
        raise HttpError(400, "the path's escapes are not UTF-8") from None
