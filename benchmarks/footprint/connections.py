"""Resident memory of a connection that waits for its next request."""

import gc
import itertools
import multiprocessing
import os
import resource
import socket

from ..harness.driving import new_loop
from ..harness.samples import samples
from ..harness.skipping import available, need
from ..workloads import apps, requests

CONNECTIONS = 400
ROUNDS = 8
REQUESTS = {
    "small": apps.REQUESTS["hooks"],
    "2 KiB in 23 header lines": requests.with_header_lines(20, 95),
    "2 KiB in 93 header lines": requests.with_header_lines(90, 21),
    "30 KiB in 93 header lines": requests.with_header_lines(90, 340),
    "1 MiB of body": requests.UNTAKEN,
}


class Idle:
    """Growth of the server's resident memory per connection, each of which has had one request answered.

    Every round keeps what the rounds before it have opened, so that no memory is used a second time.
    """

    version = "1"
    timeout = 300
    params = list(REQUESTS)
    param_names = ["request"]

    def setup_cache(self):
        if not available("App", "serving.server.Server"):
            return {}
        # A process for each, whose memory nobody has used before.
        with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as pool:
            return dict(zip(REQUESTS, pool.map(_measure, REQUESTS.values(), chunksize=1), strict=True))

    setup_cache.timeout = 300

    def track_resident(self, rounds, request):
        need("App", "serving.server.Server")
        return samples(rounds[request])

    track_resident.unit = "bytes"
    track_resident.less_is_better = True


def _measure(request):
    """Bytes per connection, of each round but the first, which also pays for what is made once."""
    from pyrt.serving.server import Server

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    server, loop = Server(apps.app("hooks"), port=0), new_loop()
    loop.run_until_complete(server.start())
    # The client's ends are the kernel's memory and those of another process.
    ours, theirs = socket.socketpair()
    client = os.fork()
    if client == 0:
        ours.close()
        _connect(server.port, request, theirs)
    theirs.close()
    sizes = []
    with ours:
        for _ in range(ROUNDS + 2):
            loop.run_until_complete(loop.run_in_executor(None, _round, ours))
            gc.collect()
            sizes.append(_resident())
    os.waitpid(client, 0)
    loop.run_until_complete(server.stop())
    return [(after - before) / CONNECTIONS for before, after in itertools.pairwise(sizes[1:])]


def _round(ours):
    ours.sendall(b"+")
    if ours.recv(1) != b"+":
        raise RuntimeError("the client failed")


def _connect(port, request, theirs):
    """In the child: open connections whenever it is told to; never returns."""
    try:
        held = []
        while theirs.recv(1):
            for _ in range(CONNECTIONS):
                client = socket.create_connection(("127.0.0.1", port))
                client.sendall(request)
                assert client.recv(65536).startswith(b"HTTP/1.1 ")
                held.append(client)
            theirs.sendall(b"+")
    finally:
        os._exit(0)


def _resident():
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
