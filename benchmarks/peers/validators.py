"""The same validation in several libraries, each as its own documentation writes it, and the test that they agree.

Imports no more than a suite does: the process that counts instructions imports it too. Every library but msgspec is
imported where it is used, so that one that is missing is missed alone.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

import pyrt

from ..harness.kinds import counted
from ..workloads import schemas
from . import jsonschemas
from .loops import per_call

Validation = Callable[[bytes], Any]
"""JSON bytes to a value (valid), or to the list of all errors, each with its path and message (invalid)."""

LOOP = range(10)


class Case(NamedTuple):
    """One body of `workloads.schemas`, valid or invalid."""

    shape: str
    kind: str

    @property
    def data(self) -> bytes:
        return schemas.body(*self)


CASES = {
    "small": Case("small", "valid"),
    "list": Case("list of 100", "valid"),
    "list, invalid": Case("list of 100", "invalid"),
    "five errors": Case("five errors", "invalid"),
}


class WrongAnswer(AssertionError):
    """A peer did not do the work that is measured: another value or answer, or another number of errors."""


def with_pyrt(case: Case) -> Validation:
    gtype = pyrt.GType(schemas.annotation(case.shape))
    return gtype.decode if case.kind == "valid" else gtype.violations


def with_msgspec(case: Case) -> Validation:
    decode = msgspec.json.Decoder(schemas.annotation(case.shape)).decode

    def errors(data: bytes) -> list[str]:
        try:
            decode(data)
        except msgspec.ValidationError as error:
            return [str(error)]  # it has the path in it
        return []

    return decode if case.kind == "valid" else errors


def with_pydantic(case: Case) -> Validation:
    from pydantic import TypeAdapter, ValidationError

    from . import models

    adapter: TypeAdapter[Any] = TypeAdapter(models.BY_SHAPE[case.shape])

    def errors(data: bytes) -> list[Any]:
        try:
            adapter.validate_json(data)
        except ValidationError as error:
            # Path, message, input and kind of each, as a violation has them.
            return error.errors(include_url=False, include_context=False)
        return []

    return adapter.validate_json if case.kind == "valid" else errors


def with_jsonschema_rs(case: Case) -> Validation:
    import jsonschema_rs

    decode = msgspec.json.decode
    validator = jsonschema_rs.validator_for(jsonschemas.BY_SHAPE[case.shape])

    def valid(data: bytes) -> Any:
        value = decode(data)
        validator.validate(value)
        return value

    def errors(data: bytes) -> list[Any]:
        # evaluate() would be faster on one small object, and four times slower on a list of 100.
        return [(error.instance_path, error.message) for error in validator.iter_errors(decode(data))]

    return valid if case.kind == "valid" else errors


def with_fastjsonschema(case: Case) -> Validation:
    import fastjsonschema

    decode = msgspec.json.decode
    validate = fastjsonschema.compile(jsonschemas.BY_SHAPE[case.shape], fast_fail=case.kind == "valid")

    def valid(data: bytes) -> Any:
        return validate(decode(data))

    def errors(data: bytes) -> list[Any]:
        try:
            validate(decode(data))
        except fastjsonschema.JsonSchemaValuesException as error:
            return [(each.path, each.message) for each in error.errors]
        return []

    return valid if case.kind == "valid" else errors


LIBRARIES: dict[str, Callable[[Case], Validation]] = {
    "pyrt": with_pyrt,
    "msgspec": with_msgspec,
    "pydantic": with_pydantic,
    "jsonschema-rs": with_jsonschema_rs,
    "fastjsonschema": with_fastjsonschema,
}
FIRST_ONLY = frozenset({"msgspec"})
"""Report the first error alone."""


@functools.cache
def prepared(library: str, name: str) -> tuple[Validation, bytes]:
    """The work of a library in a case, and what it is given.

    Raises:
        ModuleNotFoundError: the library is not there.
        WrongAnswer: it does something else.
    """
    case = CASES[name]
    validation, data = LIBRARIES[library](case), case.data
    if case.kind == "valid":
        check_value(validation, case)
    else:
        check_errors(validation(data), 1 if library in FIRST_ONLY else schemas.VIOLATIONS[case.shape])
    return validation, data


def check_value(validation: Validation, case: Case) -> None:
    """Whether the body becomes the right value, and the shape's invalid one is refused.

    Raises:
        WrongAnswer: it becomes another, or is not refused.
    """
    plain = msgspec.to_builtins(validation(case.data), enc_hook=lambda model: model.model_dump())
    if plain != json.loads(case.data):
        raise WrongAnswer(f"another value than the body's: {plain!r:.80}")
    try:
        validation(case._replace(kind="invalid").data)
    except Exception:  # each library has its own
        return
    raise WrongAnswer("an invalid body is not refused")


def check_errors(found: Sequence[Any], wanted: int) -> None:
    """Whether there are as many errors as there should be.

    Raises:
        WrongAnswer: there are not.
    """
    if len(found) != wanted:
        raise WrongAnswer(f"{len(found)} errors found where {wanted} are: {found!r:.80}")


def seconds(works: Sequence[tuple[str, str]], loop_s: float) -> list[float]:
    """Per call of each work, a case and a library, one after the other in loops of about *loop_s* seconds."""
    return [per_call(*prepared(library, case), loop_s) for case, library in works]


@counted
class Validate:
    """What `peers gtype` counts; asv does not see it."""

    version = "1"
    params = (list(LIBRARIES), list(CASES))
    param_names = ["library", "case"]

    def time_validate(self, library: str, case: str) -> None:
        validation, data = prepared(library, case)
        for _ in LOOP:
            validation(data)

    time_validate.inner = len(LOOP)  # type: ignore[attr-defined]
