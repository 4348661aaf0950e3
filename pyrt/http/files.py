"""Files as bodies of answers."""

from __future__ import annotations

import asyncio
import errno
import functools
import mimetypes
import operator
import os
import stat
import threading
from io import FileIO

from ..errors import HttpError

__all__ = ("File", "content_type_of")

_PART_BYTES = 256 * 1024
# A pipe does not wait for somebody who writes, nor does a terminal become ours.
_NAMES = ("O_RDONLY", "O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_BINARY")
_FLAGS = functools.reduce(operator.or_, (getattr(os, name, 0) for name in _NAMES))
# Of our own making: they say nothing about the file.
_OURS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO})


class File:
    """The bytes of a file: an async iterator over its parts. An ingress with a socket lets the system send them.

    Args:
        path: of a regular file, which is opened at once.
        root: a folder that the file has to be in, whatever `..` and links say; None for anywhere.

    Attributes:
        size: when it was opened: so many bytes are sent.

    Raises:
        HttpError: 404, there is no such file, it may not be read, or it is not in *root*.
        OSError: the system has no descriptor or memory left for it.
    """

    def __init__(self, path: str | os.PathLike[str], root: str | os.PathLike[str] | None = None) -> None:
        try:
            found = os.path.realpath(os.path.join(root or "", path), strict=True)
            if root is not None and not _is_inside(found, os.path.realpath(root)):
                raise HttpError(404, "there is no such file")
            descriptor = os.open(found, _FLAGS)
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno in _OURS:
                raise
            raise HttpError(404, "there is no such file") from None
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            os.close(descriptor)
            raise HttpError(404, "there is no such file")
        self._file, self._reading = FileIO(descriptor), threading.Lock()
        self.size = info.st_size
        self._left = self.size

    def fileno(self) -> int:
        return self._file.fileno()

    def __aiter__(self) -> File:
        return self

    async def __anext__(self) -> bytes:
        """The next part, read in a thread.

        Raises:
            OSError: it cannot be read, or has become shorter.
        """
        if not self._left:
            raise StopAsyncIteration
        part = await asyncio.to_thread(self._read, min(self._left, _PART_BYTES))
        if not part:
            raise OSError("the file has become shorter while it was sent")
        self._left -= len(part)
        return part

    def _read(self, size: int) -> bytes:
        with self._reading:
            return self._file.read(size)

    async def aclose(self) -> None:
        # A thread that still reads for a request that is cancelled must not read what gets the same descriptor next.
        with self._reading:
            self._file.close()


def _is_inside(path: str, root: str) -> bool:
    return os.path.commonpath([path, root]) == root


def content_type_of(path: str | os.PathLike[str]) -> str:
    """By the end of its name; octets where that says nothing."""
    # Behind a slash: alone, a name such as `data:text/html,` would be taken for a URL.
    kind, coding = mimetypes.guess_type(f"/{os.path.basename(os.fspath(path))}")
    if kind is None or coding is not None:
        return "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
