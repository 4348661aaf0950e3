"""Routes and schemas as an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1)."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from ..errors import Violation
from ..groups import RouteDeclaration
from ..http.forms import MULTIPART, URLENCODED
from ..naming import phrase
from ..request.endpoints import Endpoint
from ..request.sources import Input
from ..routing import Converter, skeleton
from .components import Components, untaken
from .merging import all_of, merged

__all__ = ("Operation", "document")

_JSON, _BYTES, _PROBLEM = "application/json", "application/octet-stream", "application/problem+json"
_WITHOUT_BODY = (204, 304)
_BODIES = ("body", "form")
_IMPLIED: Mapping[int | str, str] = {
    400: "The request cannot be read: its path, query or body is malformed",
    404: "No resource has this path",
    413: "The body is larger than the server accepts",
    415: "The body is not a form, or not in UTF-8",
    422: "The request does not fit its schema; every violation is listed",
    "5XX": "The server failed (500), is overloaded (503, with Retry-After), or did not answer in time (504)",
}


class Problem(msgspec.Struct):
    """An error as a problem document (RFC 9457)."""

    title: str
    status: int
    detail: str
    request_id: str
    type: str = "about:blank"


class InvalidRequest(Problem):
    """A request that does not fit its schema, with all violations."""

    violations: list[Violation] = []


class Operation(NamedTuple):
    """One method of a route, and the endpoint that answers it."""

    method: str
    route: RouteDeclaration
    endpoint: Endpoint


def document(title: str, version: str, description: str, operations: Iterable[Operation]) -> dict[str, Any]:
    """The OpenAPI document of an app's operations, in their order.

    A type that has no JSON Schema may be anything. Routes that differ only in the names and converters of their path
    parameters are one operation, as OpenAPI requires: it takes and answers what any of them does.
    """
    paths: dict[str, dict[str, list[Operation]]] = {}
    for operation in operations:
        methods = paths.setdefault(skeleton(operation.route.path), {})
        methods.setdefault(operation.method.lower(), []).append(operation)
    listed = [each for methods in paths.values() for found in methods.values() for each in found]
    inputs = [each for operation in listed for each in operation.endpoint.inputs]
    types = [each.gtype.annotation for each in inputs if each.gtype is not None]
    types += [each.endpoint.returned.gtype.annotation for each in listed if each.endpoint.returned.gtype is not None]
    known = Components([*types, Problem, InvalidRequest])
    responses = {str(status): _problem(known, status) for status in _IMPLIED}
    ids, written = set[str](), dict[str, Any]()
    for path, methods in paths.items():
        names = list(next(iter(methods.values()))[0].endpoint.params)
        written[path.format(*(f"{{{name}}}" for name in names))] = {
            method: {"operationId": _new_id(found[0], ids)}
            | merged([_operation(each, known, names) for each in found], responses)
            for method, found in methods.items()
        }
    info = {"title": title, "version": version} | ({"description": description} if description else {})
    components = {"schemas": known.named, "responses": responses}
    return {"openapi": "3.1.0", "info": info, "paths": written, "components": components}


def _new_id(operation: Operation, taken: set[str]) -> str:
    """A unique id: the route's name, or its method and path in words, with a number if that is taken."""
    path = skeleton(operation.route.path).replace("{}", " by ")
    spelled = "_".join([operation.method.lower(), *re.findall(r"\w+", path)])
    name = untaken(operation.route.options["name"] or spelled, taken)
    taken.add(name)
    return name


def _problem(known: Components, status: int | str, text: str = "") -> dict[str, Any]:
    """The response for an error."""
    schema = known.of(InvalidRequest if status == 422 else Problem)
    return {"description": text or _IMPLIED.get(status, ""), "content": {_PROBLEM: {"schema": schema}}}


def _operation(operation: Operation, known: Components, names: Sequence[str]) -> dict[str, Any]:
    """One operation without its id; *names* are the names of its path parameters in the document."""
    summary, text = _words(operation.endpoint.handler)
    body = next((each for each in operation.endpoint.inputs if each.place in _BODIES), None)
    parts = {
        "summary": summary,
        "description": text,
        "tags": list(operation.route.options["tags"]),
        "parameters": [*_path_parameters(operation, known, names), *_query_parameters(operation, known)],
        "requestBody": None if body is None else _body(body, known),
    }
    return {key: part for key, part in parts.items() if part} | {"responses": _responses(operation, known)}


