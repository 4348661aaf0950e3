"""Requests and responses: value objects, without any input or output.

Header names and values are bytes as they came; `Headers` reads them case-insensitively and decodes on demand
(RFC 9110 section 5.5: Latin-1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from .errors import MalformedBody, UsageError

__all__ = ("Headers", "Request", "Response")

Pair = tuple[str | bytes, str | bytes]

# RFC 9110 section 5.6.2 (token) and 5.5 (field-value): no control characters, so no forged line can leave.
_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")

_TEXT = (b"content-type", b"text/plain; charset=utf-8")
_BYTES = (b"content-type", b"application/octet-stream")
_JSON = (b"content-type", b"application/json")


def _raw(text: str | bytes) -> bytes:
    return text.encode("latin-1") if isinstance(text, str) else text


class Headers:
    """Field lines in order; one name may occur many times; names compare case-insensitively."""

    __slots__ = ("raw",)

    def __init__(self, pairs: Iterable[Pair] = ()) -> None:
        self.raw: list[tuple[bytes, bytes]] = [(_raw(name), _raw(value)) for name, value in pairs]

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
        pair = (_raw(name), _raw(value))
        if not _NAME.fullmatch(pair[0]) or not _VALUE.fullmatch(pair[1]):
            raise UsageError(f"header {name!r}: {value!r} has characters that a field line may not carry")
        self.raw.append(pair)


class Request:
    """What a client asks for.

    Attributes:
        method: upper case.
        path: as it was sent, still percent-encoded, begins with `/`.
        query: what follows the first `?`, still encoded.
        headers: as sent.
        body: all of it.
    """

    __slots__ = ("body", "headers", "method", "path", "query")

    def __init__(self, method: str, target: str, headers: Headers | Iterable[Pair] = (), body: bytes = b"") -> None:
        self.method = method
        self.path, _, self.query = target.partition("?")
        self.headers = headers if isinstance(headers, Headers) else Headers(headers)
        self.body = body

    def json(self) -> Any:
        """The body as plain Python values.

        Raises:
            MalformedBody: it is not JSON; answered with 400.
        """
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MalformedBody(f"the body is not JSON: {error}") from None
        except RecursionError:
            raise MalformedBody("the body is nested too deeply") from None

    def __repr__(self) -> str:
        target = f"{self.path}?{self.query}" if self.query else self.path
        return f"Request({self.method!r}, {target!r}, {list(self.headers)!r}, {self.body!r})"


class Response:
    """What is sent back.

    Attributes:
        status: 200 to 599.
        headers: without `content-length`, which the ingress adds.
        body: all of it, encoded.

    Raises:
        UsageError: a status outside the range, or a header that could forge a line.
    """

    __slots__ = ("body", "headers", "status")

    def __init__(
        self,
        body: bytes | str = b"",
        status: int = 200,
        headers: Iterable[Pair] = (),
        content_type: str | None = None,
    ) -> None:
        if not 200 <= status <= 599:
            raise UsageError(f"a response has a status from 200 to 599, got {status}")
        if isinstance(body, str):
            body = body.encode()
            content_type = content_type or "text/plain; charset=utf-8"
        self.body = body
        self.status = status
        self.headers = Headers()
        if content_type is not None:
            self.headers.add("content-type", content_type)
        for name, value in headers:
            self.headers.add(name, value)

    @classmethod
    def json(
        cls,
        value: Any,
        status: int = 200,
        headers: Iterable[Pair] = (),
        content_type: str = "application/json",
    ) -> Response:
        """Encode *value* (JSON-able, Struct, dataclass, date, Decimal ...) as the body."""
        return cls(msgspec.json.encode(value), status, headers, content_type)

    @classmethod
    def of(cls, value: Any, status: int = 200) -> Response:
        """What a handler returned: a `Response` as it is, `str` as text, `bytes` raw, None empty, all else JSON."""
        if isinstance(value, Response):
            return value
        if isinstance(value, str):
            return cls._checked(value.encode(), status, [_TEXT])
        if isinstance(value, bytes):
            return cls._checked(value, status, [_BYTES])
        if value is None:
            return cls._checked(b"", 204 if status == 200 else status, [])
        return cls._checked(msgspec.json.encode(value), status, [_JSON])

    @classmethod
    def _checked(cls, body: bytes, status: int, raw: list[tuple[bytes, bytes]]) -> Response:
        """A response of parts that need no check: our own header lines and a status given at `freeze()`."""
        response = cls.__new__(cls)
        response.body, response.status, response.headers = body, status, Headers.from_raw(raw)
        return response

    def __repr__(self) -> str:
        return f"Response({self.body!r}, {self.status}, {list(self.headers)!r})"
