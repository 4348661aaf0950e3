"""Schemas with a valid and an invalid body each."""

import functools
import json
import random
from typing import Any

_VALID: dict[str, Any] = {
    "small": {"name": "Ada", "email": "ada@example.org", "age": 36},
    "nested": {
        "id": 7,
        "customer": {"name": "Ada", "email": "ada@example.org", "age": 36},
        "lines": [{"sku": f"A-{n}", "price": 9.5, "count": n + 1, "tags": ["new", "blue"]} for n in range(5)],
        "notes": {"gift": "yes", "colour": "blue"},
    },
    "list of 100": [{"sku": f"A-{n}", "price": 9.5, "count": n + 1, "tags": ["new"]} for n in range(100)],
    "five errors": {"name": "Ada", "email": "ada@example.org", "age": 36, "score": 9.5, "tags": ["new", "blue"]},
}

_INVALID = {
    "small": {"name": "", "email": "ada@example.org", "age": -1},
    "nested": _VALID["nested"]
    | {"customer": {"name": "", "age": "x"}, "lines": [{"sku": "A", "price": -1, "count": 1, "tags": [1]}]},
    "list of 100": [line | ({"price": "much"} if n % 20 == 0 else {}) for n, line in enumerate(_VALID["list of 100"])],
    # One of each kind: a length, a pattern, a bound, a type, an item.
    "five errors": {"name": "", "email": "nobody", "age": -1, "score": "high", "tags": ["new", 7]},
}

VIOLATIONS = {"small": 2, "nested": 5, "list of 100": 5, "five errors": 5}
EMAIL = r"^[^@ ]+@[^@ ]+$"  # anchored, and linear: a character fits one part of it only


@functools.cache
def annotation(shape):
    """The schema of a shape, as a Python type."""
    from typing import Annotated

    import msgspec

    text = Annotated[str, msgspec.Meta(min_length=1)]
    count = Annotated[int, msgspec.Meta(ge=0)]
    price = Annotated[float, msgspec.Meta(ge=0)]
    person = msgspec.defstruct("Person", [("name", text), ("email", str), ("age", count)])
    line = msgspec.defstruct("Line", [("sku", text), ("price", price), ("count", count), ("tags", list[str])])
    order = msgspec.defstruct(
        "Order", [("id", int), ("customer", person), ("lines", list[line]), ("notes", dict[str, str])]
    )
    email = Annotated[str, msgspec.Meta(pattern=EMAIL)]
    entry = msgspec.defstruct(
        "Entry", [("name", text), ("email", email), ("age", count), ("score", float), ("tags", list[str])]
    )
    return {"small": person, "nested": order, "list of 100": list[line], "five errors": entry}[shape]


def body(shape: str, kind: str) -> bytes:
    """JSON bytes of a shape; *kind* is `valid` or `invalid`."""
    return json.dumps({"valid": _VALID, "invalid": _INVALID}[kind][shape], separators=(",", ":")).encode()


@functools.cache
def frozen():
    """The schema of the shape `small`, of values that cannot be changed."""
    from typing import Annotated

    import msgspec

    text = Annotated[str, msgspec.Meta(min_length=1)]
    count = Annotated[int, msgspec.Meta(ge=0)]
    return msgspec.defstruct("Person", [("name", text), ("email", str), ("age", count)], frozen=True)


def stream(share):
    """A thousand bodies of the shape `small`; *share* of them are one of twenty, the others are new each time."""
    lots = random.Random(1)
    names = [f"known{lots.randrange(20)}" if lots.random() < share else f"new{n}" for n in range(1000)]
    return [json.dumps({"name": "Ada", "email": f"{name}@example.org", "age": 36}).encode() for name in names]
