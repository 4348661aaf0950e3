"""Declaring: routes and hooks under one prefix. An app is the outermost group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict, TypeVar, Unpack, overload

from .errors import FrozenError, UsageError
from .naming import caller, describe
from .request.deadlines import checked_limit
from .request.hooks import PHASES, HookFunction
from .request.options import check_statuses
from .types import Handler, Hook

__all__ = ("Declarations", "Group", "HookDecorator", "RouteDeclaration", "RouteOptions")

F = TypeVar("F", bound=Callable[..., Any])

CHECKS = ("off", "warn", "enforce")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


class RouteOptions(TypedDict, total=False):
    """What may be said of a route.

    Attributes:
        status: of the answer, unless the handler returns a `Response`. Default 200.
        name: for `app.url`; the handler's own unless given.
        raises: statuses that the handler raises as `HttpError`, and what each means, for the app's description.
        tags: under which the app's description lists the route.
        check_answers: hold what the handler returns to its annotation: `off`, `warn` (in the log) or `enforce` (answer
            500). Default: the app's, where it says that it returns JSON.
        deadline_s: when a request is cancelled and answered with 504, in seconds; None for never. Default: the app's.
        cpu: run a plain function in a process of its own rather than in a thread. Default False.
        limit_body_bytes: of a request's body. Default: the ingress's, see `Limits`.
        before, after, catch: hooks of this route alone, inside those of its groups.
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


@dataclass(frozen=True, slots=True)
class RouteDeclaration:
    """A route as it was declared (see `RouteOptions`), in its group.

    Attributes:
        place: file and line that declared it.
    """

    group: Group
    place: str
    methods: tuple[str, ...]
    path: str
    handler: Handler
    deadline_s: float | None
    status: int = 200
    name: str = ""
    cpu: bool = False
    raises: Mapping[int, str] = field(default_factory=dict)
    tags: Sequence[str] = ()
    check_answers: str = ""
    limit_body_bytes: int = 0
    before: Iterable[Hook] = ()
    after: Iterable[Hook] = ()
    catch: Iterable[Hook] = ()

    def __post_init__(self) -> None:
        for method in self.methods:
            if method not in METHODS:
                raise UsageError(f"{self.where}: method {method!r}; known: {', '.join(METHODS)} (upper case)")
        if not self.methods:
            raise UsageError(f"{self.where} answers no method; name one or more of {', '.join(METHODS)}")
        if not isinstance(self.status, int) or not 200 <= self.status <= 599:
            raise UsageError(f"{self.where}: a status is from 200 to 599, got {self.status!r}")
        check_statuses(self.raises, self.where)
        check_answering(self.check_answers or "off", self.where)
        if isinstance(self.tags, str) or not all(isinstance(tag, str) for tag in self.tags):
            raise UsageError(f"{self.where}: tags are a sequence of strings, got {self.tags!r}")
        if type(self.limit_body_bytes) is not int or self.limit_body_bytes < 0:
            raise UsageError(f"{self.where}: limit_body_bytes is a whole number, got {self.limit_body_bytes!r}")
        if self.deadline_s is not None:
            checked_limit(self.deadline_s, f"{self.where}: deadline_s, unless it is None for no limit,")
        if self.name:
            self.group.declared.name_route(self)
        else:
            object.__setattr__(self, "name", getattr(self.handler, "__name__", ""))
        for phase in PHASES:
            object.__setattr__(self, phase, tuple(HookFunction.of(hook) for hook in getattr(self, phase)))

    @property
    def where(self) -> str:
        return f"route {self.path!r} of {describe(self.handler)}"

    def hooks(self, phase: str) -> tuple[HookFunction, ...]:
        """All hooks of a phase, from the outermost group's to the route's own.

        Raises:
            UsageError: two of them have one name, or one of them would run twice.
        """
        return _distinct(phase, [*self.group.hooks(phase), *getattr(self, phase)])


def check_answering(check_answers: str, where: str) -> None:
    """Raise UsageError unless it is one of `CHECKS`."""
    if check_answers not in CHECKS:
        raise UsageError(f"{where}: check_answers is one of {', '.join(map(repr, CHECKS))}, got {check_answers!r}")


def _distinct(phase: str, hooks: list[HookFunction]) -> tuple[HookFunction, ...]:
    """Hooks that run one after the other, no two of one name."""
    named: dict[str, HookFunction] = {}
    for hook in hooks:
        other = named.setdefault(hook.name, hook)
        if other.function is not hook.function:
            raise UsageError(
                f"two {phase} hooks of one route have the name {hook.name!r}: {other.where} and {hook.where}; "
                "give one another name, by name="
            )
        if other is not hook:
            raise UsageError(f"the {phase} hook {hook.where} would run twice on one route; register it once")
    return tuple(hooks)


