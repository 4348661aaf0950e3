"""The rows from RFC 9110, HTTP Semantics."""

from __future__ import annotations

from .building import (
    BODY_BYTES,
    CHUNKS,
    CODING,
    HEADER_LINE_BYTES,
    HEADERS,
    HEADERS_BYTES,
    METHOD_BYTES,
    Case,
    bad,
    chunked,
    closes,
    get,
    line,
    ok,
    padded,
    post,
    request,
    sized,
    to,
    under,
    waits,
)

__all__ = ("ROWS",)


def headers_of(length: int) -> bytes:
    """A request whose header lines are *length* bytes together, none of them too long."""
    lines, rest = [], length - len(b"Host: a\r\n")
    while rest:
        size = min(rest, HEADER_LINE_BYTES)
        lines.append(padded(b"X-A: ", size - len(b"\r\n")))
        rest -= size
    return get(*lines)


FIELDS = (
    *under("RFC 9110, 4.1", ok("URIs of 8000 bytes are served", to(padded(b"/", 8000)))),
    *under(
        "RFC 9110, 4.2.1",
        bad("an http URI without a host is invalid", to(b"http:///x")),
        bad("an http URI with nothing but a port is invalid", to(b"http://:80/x")),
        bad("an http URI with nothing but a query is invalid", to(b"http://?x")),
    ),
    *under(
        "RFC 9110, 4.2.2",
        bad("an https URI without a host is invalid", to(b"https:///x")),
        bad("an https URI with nothing but a port is invalid", to(b"https://:443/x")),
    ),
    *under(
        "RFC 9110, 4.2.4",
        bad("a user in the target is an error", to(b"http://user@b/x")),
        bad("a user and a password in the target are an error", to(b"http://user:secret@b/x")),
        bad("an empty user in the target is an error", to(b"http://@b/x")),
        bad("a user in the target of CONNECT is an error", line(b"CONNECT user@b:443 HTTP/1.1")),
    ),
    *under(
        "RFC 9110, 5.1",
        ok("names of fields are case-insensitive", post(b"cOnTeNt-LeNgTh: 5", body=b"hello"), b"hello"),
        ok("HOST is Host", request(b"GET / HTTP/1.1", b"HOST: a"), None, "host: a"),
        ok("unknown fields are passed on", get(b"X-Nobody-Knows: it"), None, "x-nobody-knows: it"),
        bad("a name is not empty", get(b": b")),
        bad("a name is not empty at the end of a head", get(b":")),
        bad("a field line has a colon", get(b"X-A")),
        bad("a pseudo-header is no field", get(b":authority: b")),
    ),
    *under(
        "RFC 9110, 5.3",
        ok("lines of one name stay apart and in order", get(b"X-A: 2", b"x-a: 1"), None, "x-a: 2", "x-a: 1"),
        waits("nothing is done before the whole head is there", get()[:-2]),
        waits("half a line is no whole head", get()[:-3]),
    ),
    *under(
        "RFC 9110, 5.4",
        ok("a header line at its limit", get(padded(b"X-A: ", HEADER_LINE_BYTES))),
        bad("a header line past its limit", get(padded(b"X-A: ", HEADER_LINE_BYTES + 1)), 431),
        bad("a name past the limit of lines", get(padded(b"X", HEADER_LINE_BYTES + 1, b": b")), 431),
        bad("a header line without end", get()[:-2] + padded(b"X-A: ", HEADER_LINE_BYTES + 2), 431),
        bad("a name without end", get()[:-2] + padded(b"X", HEADER_LINE_BYTES + 2), 431),
        ok("all header lines at their limit", headers_of(HEADERS_BYTES)),
        bad("all header lines past their limit", headers_of(HEADERS_BYTES + 1), 431),
        ok("as many header lines as may be", get(*[b"X-A: b"] * (HEADERS - 1))),
        bad("one header line more than may be", get(*[b"X-A: b"] * HEADERS), 431),
        bad("10,000 short header lines", get(*[b"a:"] * 10_000), 431),
    ),
    *under(
        "RFC 9110, 5.5",
        ok("whitespace around a value is no part of it", get(b"X-A: \t b \t"), None, "x-a: b"),
        ok("whitespace within a value stays", get(b"X-A: b \t c"), None, "x-a: b \t c"),
        ok("a value needs no whitespace before it", get(b"X-A:b"), None, "x-a: b"),
        ok("a value may be empty", get(b"X-A:"), None, "x-a: "),
        ok("a value may be nothing but whitespace", get(b"X-A: \t "), None, "x-a: "),
        ok("a value may hold colons", get(b"X-A: b: c"), None, "x-a: b: c"),
        ok("bytes past ASCII are opaque", get(b"X-A: caf\xe9 \xff\x80"), None, "x-a: caf\xe9 \xff\x80"),
        ok("a surrogate in UTF-8 is opaque", get(b"X-A: \xed\xa0\x80"), None, "x-a: \xed\xa0\x80"),
        ok("NEL and NBSP are no whitespace", get(b"X-A: \x85\xa0b\xa0\x85"), None, "x-a: \x85\xa0b\xa0\x85"),
        bad("CR in a value", get(b"X-A: b\rc")),
        bad("CR at the start of a value", get(b"X-A:\rb")),
        bad("CR at the end of a value", get(b"X-A: b\r")),
        bad("LF in a value", get(b"X-A: b\nc")),
        bad("LF in a value before what looks like a field", get(b"X-A: b\nX-B: c")),
        bad("NUL alone as a value", get(b"X-A:\x00")),
        bad("NUL before a value that would be trimmed", get(b"X-A: \x00 b")),
        *(
            bad(f"control character {char:02x} in a value", get(b"X-A: b%cc" % char))
            for char in (0x00, 0x01, 0x07, 0x08, 0x0B, 0x0C, 0x0E, 0x1B, 0x1C, 0x1F, 0x7F)
        ),
    ),
    *under(
        "RFC 9110, 5.6.1.2",
        closes("empty elements of Connection count for nothing", get(b"Connection: ,, close")),
        closes("empty elements behind close", get(b"Connection: close , ,")),
        ok("Connection may have no element", get(b"Connection:")),
    ),
    *under(
        "RFC 9110, 5.6.2",
        ok(
            "every character of a token may be in a name",
            get(b"!#$%&'*+-.^_`|~09azAZ: b"),
            None,
            "!#$%&'*+-.^_`|~09azaz: b",
        ),
        *(bad(f"delimiter {chr(char)} in a name", get(b"X%cA: b" % char)) for char in b'"(),/;<=>?@[\\]{}'),
        *(
            bad(f"byte {char:02x} in a name", get(b"X%cA: b" % char))
            for char in (0x00, 0x01, 0x09, 0x0B, 0x0D, 0x1B, 0x20, 0x7F, 0x80, 0xA0, 0xFF)
        ),
        bad("a name is not folded into ASCII", post("Tran\u017ffer-Encoding: chunked".encode(), body=CHUNKS)),
        bad("NUL at the start of a name", get(b"\x00X-A: b")),
        bad("NUL at the end of a name", get(b"X-A\x00: b")),
    ),
)

