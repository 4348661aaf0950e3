"""The route manager: finds the route for a method and a path.

Templates are segments: `/users/{id:int}/posts`. A path is matched as it was sent, segment by segment, so `%2F`
stays inside its segment; each parameter is decoded once, after the match. Where several templates fit, the most
specific wins, from left to right: static, then typed parameter, then plain parameter. Another method never hides
a route: a less specific template that has the method is preferred to 405.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

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
            if "?" in text or "#" in text:
                raise UsageError(f"{template!r}: a path ends before '?' and '#'")
            # As a client sends it; what is escaped already stays so.
            return cls(_STATIC, quote(text, safe="%!$&'()*+,;=:@-._~"), "")
        name, converter = found.groups()
        if converter is None:
            return cls(_PLAIN, name, "")
        if converter not in _CONVERTERS:
            raise UsageError(f"{template!r}: no converter {converter!r}; known: {', '.join(_CONVERTERS)}")
        return cls(_TYPED, name, converter)


class Route:
    """A method, a template and the value that answers it.

    Attributes:
        names: of the parameters, left to right.
        where: the place that registered it, for messages.
    """

    __slots__ = ("_readers", "method", "names", "path", "segments", "value", "where")

    def __init__(self, method: str, path: str, value: Any, where: str = "") -> None:
        if not path.startswith("/"):
            raise UsageError(f"a route's path begins with '/', got {path!r}")
        self.method, self.path, self.value, self.where = method, path, value, where or repr(value)
        self.segments = tuple(Segment.parse(text, path) for text in path[1:].split("/"))
        self.names = tuple(segment.text for segment in self.segments if segment.rank != _STATIC)
        self._readers = tuple(
            (index, segment.text, _CONVERTERS[segment.converter][1] if segment.converter else _decode)
            for index, segment in enumerate(self.segments)
            if segment.rank != _STATIC
        )
        if len(set(self.names)) != len(self.names):
            raise UsageError(f"{path!r} names a parameter twice")

    def params(self, parts: list[str]) -> dict[str, Any]:
        """The parameters of raw segments that fit, decoded and converted."""
        return {name: convert(parts[index]) for index, name, convert in self._readers}

    def __repr__(self) -> str:
        return f"Route({self.method!r}, {self.path!r})"


class Match(NamedTuple):
    """A verdict: the route with its parameters, or, where only the method is wrong, the methods allowed."""

    route: Route | None
    params: dict[str, Any]
    allowed: tuple[str, ...] = ()


class _Node:
    """A place in the trie: where one more segment leads, and the routes that end here.

    Invariant: a path of templates leads to exactly one node, so `routes` holds one route per method.
    """

    __slots__ = ("plain", "routes", "static", "typed")

    def __init__(self) -> None:
        self.static: dict[str, _Node] = {}
        self.typed: dict[str, _Node] = {}
        self.plain: _Node | None = None
        self.routes: dict[str, Route] = {}

    def grow(self, segment: Segment) -> _Node:
        """The node that *segment* leads to, made if need be."""
        if segment.rank == _STATIC:
            return self.static.setdefault(segment.text, _Node())
        if segment.rank == _TYPED:
            return self.typed.setdefault(segment.converter, _Node())
        self.plain = self.plain or _Node()
        return self.plain

    def children(self, part: str) -> Iterator[_Node]:
        """Where a raw segment leads, the most specific first."""
        node = self.static.get(part)
        if node is not None:
            yield node
        if part:
            for converter, typed in self.typed.items():
                if _CONVERTERS[converter][0].fullmatch(part):
                    yield typed
            if self.plain is not None:
                yield self.plain


class Router:
    """The route manager: a trie by path segment, and a table of the paths without parameters in front of it."""

    def __init__(self) -> None:
        self._root = _Node()
        self._static: dict[str, dict[str, Route]] = {}
        self._routes: list[Route] = []

    def add(self, method: str, path: str, value: Any, where: str = "") -> Route:
        """Register *value* for a method and a template; GET also answers HEAD.

        Raises:
            RouteConflict: another route answers the same requests.
            UsageError: the template is malformed.
        """
        route = Route(method, path, value, where)
        node = self._root
        for segment in route.segments:
            node = node.grow(segment)
        other = node.routes.get(method)
        if other is not None and other.method == method:
            raise RouteConflict(method, path, other.path, route.where, other.where)
        node.routes[method] = route
        if method == "GET":
            node.routes.setdefault("HEAD", route)
        if not route.names:
            self._static["/" + "/".join(segment.text for segment in route.segments)] = node.routes
        self._routes.append(route)
        return route

    def match(self, method: str, path: str) -> Match | None:
        """The route for a raw *path* (begins with `/`, no query), or None when no template fits (404).

        A path that exists under other methods gives a Match without a route and with `allowed` (405).

        Raises:
            HttpError: 400 for a bad percent escape or one that is not UTF-8.

        Cost: one lookup without parameters; else O(segments), whatever the number of routes, unless typed and
        plain parameters overlap and a branch has to be taken back.
        """
        if "%" in path:
            check_escapes(path)
        routes = self._static.get(path)
        if routes is not None:
            route = routes.get(method)
            if route is not None:
                return Match(route, {})
        if path[:1] != "/":
            return None
        parts = path[1:].split("/")
        route = _find(self._root, parts, 0, method)
        if route is not None:
            return Match(route, route.params(parts))
        allowed = {method for routes in _all(self._root, parts, 0) for method in routes}
        return Match(None, {}, tuple(sorted(allowed | {"OPTIONS"}))) if allowed else None

    def __len__(self) -> int:
        return len(self._routes)

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes)


def _find(node: _Node, parts: list[str], depth: int, method: str) -> Route | None:
    """The most specific route of *method*: down one branch after the other, backing up where it ends."""
    if depth == len(parts):
        return node.routes.get(method)
    part = parts[depth]
    child = node.static.get(part)
    if child is not None:
        route = _find(child, parts, depth + 1, method)
        if route is not None:
            return route
    if part:
        for converter, child in node.typed.items():
            if _CONVERTERS[converter][0].fullmatch(part):
                route = _find(child, parts, depth + 1, method)
                if route is not None:
                    return route
        if node.plain is not None:
            return _find(node.plain, parts, depth + 1, method)
    return None


def _all(node: _Node, parts: list[str], depth: int) -> Iterator[dict[str, Route]]:
    """The routes, by method, of every node that a path leads to."""
    if depth == len(parts):
        yield node.routes
        return
    for child in node.children(parts[depth]):
        yield from _all(child, parts, depth + 1)


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
