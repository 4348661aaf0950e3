"""One process that serves an app: listening socket, signals, drain."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from typing import TextIO

from ..app import App
from ..errors import UsageError
from ..ingress.accesslog import AccessLog
from ..ingress.edge import Edge
from ..ingress.http1 import Http1Protocol
from ..limits import Limits
from ..types import Connection

__all__ = ("Server", "serve")

_log = logging.getLogger("pyrt")

# Descriptors for everything except open connections: files, pools, refused connections.
_OTHER_DESCRIPTORS = 512


class Server:
    """Serves an app on one address, in this process.

    Args:
        port: port; with 0 the system chooses one, which is in `port` after the start.
        limits: limits of the ingress and of forms; by default the app's.
        log: access log; None for none.
        drain_timeout_s: how long running requests may still take when the server stops, in seconds.
    """

    def __init__(
        self,
        app: App,
        host: str = "127.0.0.1",
        port: int = 8000,
        limits: Limits | None = None,
        drain_timeout_s: float = 10.0,
        log: AccessLog | None = None,
    ) -> None:
        self.app, self.host, self.port = app, host, port
        self.edge = Edge(limits or app.limits, log)
        self.drain_timeout_s = drain_timeout_s
        self._listener: asyncio.Server | None = None

    async def start(self) -> None:
        """Start the app and listen.

        Raises:
            OSError: the address is in use or not available.
            UsageError: the app is declared wrongly, or runs already with other limits.
        """
        running, loop = await self.app.start(self.edge.limits), asyncio.get_running_loop()
        try:
            self._listener = await loop.create_server(
                lambda: Http1Protocol(running, self.edge),
                self.host,
                self.port,
                backlog=1024,
            )
        except BaseException:
            await self.app.stop()
            raise
        self.port = self._listener.sockets[0].getsockname()[1]
        self.edge.start()

    async def stop(self) -> None:
        """Stop listening, give running requests `drain_timeout_s` to finish, then stop the app."""
        if self._listener is not None:
            self._listener.close()
        await self._drain([*self.edge.connections, *self.edge.refused])
        self.edge.stop()
        await self.app.stop()

    async def _drain(self, connections: list[Connection]) -> None:
        for connection in connections:
            connection.drain()
        try:
            async with asyncio.timeout(self.drain_timeout_s):
                for connection in connections:
                    await connection.wait_closed()
        except TimeoutError:
            late = [connection for connection in connections if not connection.is_over]
            _log.error("%d connections were aborted after %g s", len(late), self.drain_timeout_s)
            for connection in late:
                connection.abort()
            # Their requests are cancelled; `cleanup_timeout_s` of the app limits their cleanup.
            for connection in late:
                await connection.wait_closed()


def serve(
    app: App,
    host: str,
    port: int,
    announce: Callable[[str], None],
    *,
    limits: Limits | None = None,
    access_log: str = "",
) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        announce: called with the URL when the socket listens.
        limits: limits of the ingress and of forms; by default the app's.
        access_log: file to append to, `-` for standard output; empty for none.

    Raises:
        UsageError: the access log cannot be opened, or the app is declared wrongly.
    """

    async def main(log: AccessLog | None) -> None:
        server = Server(app, host, port, _within_descriptors(limits or app.limits), log=log)
        done = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, done.set)
        await server.start()
        announce(f"http://{f'[{host}]' if ':' in host else host}:{server.port}")
        try:
            await done.wait()
        finally:
            await server.stop()

    with contextlib.ExitStack() as stack:
        log = None
        if access_log:
            log = AccessLog(sys.stdout if access_log == "-" else stack.enter_context(_opened(access_log)))
        runner = stack.enter_context(asyncio.Runner(loop_factory=_loop_factory()))
        runner.run(main(log))


@contextlib.contextmanager
def _opened(path: str) -> Iterator[TextIO]:
    try:
        # O_NONBLOCK: a pipe without a reader is an error, instead of a wait.
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK, 0o666)
    except (OSError, ValueError) as error:
        raise UsageError(f"the access log {path!r} cannot be opened: {error}") from None
    os.set_blocking(descriptor, True)
    file = open(descriptor, "a", encoding="ascii")
    try:
        yield file
    finally:
        try:
            file.close()
        except OSError as error:
            _log.error("the last lines of the access log %r could not be written: %s", path, error)


def _within_descriptors(limits: Limits) -> Limits:
    """Ask the system for enough descriptors; if it gives fewer, the same limits with fewer connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = limits.connections + _OTHER_DESCRIPTORS
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return limits
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    except (OSError, ValueError):
        most = soft  # macOS allows fewer than its hard limit
    if most == wanted:
        return limits
    connections = max(1, most - _OTHER_DESCRIPTORS)
    _log.warning("%d descriptors allow %d connections, not %d; raise ulimit -n", most, connections, limits.connections)
    return dataclasses.replace(limits, connections=connections)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop
