"""Request parsing: bytes to a Request, and where its time goes."""

import functools
import itertools

import pyrt

from ..harness.driving import parser
from ..harness.kinds import counted
from ..harness.sizing import Remade
from ..harness.skipping import need
from ..workloads import requests

LOOP = range(100)


@functools.cache
def _prepared(name):
    data, take = requests.BY_NAME[name], parser()

    def parsed():
        return take(data)

    request = parsed()
    assert request.headers["host"] == "localhost:8000"
    assert request.body == (requests.NEW_USER if name == "POST" else b"")
    return take, data, parsed


@counted
class Parse:
    """One whole request in one piece."""

    version = "1"
    params = list(requests.BY_NAME)
    param_names = ["request"]

    def time_parse(self, request):
        take, data, _ = _prepared(request)
        for _ in LOOP:
            take(data)

    time_parse.inner = len(LOOP)

    def mem_request(self, request):
        return Remade(_prepared(request)[2])


@functools.cache
def _heads(name, kind):
    """A function that reads a head, and heads for as many calls."""
    need("ingress.heads.HeadReader")
    from pyrt.ingress.heads import HeadReader

    data = requests.BY_NAME[name].partition(b"\r\n\r\n")[0] + b"\r\n"
    others = itertools.cycle([data, data.replace(b"Host: localhost:8000", b"Host: localhost:8001")])
    heads = list(itertools.islice(others, len(LOOP))) if kind == "changing" else [data] * len(LOOP)
    read = HeadReader(pyrt.Limits()).read
    assert [read(head, 0, len(head))[0].headers["host"][-1] for head in heads[:2]] == [
        "0",
        heads[1].split(b"\r\n")[1][-1:].decode(),
    ]
    return read, heads


@counted
class Head:
    """A head alone: one that repeats its header lines on a connection, as clients do, and one that does not."""

    version = "1"
    params = (list(requests.BY_NAME), ["repeating", "changing"])
    param_names = ["request", "header lines"]

    def time_read(self, request, kind):
        read, heads = _heads(request, kind)
        for head in heads:
            read(head, 0, len(head))

    time_read.inner = len(LOOP)


@functools.cache
def _body(kind):
    need("ingress.reading.RequestReader")
    take, data = parser(), requests.BODIES[kind]
    assert take(data).body == requests.DOCUMENT
    return take, data


@counted
class Body:
    """A request with a body of 4 KiB: of a length that is known, and in chunks of 1 KiB and of 64 bytes."""

    version = "1"
    params = list(requests.BODIES)
    param_names = ["framing"]

    def time_read(self, framing):
        take, data = _body(framing)
        for _ in LOOP:
            take(data)

    time_read.inner = len(LOOP)
