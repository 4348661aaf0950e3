"""Modules: services with a life of their own, named by handlers; in this process."""

from .module import Module, Modules

__all__ = ("Module", "Modules")
