"""A real Chromium that reaches no other host, asked over its DevTools protocol."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: the site is not opened")
OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"
QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
HEIGHT = 2400  # the shell draws what is in view only
COMPLAINTS = ("Runtime.exceptionThrown", "Log.entryAdded", "Network.loadingFailed")


class Tab:
    """One page at a time; what it complained of since it was opened, and what it asked other hosts for."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._numbers, self._session = socket, itertools.count(1), ""
        self._events: list[dict[str, Any]] = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")
        self._call("Page.setLifecycleEventsEnabled", enabled=True)

    def open(self, url: str, *, width: int = 1280, scheme: str = "light") -> None:
        """Load it at this width, in this colour scheme; returns when it is loaded."""
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=HEIGHT, deviceScaleFactor=1, mobile=False)
        self._call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self._load("about:blank")  # else another fragment of the same page would load nothing
        self._events.clear()
        self._load(url)

    def ask(self, expression: str) -> Any:
        """The value of an expression in the page; of a promise what it comes to."""
        found = self._call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    @property
    def complaints(self) -> list[str]:
        """Exceptions, errors and warnings on the console, and loads that failed."""
        console = [one for one in self._events if one["method"] == "Runtime.consoleAPICalled"]
        loud = [one for one in console if one["params"]["type"] in ("error", "warning", "assert")]
        return [json.dumps(one["params"])[:500] for one in self._events if one["method"] in COMPLAINTS or one in loud]

    @property
    def asked(self) -> list[str]:
        """The addresses of everything that the page loaded."""
        sent = (one for one in self._events if one["method"] == "Network.requestWillBeSent")
        return [one["params"]["request"]["url"] for one in sent]

    def _load(self, url: str) -> None:
        loader = self._call("Page.navigate", url=url)["loaderId"]
        # A load that was under way may end after this one began.
        while not any(_ended(event, loader) for event in self._events):
            self._receive()

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        session = {"sessionId": self._session} if self._session else {}
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters, **session}))
        while (answer := self._receive()).get("id") != number:
            pass
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def _receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._socket.recv(timeout=20))
        if "method" in message:
            self._events.append(message)
        return message


def _ended(event: dict[str, Any], loader: str) -> bool:
    told = event["params"]
    return event["method"] == "Page.lifecycleEvent" and (told["name"], told["loaderId"]) == ("load", loader)


@contextmanager
def tab(profile: Path) -> Iterator[Tab]:
    """A tab of a fresh browser, which ends with it."""
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--remote-debugging-port=0", f"--user-data-dir={profile}"]
    process = subprocess.Popen([*command, OFFLINE, *QUIET, "about:blank"], stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr
        lines = iter(process.stderr.readline, "")
        found = next(filter(None, (re.search(r"DevTools listening on (ws://\S+)", line) for line in lines)))
        with connect(found[1], max_size=None) as socket:
            yield Tab(socket)
    finally:
        process.terminate()
        process.wait(30)
        if process.stderr:
            process.stderr.close()
