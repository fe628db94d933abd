"""Time the model gateway adds to the first byte of an answer: direct and through it, alternating.

Provider, gateway and client are three processes on loopback; the provider answers at once, so
all of the difference is the gateway's. Prints one JSON object; exits 1 over the bar.
Must not reach any real provider.

    python benchmarks/gateway_ttfb.py [--requests 400] [--body-kb 80]
"""

import argparse
import asyncio
import contextlib
import hashlib
import json
import multiprocessing
import multiprocessing.connection
import socket
import statistics
import sys
import time

import aiohttp
import uvicorn
from aiohttp import web
from fastapi import FastAPI

from autosclaw.manager.domain.usage import PriceTable, UsageRow
from autosclaw.manager.gateway.forward import Gateway
from autosclaw.manager.gateway.ports import Caller
from autosclaw.manager.gateway.router import create_router
from autosclaw.manager.gateway.upstream import ApiKey, Upstream

BAR_MS = 5.0
WARM_UP = 30
START_SECONDS = 60.0
TOKEN = "0" * 64
MODEL = "claude-opus-4-6"
EVENTS = [
    {
        "type": "message_start",
        "message": {"id": "msg_1", "model": MODEL, "usage": {"input_tokens": 20_000}},
    },
    *(
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "text_delta", "text": "word "},
        }
        for _ in range(20)
    ),
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn"},
        "usage": {"output_tokens": 30},
    },
    {"type": "message_stop"},
]
CHUNKS = [f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in EVENTS]


class Ports:
    """Rights by the hash of a token, rows counted: what the manager does without its database."""

    def __init__(self) -> None:
        self._agents = {hashlib.sha256(TOKEN.encode()).digest(): Caller("agent-1")}
        self.recorded = 0

    async def authenticate(self, token: str) -> Caller | None:
        return self._agents.get(hashlib.sha256(token.encode()).digest())

    async def admit(self, caller: Caller, model: str) -> str | None:
        return None

    async def record(self, caller: Caller, row: UsageRow) -> None:
        self.recorded += 1


async def play(request: web.Request) -> web.StreamResponse:
    await request.read()
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await response.prepare(request)
    for chunk in CHUNKS:
        await response.write(chunk)
    await response.write_eof()
    return response


def provide(ready: multiprocessing.connection.Connection) -> None:
    app = web.Application(client_max_size=64 << 20)
    app.router.add_post("/v1/messages", play)
    sock = socket.create_server(("127.0.0.1", 0))
    ready.send(sock.getsockname()[1])
    web.run_app(app, sock=sock, print=None, access_log=None)


def stand_between(ready: multiprocessing.connection.Connection, provider: str) -> None:
    app = FastAPI()
    gateway = Gateway(Upstream(provider, ApiKey("sk-benchmark")), PriceTable.load())
    app.include_router(create_router(Ports(), gateway))
    sock = socket.create_server(("127.0.0.1", 0))
    ready.send(sock.getsockname()[1])
    # Requests are logged as in a manager, but standard output is for the result.
    with contextlib.redirect_stdout(sys.stderr):
        uvicorn.Server(uvicorn.Config(app, log_level="info", lifespan="off")).run([sock])


async def first_byte_ms(client: aiohttp.ClientSession, base: str, body: bytes) -> float:
    """From sending the request to the first byte of the body; the rest is read afterwards."""
    headers = {"Authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    began = time.perf_counter()
    async with client.post(base + "/v1/messages?beta=true", data=body, headers=headers) as response:
        first = await response.content.readany()
        took = (time.perf_counter() - began) * 1000
        assert response.status == 200
        assert first + await response.read() == b"".join(CHUNKS)
    return took


async def measure(direct: str, gateway: str, requests: int, body: bytes) -> dict[str, object]:
    taken: dict[str, list[float]] = {direct: [], gateway: []}
    async with aiohttp.ClientSession() as client:
        for number in range(WARM_UP + requests):
            order = (direct, gateway) if number % 2 else (gateway, direct)
            for base in order:
                took = await first_byte_ms(client, base, body)
                if number >= WARM_UP:
                    taken[base].append(took)
    added = [g - d for g, d in zip(taken[gateway], taken[direct], strict=True)]
    return {
        "requests_each": requests,
        "body_bytes": len(body),
        "direct_ms": spread(taken[direct]),
        "gateway_ms": spread(taken[gateway]),
        "added_ms": spread(added),
        "bar_added_p50_ms": BAR_MS,
    }


def spread(values: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return {"p50": round(cuts[49], 2), "p99": round(cuts[98], 2)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--body-kb", type=int, default=80)
    options = parser.parse_args()
    text = "x" * (options.body_kb << 10)
    body = json.dumps({"model": MODEL, "stream": True, "messages": [text]}).encode()
    context = multiprocessing.get_context("spawn")
    processes: list[multiprocessing.process.BaseProcess] = []

    def start(target: object, *more: str) -> str:
        ours, theirs = context.Pipe()
        process = context.Process(target=target, args=(theirs, *more), daemon=True)
        process.start()
        processes.append(process)
        if not ours.poll(START_SECONDS):
            raise SystemExit("a server of the benchmark did not start")
        return f"http://127.0.0.1:{ours.recv()}"

    try:
        direct = start(provide)
        result = asyncio.run(measure(direct, start(stand_between, direct), options.requests, body))
    finally:
        for process in processes:
            process.terminate()
            process.join()
    print(json.dumps(result, indent=2))
    added = result["added_ms"]
    assert isinstance(added, dict)
    return 0 if added["p50"] <= BAR_MS else 1


if __name__ == "__main__":
    sys.exit(main())
