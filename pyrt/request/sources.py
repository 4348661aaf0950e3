"""Where the values of parameters come from: path, query, body or form of a request; or a message."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterable, AsyncIterator, Callable
from enum import Enum
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, get_args, get_origin

from ..errors import UsageError, ValidationError, Violation
from ..gtype import CAPS, Caps, GType
from ..http.forms import Form
from ..naming import describe
from .context import LocalContext
from .signatures import ANYTHING, annotation, default_of, parameters

__all__ = (
    "Input",
    "Query",
    "Source",
    "body_source",
    "form_source",
    "is_query",
    "message_source",
    "param_source",
    "query_source",
    "refuse_query",
    "takes_parts",
)

# Annotations of a body that is read part by part, as it comes.
_PARTS = (AsyncIterator, AsyncIterable)


class Input(NamedTuple):
    """A parameter whose value comes from the request itself.

    Attributes:
        place: `path`, `query`, `body` or `form`.
        gtype: schema of the value; None for raw bytes or a raw form.
        default: value if the request has none; `inspect.Parameter.empty` if it must have one.
    """

    place: str
    name: str
    gtype: GType | None
    default: Any = inspect.Parameter.empty

    @property
    def is_required(self) -> bool:
        return self.default is inspect.Parameter.empty


class Source(NamedTuple):
    """Where a value comes from: a Python expression over `context`, in which `{}` is replaced by a name for *value*.

    Attributes:
        kind: type of the value, which a parameter's annotation must agree with; None for any.
        input: the parameter as part of the request; None if the value comes from the app.
        read: function of `context` that reads the same value, if it may be refused.
    """

    expression: str
    value: Any = None
    kind: type | None = None
    input: Input | None = None
    read: Callable[[Any], Any] | None = None

    @property
    def is_query(self) -> bool:
        return self.input is not None and self.input.place == "query"


T = TypeVar("T")


class QueryParameter:
    """Marks an annotation as a query parameter."""


Query = Annotated[T, QueryParameter()]
"""`q: Query[int]`: a converted query parameter; with a default it may be absent; `Query[list[int]]` gets all values."""


def param_source(function: Callable[..., Any], name: str, caps: Caps) -> Source:
    """The source of a path parameter; an annotation that is more than a plain type is checked as a schema."""
    wanted, plain = annotation(function, name), f"context.params[{name!r}]"
    if get_origin(wanted) not in (Annotated, Literal) and not (isinstance(wanted, type) and issubclass(wanted, Enum)):
        return Source(plain)
    gtype, path = _schema(function, name, wanted, caps), f"$path.{name}"

    def read(context: LocalContext) -> Any:
        return gtype.convert(context.params[name], strict=False, path=path)

    return Source("{}(context)", read, input=Input("path", name, gtype), read=read)


def body_source(function: Callable[..., Any], caps: Caps) -> Source:
    """The source of `body`, by its annotation: a schema decodes it, `bytes` is raw, no annotation is plain JSON.

    If the request has no body, a decoded `body` gets its default.
    """
    wanted, default = annotation(function, "body"), default_of(function, "body")
    refuse_query(function, "body", wanted)
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
    """Whether a handler reads the body part by part: `body: AsyncIterator[bytes]`, or a form."""
    names = [each.name for each in parameters(function)]
    return "form" in names or ("body" in names and get_origin(annotation(function, "body")) in _PARTS)


def form_source(function: Callable[..., Any], caps: Caps) -> Source:
    """The source of `form`, by its annotation: a `Form`, or a schema for its texts.

    Raises:
        UsageError: no form can fit the schema.
    """
    wanted = annotation(function, "form")
    refuse_query(function, "form", wanted)
    if wanted in ANYTHING or wanted is Form:
        return Source("context.form", input=Input("form", "form", None))
    gtype = _schema(function, "form", wanted, caps)
    if not gtype.in_form:
        raise UsageError(
            f"{describe(function)}: 'form' needs a pyrt.Form, or a class whose fields are text, numbers, or lists of "
            "them"
        )

    def read(context: LocalContext) -> Any:
        return gtype.convert(gtype.gathered(context.form.texts), strict=False, path="$form")

    return Source("{}(context)", read, input=Input("form", "form", gtype), read=read)


def message_source(function: Callable[..., Any]) -> Source:
    """The source of a subscriber's `message`: what was published, converted by its annotation."""
    wanted = annotation(function, "message")
    if wanted in ANYTHING:
        return Source("context.message")
    return Source("{}(context.message)", _schema(function, "message", wanted, CAPS).convert)


def _schema(function: Callable[..., Any], name: str, wanted: Any, caps: Caps) -> GType:
    try:
        return GType(wanted, caps)
    except Exception as error:
        raise UsageError(f"{describe(function)}: the annotation of {name!r} is not a schema: {error}") from error


def query_source(function: Callable[..., Any], parameter: inspect.Parameter, caps: Caps) -> Source | None:
    wanted = annotation(function, parameter.name)
    if any(is_query(option) for option in get_args(wanted)) and not is_query(wanted):
        raise UsageError(f"{describe(function)}: write {parameter.name}: Query[... | None], not Query[...] | None")
    if not is_query(wanted):
        return None
    name, default = parameter.name, parameter.default
    gtype = _schema(function, name, wanted, caps)
    if gtype.in_query == "none":
        raise UsageError(f"{describe(function)}: {name!r} has objects or nested lists, which a query cannot carry")
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


def refuse_query(function: Callable[..., Any], name: str, wanted: Any) -> None:
    if is_query(wanted):
        raise UsageError(f"{describe(function)}: {name!r} is a reserved name; give the query parameter another")
