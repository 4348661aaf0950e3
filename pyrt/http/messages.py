"""Requests and responses: value objects, without any input or output."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, AsyncIterator
from typing import Any, Unpack
from urllib.parse import parse_qs

import msgspec

from ..errors import MalformedBody, UsageError
from ..naming import phrase
from .cookies import CookieAttributes, cookie_line, read_cookies
from .files import File, content_type_of
from .headers import Headers, Pairs, pairs_of
from .jsontext import read

__all__ = ("Request", "Response")

_QUERY_FIELDS = 1000

_TEXT = ((b"content-type", b"text/plain; charset=utf-8"),)
_BYTES = ((b"content-type", b"application/octet-stream"),)
_JSON = ((b"content-type", b"application/json"),)
READY_MADE = frozenset({_TEXT, _BYTES, _JSON, ()})
"""The field lines of responses that have none of their author's: shared, and never changed."""

_encode = msgspec.json.Encoder().encode
_new = object.__new__


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
        return read_cookies(self.headers.get_all("cookie"))

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
        for name, value in pairs_of(headers.raw if isinstance(headers, Headers) else headers):
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

    def set_cookie(self, name: str, value: str, **attributes: Unpack[CookieAttributes]) -> None:
        """Have the client keep a cookie.

        Raises:
            UsageError: a character that a cookie cannot carry; encode the value, in base64 say.
        """
        self.headers.add("set-cookie", cookie_line(name, value, **attributes))

    def delete_cookie(self, name: str, *, path: str = "/", domain: str = "") -> None:
        """Have the client forget a cookie that was set with this path and domain."""
        self.set_cookie(name, "", max_age_s=0, path=path, domain=domain)

    def __repr__(self) -> str:
        return f"Response({self.body!r}, {self.status}, {list(self.headers)!r})"
