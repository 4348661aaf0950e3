"""The shapes of `workloads.schemas` as JSON Schema, written out: a `$ref` would cost fastjsonschema a call."""

from __future__ import annotations

from typing import Any

from ..workloads.schemas import EMAIL

Schema = dict[str, Any]

TEXT: Schema = {"type": "string", "minLength": 1}
COUNT: Schema = {"type": "integer", "minimum": 0}
TAGS: Schema = {"type": "array", "items": {"type": "string"}}


def _object(**fields: Schema) -> Schema:
    return {"type": "object", "properties": fields, "required": list(fields)}


BY_SHAPE: dict[str, Schema] = {
    "small": _object(name=TEXT, email={"type": "string"}, age=COUNT),
    "list of 100": {
        "type": "array",
        "items": _object(sku=TEXT, price={"type": "number", "minimum": 0}, count=COUNT, tags=TAGS),
    },
    "five errors": _object(
        name=TEXT, email={"type": "string", "pattern": EMAIL}, age=COUNT, score={"type": "number"}, tags=TAGS
    ),
}
