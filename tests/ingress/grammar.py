"""What clients say, as hypothesis draws it: streams of valid requests by the grammar, and streams that are none."""

from __future__ import annotations

import json
from urllib.parse import quote_plus

from hypothesis import strategies as st

__all__ = ("cuts", "mutated", "requests", "streams")

TOKEN = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
TEXT = bytes([9, *range(0x20, 0x7F), *range(0x80, 0x100)]).decode("latin-1")

tokens = st.text(TOKEN, min_size=1, max_size=12).map(str.encode)
# What frames a request, or has a body of its own to fit, is drawn where it belongs.
FRAMING = (b"host", b"content-length", b"transfer-encoding", b"connection", b"expect", b"content-type", b"trailer")
names = tokens.filter(lambda name: name.lower() not in FRAMING)
values = st.text(TEXT, max_size=20).map(lambda value: value.strip(" \t").encode("latin-1"))
spaces = st.sampled_from([b"", b" ", b"\t", b" \t "])
paths = st.lists(st.sampled_from([b"a", b"%2F", b"..", b"", b"b;c=d", b"~!$&'()*+,;=:@", b"%c3%bc"]), max_size=3)
queries = st.sampled_from([b"", b"?", b"?a=b", b"?a=b&a=%20&c", b"?x?y/z", b"?" + b"q=" + b"1" * 300])
hosts = st.sampled_from(
    [b"a", b"A.example:80", b"127.0.0.1:8000", b"[::1]", b"[2001:db8::1]:443", b"a%2db~!$&'()*+,;="]
)
connections = st.sampled_from([b"keep-alive", b"Keep-Alive, te", b"upgrade", b"x-close", b"closed", b""])


@st.composite
def fields(draw: st.DrawFn, least: int = 0, most: int = 4) -> list[bytes]:
    """Field lines that frame nothing."""
    drawn = draw(st.lists(st.tuples(names, spaces, values, spaces), min_size=least, max_size=most))
    return [b"%b:%b%b%b" % (name, before, value, behind) for name, before, value, behind in drawn]


@st.composite
def targets(draw: st.DrawFn, path: bytes) -> bytes:
    """A path, or a URL of it (RFC 9112 section 3.2)."""
    scheme = draw(st.sampled_from([b"", b"", b"", b"http://", b"HTTPS://"]))
    rest = b"".join(b"/" + each for each in draw(paths)) if path in (b"/plain", b"/nowhere") else b""
    return (scheme and scheme + draw(hosts)) + path + rest + draw(queries)