def _words(handler: Any) -> tuple[str, str]:
    """The first line of a handler's docstring, and the rest."""
    while isinstance(handler, functools.partial):
        handler = handler.func
    called = handler if inspect.isroutine(handler) else type(handler).__call__
    summary, _, text = (inspect.getdoc(called) or inspect.getdoc(handler) or "").partition("\n")
    return summary, text.strip()


def _path_parameters(operation: Operation, known: Components, names: Sequence[str]) -> list[dict[str, Any]]:
    asked = {each.name: each.gtype for each in operation.endpoint.inputs if each.place == "path"}
    found = []
    for name, (own, converter) in zip(names, operation.endpoint.params.items(), strict=True):
        gtype = asked.get(own)
        schema = known.of(gtype.annotation) if gtype else _converted(converter)
        found.append({"name": name, "in": "path", "required": True, "schema": schema})
    return found


def _query_parameters(operation: Operation, known: Components) -> list[dict[str, Any]]:
    """The query parameters of handler and hooks; one that several take must fit all their schemas."""
    asked: dict[str, list[Input]] = {}
    for each in operation.endpoint.inputs:
        if each.place == "query":
            asked.setdefault(each.name, []).append(each)
    found = []
    for name, inputs in asked.items():
        is_required = any(each.is_required for each in inputs)
        schema = all_of([known.of(each.gtype.annotation) for each in inputs if each.gtype is not None])
        if not is_required and not any(each.gtype is not None and each.gtype.hides for each in inputs):
            schema = schema | _default(inputs[-1].default)
        found.append({"name": name, "in": "query", "required": is_required, "schema": schema})
    return found


def _converted(converter: Converter) -> dict[str, Any]:
    """The schema of a path parameter, by its converter."""
    if converter.type is not None and issubclass(converter.type, (int, float)):
        return {"type": "integer" if issubclass(converter.type, int) else "number"}
    if converter.type is UUID:
        return {"type": "string", "format": "uuid"}
    return {"type": "string", "minLength": 1}


def _default(default: Any) -> dict[str, Any]:
    if default is None or default is inspect.Parameter.empty:
        return {}
    try:
        written = msgspec.json.decode(msgspec.json.encode(default))
    except (TypeError, ValueError, RecursionError):
        return {}  # not JSON, such as an object that marks a missing value
    return {} if written is None else {"default": written}  # JSON has no nan


def _body(body: Input, known: Components) -> dict[str, Any]:
    described = {"schema": known.of(body.gtype.annotation)} if body.gtype else {}
    kinds = (URLENCODED, MULTIPART) if body.place == "form" else (_JSON if body.gtype else _BYTES,)
    content = dict.fromkeys(kinds, described)
    return {"content": content, "required": body.is_required}


def _responses(operation: Operation, known: Components) -> dict[str, Any]:
    """All responses of the operation: its own, errors that follow from its inputs, errors that its author declares."""
    places = {each.place for each in operation.endpoint.inputs} | ({"path"} if operation.endpoint.params else set())
    is_checked = any(each.gtype is not None for each in operation.endpoint.inputs)
    implied: dict[int | str, bool] = {
        400: bool(places),
        404: "path" in places,
        413: not places.isdisjoint(_BODIES),
        415: "form" in places,
        422: is_checked,
        "5XX": True,
    }
    errors: dict[int | str, Any] = {
        status: {"$ref": f"#/components/responses/{status}"} for status, holds in implied.items() if holds
    }
    raises = operation.endpoint.chain.raises | operation.route.options["raises"]  # type: ignore[operator]
    errors |= {status: _problem(known, status, text) for status, text in raises.items()}
    ordered = {str(status): errors[status] for status in sorted(errors, key=str)}
    return _successes(operation, known) | ordered


def _successes(operation: Operation, known: Components) -> dict[str, Any]:
    status, returned = operation.endpoint.status, operation.endpoint.returned
    answers: dict[int, Any] = {}
    if returned.content_type is not None:
        schema = known.of(returned.gtype.annotation) if returned.gtype else {}
        content = {returned.content_type or "*/*": {"schema": schema} if schema else {}}
        answers[status] = {"content": content} if status not in _WITHOUT_BODY else {}
    if returned.is_optional or returned.content_type == "":
        answers.setdefault(204 if status == 200 else status, {})
    return {str(status): {"description": phrase(status), **answer} for status, answer in answers.items()}
