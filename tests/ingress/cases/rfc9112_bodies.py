"""The rows from RFC 9112, HTTP/1.1, sections 6 and 7: bodies."""

from __future__ import annotations

from .building import (
    CHUNK_LINE_BYTES,
    CHUNKS,
    CODING,
    HEADERS,
    TRAILERS_BYTES,
    Case,
    bad,
    chunked,
    coded,
    get,
    line,
    ok,
    padded,
    post,
    sized,
    to,
    under,
    waits,
)

__all__ = ("ROWS",)

BODIES = (
    *under(
        "RFC 9112, 6",
        ok("a GET with a body is framed like any request", get(b"Content-Length: 5", body=b"hello"), b"hello"),
        ok(
            "a DELETE with chunks is framed like any request", line(b"DELETE / HTTP/1.1", CODING, body=CHUNKS), b"hello"
        ),
        ok(
            "an OPTIONS with a body is framed like any request",
            line(b"OPTIONS / HTTP/1.1", b"Content-Length: 5", body=b"hello"),
            b"hello",
        ),
        ok("a body may hold any byte", sized(b"256", bytes(range(256))), bytes(range(256))),
        ok("a body may look like a request", sized(b"%d" % len(get()), get()), get()),
    ),
    *under(
        "RFC 9112, 6.1",
        ok("chunks are decoded", coded(b"chunked"), b"hello"),
        ok("chunked is case-insensitive", coded(b"cHuNkEd"), b"hello"),
        ok("chunked between whitespace", coded(b"\t chunked \t"), b"hello"),
        ok("chunked without whitespace", post(b"Transfer-Encoding:chunked", body=CHUNKS), b"hello"),
        *(
            bad(f"{coding.decode().expandtabs(1)} is not understood", coded(coding), 501)
            for coding in (
                b"gzip, chunked",
                b"deflate,chunked",
                b"x-gzip\t,\tchunked",
                b"wonders, gzip, chunked",
                b"identity, chunked",
            )
        ),
        *(
            bad(f"{name} is no coding", coded(value))
            for name, value in {
                "nothing": b"",
                "whitespace": b" \t",
                "a comma": b",",
                "an empty element before chunked": b", chunked",
                "an empty element behind chunked": b"chunked,",
                "chunked and a parameter": b"chunked;a=b",
                "chunked and a semicolon": b"chunked;",
                "quoted chunked": b'"chunked"',
                "chunked in single quotes": b"'chunked'",
                "chunked and a word": b"chunked gzip",
                "two words before a comma": b"gzip gzip, chunked",
                "chunked behind VT": b"\x0bchunked",
                "chunked behind FF": b"\x0cchunked",
                "chunked before VT": b"chunked\x0b",
                "chunked behind NUL": b"\x00chunked",
                "chunked before NUL": b"chunked\x00",
                "chunked with a CR": b"chunked\r",
                "chunked behind an LF": b"\nchunked",
                "chunked behind NBSP": b"\xa0chunked",
                "chunked before NEL": b"chunked\x85",
                "chunked with a Kelvin sign": "chun\u212aed".encode(),
                "chunked with a soft hyphen": "chun\u00adked".encode(),
                "chunked behind a colon": b": chunked",
                "chunked with an equals sign": b"=chunked",
            }.items()
        ),
        bad("two lines of codings, both chunked", post(CODING, CODING, body=CHUNKS)),
        bad("two lines of codings, the first chunked", post(CODING, b"Transfer-Encoding: identity", body=CHUNKS)),
        bad("two lines of codings, the last chunked", post(b"Transfer-Encoding: identity", CODING, body=CHUNKS)),
        bad("two lines of codings, the last unknown", post(CODING, b"transfer-encoding: cow", body=CHUNKS)),
        bad("two lines of codings, the first empty", post(b"Transfer-Encoding:", CODING, body=CHUNKS)),
        bad("a length before a coding", post(b"Content-Length: 5", CODING, body=CHUNKS)),
        bad("a length behind a coding", post(CODING, b"Content-Length: 5", body=CHUNKS)),
        bad("a length of zero and a coding", post(CODING, b"Content-Length: 0", body=CHUNKS)),
        bad("a right length and a coding", post(CODING, b"Content-Length: %d" % len(CHUNKS), body=CHUNKS)),
        bad("a bad length and a coding", post(CODING, b"Content-Length: x", body=CHUNKS)),
        bad(
            "a length and a coding that is not understood",
            post(b"Content-Length: 5", b"Transfer-Encoding: gzip", body=b"hello"),
        ),
        bad("a length and an empty coding", post(b"Content-Length: 5", b"Transfer-Encoding:", body=b"hello")),
        bad("a length and identity", post(b"Content-Length: 5", b"Transfer-Encoding: identity", body=b"hello")),
        bad("a coding in HTTP/1.0", line(b"POST / HTTP/1.0", CODING, body=CHUNKS)),
        bad(
            "a coding in HTTP/1.0 that wants to go on",
            line(b"POST / HTTP/1.0", b"Connection: keep-alive", CODING, body=CHUNKS),
        ),
        bad("a coding and a length in HTTP/1.0", line(b"POST / HTTP/1.0", b"Content-Length: 5", CODING, body=CHUNKS)),
        bad("an unknown coding in HTTP/1.0", line(b"POST / HTTP/1.0", b"Transfer-Encoding: identity")),
        ok("chunked may be listed in TE", get(b"TE: chunked", b"Connection: te"), b""),
    ),
    *under(
        "RFC 9112, 6.2",
        ok("a length says where a body ends", sized(b"3", b"abc"), b"abc"),
        Case(
            "a length says where the next request begins",
            sized(b"3", b"abc") + to(b"/b"),
            (200, 200),
            True,
            b"",
            ("GET /b",),
        ),
        waits("a body shorter than its length is waited for", sized(b"6")),
    ),
    *under(
        "RFC 9112, 6.3",
        *(
            bad(f"{coding.decode()} does not end in chunked", coded(coding))
            for coding in (
                b"gzip",
                b"identity",
                b"xchunked",
                b"x-chunked",
                b"chunkedx",
                b"chunk",
                b"chunked, gzip",
                b"chunked, identity",
                b"chunked, chunked",
                b"chunked,chunked",
                b"gzip, chunked, gzip",
            )
        ),
        bad("chunked twice behind another coding", coded(b"gzip, chunked, chunked")),
        ok("a request with neither has no body", post(), b""),
        Case("what follows a request without a body is the next", post() + b"hello\r\n\r\n", (200, 400), False, b""),
        Case(
            "what follows a body is the next request", sized(b"5", b"hello, world\r\n\r\n"), (200, 400), False, b"hello"
        ),
        Case(
            "what follows chunks is the next request",
            coded(b"chunked", CHUNKS + b"0\r\n\r\n"),
            (200, 400),
            False,
            b"hello",
        ),
        Case(
            "an underscore is no hyphen in a coding",
            post(b"Transfer_Encoding: chunked", body=CHUNKS),
            (200, 400),
            False,
            b"",
        ),
        Case(
            "an underscore is no hyphen in a length",
            post(b"Content_Length: 5", body=b"hello\r\n\r\n"),
            (200, 400),
            False,
            b"",
        ),
        Case(
            "a coding of another name is none",
            post(b"X-Transfer-Encoding: chunked", body=CHUNKS),
            (200, 400),
            False,
            b"",
        ),
        Case(
            "a coding of the content is none of the message",
            post(b"Content-Encoding: chunked", body=CHUNKS),
            (200, 400),
            False,
            b"",
        ),
    ),
)


