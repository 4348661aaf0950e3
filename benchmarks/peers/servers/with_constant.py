"""The limit of the machine: uvloop, one constant written for whatever is read, nothing parsed.

Which constant it is, the first request of a connection says; no later one is looked at.
"""

import asyncio
import sys

import uvloop

HEAD = b"HTTP/1.1 %b\r\nx-seen: %b\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n%b"


def constant(status, method, kind, body):
    return HEAD % (status, method, kind, len(body), body)


ANSWERS = {
    b"GET /health": constant(b"200 OK", b"GET", b"text/plain", b"ok"),
    b"GET /users/42": constant(b"200 OK", b"GET", b"application/json", b'{"id":42,"name":"user 42"}'),
    b"POST /users": constant(
        b"201 Created", b"POST", b"application/json", b'{"name":"Ada Lovelace","email":"ada@example.org","age":36}'
    ),
}


class Constant(asyncio.Protocol):
    answer = None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        if self.answer is None:
            self.answer = ANSWERS[data.partition(b" HTTP/1.1")[0]]
        self.transport.write(self.answer)


async def main(port):
    server = await asyncio.get_running_loop().create_server(Constant, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
