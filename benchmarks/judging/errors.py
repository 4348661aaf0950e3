"""Why a verb ends without an answer. `cli/` gives each kind its exit code."""

from __future__ import annotations


class WrongUse(ValueError):
    """It cannot be done as asked; the message says why, and what to do instead."""


class Invalid(RuntimeError):
    """The measurement itself, or what was made of it, cannot be trusted; the message says why."""