FORBIDDEN_TRAILERS = (
    "Authorization",
    "Cache-Control",
    "Connection",
    "Content-Encoding",
    "Content-Length",
    "Content-Range",
    "Content-Type",
    "Cookie",
    "Expect",
    "Host",
    "If-Match",
    "If-None-Match",
    "Max-Forwards",
    "Proxy-Authorization",
    "Range",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
)


def trailed(*trailers: bytes) -> bytes:
    return chunked(b"5\r\nhello\r\n0\r\n" + b"".join(b"%b\r\n" % trailer for trailer in trailers) + b"\r\n")


MESSAGES = (
    *under(
        "RFC 9110, 6.2",
        *(
            ok(f"HTTP/1.{minor} is answered as HTTP/1.1", line(b"GET /a HTTP/1.%d" % minor), None, "GET /a")
            for minor in (2, 9)
        ),
        bad("HTTP/1.2 wants a Host too", request(b"GET / HTTP/1.2")),
        closes("HTTP/1.0 is answered", request(b"GET /a HTTP/1.0"), None, "GET /a"),
    ),
    *under(
        "RFC 9110, 6.5.1",
        ok("trailers are kept beside the headers", trailed(b"X-Sum: 5 \t"), b"hello", "trailer x-sum: 5"),
        ok("trailers are no headers", trailed(b"X-A: b"), b"hello", "trailer x-a: b")._replace(misses=("x-a:",)),
        ok(
            "a trailer replaces no header",
            post(b"X-A: b", CODING, body=b"0\r\nX-A: c\r\n\r\n"),
            b"",
            "x-a: b",
            "trailer x-a: c",
        ),
        *(
            ok(
                f"{name} is dropped from trailers",
                trailed(b"X-A: b", name.encode() + b": 5", b"X-B: c"),
                b"hello",
                "trailer x-a: b",
                "trailer x-b: c",
            )._replace(misses=(f"trailer {name.lower()}:",))
            for name in FORBIDDEN_TRAILERS
        ),
        ok("a length in the trailers frames nothing", trailed(b"content-length: 500"), b"hello"),
        Case("close in the trailers closes nothing", trailed(b"Connection: close") + get(), (200, 200), True),
    ),
    *under(
        "RFC 9110, 7.6.1",
        closes("close is case-insensitive", get(b"Connection: CLOSE")),
        closes("close among other options", get(b"Connection: keep-alive, Close")),
        closes("close in a second line", get(b"Connection: keep-alive", b"Connection: close")),
        closes("close between tabs", get(b"Connection: te\t,\tclose\t")),
        ok("keep-alive keeps the connection", get(b"Connection: keep-alive")),
        ok("an option that only contains close", get(b"Connection: not-close, closes")),
        ok("a field named by Connection stays", get(b"Connection: x-a", b"X-A: b"), None, "x-a: b"),
        ok("Host named by Connection is still the Host", get(b"Connection: host"), None, "host: a"),
        ok(
            "a length named by Connection still frames",
            post(b"Connection: content-length", b"Content-Length: 5", body=b"hello"),
            b"hello",
        ),
        ok("Proxy-Connection says nothing", get(b"Proxy-Connection: close")),
    ),
    *under(
        "RFC 9110, 7.8",
        ok("an offer to upgrade may be ignored", get(b"Connection: upgrade", b"Upgrade: h2c")),
        ok(
            "an offer to upgrade changes no body",
            post(b"Connection: upgrade", b"Upgrade: h2c", b"Content-Length: 5", body=b"hello"),
            b"hello",
        ),
        ok(
            "an offer of a websocket may be ignored",
            get(
                b"Connection: Upgrade",
                b"Upgrade: websocket",
                b"Sec-WebSocket-Version: 13",
                b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            ),
        ),
        ok("Upgrade without its connection option", get(b"Upgrade: websocket")),
        closes("an offer to upgrade and close", get(b"Connection: upgrade, close", b"Upgrade: h2c")),
        closes(
            "Upgrade in HTTP/1.0 must be ignored", request(b"GET / HTTP/1.0", b"Connection: upgrade", b"Upgrade: h2c")
        ),
    ),
)

