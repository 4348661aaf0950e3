"""One process that serves an app: listening socket, signals, drain."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Callable
from email.utils import formatdate

from ..app import App
from ..ingress.http1 import Http1Protocol
from ..ingress.limits import Limits

__all__ = ("Server", "serve")

_log = logging.getLogger("pyrt")


class Server:
    """A listening socket in front of an app.

    Args:
        port: 0 lets the system choose; `port` then tells which.
        drain_timeout_s: how long requests under way may still take when the server stops, in seconds.
    """

    def __init__(
        self,
        app: App,
        host: str = "127.0.0.1",
        port: int = 8000,
        limits: Limits | None = None,
        drain_timeout_s: float = 10.0,
    ) -> None:
        self.app, self.host, self.port = app, host, port
        self.limits = limits or Limits()
        self.drain_timeout_s = drain_timeout_s
        self._connections: set[Http1Protocol] = set()
        self._date = b""
        self._timer: asyncio.TimerHandle | None = None
        self._listener: asyncio.Server | None = None

    async def start(self) -> None:
        """Start the app and listen.

        Raises:
            OSError: the address cannot be had.
            UsageError: the app is declared wrongly.
        """
        await self.app.start()
        loop = asyncio.get_running_loop()
        try:
            self._listener = await loop.create_server(
                lambda: Http1Protocol(self.app, self.limits, self._connections, lambda: self._date),
                self.host,
                self.port,
                backlog=1024,
            )
        except BaseException:
            await self.app.stop()
            raise
        self.port = self._listener.sockets[0].getsockname()[1]
        self._tick()

    def _tick(self) -> None:
        self._date = f"date: {formatdate(time.time(), usegmt=True)}\r\n".encode()
        self._timer = asyncio.get_running_loop().call_later(1.0, self._tick)

    async def stop(self) -> None:
        """Stop listening, let requests under way finish within the drain time, then stop the app."""
        if self._listener is not None:
            self._listener.close()
        await self._drain(list(self._connections))
        if self._timer is not None:
            self._timer.cancel()
        await self.app.stop()

    async def _drain(self, connections: list[Http1Protocol]) -> None:
        for connection in connections:
            connection.drain()
        try:
            async with asyncio.timeout(self.drain_timeout_s):
                for connection in connections:
                    await connection.closed.wait()
        except TimeoutError:
            late = [connection for connection in connections if not connection.closed.is_set()]
            _log.error("%d connections were cut after %g s", len(late), self.drain_timeout_s)
            for connection in late:
                connection.abort()
            # Their requests are cancelled; the app bounds what their cleanup may take.
            for connection in late:
                await connection.closed.wait()


def serve(app: App, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; *announce* gets the URL once the socket listens."""

    async def main() -> None:
        server = Server(app, host, port)
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

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(main())


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop
