"""A small repository whose commits are built without any package index but for the suite's tools."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.conftest import git

FILES = {
    "pyproject.toml": """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "pyrt"
version = "1"
""",
    "constraints.txt": "asv_runner==0.3.1\n",  # an old commit's; the suite runs with today's
    "backend.py": """
import zipfile

def build_wheel(folder, settings=None, metadata=None):
    name, info = "pyrt-1-py3-none-any.whl", "pyrt-1.dist-info"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        wheel.write("pyrt/__init__.py")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: pyrt\\nVersion: 1\\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return name
""",
    ".gitignore": ".asv/\n",
}
BROKEN = """
def build_wheel(folder, settings=None, metadata=None):
    raise LookupError("no compiler was found")
"""


class Commits:
    """The repository; each commit is a pyrt whose NUMBER says which."""

    def __init__(self, root: Path, branch: str = "main") -> None:
        self.root = root
        root.mkdir(parents=True)
        git(root, "init", "--quiet", f"--initial-branch={branch}")

    def begin(self, number: int = 1, **files: str) -> str:
        """The first commit that can be built."""
        for name, text in FILES.items():
            (self.root / name).write_text(text)
        return self.add(number, **files)

    def add(self, number: int, **files: str) -> str:
        """Commit another pyrt, and other files, `backend=` for backend.py; its hash."""
        (self.root / "pyrt").mkdir(exist_ok=True)
        (self.root / "pyrt/__init__.py").write_text(f"NUMBER = {number}\n")
        for name, text in files.items():
            (self.root / f"{name}.py").write_text(text)
        return self.commit(f"Make it {number}")

    def commit(self, subject: str) -> str:
        """Commit what lies there; its hash."""
        git(self.root, "add", "--all")
        git(self.root, "commit", "--quiet", "--allow-empty", "-m", subject)
        return git(self.root, "rev-parse", "HEAD")
