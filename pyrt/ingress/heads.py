"""Request heads: from bytes to a request, strictly by the grammar of RFC 9110 and RFC 9112. Pure.

A head is read in one piece. One pattern reads its request line; its header lines are searched for control characters
together, then split one by one. The fields that decide where the request ends, and its host, are judged last.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from ..errors import ProtocolError
from ..http.headers import NAME, TOKEN
from ..http.messages import Request
from ..limits import Limits

__all__ = ("CHUNKED", "CONTROLS", "Head", "HeadReader", "fields", "line_too_long", "too_large")

# RFC 9112 section 3, with exactly one space between the parts. A target has no fragment; the checks of its form follow
# later. One empty line before the request line is skipped (RFC 9112 section 2.2).
_LINE = re.compile(rb"(?:\r\n)?(%b++) ([\x21\x22\x24-\x7e]++) HTTP/([0-9]\.[0-9])\r\n" % TOKEN)
# Bytes that no part of a head may have, except in the ends of its lines (RFC 9110 section 5.5).
CONTROLS = bytes([*range(9), *range(10, 32), 127])
# RFC 3986 section 3.2.2: a name, an IPv4 address or an IP literal in brackets, and a port.
_HOST = re.compile(
    rb"(?:[!$&'()*+,;=\-._~0-9A-Za-z]|%[0-9A-Fa-f]{2})++(?::([0-9]{0,5}))?"
    rb"|\[(?:([0-9A-Fa-f:.]{2,45})|[vV][0-9A-Fa-f]+\.[!$&'()*+,;=\-._~0-9A-Za-z:]+)\](?::([0-9]{0,5}))?"
)
_URL = re.compile(rb"[hH][tT][tT][pP][sS]?://([^/?]*+)(.*)")
_LIST = re.compile(rb"[ \t]*,[ \t]*")
_METHOD_BYTES, _LENGTH_DIGITS = 32, 19

_METHODS = {
    name.encode(): name for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT")
}
_FRAMING = (b"host", b"content-length", b"transfer-encoding", b"connection", b"expect")
# Field names that were checked before, as they were spelled, each with its lower case if it is in _FRAMING, else empty.
_names: dict[bytes, bytes] = {}
_NAMES, _NAME_BYTES = 1000, 64
# Hosts that were checked before.
_hosts: set[bytes] = set()
# Header lines of one head that are kept for the next: bytes of all together, and number.
_KEPT_BYTES, _KEPT_LINES = 2048, 24
CHUNKED = -1
"""The length of a chunked body, in a `Head`."""


Head = tuple[Request, int, bool, bool]
"""A request without its body; the length of the body in bytes, or `CHUNKED`; whether the connection may go on after the
request; whether the client waits for `100 Continue` before it sends the body."""


class HeadReader:
    """Reads the heads of one connection.

    A client mostly repeats its header lines from one request to the next: the result for the last ones is kept.

    Attributes:
        method: method of the last request line; empty until the line of the next request is read.
    """

    __slots__ = ("_block", "_client", "_limits", "_line_bytes", "_raw", "_said", "_version", "method")

    def __init__(self, limits: Limits, client: tuple[str, int] | None = None) -> None:
        self._limits, self._client = limits, client
        self.method = ""
        self._line_bytes = limits.request_line_bytes
        self._block, self._version = b"", b""
        self._raw: list[tuple[bytes, bytes]] = []
        self._said: tuple[int, bool, bool] = (0, True, False)

    def read(self, data: bytes, start: int, end: int) -> Head:
        """The head from *start* to *end* of *data*, without the empty line after it.

        Raises:
            ProtocolError: the head breaks the grammar or a limit.
        """
        self.method = ""
        line = _LINE.match(data, start, end)
        if line is None:
            raise _malformed_line(data, start, end, self._limits)
        at = line.end()
        method, target, version = line.groups()
        block = data[at : end - 2]
        known = _METHODS.get(method)
        if known is None or version != b"1.1" or at - start > self._line_bytes:
            known = self._unusual(line)
        self.method = known
        if block != self._block or version != self._version or not block:
            self._read_block(block, version)
        raw = self._raw.copy()
        if target[0] != 0x2F or known == "CONNECT":
            target = _other_form(method, target, raw)
        text = "1.1" if version != b"1.0" else "1.0"
        length, persistent, expects = self._said
        return Request.read(known, target.decode("ascii"), raw, self._client, text), length, persistent, expects

    def line(self, data: bytes | bytearray, start: int, end: int) -> re.Match[bytes]:
        """The request line at *start*.

        Raises:
            ProtocolError: the line is malformed or too long.
        """
        self.method = ""
        line = _LINE.match(data, start, end)
        if line is None:
            raise _malformed_line(data, start, end, self._limits)
        self.method = _METHODS.get(line[1]) or line[1].decode("ascii")
        return line

    def forget_long(self) -> None:
        """Drop the kept header lines if they take much memory."""
        if len(self._block) > _KEPT_BYTES or len(self._raw) > _KEPT_LINES:
            self._block, self._raw = b"", []

    def _unusual(self, line: re.Match[bytes]) -> str:
        """The method of a request line that needs more checks: its method, version or length is unusual."""
        method, version, size = line[1], line[3], line.end() - line.start(1) - 2
        self.method = _METHODS.get(method) or method.decode("ascii")
        if size > self._line_bytes or version[:1] != b"1" or len(method) > _METHOD_BYTES:
            raise _refused_line(method, size, version, self._limits)
        return self.method

    def _read_block(self, block: bytes, version: bytes) -> None:
        self._block = b""
        raw, framing = fields(block, self._limits)
        self._said = _framed(framing, is_old=version == b"1.0")
        self._raw, self._block, self._version = raw, block, version


def fields(block: bytes, limits: Limits) -> tuple[list[tuple[bytes, bytes]], list[tuple[bytes, bytes]]]:
    """The field lines of *block*, which lacks the end of its last line.

    Returns:
        All fields, with names as they were sent and values without white space around them; then the fields in
        `_FRAMING` again, with names in lower case.

    Raises:
        ProtocolError: 400 for a malformed line, 431 past a limit.
    """
    if not block:
        return [], []
    lines = block.split(b"\r\n")
    if len(block) > limits.header_line_bytes or len(block) > limits.head_bytes - 2 or len(lines) > limits.headers:
        _check_sizes(block, lines, limits)
    if len(block.translate(None, CONTROLS)) != len(block) - 2 * len(lines) + 2:
        raise ProtocolError(400, "a header line has a control character, or ends without CR and LF")
    found, framing = [], []
    for line in lines:
        name, colon, value = line.partition(b":")
        pair = name, value.strip()
        found.append(pair)
        kind = _names.get(name)
        if kind is None or not colon:
            kind = _known(name, colon)
        if kind:
            framing.append((kind, pair[1]))
    return found, framing


def _known(name: bytes, colon: bytes) -> bytes:
    """Check a new field name; its lower case if it is in `_FRAMING`, else empty."""
    if not colon or not NAME.fullmatch(name):
        raise ProtocolError(400, "a header line is malformed")
    lower = name.lower()
    kind = lower if lower in _FRAMING else b""
    if len(name) <= _NAME_BYTES:
        if len(_names) >= _NAMES:
            _names.clear()  # clients may have filled it with anything
        _names[name] = kind
    return kind


def too_large(block: bytes | bytearray, detail: str) -> ProtocolError:
    """The error for too many or too long header lines; a folded line goes first (RFC 9112 section 5.2)."""
    if block.find(b"\r\n ") >= 0 or block.find(b"\r\n\t") >= 0:
        return ProtocolError(400, "a header line is folded; send it as one line")
    return ProtocolError(431, detail)


def _check_sizes(block: bytes, lines: list[bytes], limits: Limits) -> None:
    if len(lines) > limits.headers:
        raise too_large(block, f"the request has over {limits.headers} header lines")
    if len(block) > limits.head_bytes - 2:
        raise too_large(block, f"the header lines are over {limits.head_bytes} bytes")
    if max(map(len, lines)) > limits.header_line_bytes:
        raise too_large(block, f"a header line is over {limits.header_line_bytes} bytes")


def _framed(framing: list[tuple[bytes, bytes]], is_old: bool) -> tuple[int, bool, bool]:
    """The length of the body, whether the connection goes on, and whether the client waits for 100 Continue.

    Raises:
        ProtocolError: the header lines are contradictory, or incomplete, or not supported.
    """
    said: dict[bytes, list[bytes]] = {}
    for kind, value in framing:
        said.setdefault(kind, []).append(value)
    hosts = said.get(b"host", ())
    if len(hosts) > 1 or not (hosts or is_old):
        raise ProtocolError(400, "the request must have exactly one Host header")
    if hosts and hosts[0] not in _hosts:
        _check_host(hosts[0])
    if len(said) == len(hosts):
        return 0, not is_old, False
    lengths, codings = said.get(b"content-length", ()), said.get(b"transfer-encoding", ())
    length = _length(lengths, codings, is_old) if lengths or codings else 0
    # HTTP/1.0 would need its keep-alive confirmed; instead the connection ends after one response.
    persistent = not is_old and b"close" not in _listed(said.get(b"connection", ()))
    wanted = set(_listed(said.get(b"expect", ()))) - {b""}
    if wanted - {b"100-continue"} and not is_old:
        raise ProtocolError(417, "no expectation except 100-continue is supported", goes_on=persistent and length == 0)
    return length, persistent, bool(wanted) and not is_old and length != 0


def _listed(values: Sequence[bytes]) -> list[bytes]:
    """The elements of a field with a list, in lower case (RFC 9110 section 5.6.1)."""
    if not values:
        return []
    text = b",".join(values).lower()
    return _LIST.split(text) if b"," in text else [text]


def _check_host(host: bytes) -> None:
    """Refuse a host or port that is not valid (RFC 9112 section 3.2)."""
    found = _HOST.fullmatch(host)
    if found is None or int(found[1] or found[3] or 0) > 65535 or not _is_address(found[2]):
        raise ProtocolError(400, "the host is not valid")
    if len(host) <= _NAME_BYTES:
        if len(_hosts) >= _NAMES:
            _hosts.clear()
        _hosts.add(host)


def _is_address(text: bytes | None) -> bool:
    try:
        return text is None or bool(ipaddress.IPv6Address(text.decode("ascii")))
    except ValueError:
        return False


def _length(lengths: Sequence[bytes], codings: Sequence[bytes], is_old: bool) -> int:
    """The length of the body (RFC 9112 section 6); refuses all that two readers could understand in two ways."""
    if codings:
        if lengths or is_old:
            raise ProtocolError(400, "Transfer-Encoding is not allowed with Content-Length or in HTTP/1.0")
        named = _LIST.split(codings[0].lower())
        if len(codings) > 1 or named[-1] != b"chunked" or named.count(b"chunked") > 1 or not _are_tokens(named):
            raise ProtocolError(400, "Transfer-Encoding must be chunked, and nothing else")
        if len(named) > 1:
            raise ProtocolError(501, "no Transfer-Encoding except chunked is supported")
        return CHUNKED
    if len(lengths) > 1 or not lengths[0].isdigit():
        raise ProtocolError(400, "Content-Length must be one number")
    if len(lengths[0]) > _LENGTH_DIGITS:
        raise ProtocolError(413, f"Content-Length must have at most {_LENGTH_DIGITS} digits")
    return int(lengths[0])


def _are_tokens(values: list[bytes]) -> bool:
    return all(map(NAME.fullmatch, values))


def _other_form(method: bytes, target: bytes, raw: list[tuple[bytes, bytes]]) -> bytes:
    """The path for a target that is not one (RFC 9112 section 3.2); its host replaces the `Host` field."""
    if method == b"CONNECT":
        if not re.fullmatch(rb"[^@]+:[0-9]+", target):
            raise ProtocolError(400, "the target of CONNECT must be a host and a port")
        _check_host(target)
        raise ProtocolError(501, "this server is not a proxy")
    if target == b"*" and method == b"OPTIONS":
        return target
    found = _URL.fullmatch(target)
    if found is None:
        raise ProtocolError(400, "the target must be a path or an http URL")
    _check_host(found[1])
    raw[:] = [(b"Host", found[1]), *(each for each in raw if each[0].lower() != b"host")]
    return found[2] if found[2][:1] == b"/" else b"/" + found[2]


def _malformed_line(data: bytes | bytearray, start: int, end: int, limits: Limits) -> ProtocolError:
    if data.startswith(b"\r\n", start):
        start += 2
    size = data.find(b"\r\n", start, end) - start
    if size > limits.request_line_bytes:
        return line_too_long(data, start, limits)
    return ProtocolError(400, "the request line is malformed")


def line_too_long(data: bytes | bytearray, start: int, limits: Limits) -> ProtocolError:
    """The error for a request line over its limit: 501 if the method fills it, else 414."""
    is_method = data.find(b" ", start, start + limits.request_line_bytes) < 0
    return ProtocolError(501 if is_method else 414, f"the request line is over {limits.request_line_bytes} bytes")


def _refused_line(method: bytes, size: int, version: bytes, limits: Limits) -> ProtocolError:
    if len(method) > _METHOD_BYTES:
        return ProtocolError(501, f"the method is over {_METHOD_BYTES} bytes")
    if size > limits.request_line_bytes:
        return ProtocolError(414, f"the request line is over {limits.request_line_bytes} bytes")
    return ProtocolError(505, f"HTTP/{version.decode()} is not supported; use HTTP/1.1")