bodies = st.one_of(
    st.just(b""),
    st.binary(max_size=60),
    st.sampled_from(
        [b"0\r\n\r\n", b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", b"\r\n" * 9, b"x" * 5000, b"y" * 150_000]
    ),
)
documents = st.recursive(st.none() | st.integers(-9, 9) | st.text(max_size=5), lambda each: st.lists(each, max_size=3))
pairs = st.lists(st.tuples(st.text(max_size=5), st.text(max_size=9)), max_size=4)


@st.composite
def forms(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """The content type and the body of a form."""
    drawn = draw(pairs)
    if draw(st.booleans()):
        text = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in drawn)
        return b"application/x-www-form-urlencoded", text.encode()
    boundary = draw(st.sampled_from([b"b", b"--b", b"----WebKitFormBoundary7MA4YWxk"]))
    parts = b"".join(
        b'--%b\r\nContent-Disposition: form-data; name="n%d"%b\r\n\r\n%b\r\n' % (boundary, at, file, value.encode())
        for at, (_, value) in enumerate(drawn)
        for file in [draw(st.sampled_from([b"", b'; filename="f"\r\nContent-Type: text/plain']))]
    )
    return b"multipart/form-data; boundary=" + boundary, parts + b"--%b--\r\n" % boundary


quoted = st.text(TEXT, max_size=6).map(
    lambda t: b'"' + t.replace("\\", "\\\\").replace('"', '\\"').encode("latin-1") + b'"'
)


@st.composite
def extensions(draw: st.DrawFn) -> bytes:
    """Behind the size of a chunk (RFC 9112 section 7.1.1)."""
    drawn = draw(st.lists(st.tuples(spaces, spaces, tokens, st.none() | tokens | quoted), max_size=2))
    parts = [
        b"%b;%b%b" % (a, b, name) + (b"" if value is None else a + b"=" + b + value) for a, b, name, value in drawn
    ]
    return b"".join(parts)


@st.composite
def chunked(draw: st.DrawFn, body: bytes) -> bytes:
    """*body* in chunks, with trailers behind it."""
    ends = (
        sorted(draw(st.lists(st.integers(1, max(1, len(body) - 1)), max_size=4, unique=True))) if len(body) > 1 else []
    )
    parts = [body[start:end] for start, end in zip([0, *ends], [*ends, len(body)], strict=True) if start < end]
    size = draw(st.sampled_from([b"%x", b"%X", b"0%x", b"00000000%x"]))
    written = [b"%b%b\r\n%b\r\n" % (size % len(part), draw(extensions()), part) for part in parts]
    trailers = draw(st.just([]) | fields(1, 2) | st.just([b"Content-Length: 99", b"X-Sum: 1", b"Host: b"]))
    last = draw(st.sampled_from([b"0", b"000"])) + draw(extensions()) + b"\r\n"
    return b"".join([*written, last, *(line + b"\r\n" for line in trailers), b"\r\n"])


@st.composite
def contents(draw: st.DrawFn, path: bytes) -> tuple[list[bytes], bytes]:
    """Field lines that describe a body, and the body."""
    if path == b"/form":
        kind, body = draw(forms())
        return [b"Content-Type: " + kind], body
    if path == b"/json":
        return [b"content-type: application/json"], json.dumps(draw(documents)).encode()
    return [], draw(bodies)


PATHS = (b"/plain", b"/plain", b"/wait", b"/stream", b"/parts", b"/form", b"/json", b"/nowhere")
POSTED = (b"/parts", b"/echo", b"/form", b"/json")
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW", "get", "M" * 32)


@st.composite
def requests(draw: st.DrawFn, is_last: bool = False) -> bytes:
    """A valid request; one whose answer is the last is drawn only where it `is_last`."""
    path = draw(st.sampled_from([*PATHS, b"/echo"] if is_last else PATHS))
    method = b"POST" if path in POSTED else draw(st.sampled_from(METHODS)).encode()
    target, version = draw(targets(path)), b"1.1"
    lines = draw(fields())
    end = draw(st.sampled_from(["goes on", "close", "1.0"])) if is_last else "goes on"
    if end == "1.0":
        version = b"1.0"
    lines += (
        [b"Connection: " + (b"te , Close" if end == "close" else draw(connections))]
        if draw(st.booleans()) or end == "close"
        else []
    )
    described, body = draw(contents(path))
    framing = (
        draw(st.sampled_from(["sized", "chunked"]))
        if body or path in POSTED
        else draw(st.sampled_from(["none", "sized", "chunked"]))
    )
    if framing == "chunked" and version == b"1.1":
        described.append(draw(st.sampled_from([b"Transfer-Encoding: chunked", b"transfer-encoding:\tChunked "])))
        body = draw(chunked(body))
    elif framing != "none":
        described.append(b"Content-Length: %b%d" % (draw(st.sampled_from([b"", b"00"])), len(body)))
    if draw(st.integers(0, 4)) == 0:
        described.append(b"Expect: 100-Continue")
    if method == b"OPTIONS" and draw(st.booleans()):
        target = b"*"
    lines = draw(st.permutations([*lines, *described, b"Host: " + draw(hosts)]))
    before = draw(st.sampled_from([b"", b"", b"", b"\r\n"]))
    return b"%b%b %b HTTP/%b\r\n%b\r\n\r\n%b" % (before, method, target, version, b"\r\n".join(lines), body)


@st.composite
def streams(draw: st.DrawFn) -> list[bytes]:
    """Valid requests, one behind the other; the last may be the end of the connection."""
    return [*draw(st.lists(requests(), max_size=3)), draw(requests(is_last=True))]


PIECES = (
    b"\r\n", b"\n", b"\r", b"\r\r\n", b"\r\n\r\n", b"\x00", b" ", b"\t", b":", b";", b",", b"%", b"#", b'"', b"\x7f",
    b"\xff", b"0", b"-1", b"0x5", b"g", b"/", b"?", b"*", b"\x0b", b"HTTP/2.0", b"HTTP/1.0", b"HTTP/1.2",
    b"X: y\r\n", b"\r\n folded", b"Host: b\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n", b"Expect: wonders\r\n", b"Connection: close\r\n",
    b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", b"fffffffffffffffff", b"7fffffff\r\n", b"0\r\n\r\n",
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Valid requests with bytes or lines dropped, repeated, replaced, put in or swapped, or cut off."""
    data = b"".join(draw(streams()))
    for _ in range(draw(st.integers(1, 3))):
        data = draw(st.sampled_from([_bytes, _bytes, _lines, _digits, _cut]))(draw, data)
    return data


def _bytes(draw: st.DrawFn, data: bytes) -> bytes:
    start = draw(st.integers(0, min(len(data), 3000)))
    end = min(len(data), start + draw(st.integers(0, 9)))
    piece = draw(st.one_of(st.sampled_from(PIECES), st.binary(max_size=3), st.just(data[start:end] * 2)))
    return data[:start] + piece + data[end:]


def _lines(draw: st.DrawFn, data: bytes) -> bytes:
    lines = data.split(b"\r\n")
    one, other = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    change = draw(st.sampled_from(["swap", "drop", "repeat"]))
    if change == "swap":
        lines[one], lines[other] = lines[other], lines[one]
    elif change == "drop":
        del lines[one]
    else:
        lines.insert(other, lines[one])
    return b"\r\n".join(lines)


def _digits(draw: st.DrawFn, data: bytes) -> bytes:
    """A digit that is another one: mostly a length that is wrong."""
    places = [at for at, byte in enumerate(data[:3000]) if byte in b"0123456789"]
    if not places:
        return data
    at = draw(st.sampled_from(places))
    return data[:at] + draw(st.sampled_from([b"0", b"1", b"9", b"a", b""])) + data[at + 1 :]


def _cut(draw: st.DrawFn, data: bytes) -> bytes:
    return data[: draw(st.integers(0, len(data)))]


@st.composite
def cuts(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """*data* in pieces: whole, byte by byte at its beginning, or anywhere."""
    ends = sorted(draw(st.sets(st.integers(1, max(1, len(data) - 1)), max_size=8)))
    if draw(st.integers(0, 3)) == 3:
        ends = list(range(1, min(len(data), 1500)))
    return [data[start:end] for start, end in zip([0, *ends], [*ends, len(data)], strict=True) if start < end]
