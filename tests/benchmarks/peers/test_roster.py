"""Who takes part, and what is missing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.peers.entries import NotInstalled
from benchmarks.peers.roster import NODE, ROSTER, Contender, NodeContender
from tests.benchmarks.peers.servers import present

ROOT = Path(__file__).parents[3]


def test_some_servers_are_installed_for_development() -> None:
    assert {"pyrt", "constant", "granian-rsgi", "granian-asgi"} <= {name for name in ROSTER if present(ROSTER[name])}


@pytest.mark.parametrize(
    ("contender", "said"),
    [
        (
            Contender("", (), "no-such-server", ("pytest", "no-loop")),
            "not installed: no-such-server, no-loop; `make peers`",
        ),
        (NodeContender("", (), "no-server"), f"`npm ci --prefix {NODE.relative_to(ROOT)}`|not installed: node;"),
    ],
)
def test_what_is_not_installed_says_how_to_get_it(contender: Contender, said: str) -> None:
    with pytest.raises(NotInstalled, match=said):
        contender.require()


def test_without_node_its_servers_are_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(NotInstalled, match="not installed: node; on Debian: apt-get install nodejs npm"):
        ROSTER["node"].require()
