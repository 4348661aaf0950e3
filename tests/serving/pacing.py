"""Good traffic: `python -m tests.serving.pacing PORT SECONDS` asks so long, 500 times a second, and prints percentiles.

Requests are due at fixed moments. A latency counts from the moment when its request was due: a server that stands
still is felt by all that should have been sent meanwhile.
"""

from __future__ import annotations

import json
import socket
import sys
import time

PER_S = 500


def latencies(port: int, seconds: float) -> list[float]:
    found = []
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        start_s = time.perf_counter()
        for at in range(int(seconds * PER_S)):
            due_s = start_s + at / PER_S
            time.sleep(max(0.0, due_s - time.perf_counter()))
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = client.recv(65536)
            if not answer.endswith(b"\r\n\r\nok"):
                raise SystemExit(f"no answer: {answer!r}")
            found.append(time.perf_counter() - due_s)
    return found


if __name__ == "__main__":
    found = sorted(latencies(int(sys.argv[1]), float(sys.argv[2])))
    ranks = {"p50": 0.5, "p99": 0.99, "most": 1.0}
    print(json.dumps({name: found[min(len(found) - 1, int(rank * len(found)))] for name, rank in ranks.items()}))  # noqa: T201
