"""What the documentation shows is run."""

import ast
import asyncio
import inspect
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from pyrt import Limits

ROOT = Path(__file__).parents[1]
NAMES = ("routing", "contexts", "hooks", "handlers", "gtype", "openapi", "testing")
PAGES = ["README.md", *(f"docs/{name}.md" for name in NAMES)]
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_page_run_one_after_the_other(page: str) -> None:
    text = (ROOT / page).read_text()
    blocks = list(re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    assert blocks
    namespace: dict[str, Any] = {"__name__": "example"}
    for block in blocks:
        padding = "\n" * text.count("\n", 0, block.start(1))  # so that a trace has the page's own lines
        code = compile(padding + block[1], ROOT / page, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        result = eval(code, namespace)
        if inspect.iscoroutine(result):
            asyncio.run(result)


@pytest.mark.parametrize("page", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/*.md")), ids=lambda page: page.name)
def test_links_within_the_project_lead_somewhere(page: Path) -> None:
    assert [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()] == []


def test_the_table_of_limits_on_the_ingresss_page_is_that_of_the_code() -> None:
    table = dict(re.findall(r"^\| `(\w+)` \| ([\d,.]+) \|", (ROOT / "docs/ingress.md").read_text(), re.MULTILINE))
    said = {name: float(number.replace(",", "")) for name, number in table.items()}
    assert said == {field.name: field.default for field in fields(Limits)}


@pytest.mark.parametrize("package", ["pyrt", "benchmarks"])
def test_the_readme_names_every_folder_and_module_at_the_top_of_a_package(package: str) -> None:
    text = (ROOT / "README.md").read_text()
    entries = [path for path in (ROOT / package).iterdir() if not path.name.startswith(("_", "."))]
    names = [f"`{path.name}/`" if path.is_dir() else f"`{path.name}`" for path in entries if path.suffix in ("", ".py")]
    assert [name for name in names if name not in text] == []
