import ast
import importlib
import pkgutil
from pathlib import Path

import pytest

import pyrt

PACKAGE = Path(pyrt.__file__).parent
MODULES = [info.name for info in pkgutil.walk_packages([str(PACKAGE)], "pyrt.") if not info.name.endswith("__main__")]

# A part may import what stands before it in this list, never what stands behind it.
LAYERS = [
    ["errors", "types"],
    ["files", "forms", "jsontext", "limits", "messages", "pools"],
    ["routing", "gtype", "context", "deadlines", "unwinding", "scripts"],
    ["binding"],
    ["hooks", "queue", "modules", "subscribers", "lifecycle", "streams"],
    ["returns"],
    ["endpoints"],
    ["controller", "groups"],
    ["openapi"],
    ["ingress"],
    ["app"],
    ["serving", "testing"],
    ["cli"],
]
LEVEL = {part: level for level, parts in enumerate(LAYERS) for part in parts}


def imported_parts(path: Path) -> set[str]:
    """The parts of pyrt that a file imports at run time (not under TYPE_CHECKING)."""
    package = path.relative_to(PACKAGE.parent).with_suffix("").parts[:-1]
    tree = ast.parse(path.read_text())
    guarded = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level and id(node) not in guarded:
            base = [*package[: len(package) - node.level + 1], *(node.module or "").split(".")]
            found |= {base[1]} if base[1:] and base[1] else {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=str)
def test_imports_go_one_way(path: Path) -> None:
    part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if part not in LEVEL:
        assert part in ("__init__", "__main__")
        return
    for other in imported_parts(path) - {part, "__version__"}:
        assert LEVEL[other] <= LEVEL[part], f"{part} imports {other}"


@pytest.mark.parametrize("name", MODULES)
def test_all_is_a_tuple_of_names_that_exist(name: str) -> None:
    module = importlib.import_module(name)
    exported = getattr(module, "__all__", ())
    assert isinstance(exported, tuple)
    assert all(hasattr(module, each) for each in exported)


def test_the_package_exports_at_most_thirty_names() -> None:
    assert list(pyrt.__all__) == sorted(pyrt.__all__)
    assert len(pyrt.__all__) <= 30


def test_no_public_method_looks_like_a_benchmark() -> None:
    # asv takes every time_, mem_, peakmem_ or track_ attribute of a class that a suite imports.
    prefixes = ("time_", "timeraw_", "mem_", "peakmem_", "track_", "instr_")
    for each in (getattr(pyrt, name) for name in pyrt.__all__):
        assert not [name for name in dir(each) if name.startswith(prefixes)]
