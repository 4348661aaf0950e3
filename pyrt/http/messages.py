"""Requests and responses: value objects, without input or output."""

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
"""Field lines of responses to which a handler has added none: shared, never changed."""

_encode = msgspec.json.Encoder().encode
_new = object.__new__


class Request:
    """A request of a client.

    Attributes:
        method: HTTP method, in upper case.
        path: path as it was sent, still percent-encoded; begins with `/`.
        query: what follows the first `?`, still encoded.
        raw: field lines of `headers`, as pairs of bytes.
        body: the whole body; or an async iterator over its parts, for a handler that takes them as they come.
        trailers: field lines after a chunked body, without those that are not allowed there.
        client: host and port of the client, if the ingress knows them.
        version: HTTP version, `1.1` or `1.0`; another ASGI server may give other values.
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
        """A request without a body, made of parts that were checked before."""
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
        """The field lines as they were sent; what is added to this view is added to the request."""
        return Headers.from_raw(self.raw)

    @property
    def query_params(self) -> dict[str, list[str]]:
        """The query's decoded values by name, in order; parsed at the first access.

        Raises:
            MalformedBody: its escapes are not UTF-8, or it has over 1,000 fields; answered with 400.
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
        """The cookies by name; of two with the same name the first, the more specific one (RFC 6265 section 5.4)."""
        return read_cookies(self.headers.get_all("cookie"))

    def parts(self) -> AsyncIterator[bytes]:
        """The parts of the body as they come; one part if the whole body has come."""
        return _Whole(self.body) if isinstance(self.body, bytes) else aiter(self.body)

    def json(self) -> Any:
        """The body as plain Python values.

        Raises:
            MalformedBody: the body is not JSON, or nested over 64 levels deep; answered with 400.
        """
        return read(self.body)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def __repr__(self) -> str:
        target = f"{self.path}?{self.query}" if self.query else self.path
        return f"Request({self.method!r}, {target!r}, {list(self.headers)!r}, {self.body!r})"


class _Whole:
    """An iterator over a whole body: one part, or none if it is empty. Unlike a generator, it needs no closing."""

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
    """A response to a client.

    Attributes:
        status: status, 200 to 599.
        raw: field lines of `headers`, as pairs of bytes; a tuple if they are one of `READY_MADE`.
        body: the whole body, encoded; or an async iterable of `bytes` and `str`, which is sent part by part.

    Raises:
        UsageError: the status is out of range, or a header field could forge a line.
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
            raise UsageError(f"the status of a response must be from 200 to 599, got {status}")
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
        """A response with the bytes of a file, which the ingress lets the system send (`sendfile`).

        Args:
            root: folder that the file must be in; give it for paths that come from clients.
            content_type: content type; by default it follows from the file's name.

        Raises:
            HttpError: 404 if there is no such file (see `File`).
        """
        response = cls(b"", status, headers, content_type or content_type_of(path))
        response.body = File(path, root)  # last, because an error after it would leave the file open
        return response

    @property
    def headers(self) -> Headers:
        """The field lines, without `content-length`, which the ingress adds; a view, which may be added to."""
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
        """A response with *value* (JSON-able, Struct, dataclass, date, Decimal ...) as JSON."""
        return cls(_encode(value), status, headers, content_type)

    @classmethod
    def problem(cls, status: int, detail: str, request_id: str, headers: Pairs = (), **members: Any) -> Response:
        """An error as a problem document (RFC 9457), with *members* in addition to the standard ones."""
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
        """Make a response of what a handler returned.

        A `Response` stays as it is; `str` is text, `bytes` raw, None empty (204), async iterables streams, else JSON.
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
        # No checks are needed: the header lines are pyrt's own, and the status was checked at `freeze()`.
        response = _new(Response)
        response.body, response.status, response.raw = body, status, raw
        return response

    @property
    def text(self) -> str:
        """The body as text; only if the response is not streamed."""
        return self.body.decode()  # type: ignore[no-any-return]

    @property
    def value(self) -> Any:
        """The JSON body as plain Python values; only if the response is not streamed."""
        return msgspec.json.decode(self.body)

    def checked(self) -> Response:
        """The same response, if it can be sent: a handler may set its attributes to anything.

        Raises:
            UsageError: the body or the status cannot be sent.
        """
        if isinstance(self.body, str):
            self.body = self.body.encode()
        elif isinstance(self.body, bytes | bytearray | memoryview):
            self.body = bytes(self.body)
        if not isinstance(self.body, bytes | AsyncIterable):
            raise UsageError(f"a response's body must be bytes, str or async iterable, got {type(self.body).__name__}")
        if not isinstance(self.status, int) or not 200 <= self.status <= 599:
            raise UsageError(f"the status of a response must be from 200 to 599, got {self.status!r}")
        return self

    def set_cookie(self, name: str, value: str, **attributes: Unpack[CookieAttributes]) -> None:
        """Set a cookie in the client.

        Raises:
            UsageError: see `cookie_line`; encode a value with other characters, such as in base64.
        """
        self.headers.add("set-cookie", cookie_line(name, value, **attributes))

    def delete_cookie(self, name: str, *, path: str = "/", domain: str = "") -> None:
        """Delete a cookie in the client that was set with this path and domain."""
        self.set_cookie(name, "", max_age_s=0, path=path, domain=domain)

    def __repr__(self) -> str:
        return f"Response({self.body!r}, {self.status}, {list(self.headers)!r})"
