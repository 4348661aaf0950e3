"""Serving an app."""
