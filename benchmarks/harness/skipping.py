"""Old commits lack what newer suites measure: that shows as n/a, not as a failure."""

import pkgutil

from asv_runner.benchmarks.mark import SkipNotImplemented


def missing(*names: str) -> list[str]:
    """Those of the dotted public *names* below `pyrt` that the measured pyrt lacks."""
    return [name for name in names if not _exists(name)]


def available(*names: str) -> bool:
    """Whether the measured pyrt has all of *names*."""
    return not missing(*names)


def need(*names: str) -> None:
    """Skip the benchmark unless the measured pyrt has all of *names*; called inside it, never at import.

    Raises:
        SkipNotImplemented: asv then shows n/a.
    """
    lacking = missing(*names)
    if lacking:
        raise SkipNotImplemented(f"this pyrt has no {', '.join(lacking)}")


def _exists(name: str) -> bool:
    """Whether `pyrt.<name>` is there: an attribute, of a module that can be imported or of a class."""
    try:
        pkgutil.resolve_name(f"pyrt.{name}")
    except (ImportError, AttributeError):
        return False
    return True
