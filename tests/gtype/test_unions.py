"""Unions that crash msgspec."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Generic, NewType, NotRequired, TypedDict, TypeVar

import msgspec
import pytest

from pyrt import Email, GType, UsageError
from pyrt.gtype import check


class Crashing(msgspec.Struct):
    inner: dict[str, Email | list[Email]]


T = TypeVar("T")
U = TypeVar("U")
AText = Annotated[str, msgspec.Meta(pattern="^a")]
Bound = TypeVar("Bound", bound=AText)
FewEntries = Annotated[dict[str, int], msgspec.Meta(min_length=1)]


class Box(msgspec.Struct, Generic[T]):
    x: T | list[int]
    more: "Box[T] | None" = None


class InBox(Box[AText]):
    pass


class BoxOf(Box[U], Generic[U]):
    y: U | None = None


class Bounded(msgspec.Struct, Generic[Bound]):
    x: Bound | list[int]


class Beside(msgspec.Struct, Generic[T]):
    x: AText | list[int]
    y: T


@dataclass
class Data(Generic[T]):
    x: AText | dict[str, int]
    y: T


class Typed(TypedDict, Generic[T]):
    x: NotRequired[T | dict[str, int]]


class Growing(msgspec.Struct, Generic[T]):
    x: "Growing[list[T]] | None" = None


@pytest.mark.parametrize(
    "annotation",
    [
        Box[AText],
        list[Box[AText] | None],
        BoxOf[AText],
        InBox,
        Bounded,
        Beside[int],
        Data[int],
        Typed[AText],
        FewEntries | tuple[int, str],
        Annotated[bytearray, msgspec.Meta(min_length=1)] | tuple[int, str],
        Annotated[int | str, msgspec.Meta(ge=0)] | tuple[int, str],
        NewType("Few", FewEntries) | tuple[int, str],
        Email | list[str],
        Email | dict[str, int],
        Email | tuple[int, str],
        Annotated[int, msgspec.Meta(ge=0)] | tuple[int, str],
        Crashing,
        list[Crashing],
    ],
)
def test_unions_that_crash_msgspec_are_refused(annotation: Any) -> None:
    with pytest.raises(UsageError, match="msgspec"):
        GType(annotation)


@pytest.mark.parametrize(
    "annotation",
    [
        Email | int | None,
        Annotated[str, msgspec.Meta(max_length=3)] | list[int],
        Annotated[int, check(bool)] | tuple[int, str],
        FewEntries | list[int],
        Box[int],
        BoxOf[int],
        Typed[int],
    ],
)
def test_unions_that_look_like_them_are_taken(annotation: Any) -> None:
    assert GType(annotation).violations(b"1.5") != []


def test_a_generic_class_that_grows_without_end_is_refused() -> None:
    with pytest.raises(UsageError, match="names itself without end"):
        GType(Growing[int])


def survives(union: str, directory: Path) -> bool:
    """Whether a process of its own makes and uses decoders of a union, and comes to its end."""
    program = f"""
from typing import Annotated
import msgspec
for _ in range(100):
    decode = msgspec.json.Decoder({union}).decode
    assert decode(b'"a"') == "a" and decode(b'[1, 2]') in ([1, 2], (1, 2))
"""
    # Freed memory is filled, so that using it again fails at once, and not by chance.
    environment = {**os.environ, "PYTHONMALLOC": "debug"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=directory, env=environment, capture_output=True, check=False
    )
    return done.returncode == 0


@pytest.mark.parametrize(
    ("rule", "union"),
    [
        ("text with a pattern beside an array", "Annotated[str, msgspec.Meta(pattern='^a')] | list[int]"),
        (
            "text with a pattern beside a dict",
            "Annotated[str, msgspec.Meta(pattern='^a')] | list[int] | dict[str, int]",
        ),
        ("limits beside a tuple", "Annotated[str, msgspec.Meta(max_length=9)] | tuple[int, int]"),
    ],
)
def test_msgspec_still_crashes_on_unions_that_are_refused(rule: str, union: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="msgspec crashes"):
        GType(eval(union))
    assert not survives(union, tmp_path), (
        f"msgspec {msgspec.__version__} no longer crashes on {rule}: ask for this version in pyproject.toml, and "
        "remove that rule from pyrt/gtype/unions.py, or the module with its last rule"
    )


@pytest.mark.parametrize("union", ["str | list[int]", "Annotated[str, msgspec.Meta(max_length=9)] | list[int]"])
def test_msgspec_does_not_crash_on_unions_that_are_taken(union: str, tmp_path: Path) -> None:
    assert GType(eval(union)).decode(b'"a"') == "a"
    assert survives(union, tmp_path)
