"""Merges the descriptions of several operations into one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ("all_of", "merged")

_Part = dict[str, Any]


def merged(operations: Sequence[_Part], components: Mapping[str, _Part]) -> _Part:
    """One operation that takes and answers what any of *operations* does.

    Args:
        components: responses that the operations refer to, by status.
    """
    first, *others = operations
    if not others:
        return first
    texts = [first.get("description", "")]
    texts += [f"Or: {text}" for each in others if (text := _text(each))]
    bodies = [each.get("requestBody") for each in operations]
    parts = {
        "summary": first.get("summary", ""),
        "description": "\n\n".join(filter(None, texts)),
        "tags": list(dict.fromkeys(tag for each in operations for tag in each.get("tags", ()))),
        "parameters": _parameters(operations),
        "requestBody": _body([body for body in bodies if body], is_required=all(bodies)),
    }
    responses = [each["responses"] for each in operations]
    statuses = sorted({status for each in responses for status in each})
    return {key: part for key, part in parts.items() if part} | {
        "responses": {
            status: _response([each[status] for each in responses if status in each], components.get(status, {}))
            for status in statuses
        }
    }


def all_of(schemas: Sequence[_Part]) -> _Part:
    """A schema for values that fit all of *schemas*."""
    return _joined("allOf", [schema for schema in schemas if schema] or [{}])


def _any_of(schemas: Sequence[_Part]) -> _Part:
    return {} if {} in schemas else _joined("anyOf", schemas)


def _joined(word: str, schemas: Sequence[_Part]) -> _Part:
    distinct = [schema for at, schema in enumerate(schemas) if schema not in schemas[:at]]
    return distinct[0] if len(distinct) == 1 else {word: distinct}


def _text(operation: _Part) -> str:
    return "\n\n".join(filter(None, (operation.get("summary", ""), operation.get("description", ""))))


def _parameters(operations: Sequence[_Part]) -> list[_Part]:
    """The parameters of all operations; one is required if all operations require it."""
    found: dict[tuple[str, str], list[_Part]] = {}
    for operation in operations:
        for each in operation.get("parameters", ()):
            found.setdefault((each["in"], each["name"]), []).append(each)
    return [
        {
            "name": name,
            "in": place,
            "required": len(each) == len(operations) and all(one["required"] for one in each),
            "schema": _any_of([one["schema"] for one in each]),
        }
        for (place, name), each in found.items()
    ]


def _body(bodies: Sequence[_Part], *, is_required: bool) -> _Part:
    if not bodies:
        return {}
    return {"content": _content(bodies), "required": is_required and all(body["required"] for body in bodies)}


def _content(parts: Sequence[_Part]) -> _Part:
    """The content of several request bodies or responses, by content type."""
    found: dict[str, list[_Part]] = {}
    for part in parts:
        for kind, each in part.get("content", {}).items():
            found.setdefault(kind, []).append(each.get("schema", {}))
    return {kind: {"schema": schema} if (schema := _any_of(each)) else {} for kind, each in found.items()}


def _response(responses: Sequence[_Part], component: _Part) -> _Part:
    distinct = [each for at, each in enumerate(responses) if each not in responses[:at]]
    if len(distinct) == 1:
        return distinct[0]
    resolved = [component if "$ref" in each else each for each in distinct]
    content = _content(resolved)
    description = "; or: ".join(dict.fromkeys(each["description"] for each in resolved))
    return {"description": description} | ({"content": content} if content else {})
