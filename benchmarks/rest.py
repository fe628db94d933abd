"""Requests a second: health with every request logged, and sign-in by one of 5,000 agent tokens.

A small client of its own (raw HTTP/1.1, connections kept open) so that the server is what is
measured. Must not use more connections than a browser and a few scripts would.
"""

import asyncio
import time
from typing import cast

import uvloop

from benchmarks.figures import RECORDED, Figure, at_least, median
from benchmarks.speed import Effort
from benchmarks.stand import baseline, manager

_CONNECTIONS = 16


class _Client(asyncio.Protocol):
    """One connection: the next request goes out when the answer is in."""

    def __init__(self, request: bytes, gone: "asyncio.Future[None]") -> None:
        self._request = request
        self._gone = gone
        self._data = b""
        self.answers = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, there, body = self._data.partition(b"\r\n\r\n")
        if not there:
            return
        low = head.lower()
        start = low.index(b"content-length:") + 15
        length = int(low[start : low.find(b"\r", start) if b"\r" in low[start:] else None])
        if len(body) < length:
            return
        if b" 200 " not in head[:16]:
            raise SystemExit(f"refused: {head[:80]!r}")
        self._data = b""
        self.answers += 1
        self.transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._gone.done():
            self._gone.set_result(None)


async def _rate(port: int, path: str, token: str | None, seconds: float) -> float:
    loop = asyncio.get_running_loop()
    gone = loop.create_future()
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    if token is not None:
        lines.append(f"Authorization: Bearer {token}")
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()
    clients = [(await loop.create_connection(lambda: _Client(request, gone), "127.0.0.1", port))[1]
               for _ in range(_CONNECTIONS)]  # fmt: skip
    await asyncio.wait([gone], timeout=0.5)
    before, began = sum(client.answers for client in clients), time.perf_counter()
    await asyncio.wait([gone], timeout=seconds)
    done = sum(client.answers for client in clients) - before
    took = time.perf_counter() - began
    for client in clients:
        client.transport.abort()
    return done / took


def rest(effort: Effort) -> list[Figure]:
    """Requests a second over 16 connections."""
    health: list[float] = []
    plain: list[float] = []
    by_token: list[float] = []
    with manager(live=5_000, log_level="debug") as stand, baseline() as server:
        agent_id, token = stand.seeded.agents[-1]
        for _ in range(effort.repetitions):
            seconds = effort.seconds
            health.append(uvloop.run(_rate(stand.server.port, "/api/health", None, seconds)))
            plain.append(uvloop.run(_rate(server.port, "/health", None, seconds)))
            path = f"/api/agents/{agent_id}"
            by_token.append(uvloop.run(_rate(stand.server.port, path, token, seconds)))
    bare = median(plain)
    return [
        at_least("health, every request logged", "requests/s", median(health),
                 4 * RECORDED["health"], bare),
        at_least("agent by the last of 5,000 tokens", "requests/s", median(by_token),
                 20 * RECORDED["last_token"], bare),
    ]  # fmt: skip
