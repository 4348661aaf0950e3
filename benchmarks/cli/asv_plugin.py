"""What asv loads beside itself (`plugins` in asv.conf.json): writes that cannot be torn, and our pages of the site."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from asv import util

from ..harness.atomic import replacing
from . import site

__all__ = ("site", "write_json")

_write_json = util.write_json


def write_json(path: Any, data: Any, api_version: int | None = None, compact: bool = False) -> None:
    """As asv's own, but the file is the old one until the new one is whole."""
    with replacing(Path(path)) as beside:
        _write_json(str(beside), data, api_version, compact)


def setup() -> None:
    """Called by asv when it loads the plugin."""
    util.write_json = write_json
