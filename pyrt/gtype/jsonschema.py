"""Types as JSON Schema (draft 2020-12, the dialect of OpenAPI 3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

__all__ = ("schemas",)


def schemas(annotations: Sequence[Any], ref_template: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The schema of each type, and those of the classes that they name, by name.

    Args:
        ref_template: how a schema refers to a named one: `#/$defs/{name}`.

    Raises:
        TypeError: a type that JSON Schema has no words for.
    """
    found, named = msgspec.json.schema_components(annotations, ref_template=ref_template)
    return [_mended(schema) for schema in found], _mended(named)


def _mended(schema: Any) -> Any:
    """As JSON, with numbers for Decimal, which msgspec reads, too, and without lists that must not be empty."""
    if isinstance(schema, list | tuple):
        return [_mended(each) for each in schema]
    if not isinstance(schema, dict):
        # Of the author's: a default, an example.
        return msgspec.json.decode(msgspec.json.encode(schema))
    mended = {str(key): _mended(value) for key, value in schema.items()}
    if mended.get("format") == "decimal" and mended.get("type") == "string":
        mended["type"] = ["string", "number"]
    if mended.get("prefixItems") == []:
        del mended["prefixItems"]
    if "default" in mended and mended["default"] is None and schema["default"] is not None:
        del mended["default"]  # JSON has no nan
    return mended
