"""Functions get what their parameters name; where each value comes from is decided once, at `freeze()`.

A *vocabulary* maps a name to its source, an expression over the context: the LocalContext of a request, or the
`Delivery` of a message. A `Binding` writes the call of a function, with the expressions for its parameters. A name that
is neither in the vocabulary nor annotated as a query parameter is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..errors import UnknownName, UsageError, ValidationError
from ..gtype import CAPS, Caps
from ..http.messages import Request
from ..naming import describe
from .context import GlobalContext, LocalContext
from .scripts import Script
from .signatures import ANYTHING, already_given, annotation, parameters
from .sources import Input, Source, query_source, refuse_query

__all__ = ("Binding", "Vocabulary", "request_vocabulary", "vocabulary")

Vocabulary = Mapping[str, Source]


def vocabulary(modules: Mapping[str, Any], **more: Source) -> dict[str, Source]:
    """The names that every function of an app may use: `gctx`, modules, and *more* for this kind of function."""
    constants = {name: Source("{}", module, kind=type(module)) for name, module in modules.items()}
    return {"gctx": Source("context.gctx", kind=GlobalContext), **constants, **more}


def request_vocabulary(modules: Mapping[str, Any], **more: Source) -> dict[str, Source]:
    """The names that functions may use inside a request: also `req` and `lctx`."""
    own = {"req": Source("context.request", kind=Request), "lctx": Source("context", kind=LocalContext)}
    return vocabulary(modules, **own, **more)


class Binding:
    """A function with the source of each of its parameters.

    Args:
        names: the vocabulary.
        caps: limits on the decoding of its query parameters.

    Attributes:
        sources: source of each parameter, by name.

    Raises:
        UnknownName: neither *names* nor the query provides a parameter.
        UsageError: a parameter cannot be given by name, or an annotation is wrong or cannot be resolved.
    """

    __slots__ = ("function", "sources")

    def __init__(self, function: Callable[..., Any], names: Vocabulary, caps: Caps = CAPS) -> None:
        self.function = function
        self.sources: dict[str, Source] = {}
        for parameter in parameters(function):
            source = names.get(parameter.name) or ("req" in names and query_source(function, parameter, caps)) or None
            if source is not None:
                _check_kind(function, parameter.name, source)
                self.sources[parameter.name] = source
            elif parameter.name not in already_given(function):
                # Also with a default: the name may be misspelt, and the parameter would never get a value.
                raise UnknownName(describe(function), parameter.name, sorted(names))

    @property
    def inputs(self) -> list[Input]:
        """The parameters that the function takes from the request itself."""
        return [source.input for source in self.sources.values() if source.input is not None]

    def names(self, name: str) -> bool:
        """Whether the function takes *name* from the context."""
        return name in self.sources

    def written(self, script: Script) -> tuple[list[str], str]:
        """The lines that must come before the call, and the call as an expression of *script* over `context`."""
        lines, arguments = self.arguments(script)
        given = ", ".join(f"{name}={expression}" for name, expression in arguments.items())
        return lines, f"{script.name('function', self.function)}({given})"

    def arguments(self, script: Script) -> tuple[list[str], dict[str, str]]:
        """The lines that must come before the arguments, and each argument as an expression of *script*.

        If several inputs may be refused, the lines read them, and raise all their violations in one error.
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
        """A function of the context that makes the call; it returns a coroutine if the function is async."""
        script = Script("def call(context)")
        lines, call = self.written(script)
        script.add(*lines, f"return {call}")
        return script.function("call")


def _refusal(context: Any, first: ValidationError, reads: Iterable[Callable[[Any], Any]]) -> ValidationError:
    """One error for all inputs: *first*, and the violations of the inputs that *reads* reads after it."""
    found = list(first.violations)
    for read in reads:
        try:
            read(context)
        except ValidationError as error:
            found += error.violations
    return ValidationError(found)


def _check_kind(function: Callable[..., Any], name: str, source: Source) -> None:
    """Refuse a parameter whose annotation is another type than its value will have."""
    if source.is_query or source.kind is None:
        return
    wanted, kind = annotation(function, name), source.kind
    refuse_query(function, name, wanted)
    # `issubclass` does not work with a Protocol. `_is_protocol` is private; from Python 3.13 on: `typing.is_protocol`.
    if isinstance(wanted, type) and wanted not in ANYTHING and not getattr(wanted, "_is_protocol", False):
        if not issubclass(kind, wanted):
            raise UsageError(
                f"{describe(function)}: {name!r} is a {kind.__name__}; do not annotate it as {wanted.__name__}"
            )