def extended(extension: bytes) -> bytes:
    """A request with this behind the size of its chunk."""
    return chunked(b"5%b\r\nhello\r\n0\r\n\r\n" % extension)


def tiny(count: int, extension: bytes = b"") -> bytes:
    """A request with *count* chunks of one byte."""
    return chunked(b"1%b\r\nx\r\n" % extension * count + b"0\r\n\r\n")


def trailed(*trailers: bytes) -> bytes:
    return chunked(b"0\r\n" + b"".join(b"%b\r\n" % trailer for trailer in trailers) + b"\r\n")


# 16 KiB and the data received are allowed as framing: with chunks of one byte, 5 bytes of framing for each.
FRAMING_BYTES = 16 * 1024

CHUNKED = (
    *under(
        "RFC 9112, 7.1",
        ok("several chunks are one body", chunked(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), b"abcde"),
        ok("no chunk but the last", chunked(b"0\r\n\r\n"), b""),
        ok(
            "sizes are hexadecimal",
            chunked(b"a\r\n0123456789\r\nB\r\n0123456789a\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n"),
            b"01234567890123456789a0123456789abcdef",
        ),
        ok("a size may begin with zeros", chunked(b"0000000000000005\r\nhello\r\n0\r\n\r\n"), b"hello"),
        ok("the last chunk may have many zeros", chunked(b"5\r\nhello\r\n0000000000000000\r\n\r\n"), b"hello"),
        ok("data may look like chunks", chunked(b"5\r\n0\r\n\r\n\r\n0\r\n\r\n"), b"0\r\n\r\n"),
        ok("data may hold any byte", chunked(b"100\r\n%b\r\n0\r\n\r\n" % bytes(range(256))), bytes(range(256))),
        Case(
            "the next request follows the last chunk", coded(b"chunked") + to(b"/b"), (200, 200), True, b"", ("GET /b",)
        ),
        waits("a last chunk is waited for", chunked(b"5\r\nhello\r\n")),
        waits("the line behind the last chunk is waited for", chunked(b"5\r\nhello\r\n0\r\n")),
        waits("a chunk shorter than its size is waited for", chunked(b"6\r\nhello")),
        *(
            bad(f"a size with {name}", chunked(b"%b\r\nhello\r\n0\r\n\r\n" % size))
            for name, size in {
                "nothing in it": b"",
                "a prefix": b"0x5",
                "a prefix in upper case": b"0X5",
                "a suffix": b"5h",
                "a plus sign": b"+5",
                "a minus sign": b"-5",
                "minus zero": b"-0",
                "an underscore": b"0_5",
                "an underscore at its end": b"5_",
                "a letter past f": b"g",
                "a fraction": b"5.0",
                "a space before it": b" 5",
                "a space behind it": b"5 ",
                "a tab before it": b"\t5",
                "a tab behind it": b"5\t",
                "a space within it": b"0 5",
                "a word behind it": b"5 junk",
                "VT behind it": b"5\x0b",
                "NUL before it": b"\x005",
                "NUL behind it": b"5\x00",
                "DEL behind it": b"5\x7f",
                "NEL behind it": b"5\x85",
                "NBSP before it": b"\xa05",
                "an Arabic digit": "\u0665".encode(),
                "a fullwidth digit": "\uff15".encode(),
                "a superscript": b"\xb2",
                "a comma": b"5,5",
                "quotes": b'"5"',
                "17 digits, most of them zeros": b"00000000000000005",
                "17 digits": b"ffffffffffffffff0",
                "17 digits that overflow to five": b"10000000000000005",
                "1,000 digits": b"0" * 999 + b"5",
            }.items()
        ),
        *(
            bad(f"a size of {size.decode()} does not overflow", chunked(size + b"\r\nhello\r\n0\r\n\r\n"), 413)
            for size in (
                b"7fffffff",
                b"80000005",
                b"ffffffff",
                b"100000005",
                b"7fffffffffffffff",
                b"8000000000000005",
                b"ffffffffffffffff",
            )
        ),
        bad("a bad size behind the last chunk's zero", chunked(b"0 junk\r\n\r\n")),
        bad("an LF ends no size", chunked(b"5\nhello\r\n0\r\n\r\n")),
        bad("a CR ends no size", chunked(b"5\rhello\r\n0\r\n\r\n")),
        bad("CR and a byte end no size", chunked(b"5\rXhello\r\n0\r\n\r\n")),
        bad("CR CR LF ends no size", chunked(b"5\r\r\nhello\r\n0\r\n\r\n")),
        bad("an empty line before a size", chunked(b"\r\n5\r\nhello\r\n0\r\n\r\n")),
        bad("an empty line between chunks", chunked(b"5\r\nhello\r\n\r\n0\r\n\r\n")),
        bad("nothing between data and the next size", chunked(b"5\r\nhello0\r\n\r\n")),
        bad("an LF behind data", chunked(b"5\r\nhello\n0\r\n\r\n")),
        bad("a CR behind data", chunked(b"5\r\nhello\r0\r\n\r\n")),
        bad("CR CR LF behind data", chunked(b"5\r\nhello\r\r\n0\r\n\r\n")),
        bad("two bytes in place of the CRLF behind data", chunked(b"5\r\nhelloXX0\r\n\r\n")),
        bad("CR and a byte behind data", chunked(b"5\r\nhello\rX0\r\n\r\n")),
        bad("whitespace behind data", chunked(b"5\r\nhello \r\n0\r\n\r\n")),
        bad("data longer than its size", chunked(b"4\r\nhello\r\n0\r\n\r\n")),
        bad("data shorter than its size", chunked(b"6\r\nhello\r\n0\r\n\r\n")),
        bad("an LF behind the last chunk", chunked(b"5\r\nhello\r\n0\n\r\n")),
        bad("an LF ends no body", chunked(b"5\r\nhello\r\n0\r\n\n")),
        bad("a CR and a byte end no body", chunked(b"5\r\nhello\r\n0\r\n\rX")),
        bad("CR CR LF ends no body", chunked(b"5\r\nhello\r\n0\r\n\r\r\n")),
        bad("a request in place of the last empty line", chunked(b"0\r\n") + get()),
        Case("nothing behind a bad chunk is parsed", get() + chunked(b"x\r\n") + get(), (200, 400), False),
        ok("4,000 chunks of one byte", tiny(4000), b"x" * 4000),
        bad("more framing than data in chunks of one byte", tiny(FRAMING_BYTES // 4 + 2)),
        bad("more framing than data in extensions", tiny(100, b";" + b"a" * 250)),
    ),
    *under(
        "RFC 9112, 7.1.1",
        *(
            ok(f"an extension with {name} is ignored", extended(extension), b"hello")
            for name, extension in {
                "a name": b";a",
                "a value": b";a=b",
                "a quoted value": b';a="b"',
                "an empty quoted value": b';a=""',
                "a delimiter in quotes": b';a="b;c=d, e"',
                "an escaped quote": b';a="b\\"c\\\\"',
                "bytes past ASCII in quotes": b';a="b\xff\x80"',
                "others behind it": b';a;b=c;d="e";f',
                "bad whitespace before the semicolon": b" \t;a=b",
                "bad whitespace behind the semicolon": b"; \ta=b",
                "bad whitespace around the equals sign": b";a = b",
                "bad whitespace everywhere": b' ; a = "b" ; c',
            }.items()
        ),
        ok("an extension of the last chunk is ignored", chunked(b"5\r\nhello\r\n0;a=b\r\n\r\n"), b"hello"),
        ok("an extension may look like a size", chunked(b"5;a=ff\r\nhello\r\n0;5\r\n\r\n"), b"hello"),
        *(
            bad(f"an extension with {name}", extended(extension))
            for name, extension in {
                "no name": b";",
                "no name before another": b";;a",
                "no name before a value": b";=b",
                "no value": b";a=",
                "no value before another": b";a=;b",
                "two values": b";a=b=c",
                "whitespace behind it": b";a ",
                "whitespace within a value": b";a=b c",
                "a bad name": b";a@b",
                "a bad value": b";a=b@c",
                "an open quote": b';a="b',
                "an escaped end of quotes": b';a="b\\"',
                "a value behind quotes": b';a="b"c',
                "NUL": b";a\x00b",
                "NUL in quotes": b';a="b\x00c"',
                "NUL escaped in quotes": b';a="b\\\x00c"',
                "DEL in quotes": b';a="b\x7fc"',
                "VT": b";a\x0bb",
                "a CR": b";a\rb",
                "a CR in quotes": b';a="b\rc"',
                "a CR at its end": b";a\r",
                "an LF": b";a\nb",
                "an LF in quotes": b';a="b\nc"',
                "CRLF in quotes": b';a="b\r\nc"',
                "CRLF escaped in quotes": b';a="b\\\r\nc"',
                "an LF before what looks like a chunk": b";\n0\r\n\r\nGET / HTTP/1.1",
                "bytes past ASCII": b";a=\xff",
            }.items()
        ),
        ok(
            "a line of a size at its limit",
            chunked(padded(b"5;", CHUNK_LINE_BYTES) + b"\r\nhello\r\n0\r\n\r\n"),
            b"hello",
        ),
        bad(
            "a line of a size past its limit", chunked(padded(b"5;", CHUNK_LINE_BYTES + 1) + b"\r\nhello\r\n0\r\n\r\n")
        ),
        bad("a line of the last chunk past its limit", chunked(padded(b"0;", CHUNK_LINE_BYTES + 1) + b"\r\n\r\n")),
        bad("an extension without end", chunked(padded(b"5;", CHUNK_LINE_BYTES + 2))),
        bad("an extension of 100 kB", chunked(padded(b"5;", 100_000) + b"\r\nhello\r\n0\r\n\r\n")),
    ),
    *under(
        "RFC 9112, 7.1.2",
        ok(
            "trailers come behind the last chunk", trailed(b"X-A: b", b"X-B:c"), b"", "trailer x-a: b", "trailer x-b: c"
        ),
        ok("a trailer may be empty", trailed(b"X-A:"), b"", "trailer x-a: "),
        *(
            bad(f"trailers with {name}", trailed(trailer))
            for name, trailer in {
                "no colon": b"X-A",
                "no name": b": b",
                "a space before the colon": b"X-A : b",
                "a space before the name": b" X-A: b",
                "a line of whitespace": b" ",
                "a bad name": b"X@A: b",
                "a name past ASCII": b"X\xffA: b",
                "NUL": b"X-A: b\x00c",
                "NUL in the name": b"X\x00A: b",
                "a control character": b"X-A: b\x01c",
                "DEL": b"X-A: b\x7fc",
                "a CR": b"X-A: b\rc",
                "an LF": b"X-A: b\nX-B: c",
                "a folded line": b"X-A: b\r\n c",
                "NUL in one that would be dropped": b"Content-Length: \x00",
                "whitespace in the name of one that would be dropped": b"Content-Length : 5",
            }.items()
        ),
        ok("trailers at their limit", trailed(padded(b"X-A: ", TRAILERS_BYTES - 2))),
        bad("trailers past their limit", trailed(padded(b"X-A: ", TRAILERS_BYTES - 1)), 431),
        bad("many trailers past their limit", trailed(*[padded(b"X-A: ", 1000)] * 9), 431),
        bad("dropped trailers past their limit", trailed(*[padded(b"Cookie: ", 1000)] * 9), 431),
        bad("a trailer without end", chunked(padded(b"0\r\nX-A: ", TRAILERS_BYTES + 10)), 431),
        ok("nearly as many trailers as header lines may be", trailed(*[b"X-A: b"] * (HEADERS - 2))),
        bad("more trailers than header lines may be", trailed(*[b"X-A: b"] * (HEADERS + 1)), 431),
    ),
)

ROWS = BODIES + CHUNKED
