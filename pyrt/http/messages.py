"""Requests and responses: value objects, without any input or output.

Header names and values are bytes as they came; `Headers` reads them case-insensitively and decodes on demand
(RFC 9110 section 5.5: Latin-1).
"""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs

import msgspec

from ..errors import MalformedBody, UsageError, phrase
from .files import File, content_type_of
from .jsontext import read

__all__ = ("Headers", "Request", "Response")

Pair = tuple[str | bytes, str | bytes]
Pairs = Iterable[Pair] | Mapping[str, str]
"""Field lines to be sent: pairs, or a mapping where no name occurs twice."""

# RFC 9110 section 5.6.2 (token) and 5.5 (field-value): no control characters, so no forged line can leave.
TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
NAME = re.compile(TOKEN + rb"++")
VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*+")

# RFC 6265 section 4.1.1 (cookie-octet), and what may stand in an attribute of a cookie.
_COOKIE_VALUE = re.compile(r"[!#-+\--:<-\[\]-~]*")
_COOKIE_ATTRIBUTE = re.compile(r"[\x20-:<-~]*")
_QUERY_FIELDS = 1000

_TEXT = ((b"content-type", b"text/plain; charset=utf-8"),)
_BYTES = ((b"content-type", b"application/octet-stream"),)
_JSON = ((b"content-type", b"application/json"),)
READY_MADE = frozenset({_TEXT, _BYTES, _JSON, ()})
"""The field lines of responses that have none of their author's: shared, and never changed."""

_encode = msgspec.json.Encoder().encode
_new = object.__new__


def _raw(text: str | bytes) -> bytes:
    return text.encode("latin-1") if isinstance(text, str) else text


def _each(pairs: Pairs) -> Iterable[Pair]:
    return pairs.items() if isinstance(pairs, Mapping) else pairs


class Headers:
    """Field lines in order; one name may occur many times; names compare case-insensitively."""

    __slots__ = ("raw",)

    def __init__(self, pairs: Pairs = ()) -> None:
        self.raw: list[tuple[bytes, bytes]] = [(_raw(name), _raw(value)) for name, value in _each(pairs)]

    @classmethod
    def from_raw(cls, raw: list[tuple[bytes, bytes]]) -> Headers:
        """Take a parser's list as it is, without a copy."""
        headers = cls.__new__(cls)
        headers.raw = raw
        return headers

    def get_all(self, name: str) -> list[str]:
        """Every value of *name*, in order."""
        wanted = name.lower().encode("latin-1")
        return [value.decode("latin-1") for key, value in self.raw if key.lower() == wanted]

    def get(self, name: str, default: str | None = None) -> str | None:
        """The first value of *name*, or *default*."""
        wanted = name.lower().encode("latin-1")
        for key, value in self.raw:
            if key.lower() == wanted:
                return value.decode("latin-1")
        return default

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((name.decode("latin-1"), value.decode("latin-1")) for name, value in self.raw)

    def __len__(self) -> int:
        return len(self.raw)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self.raw == other.raw

    def __repr__(self) -> str:
        return f"Headers({list(self)!r})"

    def add(self, name: str | bytes, value: str | bytes) -> None:
        """Append a field line.

        Raises:
            UsageError: the name is not a token, or the value has a control character.
        """
        line = _names.get(name) or _name(name), _raw(value)
        if not VALUE.fullmatch(line[1]):
            raise UsageError(f"header {name!r}: {value!r} has characters that a field line may not carry")
        self.raw.append(line)


# Names that were given and found sound; values may be secrets, and are not kept.
_names: dict[str | bytes, bytes] = {}
_NAMES = 1000


def _name(name: str | bytes) -> bytes:
    raw = _raw(name)
    if not NAME.fullmatch(raw):
        raise UsageError(f"a header has characters in its name that it may not carry: {name!r}")
    if len(_names) >= _NAMES:
        _names.clear()
    _names[name] = raw
    return raw


