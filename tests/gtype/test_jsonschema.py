"""Types as JSON Schema."""

import decimal
import json
from dataclasses import dataclass

import msgspec

from pyrt import GType
from pyrt.gtype import Secret


class Left(msgspec.Struct, tag=1, tag_field="kind"):
    a: int


class Right(msgspec.Struct, tag=2, tag_field="kind"):
    b: int


@dataclass
class Point:
    x: int
    y: int = 0


class Closed(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    password: Secret[str] = "hunter2"
    retries: int = 3


class Around(msgspec.Struct):
    default: int = 1
    shadowed: Closed = Closed()
    maybe: Secret[str] | None = "hunter2"
    open: str = "shown"


def test_no_schema_shows_the_default_of_what_is_secret() -> None:
    schema = GType(Around).json_schema()
    assert "hunter2" not in json.dumps(schema)
    found = schema["$defs"]["Around"]["properties"]
    assert found["default"] == {"type": "integer", "default": 1}
    assert found["open"]["default"] == "shown"
    assert schema["$defs"]["Closed"]["properties"]["retries"]["default"] == 3


def test_the_json_schema_has_named_types_under_defs() -> None:
    schema = GType(list[Point]).json_schema()
    assert schema["items"] == {"$ref": "#/$defs/Point"}
    assert schema["$defs"]["Point"]["properties"]["y"] == {"type": "integer", "default": 0}


def test_the_json_schema_is_json_whatever_the_tags_are() -> None:
    schema = GType(Left | Right).json_schema()
    assert json.loads(json.dumps(schema)) == schema
    assert schema["discriminator"]["mapping"] == {"1": "#/$defs/Left", "2": "#/$defs/Right"}


def test_the_json_schema_says_that_a_decimal_may_be_a_number() -> None:
    assert GType(decimal.Decimal).json_schema() == {"type": ["string", "number"], "format": "decimal"}
