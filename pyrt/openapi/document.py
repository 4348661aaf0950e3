"""Routes and schemas as an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1)."""

from __future__ import annotations

import functools
import inspect
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from ..binding import Input
from ..errors import Violation, phrase
from ..gtype.jsonschema import schemas
from ..returns import Returned
from ..routing import Converter

__all__ = ("Operation", "document")

_JSON, _BYTES, _PROBLEM = "application/json", "application/octet-stream", "application/problem+json"
_PARAMETER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(?::[a-z_][a-z0-9_]*)?\}")
_REF = "#/components/schemas/"
_WITHOUT_BODY = (204, 304)
_IMPLIED: Mapping[int | str, str] = {
    400: "The request cannot be read: its path, query or body is malformed",
    404: "Nothing is found under this path",
    413: "The body is larger than the server takes",
    422: "The request does not fit its schema; every violation is listed",
    "5XX": "The server failed (500), is overloaded (503, with Retry-After), or had no answer in time (504)",
}


class Problem(msgspec.Struct):
    """An error as a problem document (RFC 9457)."""

    title: str
    status: int
    detail: str
    request_id: str
    type: str = "about:blank"


class InvalidRequest(Problem):
    """A request that does not fit its schema, with everything that is wrong with it."""

    violations: list[Violation] = []


class Operation(NamedTuple):
    """One method of one route, with all that the description says of it.

    Attributes:
        params: the converters of its path.
        inputs: what handler and hooks ask of the request.
        raises: statuses of errors beyond those that follow from the rest, and what each means.
    """

    method: str
    path: str
    name: str
    handler: Callable[..., Any]
    status: int
    params: Mapping[str, Converter]
    inputs: Sequence[Input]
    returned: Returned
    raises: Mapping[int, str]
    tags: Sequence[str]


def document(title: str, version: str, description: str, operations: Iterable[Operation]) -> dict[str, Any]:
    """The OpenAPI document of an app's operations, in their order.

    A type that JSON Schema has no words for is described as anything.
    """
    listed = list(operations)
    types = [each.gtype.annotation for operation in listed for each in operation.inputs if each.gtype is not None]
    types += [operation.returned.gtype.annotation for operation in listed if operation.returned.gtype is not None]
    known = _Schemas([*types, Problem, InvalidRequest])
    names, paths = Counter[str](), dict[str, dict[str, Any]]()
    for operation in listed:
        names[operation.name] += 1
        number = names[operation.name]
        name = operation.name if number == 1 else f"{operation.name}_{number}"
        method, suffix = operation.method.lower(), ""
        # Routes that differ by converters alone have one path in OpenAPI: there the parameters' names differ.
        while method in paths.get(path := _PARAMETER.sub(rf"{{\1{suffix}}}", operation.path), ()):
            suffix += "_"
        paths.setdefault(path, {})[method] = _operation(operation, name, known, suffix)
    info = {"title": title, "version": version} | ({"description": description} if description else {})
    components = {"schemas": known.named, "responses": {str(status): known.problem(status) for status in _IMPLIED}}
    return {"openapi": "3.1.0", "info": info, "paths": paths, "components": components}


class _Schemas:
    """The schemas of types, those of classes by name; two classes of one name have two."""

    def __init__(self, annotations: Iterable[Any]) -> None:
        self.named: dict[str, Any] = {}
        self._found = {id(annotation): self._added(annotation) for annotation in annotations}

    def of(self, annotation: Any) -> dict[str, Any]:
        """The schema of one of the types."""
        return self._found[id(annotation)]

    def problem(self, status: int | str, text: str = "") -> dict[str, Any]:
        """The response that tells of an error."""
        schema = self.of(InvalidRequest if status == 422 else Problem)
        return {"description": text or _IMPLIED.get(status, ""), "content": {_PROBLEM: {"schema": schema}}}

    def _added(self, annotation: Any) -> dict[str, Any]:
        try:
            (schema,), named = schemas([annotation], _REF + "{name}")
        except (TypeError, KeyError):  # a type without words, or two classes that even msgspec cannot tell apart
            return {}
        names = {name: name for name in named}
        while clashing := [name for name in named if self._clashes(names[name], _renamed(named[name], names))]:
            for name in clashing:
                names[name] += "_"
        self.named |= {names[name]: _renamed(each, names) for name, each in named.items()}
        return _renamed(schema, names)  # type: ignore[no-any-return]

    def _clashes(self, name: str, schema: Any) -> bool:
        return bool(self.named.get(name, schema) != schema)


