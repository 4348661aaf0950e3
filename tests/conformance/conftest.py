"""The edges as fixtures, and their logs where a test fails."""

from __future__ import annotations

import uuid
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.conformance.edges import APP, EDGES, Edge, Served, start

pytest.register_assert_rewrite("tests.conformance.rules")
SAID = pytest.StashKey[tuple[Edge, int]]()


class Edges:
    """Edges by name and app, each started when it is first asked for."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self._started: dict[tuple[str, str], Edge] = {}

    def get(self, name: str, reference: str = APP) -> Edge:
        key = (name, reference)
        if key not in self._started:
            folder = self._folder / reference.rpartition(":")[2]
            folder.mkdir(exist_ok=True)
            self._started[key] = self._stack.enter_context(closing(start(name, folder, reference)))
        return self._started[key]


@pytest.fixture(scope="session")
def edges(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edges]:
    with ExitStack() as stack:
        yield Edges(tmp_path_factory.mktemp("edges"), stack)


@pytest.fixture(params=EDGES)
def edge(request: pytest.FixtureRequest, edges: Edges) -> Edge:
    """The app under test behind each edge."""
    found = edges.get(request.param)
    request.node.stash[SAID] = (found, len(found.log()))
    return found


@pytest.fixture
def served(request: pytest.FixtureRequest, edges: Edges) -> Served:
    """The app under test behind `pyrt serve`."""
    found = edges.get("pyrt")
    assert isinstance(found, Served)
    request.node.stash[SAID] = (found, len(found.log()))
    return found


@pytest.fixture
def key() -> str:
    """A key for the app's notes that no other test uses."""
    return uuid.uuid4().hex


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the server said during a test that fails."""
    report = yield
    if report.failed and SAID in item.stash:
        edge, before = item.stash[SAID]
        report.sections.append(("server log", edge.log()[before:]))
    return report
