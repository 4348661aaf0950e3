"""The rows from RFC 9112, HTTP/1.1, sections 8 to 11: connections and what is smuggled through them."""

from __future__ import annotations

from .building import (
    CHUNKS,
    CODING,
    Case,
    bad,
    chunked,
    closes,
    coded,
    get,
    line,
    post,
    request,
    sized,
    to,
    under,
    waits,
)

__all__ = ("ROWS",)

CONNECTIONS = (
    *under(
        "RFC 9112, 8",
        waits("a method is half a request", b"GE"),
        waits("a request line is half a request", b"GET / HTTP/1.1\r\n"),
        waits("a CR is half an empty line", b"\r"),
        waits("half a request behind a whole one", get() + b"GET / HT", 200),
        waits("half a name", b"GET / HTTP/1.1\r\nHos"),
        waits("half a body", sized(b"10")),
        waits("half a size", chunked(b"5")),
        waits("half an extension", chunked(b"5;a")),
        waits("half a trailer", chunked(b"0\r\nX-A: b")),
    ),
    *under(
        "RFC 9112, 9.3",
        Case("connections persist", get() * 3, (200,) * 3, True),
        Case(
            "connections persist behind each kind of body",
            sized(b"5") + coded(b"chunked") + sized(b"5"),
            (200,) * 3,
            True,
        ),
        closes("HTTP/1.0 gets one answer", request(b"GET / HTTP/1.0") + get()),
        closes("keep-alive of HTTP/1.0 is not honoured", line(b"GET / HTTP/1.0", b"Connection: keep-alive") + get()),
        closes(
            "HTTP/1.0 with a body gets one answer",
            line(b"POST / HTTP/1.0", b"Content-Length: 5", body=b"hello"),
            b"hello",
        ),
        Case("HTTP/1.0 behind HTTP/1.1 is the last", get() + request(b"GET / HTTP/1.0") + get(), (200, 200), False),
        bad("a body that is not read ends the connection", sized(b"9" * 18, get()), 413),
    ),
    *under(
        "RFC 9112, 9.3.2",
        Case(
            "pipelined requests are answered in order",
            to(b"/1") + line(b"POST /2 HTTP/1.1", b"Content-Length: 5", body=b"hello") + to(b"/3"),
            (200,) * 3,
            True,
            b"",
            ("GET /3",),
        ),
        Case("100 pipelined requests are answered", get() * 100, (200,) * 100, True),
        Case("a bad request behind a good one", get() + request(b"GET / HTTP/1.1"), (200, 400), False),
        Case(
            "nothing behind a bad request is parsed", get() + request(b"GET / HTTP/1.1") + get() * 3, (200, 400), False
        ),
        bad("a bad request before good ones", request(b"GET / HTTP/1.1") + get() * 3),
        bad("two bad requests get one answer", request(b"GET / HTTP/1.1") * 2),
    ),
    *under(
        "RFC 9112, 9.6",
        closes("close is the end", get(b"Connection: close")),
        closes("requests behind close are not processed", get(b"Connection: close") + get() * 3),
        closes("garbage behind close is not answered", get(b"Connection: close") + b"\x00garbage\r\n\r\n"),
        closes("close with a body", post(b"Connection: close", b"Content-Length: 5", body=b"hello") + get(), b"hello"),
        closes("close with chunks", post(b"Connection: close", CODING, body=CHUNKS) + get(), b"hello"),
        Case("close in the second request", get() + get(b"Connection: close") + get(), (200, 200), False),
        closes("close of HTTP/1.0", line(b"GET / HTTP/1.0", b"Connection: close")),
    ),
)

SMUGGLED = to(b"/smuggled")

SMUGGLING = (
    *under(
        "RFC 9112, 11.2",
        bad("CL.TE", post(b"Content-Length: 6", CODING, body=b"0\r\n\r\nG")),
        bad("TE.CL", post(CODING, b"Content-Length: 4", body=b"%x\r\n%b\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED))),
        bad("TE.TE with a second line", post(CODING, b"Transfer-encoding: cow", body=b"0\r\n\r\n" + SMUGGLED)),
        bad(
            "TE.TE with whitespace before the colon", post(b"Transfer-Encoding : chunked", body=b"0\r\n\r\n" + SMUGGLED)
        ),
        bad("TE.TE with a line before it", get(b"X: x\nTransfer-Encoding: chunked", body=b"0\r\n\r\n" + SMUGGLED)),
        bad(
            "CL.TE with an unknown coding",
            post(b"Content-Length: 5", b"Transfer-Encoding: xchunked", body=b"hello" + SMUGGLED),
        ),
        bad("CL.CL", post(b"Content-Length: 0", b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED)),
        bad("CL.0 by whitespace before the colon", post(b"Content-Length : %d" % len(SMUGGLED), body=SMUGGLED)),
        bad("TE.0 by a size of nothing", chunked(b"\r\n\r\n" + SMUGGLED)),
        bad("a size read by its prefix", chunked(b"0_2e\r\n\r\n" + SMUGGLED)),
        bad("two bytes skipped behind data", chunked(b"2\r\nxx45\r\n0\r\n\r\n" + SMUGGLED)),
        bad("an extension ended by LF", chunked(b"2;\nxx\r\n0\r\n\r\n" + SMUGGLED)),
        bad("a field without a name for the end of a head", get(b":", body=SMUGGLED)),
        Case(
            "CL.0 is a second request", post(b"Content-Length: 0") + SMUGGLED, (200, 200), True, b"", ("GET /smuggled",)
        ),
        Case(
            "a request in a body is not answered",
            sized(b"%d" % len(SMUGGLED), SMUGGLED),
            (200,),
            True,
            SMUGGLED,
            ("POST /",),
        ),
        Case(
            "a request in the body of a GET is not answered",
            get(b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED),
            (200,),
            True,
            SMUGGLED,
            ("GET /",),
        ),
        Case(
            "a request in the body of an offer to upgrade",
            post(b"Connection: upgrade", b"Upgrade: h2c", b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED),
            (200,),
            True,
            SMUGGLED,
            ("POST /",),
        ),
        Case(
            "a request in the body of HEAD is not answered",
            line(b"HEAD / HTTP/1.1", b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED),
            (200,),
            True,
            SMUGGLED,
            ("HEAD /",),
            bare=(0,),
        ),
    ),
)

ROWS = CONNECTIONS + SMUGGLING