def _renamed(schema: Any, names: Mapping[str, str]) -> Any:
    """A schema whose references go to other names."""
    if isinstance(schema, list):
        return [_renamed(each, names) for each in schema]
    if isinstance(schema, dict):
        return {key: _renamed(value, names) for key, value in schema.items()}
    if isinstance(schema, str) and schema.startswith(_REF):
        return _REF + names.get(schema.removeprefix(_REF), schema.removeprefix(_REF))
    return schema


def _operation(operation: Operation, name: str, known: _Schemas, suffix: str) -> dict[str, Any]:
    summary, text = _words(operation.handler)
    body = next((each for each in operation.inputs if each.place == "body"), None)
    parameters = _parameters(operation, known, suffix)
    parts = {
        "operationId": name,
        "summary": summary,
        "description": text,
        "tags": list(operation.tags),
        "parameters": parameters,
        "requestBody": None if body is None else _body(body, known),
    }
    return {key: part for key, part in parts.items() if part} | {"responses": _responses(operation, known)}


def _words(handler: Any) -> tuple[str, str]:
    """The first line of a handler's docstring, and the rest."""
    while isinstance(handler, functools.partial):
        handler = handler.func
    summary, _, text = (inspect.getdoc(handler) or "").partition("\n")
    return summary, text.strip()


def _parameters(operation: Operation, known: _Schemas, suffix: str) -> list[dict[str, Any]]:
    """Those of path and query; *suffix* is added to the names in the path."""
    asked = {(each.place, each.name): each for each in operation.inputs}
    found = []
    for name in _PARAMETER.findall(operation.path):
        own = asked.get(("path", name))
        schema = known.of(own.gtype.annotation) if own and own.gtype else _converted(operation.params[name])
        found.append({"name": name + suffix, "in": "path", "required": True, "schema": schema})
    for (place, name), each in asked.items():
        if place == "query" and each.gtype is not None:
            schema = known.of(each.gtype.annotation) | _default(each.default)
            found.append({"name": name, "in": "query", "required": each.is_required, "schema": schema})
    return found


def _converted(converter: Converter) -> dict[str, Any]:
    """What a parameter's text looks like, by its converter."""
    if converter.type is not None and issubclass(converter.type, (int, float)):
        return {"type": "integer" if issubclass(converter.type, int) else "number"}
    if converter.type is UUID:
        return {"type": "string", "format": "uuid"}
    return {"type": "string", "minLength": 1}


def _default(default: Any) -> dict[str, Any]:
    if default is None or default is inspect.Parameter.empty:
        return {}
    try:
        return {"default": msgspec.json.decode(msgspec.json.encode(default))}
    except TypeError:
        return {}


def _body(body: Input, known: _Schemas) -> dict[str, Any]:
    content = {_JSON: {"schema": known.of(body.gtype.annotation)}} if body.gtype else {_BYTES: {}}
    return {"content": content, "required": body.is_required}


def _responses(operation: Operation, known: _Schemas) -> dict[str, Any]:
    """Every answer that the operation may give: its own, what follows from its inputs, what its author adds."""
    places = {each.place for each in operation.inputs} | ({"path"} if operation.params else set())
    is_checked = any(each.gtype is not None for each in operation.inputs)
    implied: dict[int | str, bool] = {
        400: bool(places),
        404: "path" in places,
        413: "body" in places,
        422: is_checked,
        "5XX": True,
    }
    errors: dict[int | str, Any] = {
        status: {"$ref": f"#/components/responses/{status}"} for status, holds in implied.items() if holds
    }
    errors |= {status: known.problem(status, text) for status, text in operation.raises.items()}
    ordered = {str(status): errors[status] for status in sorted(errors, key=str)}
    return _successes(operation, known) | ordered


def _successes(operation: Operation, known: _Schemas) -> dict[str, Any]:
    status, returned = operation.status, operation.returned
    answers: dict[int, Any] = {}
    if returned.content_type is not None:
        schema = known.of(returned.gtype.annotation) if returned.gtype else {}
        content = {returned.content_type or "*/*": {"schema": schema} if schema else {}}
        answers[status] = {"content": content} if status not in _WITHOUT_BODY else {}
    if returned.is_optional or returned.content_type == "":
        answers.setdefault(204 if status == 200 else status, {})
    return {str(status): {"description": phrase(status), **answer} for status, answer in answers.items()}
