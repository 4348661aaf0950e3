"""Servers of our own beside those of the peers, and which of those are installed."""

from __future__ import annotations

import sys

from benchmarks.peers.entries import NotInstalled
from benchmarks.peers.roster import Contender


def present(contender: Contender) -> bool:
    try:
        contender.require()
    except NotInstalled:
        return False
    return True


def program(*lines: str) -> list[str]:
    """A server of our own, beside those of the peers: `port` is where it has to listen."""
    return [sys.executable, "-c", "\n".join(["import sys", "port = int(sys.argv[1])", *lines]), "{port}"]


def constant(*lines: str) -> list[str]:
    """The constant responder, with other things to do when something is read."""
    return program(
        "import os, uvloop, with_constant",
        "class Other(with_constant.Constant):",
        "    reads = 0",
        "    def data_received(self, data):",
        "        Other.reads += 1",
        *(f"        {line}" for line in lines),
        "with_constant.Constant = Other",
        "uvloop.run(with_constant.main(port))",
    )
