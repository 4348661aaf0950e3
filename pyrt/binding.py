"""Functions take what they name: for each parameter, where its value comes from, decided once.

A *vocabulary* maps a name to its source, an expression over the context: the LocalContext of a request, or a
message's delivery. A `Binding` joins the expressions of the names that a function has into one written call. What is
not in the vocabulary, and is not annotated as a query parameter, is an error at `freeze()`.
"""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, NamedTuple, TypeVar, get_args, get_origin

from .context import GlobalContext, LocalContext
from .errors import UnknownName, UsageError, ValidationError, Violation, describe
from .gtype import GType
from .messages import Request
from .scripts import Script

__all__ = (
    "Binding",
    "Query",
    "Source",
    "Vocabulary",
    "annotation",
    "body_source",
    "is_async",
    "is_query",
    "param_source",
    "parameters",
    "request_vocabulary",
    "vocabulary",
)


class Source(NamedTuple):
    """Where a value comes from: a Python expression over `context`, in which `{}` stands for *value*.

    Attributes:
        kind: its type, for a parameter's annotation to agree with; None for any.
    """

    expression: str
    value: Any = None
    is_query: bool = False
    kind: type | None = None


Vocabulary = Mapping[str, Source]

# Annotations that say nothing.
ANYTHING = (Any, inspect.Parameter.empty)

T = TypeVar("T")


class QueryParameter:
    """Marks an annotation as a query parameter."""


Query = Annotated[T, QueryParameter()]
"""`q: Query[int]`: a query parameter, converted; with a default it may be absent; `Query[list[int]]` takes all."""


def vocabulary(modules: Mapping[str, Any], **more: Source) -> dict[str, Source]:
    """The names every function of an app may use: `gctx`, its modules, and *more* for this kind of function."""
    constants = {name: Source("{}", module, kind=type(module)) for name, module in modules.items()}
    return {"gctx": Source("context.gctx", kind=GlobalContext), **constants, **more}


def request_vocabulary(modules: Mapping[str, Any], **more: Source) -> dict[str, Source]:
    """The names of what runs inside a request: also `req` and `lctx`."""
    own = {"req": Source("context.request", kind=Request), "lctx": Source("context", kind=LocalContext)}
    return vocabulary(modules, **own, **more)


def param_source(name: str) -> Source:
    """Where a path parameter comes from."""
    return Source(f"context.params[{name!r}]")


class Binding:
    """A function with the source of each parameter it names.

    Attributes:
        sources: by name.

    Raises:
        UnknownName: a parameter that neither *names* nor the query provides.
        UsageError: a parameter that cannot be given by name, or an annotation that cannot be resolved.
    """

    __slots__ = ("function", "sources")

    def __init__(self, function: Callable[..., Any], names: Vocabulary) -> None:
        self.function = function
        self.sources: dict[str, Source] = {}
        for parameter in parameters(function):
            source = names.get(parameter.name) or ("req" in names and _query_source(function, parameter)) or None
            if source is not None:
                _check_kind(function, parameter.name, source)
                self.sources[parameter.name] = source
            elif parameter.name not in _given(function):
                # Also one with a default: it may be a name misspelt, and would never be given.
                raise UnknownName(describe(function), parameter.name, sorted(names))

    def names(self, name: str) -> bool:
        """Whether the function takes *name* from the context."""
        return name in self.sources

    def written(self, script: Script) -> str:
        """The call as an expression of *script* over `context`."""
        arguments = ", ".join(f"{name}={expression}" for name, expression in self.arguments(script).items())
        return f"{script.name('function', self.function)}({arguments})"

    def arguments(self, script: Script) -> dict[str, str]:
        """What the function is given, each as an expression of *script* over `context`."""
        written = {}
        for name, source in self.sources.items():
            value = script.name(f"value_{name}", source.value) if "{}" in source.expression else ""
            written[name] = source.expression.format(value)
        return written

    def compiled(self) -> Callable[[Any], Any]:
        """A function of the context that makes the call; what it returns is a coroutine where the function is async."""
        script = Script("def call(context)")
        script.add(f"return {self.written(script)}")
        return script.function("call")


def parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """The parameters of *function*, all of which can be given by name."""
    if not callable(function):
        raise UsageError(f"{function!r} is not a function")
    try:
        found = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError) as error:
        raise UsageError(f"{describe(function)} does not say what it takes ({error}); wrap it in a function") from None
    for parameter in found:
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise UsageError(
                f"{describe(function)} has {str(parameter)!r}; it must name what it takes, each by its own name"
            )
    return found


