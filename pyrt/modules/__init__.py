"""Modules: services that start and stop with the app, and that handlers name; in this process."""

from .module import Module, Modules

__all__ = ("Module", "Modules")
