"""GType: decoding and validating JSON, and naming every violation of what is refused."""

import functools
from typing import Annotated

import pyrt

from ..harness.kinds import counted
from ..harness.sizing import Remade
from ..harness.skipping import need
from ..workloads import schemas

LOOP = range(10)


@functools.cache
def _prepared(shape, input):
    need("GType")
    gtype, data = pyrt.GType(schemas.annotation(shape)), schemas.body(shape, input)
    found = gtype.violations(data)
    if input == "valid":
        assert found == []
        gtype.decode(data)
        return gtype.decode, data
    assert len(found) == schemas.VIOLATIONS[shape], found
    return gtype.violations, data


@counted
class Validate:
    """JSON bytes to a value (valid), or to the list of all violations (invalid)."""

    version = "1"
    params = (list(schemas.VIOLATIONS), ["valid", "invalid"])
    param_names = ["shape", "input"]

    def time_validate(self, shape, input):
        validate, data = _prepared(shape, input)
        for _ in LOOP:
            validate(data)

    time_validate.inner = len(LOOP)


@functools.cache
def _annotation(shape):
    need("GType")
    return schemas.annotation(shape)


@counted
class Compile:
    """A schema from a type, as `freeze()` makes it when it first meets the type."""

    version = "2"
    params = list(schemas.VIOLATIONS)
    param_names = ["shape"]

    def time_compile(self, shape):
        annotation = _annotation(shape)
        # What has no hash is never kept: each call compiles.
        pyrt.GType(Annotated[annotation, {}])

    def mem_value(self, shape):
        validate, data = _prepared(shape, "valid")
        return Remade(lambda: validate(data))


@counted
class Known:
    """The schema of a type that has been compiled already."""

    version = "1"

    def time_find(self):
        annotation = _annotation("small")
        for _ in LOOP:
            pyrt.GType(annotation)

    time_find.inner = len(LOOP)


@functools.cache
def _repeated(kind, share):
    annotation = schemas.annotation("small") if kind == "decoded" else schemas.frozen()
    bodies = [memoryview(body) for body in schemas.stream(share)]
    decode = pyrt.GType(annotation).decode
    assert decode(bytes(bodies[0])).email
    return decode, bodies


@counted
class Repeated:
    """A thousand bodies, some of them repeated, with and without what a cache of decoded bodies would be.

    Its best case: values that nobody can change, so that a hit needs no copy. A body is new bytes each time, as from a
    socket.
    """

    version = "1"
    params = (["decoded", "cached"], [0.1, 0.5, 0.9])
    param_names = ["kind", "share"]

    def time_decode(self, kind, share):
        need("GType")
        decode, bodies = _repeated(kind, share)
        known = {}
        for body in bodies:
            data = bytes(body)
            if kind == "decoded":
                decode(data)
            elif data not in known:
                if len(known) == 1024:
                    del known[next(iter(known))]
                known[data] = decode(data)

    time_decode.inner = 1000
