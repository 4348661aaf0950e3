"""Requests as bytes."""

GET_USER = b"GET /users/42 HTTP/1.1\r\nHost: localhost:8000\r\nUser-Agent: bench/1\r\nAccept: */*\r\n\r\n"

GET_BROWSER = (
    b"GET /users/42?page=2 HTTP/1.1\r\n"
    b"Host: localhost:8000\r\n"
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36\r\n"
    b"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    b"Accept-Language: en-US,en;q=0.5\r\n"
    b"Accept-Encoding: gzip, deflate, br\r\n"
    b"Referer: http://localhost:8000/users\r\n"
    b"Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n"
    b"Cache-Control: max-age=0\r\n"
    b"Connection: keep-alive\r\n\r\n"
)

NEW_USER = b'{"name":"Ada Lovelace","email":"ada@example.org","age":36}'

POST_USER = (
    b"POST /users HTTP/1.1\r\nHost: localhost:8000\r\nUser-Agent: bench/1\r\nAccept: */*\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(NEW_USER), NEW_USER)
)

BY_NAME = {"GET": GET_USER, "GET of a browser": GET_BROWSER, "POST": POST_USER}

DOCUMENT = b'{"name":"Ada"},\n' * 256
"""4 KiB."""


def _chunked(size):
    parts = [DOCUMENT[at : at + size] for at in range(0, len(DOCUMENT), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


_UPLOAD = b"POST /documents HTTP/1.1\r\nHost: localhost:8000\r\nContent-Type: application/json\r\n"
BODIES = {
    "length": _UPLOAD + b"Content-Length: %d\r\n\r\n%b" % (len(DOCUMENT), DOCUMENT),
    "chunks of 1 KiB": _UPLOAD + b"Transfer-Encoding: chunked\r\n\r\n" + _chunked(1024),
    "chunks of 64 bytes": _UPLOAD + b"Transfer-Encoding: chunked\r\n\r\n" + _chunked(64),
}

UNTAKEN = b"POST /nowhere HTTP/1.1\r\nHost: localhost:8000\r\nContent-Length: %d\r\n\r\n%b" % (1 << 20, bytes(1 << 20))
"""A body of 1 MiB that no route takes."""


def with_header_lines(number, size):
    """A GET with so many more header lines, of *size* bytes each."""
    lines = b"".join(b"X-%02d: %b\r\n" % (at, b"x" * (size - 8)) for at in range(number))
    return GET_USER.removesuffix(b"\r\n") + lines + b"\r\n"
