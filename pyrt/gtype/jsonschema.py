"""Types as JSON Schema (draft 2020-12, the dialect of OpenAPI 3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

__all__ = ("schemas",)

# Keywords with values in them, not schemas.
_VALUES = ("const", "default", "enum", "examples")


def schemas(annotations: Sequence[Any], ref_template: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The schema of each type, and the schemas of the classes that these refer to, by name.

    Args:
        ref_template: how a schema refers to a named one: `#/$defs/{name}`.

    Raises:
        TypeError: JSON Schema cannot describe one of the types.
    """
    found, named = msgspec.json.schema_components(annotations, ref_template=ref_template)
    mend = _Mender({ref_template.format(name=name): schema for name, schema in named.items()})
    return [mend.schema(each) for each in found], {name: mend.schema(each) for name, each in named.items()}


class _Mender:
    """Makes msgspec's schemas plain JSON, without the defaults of secrets.

    Args:
        named: the schemas that others refer to, by reference.
    """

    def __init__(self, named: dict[str, Any]) -> None:
        self._secret: set[str] = set()
        news = True
        while news:
            found = {name for name, schema in named.items() if self._hides(schema)}
            news = found != self._secret
            self._secret = found

    def schema(self, schema: Any) -> Any:
        """*schema* as plain JSON. A Decimal may also be a number, and `prefixItems` is left out if it is empty."""
        if isinstance(schema, list | tuple):
            return [self.schema(each) for each in schema]
        if not isinstance(schema, dict):
            # A value of the author's, such as a default or an example.
            return msgspec.json.decode(msgspec.json.encode(schema))
        mended = {
            str(key): {name: self.schema(each) for name, each in value.items()}
            if key == "properties"
            else self.schema(value)
            for key, value in schema.items()
        }
        if mended.get("format") == "decimal" and mended.get("type") == "string":
            mended["type"] = ["string", "number"]
        if mended.get("prefixItems") == []:
            del mended["prefixItems"]
        has_default = "default" in mended
        if has_default and mended["default"] is None and schema["default"] is not None:
            del mended["default"]  # such as nan, which JSON does not have
        elif has_default and self._hides(schema):
            del mended["default"]
        return mended

    def _hides(self, schema: Any) -> bool:
        """Whether values of a schema have secrets in them."""
        if isinstance(schema, list | tuple):
            return any(map(self._hides, schema))
        if not isinstance(schema, dict):
            return False
        if schema.get("writeOnly") is True or schema.get("$ref") in self._secret:
            return True
        return any(self._hides(value) for key, value in schema.items() if key not in _VALUES)
