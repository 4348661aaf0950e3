"""Forms: `application/x-www-form-urlencoded` and `multipart/form-data` (RFC 7578), within limits."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import tempfile
from collections.abc import Mapping
from typing import Any, BinaryIO
from urllib.parse import parse_qsl

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from ..errors import HttpError
from ..limits import Limits
from .headers import VALUE
from .messages import Request

__all__ = ("Form", "Upload", "read_form")

URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"

_CHARSETS = (b"utf-8", b"us-ascii")
# RFC 7578 section 4.2; browsers escape quotes as %22, and backslashes not at all.
_PARAMETER = re.compile(rb"""[ \t]*;[ \t]*([^\s;="]++)=(?:"((?:[^"\\]|\\.)*+)"|([^\s;"\\]++))[ \t]*""")
# The parser would log a line for each malformed form that a client sends.
_SILENT = logging.Logger("python_multipart", logging.CRITICAL)


class Upload:
    """A file in a form: in memory while it is small, else in a temporary file, which is deleted after the request.

    Attributes:
        filename: name that the client gives; do not use it as a path. It has no control characters; browsers write
            `%22` for a quote; it is empty if the user chose no file.
        content_type: content type that the client gives; empty if it gives none.
        file: the open file, positioned at its beginning.
        size: size in bytes.
    """

    def __init__(self, filename: str, content_type: str, memory_bytes: int) -> None:
        self.filename, self.content_type, self.size = filename, content_type, 0
        self.file: BinaryIO = tempfile.SpooledTemporaryFile(memory_bytes)  # type: ignore[assignment]

    async def read(self, size: int = -1) -> bytes:
        """The next *size* bytes, by default all that are left; read in a thread."""
        return await asyncio.to_thread(self.file.read, size)

    def __repr__(self) -> str:
        return f"Upload({self.filename!r}, {self.content_type!r}, {self.size} bytes)"


class Form:
    """The fields of a form, in order; a name may occur several times.

    Attributes:
        fields: pairs of a name and a value, which is text or an `Upload`.
    """

    def __init__(self, fields: list[tuple[str, str | Upload]]) -> None:
        self.fields = fields

    def get(self, name: str, default: str | None = None) -> str | Upload | None:
        """The first value of *name*, or *default*."""
        return next((value for key, value in self.fields if key == name), default)

    def get_all(self, name: str) -> list[str | Upload]:
        """Every value of *name*, in order."""
        return [value for key, value in self.fields if key == name]

    @property
    def texts(self) -> Mapping[str, list[str]]:
        """The values that are text, by name, in order."""
        found: dict[str, list[str]] = {}
        for name, value in self.fields:
            if isinstance(value, str):
                found.setdefault(name, []).append(value)
        return found

    def close(self) -> None:
        """Close the files, also if closing one of them fails."""
        with contextlib.ExitStack() as stack:
            for _, value in self.fields:
                if isinstance(value, Upload):
                    stack.callback(value.file.close)


async def read_form(request: Request, limits: Limits) -> Form:
    """The form that a request carries.

    Raises:
        HttpError: 415 if the body is not a form or not UTF-8; 400 if it is malformed; 413 if it has too many fields or
            files, or a text is too long.
        ProtocolError: the body breaks HTTP or passes a limit of the ingress.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind == URLENCODED.encode():
        _check_charset(options)
        return _urlencoded(b"".join([part async for part in request.parts()]), limits)
    if kind != MULTIPART.encode():
        raise HttpError(415, f"the body is not a form; send {URLENCODED} or {MULTIPART}")
    if not options.get(b"boundary"):
        raise HttpError(400, "the Content-Type of the form has no boundary")
    return await _multipart(request, options[b"boundary"], limits)


def _urlencoded(body: bytes, limits: Limits) -> Form:
    if body.count(b"&") >= limits.form_fields:
        raise _too_many(limits)
    try:
        fields = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError:
        raise HttpError(400, "the form cannot be read: it is not ASCII, or its escapes are not UTF-8") from None
    if any(len(text.encode()) > limits.form_text_bytes for field in fields for text in field):
        raise _too_long(limits)
    return Form(list(fields))


async def _multipart(request: Request, boundary: bytes, limits: Limits) -> Form:
    reader = _MultipartReader(limits)
    has_begun = False
    try:
        parser = MultipartParser(boundary, reader.callbacks())  # type: ignore[arg-type]
        parser.logger = _SILENT
        async for part in request.parts():
            # Strip line ends before the first boundary: how the parser reads them depends on how the body is cut.
            if has_begun or (part := part.lstrip(b"\r\n")):
                has_begun = True
                parser.write(part)
        if not reader.is_over:
            raise HttpError(400, "the form ends before its last boundary")
    except FormParserError:
        reader.form.close()
        raise HttpError(400, "the form cannot be read: it is not multipart/form-data with its boundary") from None
    except BaseException:
        reader.form.close()
        raise
    return reader.form


class _MultipartReader:
    """Collects a form from the callbacks of a multipart parser."""

    def __init__(self, limits: Limits) -> None:
        self.form, self.is_over = Form([]), False
        self._limits = limits
        self._name, self._value, self._files = b"", b"", 0
        self._headers: dict[bytes, bytes] = {}
        self._field, self._upload, self._text = "", None, bytearray()  # type: tuple[str, Upload | None, bytearray]

    def callbacks(self) -> dict[str, Any]:
        """The callbacks by the parser's names."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_end,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._over,
        }

    def _begin(self) -> None:
        if len(self.form.fields) >= self._limits.form_fields:
            raise _too_many(self._limits)
        self._headers, self._upload, self._text = {}, None, bytearray()

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        name, value = self._name.lower(), self._value
        if name in self._headers or not VALUE.fullmatch(value):
            raise HttpError(400, "a part of the form has a header field twice, or with control characters")
        self._headers[name] = value
        self._name, self._value = b"", b""

    def _headers_end(self) -> None:
        options = _disposition(self._headers.get(b"content-disposition", b""))
        name, filename = options.get(b"name"), options.get(b"filename")
        if name is None:
            raise HttpError(400, "a part of the form has no name (Content-Disposition: form-data; name=...)")
        self._field = _text(name)
        content_type = self._headers.get(b"content-type", b"").decode("latin-1")
        if filename is None:
            _check_charset(parse_options_header(content_type)[1])
        else:
            self._files += 1
            if self._files > self._limits.form_files:
                raise HttpError(413, f"the form has over {self._limits.form_files} files")
            self._upload = Upload(_text(filename), content_type, self._limits.form_memory_bytes)
            self.form.fields.append((self._field, self._upload))

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._upload is not None:
            self._upload.file.write(data[start:end])
            self._upload.size += end - start
            return
        self._text += data[start:end]
        if len(self._text) > self._limits.form_text_bytes:
            raise _too_long(self._limits)

    def _end(self) -> None:
        if self._upload is not None:
            self._upload.file.seek(0)
        else:
            self.form.fields.append((self._field, _text(bytes(self._text))))

    def _over(self) -> None:
        self.is_over = True


def _disposition(line: bytes) -> dict[bytes, bytes]:
    """The parameters of `form-data; name="..."`; empty for any other line."""
    kind, mark, rest = line.partition(b";")
    options: dict[bytes, bytes] = {}
    at, rest = 0, mark + rest
    while found := _PARAMETER.match(rest, at):
        name, at = found[1].lower(), found.end()
        if name in options:
            return {}
        options[name] = re.sub(rb'\\(["\\])', rb"\1", found[2]) if found[3] is None else found[3]
    return options if kind.strip(b" \t").lower() == b"form-data" and at == len(rest) else {}


def _check_charset(options: Mapping[bytes, bytes]) -> None:
    if options.get(b"charset", b"utf-8").lower() not in _CHARSETS:
        raise HttpError(415, "the charset of the form is not supported; send UTF-8")


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise HttpError(400, "a text of the form is not UTF-8") from None


def _too_many(limits: Limits) -> HttpError:
    return HttpError(413, f"the form has over {limits.form_fields} fields")


def _too_long(limits: Limits) -> HttpError:
    return HttpError(413, f"a text of the form is over {limits.form_text_bytes} bytes")