LENGTHS = (
    *under(
        "RFC 9110, 8.6",
        ok("a length is decimal", sized(b"5"), b"hello"),
        ok("a length between whitespace", sized(b"\t 5 \t"), b"hello"),
        ok("a length may begin with zeros", sized(b"0000000000000000005"), b"hello"),
        ok("a length of 10 is not octal nor hexadecimal", sized(b"010", b"0123456789"), b"0123456789"),
        ok("a length of zero", sized(b"0", b""), b""),
        *(
            bad(f"{name} is no length", sized(value))
            for name, value in {
                "an empty value": b"",
                "whitespace": b" \t",
                "a plus sign": b"+5",
                "a minus sign": b"-5",
                "minus zero": b"-0",
                "hexadecimal": b"0x5",
                "a bare hexadecimal digit": b"a",
                "an underscore": b"1_0",
                "a fraction": b"5.0",
                "an exponent": b"5e0",
                "a space in a number": b"1 0",
                "a tab in a number": b"1\t0",
                "a number and a word": b"5 bytes",
                "a number and a parameter": b"5;a=b",
                "a quoted number": b'"5"',
                "an Arabic digit": "\u0665".encode(),
                "a fullwidth digit": "\uff15".encode(),
                "a superscript in Latin-1": b"\xb2",
                "NBSP before a number": b"\xa05",
                "NEL behind a number": b"5\x85",
                "VT before a number": b"\x0b5",
                "FF behind a number": b"5\x0c",
                "NUL behind a number": b"5\x00",
                "a word": b"five",
                "infinity": b"inf",
            }.items()
        ),
        bad("a list of equal lengths", sized(b"5, 5")),
        bad("a list of different lengths", sized(b"5, 6")),
        bad("a list with an empty element", sized(b"5,")),
        bad("two lines of equal lengths", post(b"Content-Length: 5", b"Content-Length: 5", body=b"hello")),
        bad("two lines of different lengths", post(b"Content-Length: 5", b"Content-Length: 6", body=b"hello")),
        bad("two lines in different spellings", post(b"Content-Length: 5", b"content-length: 05", body=b"hello")),
        bad("a length of zero and another", post(b"Content-Length: 0", b"Content-Length: 5", body=b"hello")),
        bad("an empty length and another", post(b"Content-Length:", b"Content-Length: 5", body=b"hello")),
        *(
            bad(f"a length of {name} does not overflow", sized(value), 413)
            for name, value in {
                "2**31": b"2147483648",
                "2**32 + 5": b"4294967301",
                "2**63": b"9223372036854775808",
                "2**64 + 5": b"18446744073709551621",
                "19 digits": b"9" * 19,
                "20 digits": b"9" * 20,
                "1,000 digits": b"9" * 1000,
                "5,000 digits": b"9" * 5000,
            }.items()
        ),
        bad("a bad length is no great length", sized(b"9" * 30 + b"x")),
    ),
)

