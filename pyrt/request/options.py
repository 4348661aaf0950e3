"""The options of a route, with their defaults and the values that they may have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

from ..errors import UsageError
from ..types import Hook
from .deadlines import checked_limit

__all__ = ("DEFAULTS", "RouteOptions", "check_answering", "check_options", "check_statuses")

CHECKS = ("off", "warn", "enforce")


class RouteOptions(TypedDict, total=False):
    """The options of a route.

    Attributes:
        status: status of the response, unless the handler returns a `Response`. Default 200.
        name: name for `app.url`. Default: the handler's name.
        raises: statuses that the handler raises as `HttpError`, and what each means, for the app's description.
        tags: tags under which the app's description lists the route.
        check_answers: check what the handler returns by its annotation: `off`, `warn` (log) or `enforce` (answer with
            500). Default: the app's, if the annotation is JSON.
        deadline_s: time limit of a request, in seconds; past it, 504; None for no limit. Default: the app's.
        cpu: run a plain function in another process instead of a thread. Default False.
        limit_body_bytes: largest body of a request; past it, 413. Default: the ingress's (see `Limits`).
        before, after, catch: hooks of this route only, inside the hooks of its groups.
    """

    status: int
    name: str
    deadline_s: float | None
    cpu: bool
    raises: Mapping[int, str]
    tags: Sequence[str]
    check_answers: str
    limit_body_bytes: int
    before: Iterable[Hook]
    after: Iterable[Hook]
    catch: Iterable[Hook]


DEFAULTS = RouteOptions(
    status=200,
    name="",
    deadline_s=None,
    cpu=False,
    raises={},
    tags=(),
    check_answers="off",
    limit_body_bytes=0,
    before=(),
    after=(),
    catch=(),
)


def check_options(options: RouteOptions, where: str) -> None:
    """Refuse wrong options; *where* names the route in the error.

    Args:
        options: all options of a route, including defaults.

    Raises:
        UsageError: an option has a wrong value.
        TypeError: an option does not exist.
    """
    if unknown := sorted(options.keys() - DEFAULTS.keys()):
        raise TypeError(f"{where}: unknown option {unknown[0]!r}; the options are {', '.join(DEFAULTS)}")
    if not isinstance(options["status"], int) or not 200 <= options["status"] <= 599:
        raise UsageError(f"{where}: status must be from 200 to 599, got {options['status']!r}")
    check_statuses(options["raises"], where)
    check_answering(options["check_answers"], where)
    if isinstance(options["tags"], str) or not all(isinstance(tag, str) for tag in options["tags"]):
        raise UsageError(f"{where}: tags must be a sequence of strings, got {options['tags']!r}")
    if type(options["limit_body_bytes"]) is not int or options["limit_body_bytes"] < 0:
        raise UsageError(f"{where}: limit_body_bytes needs a whole number from 0, got {options['limit_body_bytes']!r}")
    if options["deadline_s"] is not None:
        checked_limit(options["deadline_s"], f"{where}: deadline_s (None for no limit)")


def check_answering(check_answers: str, where: str) -> None:
    """Raise UsageError unless *check_answers* is one of `CHECKS`."""
    if check_answers not in CHECKS:
        raise UsageError(f"{where}: check_answers must be one of {', '.join(map(repr, CHECKS))}, got {check_answers!r}")


def check_statuses(raises: Any, where: str) -> None:
    """Raise UsageError unless *raises* maps statuses of errors to what they mean, in words."""
    is_sound = isinstance(raises, Mapping) and all(
        type(status) is int and 400 <= status <= 599 and isinstance(text, str) for status, text in raises.items()
    )
    if not is_sound:
        raise UsageError(f"{where}: raises must map statuses from 400 to 599 to texts, got {raises!r}")
