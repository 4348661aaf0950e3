"""Functions take what they name: for each parameter, where its value comes from, decided once.

A *vocabulary* maps a name to its source, an expression over the context: the LocalContext of a request, or a
message's delivery. A `Binding` joins the expressions of the names that a function has into one written call. What is
not in the vocabulary, and is not annotated as a query parameter, is an error at `freeze()`.
"""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping
from enum import Enum
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, get_args, get_origin

from ..errors import UnknownName, UsageError, ValidationError, Violation
from ..gtype import CAPS, Caps, GType
from ..http.forms import Form
from ..http.messages import Request
from ..naming import describe
from .context import GlobalContext, LocalContext
from .scripts import Script

__all__ = (
    "Binding",
    "Input",
    "Query",
    "Source",
    "Vocabulary",
    "annotation",
    "body_source",
    "form_source",
    "is_async",
    "is_query",
    "message_source",
    "param_source",
    "parameters",
    "request_vocabulary",
    "takes_parts",
    "vocabulary",
)


class Input(NamedTuple):
    """What a function asks of the request itself.

    Attributes:
        place: `path`, `query`, `body` or `form`.
        gtype: that it has to fit; None for bytes as they are.
        default: of what is not there; `inspect.Parameter.empty` where it has to be.
    """

    place: str
    name: str
    gtype: GType | None
    default: Any = inspect.Parameter.empty

    @property
    def is_required(self) -> bool:
        return self.default is inspect.Parameter.empty


class Source(NamedTuple):
    """Where a value comes from: a Python expression over `context`, in which `{}` stands for *value*.

    Attributes:
        kind: its type, for a parameter's annotation to agree with; None for any.
        input: of the request; None for what is the app's own.
        read: the same as a function of `context`, of an input that may be refused.
    """

    expression: str
    value: Any = None
    kind: type | None = None
    input: Input | None = None
    read: Callable[[Any], Any] | None = None

    @property
    def is_query(self) -> bool:
        return self.input is not None and self.input.place == "query"


Vocabulary = Mapping[str, Source]

# Annotations that say nothing.
ANYTHING = (Any, inspect.Parameter.empty)

# Annotations of a body that is taken as it comes.
_PARTS = (AsyncIterator, AsyncIterable)

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


def param_source(function: Callable[..., Any], name: str, caps: Caps) -> Source:
    """Where a path parameter comes from; one that is annotated with more than a plain type has to fit it, too."""
    wanted, plain = annotation(function, name), f"context.params[{name!r}]"
    if get_origin(wanted) not in (Annotated, Literal) and not (isinstance(wanted, type) and issubclass(wanted, Enum)):
        return Source(plain)
    gtype, path = _schema(function, name, wanted, caps), f"$path.{name}"

    def read(context: LocalContext) -> Any:
        return gtype.convert(context.params[name], strict=False, path=path)

    return Source("{}(context)", read, input=Input("path", name, gtype), read=read)


class Binding:
    """A function with the source of each parameter it names.

    Args:
        names: the vocabulary.
        caps: of what it asks of the query.

    Attributes:
        sources: by name.

    Raises:
        UnknownName: a parameter that neither *names* nor the query provides.
        UsageError: a parameter that cannot be given by name, or an annotation that cannot be resolved.
    """

    __slots__ = ("function", "sources")

    def __init__(self, function: Callable[..., Any], names: Vocabulary, caps: Caps = CAPS) -> None:
        self.function = function
        self.sources: dict[str, Source] = {}
        for parameter in parameters(function):
            source = names.get(parameter.name) or ("req" in names and _query_source(function, parameter, caps)) or None
            if source is not None:
                _check_kind(function, parameter.name, source)
                self.sources[parameter.name] = source
            elif parameter.name not in _given(function):
                # Also one with a default: it may be a name misspelt, and would never be given.
                raise UnknownName(describe(function), parameter.name, sorted(names))

    @property
    def inputs(self) -> list[Input]:
        """What the function asks of the request."""
        return [source.input for source in self.sources.values() if source.input is not None]

    def names(self, name: str) -> bool:
        """Whether the function takes *name* from the context."""
        return name in self.sources

    def written(self, script: Script) -> tuple[list[str], str]:
        """The call as an expression of *script* over `context`, and the lines that have to stand before it."""
        lines, arguments = self.arguments(script)
        given = ", ".join(f"{name}={expression}" for name, expression in arguments.items())
        return lines, f"{script.name('function', self.function)}({given})"

    def arguments(self, script: Script) -> tuple[list[str], dict[str, str]]:
        """What the function is given, each as an expression of *script* over `context`, and the lines before them.

        Where several inputs may be refused, these lines read them, and raise the violations of all together.
        """
        written = {}
        for name, source in self.sources.items():
            value = script.name(f"value_{name}", source.value) if "{}" in source.expression else ""
            written[name] = source.expression.format(value)
        reads = {name: source.read for name, source in self.sources.items() if source.read is not None}
        if len(reads) < 2:
            return [], written
        refused, every = script.name("ValidationError", ValidationError), script.name("every", tuple(reads.values()))
        lines = [
            "try:",
            *(f"    at = {at}; given_{name} = {written[name]}" for at, name in enumerate(reads)),
            f"except {refused} as error:",
            f"    raise {script.name('refusal', _refusal)}(context, error, {every}[at + 1:]) from None",
        ]
        return lines, written | {name: f"given_{name}" for name in reads}

    def compiled(self) -> Callable[[Any], Any]:
        """A function of the context that makes the call; what it returns is a coroutine where the function is async."""
        script = Script("def call(context)")
        lines, call = self.written(script)
        script.add(*lines, f"return {call}")
        return script.function("call")