METHODS = (
    *under(
        "RFC 9110, 9.1",
        ok("GET is served", to(b"/a"), b"", "GET /a"),
        ok("a method is case-sensitive", line(b"get / HTTP/1.1"), b"", "get /"),
        *(
            ok(f"{method} reaches the app", line(f"{method} /a HTTP/1.1".encode()), b"", f"{method} /a")
            for method in (
                "POST",
                "PUT",
                "DELETE",
                "PATCH",
                "TRACE",
                "M-SEARCH",
                "BREW",
                "PRI",
                "!#$%&'*+-.^_`|~09azAZ",
            )
        ),
        ok("a method at its limit", line(padded(b"", METHOD_BYTES) + b" / HTTP/1.1"), b"", "a" * METHOD_BYTES + " /"),
        *(bad(f"delimiter {chr(char)} in a method", line(b"G%cT / HTTP/1.1" % char)) for char in b'"(),/:;<=>?@[\\]{}'),
        *(
            bad(f"byte {char:02x} in a method", line(b"G%cT / HTTP/1.1" % char))
            for char in (0x00, 0x01, 0x0B, 0x1B, 0x7F, 0x80, 0xC9)
        ),
    ),
    *under(
        "RFC 9110, 9.3.2",
        Case("an answer to HEAD has no content", line(b"HEAD /a HTTP/1.1"), (200,), True, b"", ("HEAD /a",), bare=(0,)),
        Case("HEAD and GET on one connection", line(b"HEAD /a HTTP/1.1") + to(b"/b"), (200, 200), True, bare=(0,)),
        Case("a refused HEAD gets no content", request(b"HEAD / HTTP/1.1"), (400,), False, bare=(0,)),
        Case(
            "a HEAD that expects wonders gets no content",
            line(b"HEAD / HTTP/1.1", b"Expect: wonders"),
            (417,),
            True,
            bare=(0,),
        ),
        Case(
            "HEAD may have a body",
            line(b"HEAD / HTTP/1.1", b"Content-Length: 5", body=b"hello"),
            (200,),
            True,
            b"hello",
            bare=(0,),
        ),
    ),
    *under(
        "RFC 9110, 9.3.6",
        bad("CONNECT is not implemented", line(b"CONNECT b:443 HTTP/1.1"), 501),
        bad("CONNECT to an IPv6 address is not implemented", line(b"CONNECT [::1]:443 HTTP/1.1"), 501),
        bad("what follows CONNECT is not parsed", line(b"CONNECT b:443 HTTP/1.1") + get() * 2, 501),
        bad("CONNECT to no port", line(b"CONNECT b HTTP/1.1")),
        *(
            bad(f"CONNECT to {name}", line(b"CONNECT %b HTTP/1.1" % target))
            for name, target in {
                "an empty port": b"b:",
                "no host": b":443",
                "a port that is a word": b"b:https",
                "a port with a sign": b"b:+443",
                "a port past 65535": b"b:65536",
                "two ports": b"b:443:443",
                "an unclosed address": b"[::1:443",
            }.items()
        ),
    ),
    *under(
        "RFC 9110, 9.3.7",
        Case("OPTIONS for the server as a whole", line(b"OPTIONS * HTTP/1.1"), (204,), True, bare=(0,)),
        ok("OPTIONS for one resource", line(b"OPTIONS /a HTTP/1.1"), b"", "OPTIONS /a"),
    ),
)


def asked(rule: str, data: bytes) -> Case:
    """A request whose body, b"hello", is asked for where it has not begun to come."""
    return ok(rule, data, b"hello")._replace(interim=1)


EXPECT = b"Expect: 100-continue"
FIVE = b"Content-Length: 5"

