"""What pyrt uses of Python that Python does not document, and from which version on it need not."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

import pyrt

PACKAGE = Path(pyrt.__file__).parent
# By name: the first Python with a public replacement, and the replacement; None where there is none.
PRIVATE = {
    "asyncio.tasks._current_tasks": ((3, 12), "asyncio.Task(eager_start=True)"),
    "asyncio.tasks._enter_task": ((3, 12), "asyncio.Task(eager_start=True)"),
    "asyncio.tasks._leave_task": ((3, 12), "asyncio.Task(eager_start=True)"),
    "_is_protocol": ((3, 13), "typing.is_protocol"),
    "re._parser": None,
}


def used() -> set[str]:
    """Names that pyrt imports or asks for, and that begin with one underscore."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and not node.level:
                found |= {f"{node.module}.{alias.name}" for alias in node.names if re.match("_[a-z]", alias.name)}
            elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("getattr", "importlib.import_module"):
                texts = (each.value for each in node.args if isinstance(each, ast.Constant))
                found |= {text for text in texts if isinstance(text, str) and re.search(r"(^|\.)_[a-z]", text)}
    return found


def test_every_private_part_that_is_used_is_known() -> None:
    assert used() == {*PRIVATE}


@pytest.mark.parametrize("name", [name for name, known in PRIVATE.items() if known])
def test_a_private_part_is_used_only_while_the_oldest_python_has_nothing_public(name: str) -> None:
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())["project"]
    oldest = tuple(map(int, project["requires-python"].removeprefix(">=").split(".")))
    since, replacement = PRIVATE[name] or ((), "")
    assert oldest < since, f"pyrt requires Python {oldest} now: use {replacement} in place of {name}"