def _refusal(context: Any, first: ValidationError, reads: Iterable[Callable[[Any], Any]]) -> ValidationError:
    """The violations of all inputs: those of the first that is refused, and of what *reads* would read after it."""
    found = list(first.violations)
    for read in reads:
        try:
            read(context)
        except ValidationError as error:
            found += error.violations
    return ValidationError(found)


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
    except Exception as error:  # annotations are expressions, which may raise anything
        raise UsageError(f"{describe(function)}: its annotations are no types ({error!r})") from error


def body_source(function: Callable[..., Any], caps: Caps) -> Source:
    """Where `body` comes from, by its annotation: a schema decodes it, `bytes` is raw, none is plain JSON.

    Where the request has no body, a default stands in.
    """
    wanted, default = annotation(function, "body"), _default(function, "body")
    _refuse_query(function, "body", wanted)
    if wanted is bytes:
        return Source("context.request.body", input=Input("body", "body", None, default))
    if get_origin(wanted) in _PARTS:
        return Source("context.request.parts()", input=Input("body", "body", None, default))
    gtype = _schema(function, "body", Any if wanted in ANYTHING else wanted, caps)
    decode = gtype.decode
    if default is not inspect.Parameter.empty:

        def decode(data: bytes) -> Any:
            return gtype.decode(data) if data else default

    return Source(
        "{}(context.request.body)",
        decode,
        input=Input("body", "body", gtype, default),
        read=lambda context: decode(context.request.body),
    )


def takes_parts(function: Callable[..., Any]) -> bool:
    """Whether a handler takes the body as it comes, `body: AsyncIterator[bytes]`, or in a form."""
    names = [each.name for each in parameters(function)]
    return "form" in names or ("body" in names and get_origin(annotation(function, "body")) in _PARTS)


def form_source(function: Callable[..., Any], caps: Caps) -> Source:
    """Where `form` comes from: a `Form` as it is, or its texts by a schema.

    Raises:
        UsageError: a schema that fits no form.
    """
    wanted = annotation(function, "form")
    _refuse_query(function, "form", wanted)
    if wanted in ANYTHING or wanted is Form:
        return Source("context.form", input=Input("form", "form", None))
    gtype = _schema(function, "form", wanted, caps)
    if not gtype.in_form:
        raise UsageError(
            f"{describe(function)}: 'form' is annotated with what no form can give; that are fields, each a text, a "
            "number or a list of them, or a pyrt.Form"
        )

    def read(context: LocalContext) -> Any:
        return gtype.convert(gtype.gathered(context.form.texts), strict=False, path="$form")

    return Source("{}(context)", read, input=Input("form", "form", gtype), read=read)


def message_source(function: Callable[..., Any]) -> Source:
    """Where a subscriber's `message` comes from: what was published, converted to its annotation."""
    wanted = annotation(function, "message")
    if wanted in ANYTHING:
        return Source("context.message")
    return Source("{}(context.message)", _schema(function, "message", wanted, CAPS).convert)


def _default(function: Callable[..., Any], name: str) -> Any:
    found = [each.default for each in parameters(function) if each.name == name]
    return found[0] if found else inspect.Parameter.empty


def _schema(function: Callable[..., Any], name: str, wanted: Any, caps: Caps) -> GType:
    try:
        return GType(wanted, caps)
    except Exception as error:
        raise UsageError(f"{describe(function)}: {name!r} is annotated with what is no schema: {error}") from error


def _query_source(function: Callable[..., Any], parameter: inspect.Parameter, caps: Caps) -> Source | None:
    wanted = annotation(function, parameter.name)
    if any(is_query(option) for option in get_args(wanted)) and not is_query(wanted):
        raise UsageError(f"{describe(function)}: write {parameter.name}: Query[... | None], not Query[...] | None")
    if not is_query(wanted):
        return None
    name, default = parameter.name, parameter.default
    gtype = _schema(function, name, wanted, caps)
    if gtype.in_query == "none":
        raise UsageError(f"{describe(function)}: {name!r} has objects or lists in it, which no query can give")
    many = gtype.in_query == "many"

    def read(lctx: LocalContext) -> Any:
        values = lctx.request.query_params.get(name)
        if values is None and default is not parameter.empty:
            return default
        if values is None:
            raise ValidationError([Violation(f"$query.{name}", "a value", "nothing", "missing")])
        return gtype.convert(values if many else values[-1], strict=False, path=f"$query.{name}")

    return Source("{}(context)", read, input=Input("query", name, gtype, default), read=read)


def is_query(wanted: Any) -> bool:
    """Whether an annotation is `Query[...]`."""
    return get_origin(wanted) is Annotated and any(isinstance(mark, QueryParameter) for mark in get_args(wanted)[1:])