EXPECTATIONS = (
    *under(
        "RFC 9110, 10.1.1",
        asked("a body that is awaited is asked for", post(EXPECT, FIVE, body=b"hello")),
        asked("chunks that are awaited are asked for", post(EXPECT, CODING, body=CHUNKS)),
        waits("100 is not kept back until the body comes", post(EXPECT, FIVE))._replace(interim=1, at_once=1),
        waits("100 is not sent before the head is whole", post(EXPECT, FIVE)[:-2]),
        waits("a body that has begun to come is not asked for", post(EXPECT, FIVE, body=b"he"))._replace(interim=1),
        asked("100-continue is case-insensitive", post(b"eXPECT: 100-Continue", FIVE, body=b"hello")),
        asked("an empty element beside 100-continue", post(b"Expect: , 100-continue", FIVE, body=b"hello")),
        Case(
            "100-continue twice on one connection",
            post(EXPECT, FIVE, body=b"hello") * 2,
            (200, 200),
            True,
            b"hello",
            interim=2,
        ),
        ok("a body of no bytes is not asked for", post(EXPECT, b"Content-Length: 0"), b""),
        ok("a request without a body is not asked for one", get(EXPECT), b""),
        closes(
            "100-continue in HTTP/1.0 must be ignored",
            request(b"POST / HTTP/1.0", EXPECT, FIVE, body=b"hello"),
            b"hello",
        ),
        bad("a body that is too long is refused at once", post(EXPECT, b"Content-Length: 1048577"), 413),
        bad("a bad length is refused at once", post(EXPECT, b"Content-Length: x")),
        bad("a bad Host is refused at once", request(b"POST / HTTP/1.1", EXPECT, FIVE)),
        Case("another expectation fails", get(b"Expect: wonders"), (417,), True),
        bad("another expectation of a body fails and closes", post(b"Expect: wonders", FIVE, body=b"hello"), 417),
        bad(
            "another expectation of chunks fails and closes",
            post(b"Expect: wonders", CODING, body=CHUNKS),
            417,
        ),
        bad("100-continue and another expectation", post(b"Expect: 100-continue, wonders", FIVE), 417),
        bad("another expectation in a second line", post(EXPECT, b"Expect: wonders", FIVE), 417),
        bad("what only begins with 100-continue", post(b"Expect: 100-continued", FIVE), 417),
        bad("100-continue with a value", post(b"Expect: 100-continue=yes", FIVE), 417),
        Case(
            "an expectation that fails between two requests",
            get() + get(b"Expect: wonders") + get(),
            (200, 417, 200),
            True,
        ),
    ),
    *under(
        "RFC 9110, 15.2", waits("no 100 for HTTP/1.0, whatever it waits for", request(b"POST / HTTP/1.0", EXPECT, FIVE))
    ),
    *under("RFC 9110, 15.3.5", Case("204 has no content", to(b"/status/204"), (204,), True, bare=(0,))),
    *under("RFC 9110, 15.3.6", Case("205 has no content", to(b"/status/205"), (205,), True, bare=(0,))),
    *under(
        "RFC 9110, 15.4.5",
        Case("304 has no content", to(b"/status/304"), (304,), True, bare=(0,)),
        Case("304 before another answer", to(b"/status/304") + get(), (304, 200), True, bare=(0,)),
    ),
    *under(
        "RFC 9110, 15.5.14",
        ok("a body at its limit", sized(b"%d" % BODY_BYTES, b"a" * BODY_BYTES), b"a" * BODY_BYTES),
        bad("a length past the limit, before any of the body", sized(b"%d" % (BODY_BYTES + 1), b""), 413),
        bad("a length past the limit, with the body", sized(b"%d" % (BODY_BYTES + 1), b"a" * (BODY_BYTES + 1)), 413),
        ok(
            "one chunk at the limit of bodies",
            chunked(b"%x\r\n%b\r\n0\r\n\r\n" % (BODY_BYTES, b"a" * BODY_BYTES)),
            b"a" * BODY_BYTES,
        ),
        bad("one chunk past the limit of bodies", chunked(b"%x\r\n" % (BODY_BYTES + 1)), 413),
        bad("chunks past the limit of bodies", chunked(b"%x\r\n%b\r\n1\r\na" % (BODY_BYTES, b"a" * BODY_BYTES)), 413),
    ),
    *under(
        "RFC 9110, 15.6.6",
        *(
            bad(f"{version} is not supported; use HTTP/1.1", line(f"GET / {version}".encode()), 505)
            for version in ("HTTP/0.9", "HTTP/0.0", "HTTP/2.0", "HTTP/2.1", "HTTP/3.0", "HTTP/9.9")
        ),
        bad("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", 505),
        bad("another major version needs no Host", request(b"GET / HTTP/2.0"), 505),
    ),
)

ROWS = FIELDS + MESSAGES + LENGTHS + METHODS + EXPECTATIONS
