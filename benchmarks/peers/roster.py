"""Who takes part in `peers http`: what has to be there, and how each server is started.

The applications are in servers/ and node/, a file each.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from ..judging.git import ROOT
from .entries import NotInstalled, installed

NODE = ROOT / "benchmarks" / "peers" / "node"
UVICORN = ("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning", "--port", "{port}")
GRANIAN = ("--workers", "1", "--runtime-threads", "1", "--blocking-threads", "1", "--loop", "uvloop")
GRANIAN_HTTP = ("--http", "1", "--no-ws", "--log-level", "warning", "--port", "{port}")


@dataclass(frozen=True)
class Contender:
    """A server in Python, of the interpreter that runs this.

    Attributes:
        arguments: the interpreter's.
        distribution: whose version is the server's; empty where it has none.
        needs: further distributions.
        is_framework: for whoever writes a service, in Python.
        refuses: whether it looks at the requests at all.
    """

    how: str
    arguments: Sequence[str]
    distribution: str = ""
    needs: Sequence[str] = ()
    is_framework: bool = False
    refuses: bool = True

    @property
    def command(self) -> list[str]:
        return [sys.executable, *self.arguments]

    @property
    def version(self) -> str:
        return installed(self.distribution) if self.distribution else ""

    def require(self) -> None:
        """Whether all of it is there.

        Raises:
            NotInstalled: it is not.
        """
        needed = [self.distribution, *self.needs] if self.distribution else self.needs
        if missing := [name for name in needed if not installed(name)]:
            raise NotInstalled(f"not installed: {', '.join(missing)}; `make peers`")


@dataclass(frozen=True)
class NodeContender(Contender):
    """A server on Node; `distribution` is a package in node/, and without one it is Node's own."""

    @property
    def command(self) -> list[str]:
        return ["node", *self.arguments]

    @property
    def version(self) -> str:
        if not self.distribution:
            return node_version()
        try:
            about = (NODE / "node_modules" / self.distribution / "package.json").read_text(encoding="utf-8")
        except OSError:
            return ""
        return str(json.loads(about)["version"])

    def require(self) -> None:
        if not node_version():
            raise NotInstalled("not installed: node; on Debian: apt-get install nodejs npm")
        if not self.version:
            folder = NODE.relative_to(ROOT)
            raise NotInstalled(f"not installed: {self.distribution}; `make peers`, or `npm ci --prefix {folder}`")


def node_version() -> str:
    """Empty where there is no Node."""
    if not shutil.which("node"):
        return ""
    return subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout.strip().lstrip("v")


def _on_uvicorn(name: str, *needs: str) -> Contender:
    arguments = ("-m", "uvicorn", f"with_{name}:app", *UVICORN)
    how = "uvicorn, uvloop and httptools, one worker, no access log"
    return Contender(how, arguments, name, ("uvicorn", *needs), is_framework=True)


def _on_granian(interface: str, module: str) -> Contender:
    arguments = ("-m", "granian", "--interface", interface, *GRANIAN, *GRANIAN_HTTP, f"with_{module}:app")
    how = f"an application without a framework on granian, {interface.upper()[:4]}, one worker, one thread of each kind"
    return Contender(how, arguments, "granian")


ROSTER = {
    "pyrt": Contender("pyrt serve", ("-m", "pyrt", "serve", "with_pyrt:app", "--port", "{port}"), "pyrt"),
    "constant": Contender(
        "a constant for whatever is read, on uvloop: the limit of the machine",
        ("with_constant.py", "{port}"),
        needs=("uvloop",),
        refuses=False,
    ),
    "starlette": _on_uvicorn("starlette", "pydantic"),
    "fastapi": _on_uvicorn("fastapi"),
    "litestar": _on_uvicorn("litestar"),
    "blacksheep": _on_uvicorn("blacksheep", "pydantic"),
    "falcon": _on_uvicorn("falcon"),
    "sanic": Contender(
        "its own server, a single process, no access log",
        ("with_sanic.py", "{port}"),
        "sanic",
        ("sanic-ext",),
        is_framework=True,
    ),
    "robyn": Contender(
        "its own server, one process, one worker",
        ("with_robyn.py", "{port}", "--log-level", "WARN"),
        "robyn",
        ("pydantic",),
        is_framework=True,
    ),
    "granian-rsgi": _on_granian("rsgi", "granian_rsgi"),
    "granian-asgi": _on_granian("asginl", "granian_asgi"),
    "fastify": NodeContender("Fastify with schemas, on Node", (str(NODE / "fastify.js"), "{port}"), "fastify"),
    "node": NodeContender("an application without a framework on Node's http", (str(NODE / "node.js"), "{port}")),
}
