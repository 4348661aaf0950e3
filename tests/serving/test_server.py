import asyncio

import pytest

from pyrt import App
from pyrt.serving.server import Server


async def exchange(port: int, *pieces: bytes) -> bytes:
    """Everything the server says to *pieces*, each sent by itself, until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_a_server_answers_on_a_real_socket_and_drains() -> None:
    app = App()
    entered, release = asyncio.Event(), asyncio.Event()

    @app.get("/wait")
    async def wait() -> str:
        entered.set()
        await release.wait()
        return "done"

    server = Server(app, port=0)
    await server.start()
    request = b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"
    client = asyncio.create_task(exchange(server.port, request))
    await entered.wait()
    stopping = asyncio.create_task(server.stop())
    await asyncio.sleep(0)
    release.set()
    answer = await client
    await stopping
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\ndate: " in answer
    assert answer.endswith(b"\r\n\r\ndone")
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", server.port)


async def test_what_does_not_end_within_the_drain_time_is_cut_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    app = App()
    entered, cancelled = asyncio.Event(), asyncio.Event()

    @app.get("/")
    async def never() -> None:
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    server = Server(app, port=0, drain_timeout_s=0.01)
    await server.start()
    client = asyncio.create_task(exchange(server.port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
    await entered.wait()
    await server.stop()
    await asyncio.gather(client, return_exceptions=True)
    await cancelled.wait()
    assert "1 connections were cut" in caplog.text
