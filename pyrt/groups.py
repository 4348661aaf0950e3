"""Groups: declare routes and hooks under one prefix. An app is the outermost group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, Unpack, cast, overload

from .errors import FrozenError, UsageError
from .naming import caller, describe
from .request.hooks import PHASES, HookFunction
from .request.options import DEFAULTS, RouteOptions, check_options
from .types import Handler

__all__ = ("Declarations", "Group", "HookDecorator", "RouteDeclaration")

F = TypeVar("F", bound=Callable[..., Any])

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class RouteDeclaration:
    """A route as it was declared.

    Attributes:
        place: file and line of the declaration.
        given: the options that its author gave; `options` includes the defaults.
    """

    group: Group
    place: str
    methods: tuple[str, ...]
    path: str
    handler: Handler
    given: RouteOptions

    def __post_init__(self) -> None:
        for method in self.methods:
            if method not in METHODS:
                raise UsageError(f"{self.where}: unknown method {method!r}; use {', '.join(METHODS)} (upper case)")
        if not self.methods:
            raise UsageError(f"{self.where} has no methods; give one or more of {', '.join(METHODS)}")
        check_options(self.options, self.where)

    @property
    def where(self) -> str:
        return f"route {self.path!r} of {describe(self.handler)}"

    @property
    def options(self) -> RouteOptions:
        """Every option: the value that the author gave, else the app's, else the default."""
        named: RouteOptions = {"name": getattr(self.handler, "__name__", "")}
        return DEFAULTS | self.group.declared.defaults | named | self.given

    def hooks(self, phase: str) -> tuple[HookFunction, ...]:
        """All hooks of a phase, from the outermost group's to the route's own.

        Raises:
            UsageError: two hooks have the same name, or one would run twice.
        """
        return _distinct(phase, [*self.group.hooks(phase), *cast(Mapping[str, Any], self.given).get(phase, ())])


def _with_hooks(options: RouteOptions) -> RouteOptions:
    """The same options, with a `HookFunction` for each hook, and without an empty name."""
    given = {name: value for name, value in options.items() if (name, value) != ("name", "")}
    hooks = {phase: tuple(map(HookFunction.of, cast(Any, given[phase]))) for phase in PHASES if phase in given}
    return cast(RouteOptions, given | hooks)


def _distinct(phase: str, hooks: list[HookFunction]) -> tuple[HookFunction, ...]:
    """The same hooks, if no two have the same name and none would run twice."""
    named: dict[str, HookFunction] = {}
    for hook in hooks:
        other = named.setdefault(hook.name, hook)
        if other.function is not hook.function:
            raise UsageError(
                f"two {phase} hooks of one route have the name {hook.name!r}: {other.where} and {hook.where}; "
                "give one of them another name with name="
            )
        if other is not hook:
            raise UsageError(f"the {phase} hook {hook.where} would run twice on one route; register it once")
    return tuple(hooks)


@dataclass(slots=True)
class Declarations:
    """What an app and its groups have declared so far.

    Attributes:
        defaults: options for routes whose author does not give them.
        named: one route for each name that an author gave.
        frozen: whether nothing may be added any more.
    """

    defaults: RouteOptions = field(default_factory=RouteOptions)
    routes: list[RouteDeclaration] = field(default_factory=list)
    named: dict[str, RouteDeclaration] = field(default_factory=dict)
    frozen: bool = False

    def refuse_when_frozen(self, what: str) -> None:
        if self.frozen:
            raise FrozenError(what, caller())

    def add(self, route: RouteDeclaration) -> None:
        """Add a route.

        Raises:
            FrozenError: the app is frozen.
            UsageError: a route with another path has the same name, given by its author.
        """
        self.refuse_when_frozen(f"route {route.path!r}")
        if name := route.given.get("name"):
            other = self.named.setdefault(name, route)
            if other.path != route.path:
                raise UsageError(f"{other.where} and {route.where} both have the name {name!r}; rename one")
        self.routes.append(route)


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
    """Routes under one prefix, with hooks that run inside the hooks of the group around it.

    Attributes:
        before: `@group.before` runs a hook before handlers, first declared first; a value it returns is the response.
        after: `@group.after` runs a hook on every response, last declared first; a value it returns replaces `res`.
        catch: `@group.catch` runs a hook on every error, last declared first; a value it returns is the response.
    """

    def __init__(self, declared: Declarations, prefix: str = "", around: Group | None = None) -> None:
        self.declared, self._prefix, self._around = declared, prefix, around
        self.before, self.after, self.catch = (HookDecorator(declared, phase) for phase in PHASES)

    def group(self, prefix: str) -> Group:
        """A group inside this one, for paths under *prefix* (`/api`, may have parameters).

        Raises:
            UsageError: the prefix does not begin with `/`, or ends with it.
        """
        if not prefix.startswith("/") or prefix.endswith("/"):
            raise UsageError(f"the prefix of a group must begin with '/' and not end with it, got {prefix!r}")
        self.declared.refuse_when_frozen(f"group {prefix!r}")
        return Group(self.declared, self._prefix + prefix, self)

    def route(self, path: str, methods: Iterable[str], **options: Unpack[RouteOptions]) -> Callable[[F], F]:
        """Answer *methods* on *path* (`/users/{id:int}`) with the decorated handler (see `RouteOptions`).

        Raises:
            FrozenError: the app has started.
            UsageError: a method or option is wrong; at `freeze()` also a path, a handler or a conflict.
        """
        if not path.startswith("/") and (path or not self._prefix):
            raise UsageError(f"the path of a route must begin with '/', or be '' in a group, got {path!r}")
        chosen, place, given = tuple(methods), caller(), _with_hooks(options)

        def register(handler: F) -> F:
            self.declared.add(RouteDeclaration(self, place, chosen, self._prefix + path, handler, given))
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
