"""An app described: an OpenAPI 3.1 document, and a page of it for people."""

from .described import Described

__all__ = ("Described",)
