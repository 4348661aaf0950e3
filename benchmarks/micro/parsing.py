"""Request parsing: bytes to a Request."""

import functools

from ..harness.kinds import counted
from ..harness.sizing import Made
from ..harness.skipping import need
from ..workloads import requests

LOOP = range(100)


@functools.cache
def _prepared(name):
    need("ingress.http1.RequestParser")
    import pyrt.ingress.http1
    import pyrt.ingress.limits

    found = []
    parser = pyrt.ingress.http1.RequestParser(pyrt.ingress.limits.Limits(), lambda *request: found.append(request[0]))
    data = requests.BY_NAME[name]
    parser.feed(data)
    request = found.pop()
    assert request.headers["host"] == "localhost:8000"
    assert request.body == (requests.NEW_USER if name == "POST" else b"")
    feed = pyrt.ingress.http1.RequestParser(pyrt.ingress.limits.Limits(), lambda *request: None).feed

    def parsed():
        parser.feed(data)
        return found.pop()

    return feed, data, parsed


@counted
class Parse:
    """One whole request in one piece."""

    version = "1"
    params = list(requests.BY_NAME)
    param_names = ["request"]

    def time_parse(self, request):
        feed, data, _ = _prepared(request)
        for _ in LOOP:
            feed(data)

    time_parse.inner = len(LOOP)

    def mem_request(self, request):
        return Made(_prepared(request)[2])
