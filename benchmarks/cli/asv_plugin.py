"""What asv loads beside itself (`plugins` in asv.conf.json): writes that cannot be torn, and our pages of the site."""

from __future__ import annotations

import os
from typing import Any

from asv import util

from . import site

__all__ = ("site", "write_json")

_write_json = util.write_json


def write_json(path: Any, data: Any, api_version: int | None = None, compact: bool = False) -> None:
    """As asv's own, but through a file beside it that takes its place when it is whole."""
    beside = f"{os.fspath(path)}.{os.getpid()}.part"
    try:
        _write_json(beside, data, api_version, compact)
        os.replace(beside, path)
    except BaseException:
        if os.path.exists(beside):
            os.remove(beside)
        raise


def setup() -> None:
    """Called by asv when it loads the plugin."""
    util.write_json = write_json
