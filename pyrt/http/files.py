"""Files as bodies of responses."""

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
# O_NONBLOCK: opening a pipe does not wait for its writer. O_NOCTTY: a terminal does not become this process's own.
_NAMES = ("O_RDONLY", "O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_BINARY")
_FLAGS = functools.reduce(operator.or_, (getattr(os, name, 0) for name in _NAMES))
# Errors of this process or the system, which say nothing about the file.
_OURS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO})


class File:
    """The bytes of a file: an async iterator over its parts. An ingress with a socket lets the system send them.

    Args:
        path: path of a regular file, which is opened immediately.
        root: folder that the file must be in, after `..` and links are resolved; None for any folder.

    Attributes:
        size: size in bytes when the file was opened; exactly so many are sent.

    Raises:
        HttpError: 404 if the file is missing, unreadable, not a regular file, or not in *root*.
        OSError: the system has no descriptor or memory left, or cannot read the disk.
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
            OSError: the file cannot be read, or has become shorter.
        """
        if not self._left:
            raise StopAsyncIteration
        part = await asyncio.to_thread(self._read, min(self._left, _PART_BYTES))
        if not part:
            raise OSError("the file became shorter while it was sent")
        self._left -= len(part)
        return part

    def _read(self, size: int) -> bytes:
        with self._reading:
            return self._file.read(size)

    async def aclose(self) -> None:
        # After a cancelled request, a thread may still read: the lock keeps the descriptor from being reused meanwhile.
        with self._reading:
            self._file.close()


def _is_inside(path: str, root: str) -> bool:
    return os.path.commonpath([path, root]) == root


def content_type_of(path: str | os.PathLike[str]) -> str:
    """The content type of a file by the end of its name; `application/octet-stream` if the name does not tell."""
    # With a slash before it: otherwise `guess_type` reads a name such as `data:text/html,` as a URL.
    kind, coding = mimetypes.guess_type(f"/{os.path.basename(os.fspath(path))}")
    if kind is None or coding is not None:
        return "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
