"""GType: a Python type as a schema, compiled once."""

from .kinds import Email
from .schema import GType

__all__ = ("Email", "GType")
