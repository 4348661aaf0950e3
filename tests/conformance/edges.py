"""Every way a request reaches an app, behind one method: sockets of real servers, and clients in this process."""

from __future__ import annotations

import asyncio
import contextvars
import http.client
import importlib
import io
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from pyrt import App, Response
from pyrt.testing import SyncTestClient, TestClient

ROOT = Path(__file__).parents[2]
APP = "tests.conformance.app:app"
WAIT_S = 10.0
"""How long an answer, a start or an end may take before a test fails."""

SERVERS: dict[str, tuple[str, ...]] = {
    "pyrt": ("-m", "pyrt", "serve", "{app}", "--port", "{port}"),
    "uvicorn": ("-m", "uvicorn", "{app}", "--port", "{port}", "--no-access-log", "--lifespan", "on"),
    "granian": ("-m", "granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", "{port}", "{app}"),
}


class Answer(NamedTuple):
    """What came back.

    Attributes:
        headers: in order, names in lower case.
        complete: False where the body broke off before its end.
    """

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    complete: bool = True

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    def header(self, name: str) -> str:
        """The only value of *name*; a second one is an error."""
        (value,) = self.all(name)
        return value

    def json(self) -> Any:
        return json.loads(self.body)


class Ask(NamedTuple):
    """A request to send; a body in pieces is sent in chunks where there is something to cut."""

    method: str
    target: str
    headers: Sequence[tuple[str, str]] = ()
    body: bytes | list[bytes] = b""

    @property
    def whole_body(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else b"".join(self.body)

    def as_bytes(self) -> bytes:
        """The request as HTTP/1.1."""
        lines = [f"{self.method} {self.target} HTTP/1.1", "Host: test"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if isinstance(self.body, list):
            lines.append("Transfer-Encoding: chunked")
            body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in [*self.body, b""])
        else:
            lines += [f"Content-Length: {len(self.body)}"] if self.body else []
            body = self.body
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


class Edge(ABC):
    """An app that has been started, and a way to it."""

    @abstractmethod
    def send(self, ask: Ask) -> Answer: ...

    @abstractmethod
    def together(self, asks: Sequence[Ask]) -> list[Answer]:
        """The answers to requests that are all under way at once."""

    def in_turn(self, asks: Sequence[Ask]) -> list[Answer]:
        """The answers to requests on one connection, where there are connections."""
        return [self.send(ask) for ask in asks]

    @abstractmethod
    def close(self) -> None:
        """Stop the app."""

    def exchange(
        self, method: str, target: str, headers: Sequence[tuple[str, str]] = (), body: bytes | list[bytes] = b""
    ) -> Answer:
        return self.send(Ask(method, target, headers, body))

    def get(self, target: str, *headers: tuple[str, str]) -> Answer:
        return self.exchange("GET", target, headers)

    def post(self, target: str, body: bytes | list[bytes] = b"", *headers: tuple[str, str]) -> Answer:
        return self.exchange("POST", target, headers, body)

    def log(self) -> str:
        """What a server has said so far."""
        return ""


def start(name: str, folder: Path, reference: str = APP) -> Edge:
    """The edge of that *name* in front of the app at *reference*, ready to answer; *folder* is for a server's log."""
    if name in SERVERS:
        return Served(SERVERS[name], reference, folder / f"{name}.log")
    return IN_PROCESS[name](fresh(reference))


def fresh(reference: str) -> App:
    """The app at *reference*, its package imported anew: every edge has an app of its own."""
    package, _, attribute = reference.partition(":")
    for name in [each for each in sys.modules if each == package or each.startswith(f"{package}.")]:
        del sys.modules[name]
    app = getattr(importlib.import_module(package), attribute)
    assert isinstance(app, App)
    return app


# Over sockets


class _Reader(io.BufferedReader):
    """Reads a socket, for one `HTTPResponse` after the other: each closes what it read from when its body ends."""

    def makefile(self, mode: str) -> _Reader:
        return self

    def close(self) -> None: ...


class Connection:
    """One connection to a server, on which anything can be said."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=WAIT_S)
        self._reader = _Reader(socket.SocketIO(self.socket, "r"))

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def leave(self) -> None:
        """Break the connection off: a plain close could also mean that the client only listens from now on."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def say(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has answered and closed already, without reading all

    def say_no_more(self) -> None:
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it has closed already

    def begin(self, method: str = "GET") -> http.client.HTTPResponse:
        """The head of the next answer; its body can be read piece by piece."""
        response = http.client.HTTPResponse(self._reader, method=method)  # type: ignore[arg-type]
        response.begin()
        return response

    def answer(self, method: str = "GET") -> Answer:
        """The next answer, all of it."""
        response = self.begin(method)
        headers = [(name.lower(), value) for name, value in response.getheaders()]
        try:
            return Answer(response.status, headers, response.read())
        except http.client.IncompleteRead as error:
            return Answer(response.status, headers, error.partial, complete=False)
        except ConnectionResetError:
            return Answer(response.status, headers, b"", complete=False)

    def rest(self) -> bytes:
        """Everything until the server closes."""
        data = bytearray()
        try:
            while piece := self._reader.read1():
                data += piece
        except ConnectionResetError:
            pass  # closed with something of ours unread
        return bytes(data)


class Served(Edge):
    """An app under a server in a process of its own, on a real socket."""

    def __init__(self, command: Sequence[str], reference: str, log: Path) -> None:
        self.port = _free_port()
        self._log = log
        arguments = [part.format(app=reference, port=self.port) for part in command]
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._await_first_answer()
        except BaseException:
            self._kill()
            raise

    def _await_first_answer(self) -> None:
        deadline = time.monotonic() + WAIT_S
        while True:
            try:
                self.get("/health")
                return
            except ConnectionRefusedError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the server did not start:\n{self.log()}") from None
                time.sleep(0.02)

    def connect(self) -> Connection:
        return Connection(self.port)

    def send(self, ask: Ask) -> Answer:
        return self.in_turn([ask])[0]

    def in_turn(self, asks: Sequence[Ask]) -> list[Answer]:
        answers = []
        with self.connect() as connection:
            for ask in asks:
                connection.say(ask.as_bytes())
                answers.append(connection.answer(ask.method))
        return answers

    def together(self, asks: Sequence[Ask]) -> list[Answer]:
        connections = [self.connect() for _ in asks]
        try:
            for connection, ask in zip(connections, asks, strict=True):
                connection.say(ask.as_bytes())
            return [connection.answer(ask.method) for connection, ask in zip(connections, asks, strict=True)]
        finally:
            for connection in connections:
                connection.socket.close()

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def close(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(WAIT_S)
        except subprocess.TimeoutExpired:
            self._kill()
            raise RuntimeError(f"the server did not end:\n{self.log()}") from None
        assert not re.search("was never (awaited|retrieved)", self.log()), self.log()

    def _kill(self) -> None:
        """End the server and the workers that it started, which are in its session."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait(WAIT_S)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


# In this process


class InProcess(Edge):
    """An app on an event loop of this process; each request has a context of its own, as a caller would give it."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self.run(self.start())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        async def bounded() -> Any:
            async with asyncio.timeout(WAIT_S):
                return await work

        return self._runner.run(bounded(), context=contextvars.copy_context())

    def send(self, ask: Ask) -> Answer:
        answer: Answer = self.run(self.ask(ask))
        return answer

    def together(self, asks: Sequence[Ask]) -> list[Answer]:
        async def gather() -> list[Answer]:
            return await asyncio.gather(*(self.ask(each) for each in asks))

        answers: list[Answer] = self.run(gather())
        return answers

    def close(self) -> None:
        self.run(self.stop())
        self._runner.close()

    @abstractmethod
    async def start(self) -> None: ...

    @abstractmethod
    async def stop(self) -> None: ...

    @abstractmethod
    async def ask(self, ask: Ask) -> Answer: ...


class OverHttpx(InProcess):
    """ASGI through httpx's own transport, which has no lifespan: the app is started and stopped here."""

    async def start(self) -> None:
        await self.app.start()
        self._transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)

    async def stop(self) -> None:
        await self.app.stop()

    async def ask(self, ask: Ask) -> Answer:
        body = ask.body if isinstance(ask.body, bytes) else _pieces(ask.body)
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in ask.headers]
        request = httpx.Request(ask.method, f"http://test{ask.target}", headers=headers, content=body)
        response = await self._transport.handle_async_request(request)
        return Answer(response.status_code, _decoded(response.headers.raw), await response.aread())


