"""GType: decoding and validating JSON, and naming every violation of what is refused."""

import functools

import pyrt

from ..harness.kinds import counted
from ..harness.sizing import Made
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


@counted
class Compile:
    """A schema from a type, as `freeze()` does it."""

    version = "1"
    params = list(schemas.VIOLATIONS)
    param_names = ["shape"]

    def time_compile(self, shape):
        need("GType")
        pyrt.GType(schemas.annotation(shape))

    def mem_value(self, shape):
        validate, data = _prepared(shape, "valid")
        return Made(lambda: validate(data))
