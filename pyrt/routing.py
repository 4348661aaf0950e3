"""The route manager: which route answers a method and a path.

Each segment of a template is a literal or a parameter: `/users/{id:int}/files/{path:path}`. If several templates fit,
the first segment that differs decides, from the left: a literal goes before a parameter with a converter, then a plain
parameter, then one that takes many segments. A template that has the method goes before a 405. Paths are matched as
they were sent, and each parameter is decoded once, so that `%2F` stays inside its parameter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import quote, unquote
from uuid import UUID

from .errors import HttpError, RouteConflict, UsageError

__all__ = ("CONVERTERS", "Converter", "Match", "Route", "Router", "check_escapes", "skeleton")

_CONVERTER = "[a-z_][a-z0-9_]*"
_TEMPLATE = re.compile(rf"\{{([A-Za-z_][A-Za-z0-9_]*)(?::({_CONVERTER}))?\}}")
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PATH_CHARACTERS = "!$&'()*+,;=:@-._~"  # in addition to letters, digits and "/": RFC 3986 section 3.3
_INT = r"-?(?:0|[1-9][0-9]{0,18})"
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


@dataclass(frozen=True, slots=True)
class Converter:
    """Reads a path parameter: which texts fit, and which value a text becomes.

    Args:
        pattern: regular expression for the whole text, after its escapes are decoded.
        decode: makes the value from the text; None, a ValueError, LookupError or ArithmeticError means "does not fit".
        encode: makes the text from a value, for `Router.url`.
        type: type of the values, which a handler's annotation must agree with; None for any.
        many: whether it takes all segments that are left, at least one; only at the end of a template.
    """

    pattern: str
    decode: Callable[[str], Any]
    encode: Callable[[Any], str] = str
    type: type | None = None
    many: bool = False

    def reader(self) -> Callable[[str], Any]:
        """A function from text to value, or to None if the text does not fit."""
        fits, decode = re.compile(self.pattern, re.ASCII).fullmatch, self.decode

        def read(text: str) -> Any:
            try:
                return decode(text) if fits(text) else None
            except (ValueError, LookupError, ArithmeticError):
                return None

        return read


CONVERTERS: Mapping[str, Converter] = {
    "int": Converter(_INT, int, type=int),
    "uuid": Converter(_UUID, UUID, type=UUID),
    "float": Converter(r"-?(?:0|[1-9][0-9]{0,18})(?:\.[0-9]{1,18})?", float, type=float),
    "path": Converter(r"(?s:.+)", str, type=str, many=True),
}
_PLAIN = Converter(r"(?s:.+)", str, type=str)

# Ranks of segments: lower is more specific.
_STATIC, _TYPED, _ANY, _MANY = range(4)


class Segment(NamedTuple):
    """One part of a template: a literal, or a parameter with its name and converter.

    Attributes:
        key: the literal as clients send it, or the converter's name. Segments with equal rank and key are the same.
    """

    rank: int
    key: str
    name: str = ""
    converter: Converter = _PLAIN

    @classmethod
    def parse(cls, text: str, converters: Mapping[str, Converter]) -> Segment:
        found = _TEMPLATE.fullmatch(text)
        if found is None:
            if "{" in text or "}" in text:
                raise UsageError(f"{text!r} is neither a literal nor {{name}} or {{name:converter}}")
            if "?" in text or "#" in text:
                raise UsageError("a path must not contain '?' or '#'")
            if text in (".", ".."):
                raise UsageError(f"clients remove {text!r} from a path before they send it")
            if _BAD_PERCENT.search(text):
                raise UsageError(f"{text!r} has a '%' that does not begin an escape such as %2F")
            try:
                return cls(_STATIC, _normal(text))
            except UnicodeError:
                raise UsageError(f"{text!r} is not valid in UTF-8") from None
        name, key = found.groups()
        if key is None:
            return cls(_ANY, "", name)
        if key not in converters:
            raise UsageError(f"unknown converter {key!r}; the converters are {', '.join(converters)}")
        return cls(_MANY if converters[key].many else _TYPED, key, name, converters[key])


class Route:
    """A method and a template, with the value that answers them.

    Attributes:
        names: names of the parameters, left to right.
        only: name of the parameter if there is exactly one, else empty.
        params: makes the dict of parameters from their values.
        where: place of the registration, for messages.
        name: name for `Router.url`.
    """

    __slots__ = ("method", "name", "names", "only", "params", "path", "segments", "value", "where")

    def __init__(
        self, method: str, path: str, value: Any, where: str, name: str, segments: tuple[Segment, ...]
    ) -> None:
        self.method, self.path, self.value, self.where, self.name = method, path, value, where, name
        self.segments = segments
        self.names = tuple(segment.name for segment in segments if segment.name)
        self.only = self.names[0] if len(self.names) == 1 else ""
        pairs = ", ".join(f"{name!r}: values[{at}]" for at, name in enumerate(self.names))
        self.params: Callable[[list[Any]], dict[str, Any]] = eval(f"lambda values: {{{pairs}}}", {})

    @property
    def converters(self) -> dict[str, Converter]:
        """The converter of each parameter."""
        return {segment.name: segment.converter for segment in self.segments if segment.name}

    def __repr__(self) -> str:
        return f"Route({self.method!r}, {self.path!r})"


class Match:
    """A verdict: a route with its parameters, or the methods that the path has, or a redirect.

    Attributes:
        route: the route; None if no route of the path has the method.
        params: decoded parameters, by name.
        allowed: methods of the path, sorted, if there is no route.
        redirect: the path with or without its last slash, if only that one exists.
    """

    __slots__ = ("allowed", "params", "redirect", "route")

    def __init__(
        self,
        route: Route | None,
        params: dict[str, Any],
        allowed: tuple[str, ...] = (),
        redirect: str | None = None,
    ) -> None:
        self.route = route
        self.params = params
        self.allowed = allowed
        self.redirect = redirect

    def __repr__(self) -> str:
        return f"Match({self.route!r}, {self.params!r}, {self.allowed!r}, {self.redirect!r})"


class _Node:
    """A node of the trie: the next node for each segment, and the routes that end here, by method.

    Attributes:
        typed: a `Choice` for each parameter with a converter, in the order in which they are tried.
        plain: next node for a plain parameter.
        many: a `Choice` for each parameter that takes all segments that are left.
        first: reader and next node of the first parameter to be tried; a plain one has no reader.
    """

    __slots__ = ("first", "many", "plain", "routes", "static", "typed")

    def __init__(self) -> None:
        self.static: dict[str, _Node] = {}
        self.typed: list[Choice] = []
        self.plain: _Node | None = None
        self.many: list[Choice] = []
        self.routes: dict[str, Route] = {}
        self.first: tuple[Callable[[str], Any] | None, _Node | None] = (None, None)

    def grow(self, segment: Segment, order: Mapping[str, int]) -> _Node:
        """The next node for *segment*, made if it does not exist yet."""
        if segment.rank == _STATIC:
            node = self.static.setdefault(segment.key, _Node())
        elif segment.rank == _ANY:
            node = self.plain = self.plain or _Node()
        else:
            node = self._grow(self.typed if segment.rank == _TYPED else self.many, segment, order)
        self.first = self.typed[0][2:] if self.typed else (None, self.plain)
        return node

    @staticmethod
    def _grow(choices: list[Choice], segment: Segment, order: Mapping[str, int]) -> _Node:
        for _, key, _, node in choices:
            if key == segment.key:
                return node
        node = _Node()
        read = _read_int if segment.converter is CONVERTERS["int"] else segment.converter.reader()
        choices.append((order[segment.key], segment.key, read, node))
        choices.sort(key=lambda choice: choice[:2])
        return node


# Of a parameter with a converter: its place in the order of trial, its name, its reader, and the next node.
Choice = tuple[int, str, Callable[[str], Any], _Node]
Found = tuple[_Node, list[Any]]


class Router:
    """The route manager: a table of the paths without parameters, then a trie by path segment.

    Args:
        trailing_slash: `strict`: `/a` and `/a/` are two paths; `redirect`: if only one of them exists, the other
            redirects to it; `ignore`: they are one path.
        converters: more converters, by name (lower case). Order of trial: `int`, `uuid`, `float`, these by name,
            `path`.
    """

    def __init__(self, trailing_slash: str = "strict", converters: Mapping[str, Converter] | None = None) -> None:
        if trailing_slash not in ("strict", "redirect", "ignore"):
            raise UsageError(f"trailing_slash must be 'strict', 'redirect' or 'ignore', got {trailing_slash!r}")
        own = converters or {}
        if taken := sorted(own.keys() & CONVERTERS.keys()):
            raise UsageError(f"the converter {taken[0]!r} is built in; give yours another name")
        for name, converter in own.items():
            _check_converter(name, converter)
        self._slash = trailing_slash
        self._converters = {**CONVERTERS, **own}
        tried = [*(name for name in CONVERTERS if name != "path"), *sorted(own), "path"]
        self._order = {name: at for at, name in enumerate(tried)}
        self._root = _Node()
        self._static: dict[str, dict[str, Route]] = {}
        # The node of each literal prefix for templates that end with one parameter after it.
        self._tails: dict[str, _Node] = {}
        self._routes: list[Route] = []

    def add(self, method: str, path: str, value: Any, where: str = "", name: str = "") -> Route:
        """Register *value* for a method and a template; a GET route also answers HEAD.

        Raises:
            RouteConflict: another route answers the same requests.
            UsageError: the template is malformed.
        """
        route = Route(method, path, value, where or repr(value), name, self._segments(path, where or repr(value)))
        node = self._root.grow(Segment(_STATIC, ""), self._order)
        for segment in route.segments:
            parent, node = node, node.grow(segment, self._order)
        other = node.routes.get(method)
        if other is not None and other.method == method:
            raise RouteConflict(method, path, other.path, route.where, other.where)
        node.routes[method] = route
        if method == "GET":
            node.routes.setdefault("HEAD", route)
        if not route.names:
            self._static["/" + "/".join(segment.key for segment in route.segments)] = node.routes
        elif _is_tail(route):
            self._tails["".join(f"/{each.key}" for each in route.segments[:-1])] = parent
        self._routes.append(route)
        return route

    def _segments(self, path: str, where: str) -> tuple[Segment, ...]:
        try:
            if not path.startswith("/"):
                raise UsageError("a path must begin with '/'")
            if self._slash == "ignore" and path != "/":
                path = path.removesuffix("/")
            segments = tuple(Segment.parse(text, self._converters) for text in path[1:].split("/"))
            names = [segment.name for segment in segments if segment.name]
            if len(set(names)) != len(names):
                raise UsageError("a path must not name a parameter twice")
            if any(segment.rank == _MANY for segment in segments[:-1]):
                raise UsageError("a parameter that takes many segments must be the last")
        except UsageError as error:
            raise UsageError(f"route {path!r} of {where}: {error}") from None
        return segments

    def match(self, method: str, path: str) -> Match | None:
        """Find the route for a raw *path* (begins with `/`, no query); None if no template fits (404).

        If the path has other methods only, the Match has no route but `allowed`, for an answer to OPTIONS or a 405.

        Raises:
            HttpError: 400 for a bad percent escape, or one that is not UTF-8.

        Cost: one lookup for a path without parameters; else O(segments), whatever the number of routes. If branches
        overlap, some are tried in vain, but no node of the trie is visited twice.
        """
        found = self.first_way(method, path)
        return self.search(method, path) if found is None else Match(*found)

    def first_way(self, method: str, path: str) -> tuple[Route, dict[str, Any]] | None:
        """The route and its parameters, by the most specific choice at every segment, which is mostly the only one.

        None if these choices lead to no route, or the path has escapes: then `search` must decide.
        """
        routes = self._static.get(path)
        if routes is not None:
            route = routes.get(method)
            if route is not None:
                return route, {}
        if "%" in path:
            return None
        prefix, _, last = path.rpartition("/")
        tail = self._tails.get(prefix)
        if tail is not None and last:
            read, child = tail.first
            value = last if read is None else read(last)
            route = child.routes.get(method) if child is not None and value is not None else None
            return None if route is None else (route, {route.only: value})
        node, values = self._root, []
        for part in path.split("/"):
            child = node.static.get(part)
            if child is None:
                read, child = node.first
                if child is None or not part:
                    return None
                value = part if read is None else read(part)
                if value is None:
                    return None
                values.append(value)
            node = child
        route = node.routes.get(method)
        if route is None:
            return None
        name = route.only
        return route, {name: values[0]} if name else route.params(values)

    def search(self, method: str, path: str) -> Match | None:
        """Decide as `match` does, by all ways through the trie.

        Raises:
            HttpError: as `match` does.
        """
        if "%" in path:
            check_escapes(path)
        if self._slash == "ignore" and path != "/":
            path = path.removesuffix("/")
        ends = list(_ends(self._root, _parts(path), 0, []))
        for node, values in ends:
            route = node.routes.get(method)
            if route is not None:
                return Match(route, route.params(values))
        if ends:
            allowed = {method for node, _ in ends for method in node.routes}
            return Match(None, {}, tuple(sorted(allowed | {"OPTIONS"})))
        return self._redirected(method, path) if self._slash == "redirect" else None

    def _redirected(self, method: str, path: str) -> Match | None:
        other = path.removesuffix("/") if path.endswith("/") else path + "/"
        if other.startswith("//") or quote(other, "/%" + _PATH_CHARACTERS, errors="replace") != other:
            return None  # a browser would read "//" as another host, and a backslash as a slash
        found = any(method in node.routes for node, _ in _ends(self._root, _parts(other), 0, []))
        return Match(None, {}, redirect=other) if found else None

    def url(self, name: str, /, **params: Any) -> str:
        """The path of the route *name* with these parameters, percent-encoded.

        Raises:
            UsageError: no route has the name, or several; a parameter is missing, unknown or does not fit.
        """
        routes = {route.path: route for route in self._routes if route.name == name}
        if len(routes) != 1:
            places = " and ".join(f"{route.path} ({route.where})" for route in routes.values())
            raise UsageError(f"routes share the name {name!r}: {places}" if routes else f"no route is named {name!r}")
        (route,) = routes.values()
        if set(params) != set(route.names):
            raise UsageError(f"route {name!r} ({route.path}) takes parameters {list(route.names)}, got {list(params)}")
        path = "/" + "/".join(
            _encoded(segment, params[segment.name], route) if segment.name else segment.key
            for segment in route.segments
        )
        match = self.match(route.method, path)
        if match is None or match.route is None or match.route.path != route.path:
            raise UsageError(f"route {name!r} ({route.path}): {params} make the path {path}, which leads to {match}")
        return path

    def __len__(self) -> int:
        return len(self._routes)

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes)


def _is_tail(route: Route) -> bool:
    """Whether the route has one parameter, which takes exactly the last segment."""
    return route.only != "" and route.segments[-1].rank in (_TYPED, _ANY)


def _ends(node: _Node, parts: list[str], depth: int, values: list[Any]) -> Iterator[Found]:
    """Every node with routes that a path leads to, with its parameters, the most specific first."""
    if depth == len(parts):
        if node.routes:
            yield node, values
        return
    part = parts[depth]
    child = node.static.get(part)
    if child is not None:
        yield from _ends(child, parts, depth + 1, values)
    if part:
        text = unquote(part)
        for typed, extended in _choices(node.typed, text, values):
            yield from _ends(typed, parts, depth + 1, extended)
        if node.plain is not None:
            yield from _ends(node.plain, parts, depth + 1, [*values, text])
    if node.many and any(parts[depth:]):
        yield from _choices(node.many, unquote("/".join(parts[depth:])), values)


def _choices(choices: list[Choice], text: str, values: list[Any]) -> Iterator[Found]:
    """The next nodes for a parameter's text, by the converters that it fits, with the values so far and its own."""
    for _, _, read, child in choices:
        value = read(text)
        if value is not None:
            yield child, [*values, value]


