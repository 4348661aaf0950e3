"""Peak memory of a process. asv sees its own only: so the server runs in it, and the client outside."""

import os

from ..harness.driving import new_loop
from ..harness.skipping import need
from ..workloads import apps

REQUESTS = 5000


class Process:
    """Peak resident memory; `peakmem_nothing` is what Python, asv and the suite take by themselves."""

    version = "1"
    timeout = 120

    def peakmem_nothing(self):
        pass

    def peakmem_start(self):
        need("App", "serving.server.Server")
        from pyrt.serving.server import Server

        server, loop = Server(apps.app("hooks"), port=0), new_loop()
        loop.run_until_complete(server.start())
        loop.run_until_complete(server.stop())

    def peakmem_serve(self):
        """5,000 requests over 8 connections, from a client in a child process."""
        need("App", "serving.server.Server")
        from pyrt.serving.server import Server

        server, loop = Server(apps.app("hooks"), port=0), new_loop()
        loop.run_until_complete(server.start())
        client = _fork_client(server.port)
        exit_code = loop.run_until_complete(loop.run_in_executor(None, os.waitpid, client, 0))[1]
        loop.run_until_complete(server.stop())
        assert exit_code == 0, f"the client failed with {exit_code}"


def _fork_client(port):
    """The process id of a child that sends the requests and exits with 0 when every answer was right."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        from ..harness.loopback import load

        load(port, apps.REQUESTS["hooks"], 200, apps.BODIES["hooks"], connections=8, requests=REQUESTS, windows=0)
        code = 0
    finally:
        os._exit(code)
