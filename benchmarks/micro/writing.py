"""Responses to bytes."""

import functools

import pyrt

from ..harness.kinds import counted
from ..harness.skipping import need

LOOP = range(100)
DATE = b"date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"


@functools.cache
def _response(kind):
    need("ingress.writing.encode")
    from pyrt.ingress.writing import encode

    response = pyrt.Response.of({"id": 42, "name": "Ada"})
    if kind == "own header lines":
        response.headers.add("x-served-by", "pyrt")
        response.headers.add("cache-control", "no-store")
    data = encode(response, True, DATE)
    assert data.startswith(b"HTTP/1.1 200 OK\r\n")
    assert (b"cache-control: no-store\r\n" in data) == (kind == "own header lines")
    assert data.endswith(b"\r\n\r\n" + response.body)
    return encode, response


@counted
class Encode:
    """A small JSON response: with the head of all such, and with header lines of its author's."""

    version = "1"
    params = ["ready-made head", "own header lines"]
    param_names = ["head"]

    def time_encode(self, head):
        encode, response = _response(head)
        for _ in LOOP:
            encode(response, True, DATE)

    time_encode.inner = len(LOOP)
