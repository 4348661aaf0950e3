"""The description of an app: an OpenAPI 3.1 document, and an HTML page of it."""

from .described import Described

__all__ = ("Described",)
