"""GType: Python types as schemas, judged by msgspec; all violations on failure. Pure."""

from .caps import CAPS, Caps
from .kinds import DateTime, Decimal, Email, Secret, Url, Uuid, check
from .schema import GType

__all__ = ("CAPS", "Caps", "DateTime", "Decimal", "Email", "GType", "Secret", "Url", "Uuid", "check")