def _normal(text: str) -> str:
    """A segment with necessary escapes only (RFC 3986 section 6.2.2), so that equal segments have equal texts.

    Raises:
        UnicodeError: its escapes are not UTF-8.
    """
    return quote(unquote(text, errors="strict"), safe=_PATH_CHARACTERS)


def _parts(path: str) -> list[str]:
    """The segments of a path whose escapes have been checked."""
    parts = path.split("/")
    return [_normal(part) for part in parts] if "%" in path else parts


def _read_int(text: str) -> int | None:
    """The same as the reader of the converter `int`, but mostly without its regular expression."""
    if text.isdecimal() and len(text) < 20 and text.isascii() and (text[0] != "0" or text == "0"):
        return int(text)
    return int(text) if text[:1] == "-" and re.fullmatch(_INT, text, re.ASCII) else None


def _check_converter(name: str, converter: Converter) -> None:
    if not re.fullmatch(_CONVERTER, name):
        raise UsageError(f"the name of a converter must be of a-z, 0-9 and '_', without a digit first, got {name!r}")
    try:
        re.compile(converter.pattern)
    except (re.error, TypeError) as error:
        raise UsageError(f"converter {name!r}: cannot compile the pattern {converter.pattern!r}: {error}") from None


def _encoded(segment: Segment, value: Any, route: Route) -> str:
    try:
        text = segment.converter.encode(value)
    except (TypeError, ValueError, LookupError, ArithmeticError) as error:
        raise UsageError(
            f"route {route.name!r} ({route.path}): {segment.name}={value!r} does not fit: {error}"
        ) from None
    parts = text.split("/") if segment.rank == _MANY else [text]
    # Clients remove "." and ".." from a path before they send it, and a parameter does not fit an empty segment.
    try:
        quoted = "/".join(quote(part, safe="") for part in parts)
    except UnicodeEncodeError:
        quoted = ""
    if not quoted or segment.converter.reader()(text) is None or any(part in ("", ".", "..") for part in parts):
        raise UsageError(f"route {route.name!r} ({route.path}): {segment.name}={value!r} does not fit")
    return quoted


def skeleton(template: str) -> str:
    """A template with `{}` for each parameter: equal if templates differ in names and converters only."""
    return _TEMPLATE.sub("{}", template)


def check_escapes(path: str) -> None:
    """Raise HttpError 400 unless every `%` starts an escape and the escapes are UTF-8 (RFC 3986 section 2.1)."""
    if _BAD_PERCENT.search(path):
        raise HttpError(400, "the path has a '%' that does not begin an escape such as %2F")
    try:
        unquote(path, errors="strict")
    except UnicodeDecodeError:
        raise HttpError(400, "the path's escapes are not UTF-8") from None