class OverClient(InProcess):
    """`pyrt.testing.TestClient`."""

    async def start(self) -> None:
        self._client = TestClient(self.app, raise_errors=False)
        await self._client.__aenter__()

    async def stop(self) -> None:
        await self._client.__aexit__(None, None, None)

    async def ask(self, ask: Ask) -> Answer:
        return _answer(await self._client.request(ask.method, ask.target, ask.headers, ask.whole_body))


class OverSyncClient(Edge):
    """`pyrt.testing.SyncTestClient`."""

    def __init__(self, app: App) -> None:
        self._client = SyncTestClient(app, raise_errors=False).__enter__()

    def send(self, ask: Ask) -> Answer:
        return _answer(self._client.request(ask.method, ask.target, ask.headers, ask.whole_body))

    def together(self, asks: Sequence[Ask]) -> list[Answer]:
        raise NotImplementedError("one at a time")

    def close(self) -> None:
        self._client.__exit__(None, None, None)


IN_PROCESS = {"httpx": OverHttpx, "client": OverClient, "sync-client": OverSyncClient}
EDGES = (*SERVERS, *IN_PROCESS)


async def _pieces(body: Iterable[bytes]) -> Any:
    for piece in body:
        yield piece


def _decoded(raw: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in raw]


def _answer(response: Response) -> Answer:
    return Answer(response.status, _decoded(response.headers.raw), response.body)
