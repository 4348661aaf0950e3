"""A disk that is full."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager

FULL = 4096


@contextmanager
def full_disk() -> Iterator[None]:
    """No file can grow beyond some kilobytes, which a process meets as it meets a full disk: EFBIG for ENOSPC.

    For as short as can be, since it holds for what the tests' own output goes to as well.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FULL, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
