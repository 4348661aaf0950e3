import ast
import graphlib
import importlib
import pkgutil
from pathlib import Path

import pytest

import pyrt

PACKAGE = Path(pyrt.__file__).parent
MODULES = [info.name for info in pkgutil.walk_packages([str(PACKAGE)], "pyrt.") if not info.name.endswith("__main__")]

# Imports go one way: a part imports parts that come before it in this list.
LAYERS = [
    "naming", "errors", "types", "limits", "http", "routing", "pools", "gtype", "request", "queue", "modules", "groups",
    "openapi", "ingress", "running", "app", "serving", "testing", "cli",
]  # fmt: skip
TOP_MODULES = 10


def imported(path: Path) -> set[str]:
    """The modules and packages of pyrt that a file imports at run time (not under TYPE_CHECKING)."""
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
            base = ".".join([*package[: len(package) - node.level + 1], *filter(None, [node.module])])
            names = {f"{base}.{alias.name}" for alias in node.names}
            found |= (names & {*MODULES}) or {base}
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=str)
def test_parts_import_only_parts_that_come_before_them(path: Path) -> None:
    part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if part not in LAYERS:
        assert part in ("__init__", "__main__")
        return
    others = {name.split(".")[1] for name in imported(path) - {"pyrt"}} - {part}
    assert others <= set(LAYERS[: LAYERS.index(part)])


def test_no_two_modules_import_each_other() -> None:
    files = {name: Path(str(importlib.import_module(name).__file__)) for name in MODULES}
    graph = {name: imported(file) - {"pyrt"} for name, file in files.items()}
    assert list(graphlib.TopologicalSorter(graph).static_order())


def test_the_top_of_the_package_shows_at_most_ten_modules() -> None:
    top = [path.stem for path in PACKAGE.glob("*.py") if not path.stem.startswith("__")]
    assert len(top) <= TOP_MODULES


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