@dataclass(slots=True)
class Declarations:
    """What an app and its groups have declared so far.

    Attributes:
        deadline_s: of routes that name none.
        frozen: nothing may be added any more.
    """

    deadline_s: float | None = 30.0
    routes: list[RouteDeclaration] = field(default_factory=list)
    named: dict[str, RouteDeclaration] = field(default_factory=dict)
    frozen: bool = False

    def refuse_when_frozen(self, what: str) -> None:
        if self.frozen:
            raise FrozenError(what, caller())

    def name_route(self, route: RouteDeclaration) -> None:
        """Let a path have its route's name, which the author chose.

        Raises:
            UsageError: another path has it.
        """
        other = self.named.setdefault(route.name, route)
        if other.path != route.path:
            raise UsageError(
                f"{other.where} and {route.where} both have the name {route.name!r}; give one another name"
            )


class HookDecorator:
    """Registers hooks of one phase: `@app.before`, or `@app.before(timeout_s=1.0)` (see `HookFunction`)."""

    def __init__(self, declared: Declarations, phase: str) -> None:
        self._declared, self._phase = declared, phase
        self.hooks: list[HookFunction] = []

    @overload
    def __call__(self, hook: F, /) -> F: ...
    @overload
    def __call__(
        self,
        *,
        name: str = "",
        timeout_s: float | None = None,
        critical: bool = True,
        raises: Mapping[int, str] = ...,
    ) -> Callable[[F], F]: ...
    def __call__(self, hook: Any = None, **options: Any) -> Any:
        if hook is None:
            return lambda hook: self._register(hook, options)
        return self._register(hook, options)

    def _register(self, hook: F, options: Mapping[str, Any]) -> F:
        made = HookFunction(hook, **options)
        self._declared.refuse_when_frozen(f"{self._phase} hook {made.name!r}")
        self.hooks = list(_distinct(self._phase, [*self.hooks, made]))
        return hook


class Group:
    """Routes under one prefix, with hooks of their own, which run inside those of the group around it.

    Attributes:
        before: `@group.before` runs a hook before the handlers, in order of declaration; what it returns answers.
        after: `@group.after` runs a hook on every response, last declared first; what it returns replaces `res`.
        catch: `@group.catch` runs a hook on every error, last declared first; what it returns answers.
    """

    def __init__(self, declared: Declarations, prefix: str = "", around: Group | None = None) -> None:
        self.declared, self._prefix, self._around = declared, prefix, around
        self.before, self.after, self.catch = (HookDecorator(declared, phase) for phase in PHASES)

    def group(self, prefix: str) -> Group:
        """A group within this one, its routes' paths under *prefix* (`/api`, may have parameters).

        Raises:
            UsageError: a prefix that does not begin with `/`, or ends with it.
        """
        if not prefix.startswith("/") or prefix.endswith("/"):
            raise UsageError(f"a prefix begins with '/' and does not end with it, got {prefix!r}")
        self.declared.refuse_when_frozen(f"group {prefix!r}")
        return Group(self.declared, self._prefix + prefix, self)

    def route(self, path: str, methods: Iterable[str], **options: Unpack[RouteOptions]) -> Callable[[F], F]:
        """Answer *methods* on *path* (`/users/{id:int}`) with the decorated handler (see `RouteOptions`).

        Raises:
            FrozenError: the app has started.
            UsageError: an unknown method or status; at `freeze()` also a bad path, conflict or handler.
        """
        if not path.startswith("/") and (path or not self._prefix):
            raise UsageError(f"a route's path begins with '/', or is '' in a group, got {path!r}")
        chosen, place = tuple(methods), caller()
        options.setdefault("deadline_s", self.declared.deadline_s)

        def register(handler: F) -> F:
            self.declared.refuse_when_frozen(f"route {path!r}")
            self.declared.routes.append(RouteDeclaration(self, place, chosen, self._prefix + path, handler, **options))
            return handler

        return register

    def hooks(self, phase: str) -> tuple[HookFunction, ...]:
        """The hooks of a phase, from the outermost group's to this one's."""
        around = self._around.hooks(phase) if self._around else ()
        return (*around, *getattr(self, phase).hooks)

    def get(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[F], F]:
        return self.route(path, ["GET"], **options)

    def post(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[F], F]:
        return self.route(path, ["POST"], **options)

    def put(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[F], F]:
        return self.route(path, ["PUT"], **options)

    def patch(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[F], F]:
        return self.route(path, ["PATCH"], **options)

    def delete(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[F], F]:
        return self.route(path, ["DELETE"], **options)

    def head(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[F], F]:
        return self.route(path, ["HEAD"], **options)

    def options(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[F], F]:
        return self.route(path, ["OPTIONS"], **options)
