"""What may be said of a route."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import UsageError

__all__ = ("check_statuses",)


def check_statuses(raises: Any, where: str) -> None:
    """Raise UsageError unless *raises* maps statuses of errors to what they mean, in words."""
    is_sound = isinstance(raises, Mapping) and all(
        type(status) is int and 400 <= status <= 599 and isinstance(text, str) for status, text in raises.items()
    )
    if not is_sound:
        raise UsageError(f"{where}: raises= maps statuses from 400 to 599 to words, got {raises!r}")