def _given(function: Callable[..., Any]) -> Mapping[str, Any]:
    """What a partial has been given by name."""
    return function.keywords if isinstance(function, functools.partial) else {}


def _check_kind(function: Callable[..., Any], name: str, source: Source) -> None:
    """Refuse a parameter whose annotation says that something else will come."""
    if source.is_query or source.kind is None:
        return
    wanted, kind = annotation(function, name), source.kind
    _refuse_query(function, name, wanted)
    if isinstance(wanted, type) and wanted not in ANYTHING and not getattr(wanted, "_is_protocol", False):
        if not issubclass(kind, wanted):
            raise UsageError(
                f"{describe(function)}: {name!r} is a {kind.__name__}, but it is annotated {wanted.__name__}"
            )


def _refuse_query(function: Callable[..., Any], name: str, wanted: Any) -> None:
    if is_query(wanted):
        raise UsageError(f"{describe(function)}: {name!r} has a meaning of its own, and is no query parameter")


def is_async(function: Callable[..., Any]) -> bool:
    """Whether calling *function* gives a coroutine: `async def`, a partial of one, an object that is called so."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def annotation(function: Callable[..., Any], name: str) -> Any:
    """The annotation of one parameter, evaluated; `inspect.Parameter.empty` where there is none."""
    while isinstance(function, functools.partial):
        function = function.func
    target = function if inspect.isroutine(function) else type(function).__call__
    if name not in getattr(target, "__annotations__", {}):
        return inspect.Parameter.empty
    try:
        return typing.get_type_hints(target, include_extras=True)[name]
    except NameError as error:
        raise UsageError(
            f"{describe(function)}: cannot resolve its annotations ({error}); define the type at module level"
        ) from None


def body_source(function: Callable[..., Any]) -> Source:
    """Where `body` comes from, by its annotation: a schema decodes it, `bytes` is raw, none is plain JSON.

    Where the request has no body, a default stands in.
    """
    wanted = annotation(function, "body")
    _refuse_query(function, "body", wanted)
    if wanted is bytes:
        return Source("context.request.body")
    default = _default(function, "body")
    plain = wanted in ANYTHING
    if plain and default is inspect.Parameter.empty:
        return Source("context.request.json()")
    decode = GType(Any).decode if plain else _schema(function, "body", wanted).decode
    if default is inspect.Parameter.empty:
        return Source("{}(context.request.body)", decode)
    return Source("{}(context.request.body)", lambda data: decode(data) if data else default)


def _default(function: Callable[..., Any], name: str) -> Any:
    found = [each.default for each in parameters(function) if each.name == name]
    return found[0] if found else inspect.Parameter.empty


def _schema(function: Callable[..., Any], name: str, wanted: Any) -> GType:
    try:
        return GType(wanted)
    except Exception as error:
        raise UsageError(f"{describe(function)}: {name!r} is annotated with what is no schema: {error}") from error


def _query_source(function: Callable[..., Any], parameter: inspect.Parameter) -> Source | None:
    wanted = annotation(function, parameter.name)
    if any(is_query(option) for option in get_args(wanted)) and not is_query(wanted):
        raise UsageError(f"{describe(function)}: write {parameter.name}: Query[... | None], not Query[...] | None")
    if not is_query(wanted):
        return None
    name, default = parameter.name, parameter.default
    gtype = _schema(function, name, wanted)
    inner = get_args(wanted)[0]
    many = any((get_origin(each) or each) in (list, set, tuple, frozenset) for each in (inner, *get_args(inner)))

    def read(lctx: LocalContext) -> Any:
        values = lctx.request.query_params.get(name)
        if values is None and default is not parameter.empty:
            return default
        if values is None:
            raise ValidationError([Violation(f"$query.{name}", "a value", "nothing", "missing")])
        return gtype.convert(values if many else values[-1], strict=False, path=f"$query.{name}")

    return Source("{}(context)", read, is_query=True)


def is_query(wanted: Any) -> bool:
    """Whether an annotation is `Query[...]`."""
    return get_origin(wanted) is Annotated and any(isinstance(mark, QueryParameter) for mark in get_args(wanted)[1:])
