"""The exception tree: each class says who is at fault, and makes its message from fields that a program can read.

`UsageError` is a mistake of the app's author. `pyrt.request.controller` maps the others to HTTP responses.
"""

from __future__ import annotations

import copyreg
import signal
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from .naming import phrase

__all__ = (
    "ClosedError",
    "DeadlineExceeded",
    "FrozenError",
    "HttpError",
    "MalformedBody",
    "NotPicklable",
    "Overload",
    "ProtocolError",
    "PyrtError",
    "RouteConflict",
    "UnfitAnswer",
    "UnknownName",
    "UsageError",
    "ValidationError",
    "Violation",
    "WorkerDied",
)


class PyrtError(Exception):
    """Root of all exceptions that pyrt raises on purpose.

    Pickles with its fields, so that it arrives from another process as it was raised.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        # By default unpickling passes the message to the initializer, but the initializers here take fields.
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]


class UsageError(PyrtError):
    """The app's author uses pyrt wrongly; a mistake in a declaration is raised at registration or `freeze()`."""


class FrozenError(UsageError):
    """Something was registered after `freeze()`.

    Attributes:
        what: the thing that was to be registered.
        where: file and line of the attempt.
    """

    def __init__(self, what: str, where: str = "") -> None:
        self.what, self.where = what, where
        place = f" ({where})" if where else ""
        super().__init__(f"cannot add {what}{place}: the app is frozen; declare everything before it starts")


class RouteConflict(UsageError):
    """Two routes would answer the same requests.

    Attributes:
        method: HTTP method, upper case.
        path: the template that was refused.
        other: the template that was there before.
    """

    def __init__(self, method: str, path: str, other: str, where: str, other_where: str) -> None:
        self.method, self.path, self.other = method, path, other
        super().__init__(
            f"{method} {path} ({where}) answers the same requests as {method} {other} ({other_where}); "
            "remove one of them or change its path"
        )


class UnknownName(UsageError):
    """A handler, hook or subscriber has a parameter whose name nothing provides."""

    def __init__(self, function: str, name: str, known: Iterable[str]) -> None:
        self.function, self.name, self.known = function, name, tuple(known)
        super().__init__(
            f"{function} names {name!r}, which nothing provides; it may name {', '.join(self.known)}. "
            f"For a query parameter, write {name}: Query[...]"
        )


class HttpError(PyrtError):
    """Raise it in a handler or hook to answer with *status* and a problem document (RFC 9457).

    Attributes:
        status: 400 to 599.
        detail: text for the client.
        headers: header fields to add to the response.
    """

    def __init__(
        self, status: int, detail: str = "", headers: Sequence[tuple[str, str]] | Mapping[str, str] = ()
    ) -> None:
        if not 400 <= status <= 599:
            raise UsageError(f"the status of an HttpError must be from 400 to 599, got {status}")
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        self.status, self.detail, self.headers = status, detail, tuple(pairs)
        super().__init__(f"{status} {self.title}" + (f": {detail}" if detail else ""))

    @property
    def title(self) -> str:
        return phrase(self.status)


class MalformedBody(HttpError):
    """The body is not JSON (truncated, badly encoded or nested too deeply), or the query cannot be decoded."""

    def __init__(self, detail: str) -> None:
        super().__init__(400, detail)


class Violation(msgspec.Struct, frozen=True):
    """One part of a value that its schema refuses.

    Attributes:
        path: place of the part, such as `$.items[3].price` or `$.scores["ada"]`.
        expected: what the schema wants there.
        got: what was there, shortened; `***` if it is secret.
        code: `missing`, `unknown`, `type`, `range`, `length`, `pattern`, `multiple`, `choice`, `format`, `check` or
            `depth`.
    """

    path: str
    expected: str
    got: str
    code: str

    def as_dict(self) -> dict[str, str]:
        return msgspec.structs.asdict(self)


class ValidationError(PyrtError):
    """A value does not fit its schema.

    Attributes:
        violations: all violations, never empty.
    """

    def __init__(self, violations: Sequence[Violation]) -> None:
        self.violations = tuple(violations)
        super().__init__(_listed(self.violations))


def _listed(violations: Sequence[Violation]) -> str:
    first = violations[0]
    more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
    return f"{first.path}: expected {first.expected}, got {first.got}{more}"


class UnfitAnswer(PyrtError):
    """A handler returned a value that does not fit its return annotation; answered with 500.

    Attributes:
        what: the handler.
        violations: all violations, never empty.
    """

    def __init__(self, what: str, violations: Sequence[Violation]) -> None:
        self.what, self.violations = what, tuple(violations)
        super().__init__(f"{what} returned a value that does not fit its annotation: {_listed(self.violations)}")


class Overload(PyrtError):
    """A queue or pool is full and refuses more; answered with 503.

    Attributes:
        what: the queue or pool.
        pending, limit: how many wait in it, and how many may.
        retry_after_s: when to try again, in seconds from now.
    """

    def __init__(self, what: str, pending: int, limit: int, retry_after_s: float = 1.0) -> None:
        self.what, self.pending, self.limit, self.retry_after_s = what, pending, limit, retry_after_s
        super().__init__(f"{what} is full: {pending} of {limit}; retry in {retry_after_s:g} s")


class ClosedError(PyrtError):
    """Something is used after it was closed, or after its end.

    Attributes:
        what: the thing that is closed.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"{what} is closed")


class DeadlineExceeded(PyrtError):
    """A request, hook or function took longer than its limit and was cancelled; answered with 504.

    Attributes:
        what: the request, hook or function.
        limit_s: its limit, in seconds.
    """

    def __init__(self, what: str, limit_s: float) -> None:
        self.what, self.limit_s = what, limit_s
        super().__init__(f"{what} was cancelled after {limit_s:g} s")


class WorkerDied(PyrtError):
    """The process that ran a call ended before the call did.

    Attributes:
        what: the function that was called.
        exit_code: exit code of the process; minus the signal's number if a signal ended it; None if it is unknown.
    """

    def __init__(self, what: str, exit_code: int | None) -> None:
        self.what, self.exit_code = what, exit_code
        super().__init__(f"the process that ran {what} {self._end()} before the call was done")

    def _end(self) -> str:
        if self.exit_code is None or self.exit_code >= 0:
            return f"exited with code {self.exit_code}"
        if -self.exit_code == signal.SIGKILL:
            return "was killed by SIGKILL (did it run out of memory?)"
        try:
            return f"was killed by {signal.Signals(-self.exit_code).name}"
        except ValueError:
            return f"was killed by signal {-self.exit_code}"


class NotPicklable(PyrtError):
    """A call cannot go to another process, or its result cannot come back.

    Attributes:
        what: the function that was called.
        part: `arguments` (which include the function) or `result`.
        reason: the message of pickle.
    """

    def __init__(self, what: str, part: str, reason: str) -> None:
        self.what, self.part, self.reason = what, part, reason
        super().__init__(
            f"the {part} of {what} cannot be pickled ({reason}); a function for another process must be importable by "
            "name, and take and return values that pickle can carry"
        )


class ProtocolError(PyrtError):
    """The client breaks HTTP or passes a limit of the ingress.

    Attributes:
        status: status to answer with.
        goes_on: whether the connection may go on, because it is known where the next request begins.
    """

    def __init__(self, status: int, detail: str, *, goes_on: bool = False) -> None:
        self.status, self.detail, self.goes_on = status, detail, goes_on
        super().__init__(f"{status}: {detail}")
