"""Sends a file to a socket by the system, without a copy in Python; on uvloop and on asyncio's own loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any, Protocol

__all__ = ("send_file",)

# Bytes that are sent before the event loop gets its turn.
_TURN_BYTES = 512 * 1024


class Sized(Protocol):
    """A file with its size in bytes."""

    size: int

    def fileno(self) -> int: ...


async def send_file(
    loop: asyncio.AbstractEventLoop, socket: Any, file: Sized, write_s: float, count: Callable[[int], None]
) -> None:
    """Send all of *file*. The transport's write buffer must be empty.

    The event loop refuses to watch the transport's own descriptor, so this watches a duplicate.

    Args:
        write_s: how long the client may take nothing, in seconds.
        count: called with the number of bytes each time some were sent.

    Raises:
        ConnectionError: the client is gone, or has taken nothing for *write_s* seconds.
        OSError: the file has become shorter.
    """
    descriptor, offset = os.dup(socket.fileno()), 0
    try:
        while offset < file.size:
            try:
                sent = os.sendfile(descriptor, file.fileno(), offset, min(file.size - offset, _TURN_BYTES))
            except BlockingIOError:
                try:
                    async with asyncio.timeout(write_s):
                        await _writable(loop, descriptor)
                except TimeoutError:
                    raise ConnectionAbortedError(f"the client has taken nothing for {write_s:g} s") from None
                continue
            if not sent:
                raise OSError("the file became shorter while it was sent")
            offset += sent
            count(sent)
            await asyncio.sleep(0)
    finally:
        os.close(descriptor)


async def _writable(loop: asyncio.AbstractEventLoop, descriptor: int) -> None:
    ready = loop.create_future()
    loop.add_writer(descriptor, _set, ready)
    try:
        await ready
    finally:
        loop.remove_writer(descriptor)


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
