"""The measuring: what `asv run` discovers, and `python -m benchmarks`."""

from .harness.kinds import register

register()
