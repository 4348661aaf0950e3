"""The parts of a type, and how the modules that describe them depend on each other."""

import ast
import graphlib
from pathlib import Path

import pyrt.gtype

PACKAGE = Path(pyrt.gtype.__file__).parent


def imported(path: Path) -> set[str]:
    """The modules of the package that one of them imports, for its types alone, too."""
    found = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    return {node.module for node in found if node.level == 1 and node.module}


def test_no_modules_import_each_other_in_a_circle() -> None:
    imports = {path.stem: imported(path) for path in PACKAGE.glob("*.py")}
    assert "wording" in imports["parts"]
    order = list(graphlib.TopologicalSorter(imports).static_order())
    assert order.index("parts") < order.index("schema")