class Request:
    """What a client asks for.

    Attributes:
        method: upper case.
        path: as it was sent, still percent-encoded, begins with `/`.
        query: what follows the first `?`, still encoded.
        raw: the field lines of `headers`, as pairs of bytes.
        body: all of it; or an async iterator over its parts, for a handler that takes them as they come.
        trailers: field lines behind a body in chunks, without those that nobody may send there.
        client: host and port of the peer, where an ingress knows them.
        version: of HTTP, `1.1` or `1.0`, or what another server says.
    """

    __slots__ = ("_query_params", "body", "client", "method", "path", "query", "raw", "trailers", "version")

    def __init__(
        self,
        method: str,
        target: str,
        headers: Headers | Pairs = (),
        body: bytes = b"",
        client: tuple[str, int] | None = None,
        version: str = "1.1",
    ) -> None:
        self.method = method
        self.path, _, self.query = target.partition("?")
        self.raw = (headers if isinstance(headers, Headers) else Headers(headers)).raw
        self.body: Any = body
        self.trailers: Headers | None = None
        self.client = client
        self.version = version

    @staticmethod
    def read(
        method: str, target: str, raw: list[tuple[bytes, bytes]], client: tuple[str, int] | None, version: str
    ) -> Request:
        """A request without a body, of parts that have been checked and are taken as they are."""
        request: Request = _new(Request)
        request.method = method
        request.path, _, request.query = target.partition("?")
        request.raw = raw
        request.body = b""
        request.trailers = None
        request.client = client
        request.version = version
        return request

    @property
    def headers(self) -> Headers:
        """The field lines as they were sent; a view, to read and to add to."""
        return Headers.from_raw(self.raw)

    @property
    def query_params(self) -> dict[str, list[str]]:
        """The query's values by name, in order, decoded; parsed at the first access.

        Raises:
            MalformedBody: 400, its escapes are not UTF-8 or there are over 1,000 fields.
        """
        try:
            return self._query_params
        except AttributeError:
            pass
        try:
            self._query_params: dict[str, list[str]] = parse_qs(
                self.query, keep_blank_values=True, errors="strict", max_num_fields=_QUERY_FIELDS
            )
        except ValueError as error:
            raise MalformedBody(f"the query cannot be read: {error}") from None
        return self._query_params

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies by name, as sent; of two with one name the first, which is the more specific (RFC 6265 5.4)."""
        found: dict[str, str] = {}
        for line in self.headers.get_all("cookie"):
            for pair in line.split(";"):
                name, mark, value = pair.partition("=")
                if mark and name.strip():
                    found.setdefault(name.strip(), value.strip().removeprefix('"').removesuffix('"'))
        return found

    def parts(self) -> AsyncIterator[bytes]:
        """The body as it comes, or in one part where it has come."""
        return _Whole(self.body) if isinstance(self.body, bytes) else aiter(self.body)

    def json(self) -> Any:
        """The body as plain Python values.

        Raises:
            MalformedBody: it is not JSON, or nested over 64 levels deep; answered with 400.
        """
        return read(self.body)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def __repr__(self) -> str:
        target = f"{self.path}?{self.query}" if self.query else self.path
        return f"Request({self.method!r}, {target!r}, {list(self.headers)!r}, {self.body!r})"


class _Whole:
    """A body that has come, as one part; none where it is empty. Unlike a generator, it may be left unfinished."""

    __slots__ = ("_body",)

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        body, self._body = self._body, b""
        if not body:
            raise StopAsyncIteration
        return body


class Response:
    """What is sent back.

    Attributes:
        status: 200 to 599.
        raw: the field lines of `headers`, as pairs of bytes; a tuple where they are one of `READY_MADE`.
        body: all of it, encoded; or an async iterable of `bytes` and `str`, which is sent part by part.

    Raises:
        UsageError: a status outside the range, or a header that could forge a line.
    """

    __slots__ = ("body", "raw", "status")

    def __init__(
        self,
        body: bytes | str | AsyncIterable[bytes | str] = b"",
        status: int = 200,
        headers: Pairs = (),
        content_type: str | None = None,
    ) -> None:
        if not 200 <= status <= 599:
            raise UsageError(f"a response has a status from 200 to 599, got {status}")
        if isinstance(body, str):
            body = body.encode()
            content_type = content_type or "text/plain; charset=utf-8"
        self.body: Any = body
        self.status = status
        self.raw: list[tuple[bytes, bytes]] | tuple[tuple[bytes, bytes], ...] = []
        if content_type is not None:
            self.headers.add("content-type", content_type)
        self._add(headers)

    @classmethod
    def file(
        cls,
        path: str | os.PathLike[str],
        *,
        root: str | os.PathLike[str] | None = None,
        status: int = 200,
        headers: Pairs = (),
        content_type: str | None = None,
    ) -> Response:
        """A file's bytes, which the ingress lets the system send (`sendfile`).

        Args:
            root: a folder that the file has to be in, for paths that clients name.
            content_type: by default by the file's name.

        Raises:
            HttpError: 404, there is no such file.
        """
        response = cls(b"", status, headers, content_type or content_type_of(path))
        response.body = File(path, root)  # nothing can fail behind it, and leave it open
        return response

    @property
    def headers(self) -> Headers:
        """The field lines, without `content-length`, which the ingress adds; a view, to read and to add to."""
        if isinstance(self.raw, tuple):
            self.raw = list(self.raw)
        return Headers.from_raw(self.raw)

    @headers.setter
    def headers(self, headers: Headers | Pairs) -> None:
        self.raw = []
        self._add(headers)

    def _add(self, headers: Headers | Pairs) -> None:
        for name, value in _each(headers.raw if isinstance(headers, Headers) else headers):
            self.headers.add(name, value)

    @classmethod
    def json(
        cls,
        value: Any,
        status: int = 200,
        headers: Pairs = (),
        content_type: str = "application/json",
    ) -> Response:
        """Encode *value* (JSON-able, Struct, dataclass, date, Decimal ...) as the body."""
        return cls(_encode(value), status, headers, content_type)

    @classmethod
    def problem(cls, status: int, detail: str, request_id: str, headers: Pairs = (), **members: Any) -> Response:
        """An error as a problem document (RFC 9457), with *members* beyond the standard ones."""
        document = {
            "type": "about:blank",
            "title": phrase(status),
            "status": status,
            "detail": detail,
            "request_id": request_id,
            **members,
        }
        return cls.json(document, status, headers, "application/problem+json")

    @staticmethod
    def of(value: Any, status: int = 200) -> Response:
        """What a handler returned as a response.

        A `Response` as it is, `str` as text, `bytes` raw, None empty (204), an async iterable streamed, all else JSON.
        """
        body: Any
        raw: tuple[tuple[bytes, bytes], ...]
        kind = type(value)
        if kind is dict:
            body, raw = _encode(value), _JSON
        elif kind is str:
            body, raw = value.encode(), _TEXT
        elif value is None:
            body, raw, status = b"", (), 204 if status == 200 else status
        elif isinstance(value, Response):
            return value
        elif isinstance(value, bytes | bytearray | memoryview):
            body, raw = bytes(value), _BYTES
        elif isinstance(value, str):
            body, raw = value.encode(), _TEXT
        elif isinstance(value, AsyncIterable):
            body, raw = value, _BYTES
        else:
            body, raw = _encode(value), _JSON
        # Of parts that need no check: our own header lines and a status given at `freeze()`.
        response = _new(Response)
        response.body, response.status, response.raw = body, status, raw
        return response

    @property
    def text(self) -> str:
        """The body as text, of a response that is not streamed."""
        return self.body.decode()  # type: ignore[no-any-return]

    @property
    def value(self) -> Any:
        """The body as plain Python values, of a JSON response that is not streamed."""
        return msgspec.json.decode(self.body)

    def checked(self) -> Response:
        """Itself, if it can be sent; its attributes are the author's to set, to anything.

        Raises:
            UsageError: a body or a status that cannot be sent.
        """
        if isinstance(self.body, str):
            self.body = self.body.encode()
        elif isinstance(self.body, bytes | bytearray | memoryview):
            self.body = bytes(self.body)
        if not isinstance(self.body, bytes | AsyncIterable):
            raise UsageError(f"a response's body is bytes, str or async iterable, got {type(self.body).__name__}")
        if not isinstance(self.status, int) or not 200 <= self.status <= 599:
            raise UsageError(f"a response has a status from 200 to 599, got {self.status!r}")
        return self

    def set_cookie(
        self,
        name: str,
        value: str,
        *,
        max_age_s: int | None = None,
        path: str = "/",
        domain: str = "",
        secure: bool = False,
        http_only: bool = True,
        same_site: str = "Lax",
    ) -> None:
        """Have the client keep a cookie (RFC 6265 section 4.1), for the session or for *max_age_s* seconds.

        Raises:
            UsageError: a character that a cookie cannot carry; encode the value, in base64 say.
        """
        attributes = {"Path": path, "Domain": domain, "SameSite": same_site}
        if max_age_s is not None:
            attributes["Max-Age"] = f"{int(max_age_s)}"
        if not NAME.fullmatch(name.encode()) or not _COOKIE_VALUE.fullmatch(value):
            raise UsageError(f"cookie {name!r}: {value!r} has characters that a cookie may not carry; encode the value")
        if not all(_COOKIE_ATTRIBUTE.fullmatch(each) for each in attributes.values()):
            raise UsageError(f"cookie {name!r}: {attributes!r} has characters that an attribute may not carry")
        if same_site not in ("Strict", "Lax", "None"):
            raise UsageError(f"cookie {name!r}: same_site is 'Strict', 'Lax' or 'None', got {same_site!r}")
        if same_site == "None" and not secure:
            raise UsageError(f"cookie {name!r}: browsers drop SameSite=None without secure=True")
        parts = [f"{name}={value}", *(f"{key}={each}" for key, each in attributes.items() if each)]
        flags = [flag for flag, wanted in (("Secure", secure), ("HttpOnly", http_only)) if wanted]
        self.headers.add("set-cookie", "; ".join(parts + flags))

    def delete_cookie(self, name: str, *, path: str = "/", domain: str = "") -> None:
        """Have the client forget a cookie that was set with this path and domain."""
        self.set_cookie(name, "", max_age_s=0, path=path, domain=domain)

    def __repr__(self) -> str:
        return f"Response({self.body!r}, {self.status}, {list(self.headers)!r})"
