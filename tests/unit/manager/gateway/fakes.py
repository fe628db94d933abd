"""A provider that does what a test tells it, ports that remember, and both on real sockets."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import uvicorn
from aiohttp import web
from fastapi import FastAPI

from autosclaw.manager.domain.usage import PriceTable, UsageRow
from autosclaw.manager.gateway.forward import Gateway
from autosclaw.manager.gateway.ports import Caller
from autosclaw.manager.gateway.router import create_router
from autosclaw.manager.gateway.upstream import ApiKey, OAuthToken, Upstream

KEY = "sk-ant-canary-0123456789"
TOKEN = "agent-token"
MODEL = "claude-opus-4-6"
WAIT_SECONDS = 20.0

Play = Callable[[web.Request], Awaitable[web.StreamResponse]]


def event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def start(**usage: Any) -> bytes:
    message = {"id": "msg_1", "model": MODEL, "usage": {"output_tokens": 1, **usage}}
    return event("message_start", message=message)


def delta(text: str) -> bytes:
    return event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})


def end(output: int) -> bytes:
    stop = event(
        "message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": output}
    )
    return stop + event("message_stop")


async def eventually(condition: Callable[[], bool]) -> None:
    """Until it holds; fails the test after WAIT_SECONDS."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.005)


class Provider:
    """Plays `play` for every request and remembers what it was sent."""

    def __init__(self) -> None:
        self.play: Play = self.whole_stream
        self.seen: list[web.Request] = []
        self.bodies: list[bytes] = []
        self.peers: list[object] = []
        self.hung_up = 0
        self.running = 0
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        self.peers.append(request.get_extra_info("peername"))
        self.bodies.append(await request.read())
        self.running += 1
        try:
            return await self.play(request)
        except (asyncio.CancelledError, ConnectionError):
            self.hung_up += 1
            raise
        finally:
            self.running -= 1

    @asynccontextmanager
    async def streaming(self, request: web.Request) -> AsyncIterator[web.StreamResponse]:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        yield response
        await response.write_eof()

    async def whole_stream(self, request: web.Request) -> web.StreamResponse:
        async with self.streaming(request) as response:
            await response.write(start(input_tokens=1000, cache_read_input_tokens=200))
            await response.write(delta("hello"))
            await response.write(end(42))
        return response

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Provider"]:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_route("*", "/{path:.*}", self.handle)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield self
        finally:
            await runner.cleanup()


@dataclass
class Ports:
    """GatewayPorts in memory."""

    rows: list[UsageRow] = field(default_factory=list[UsageRow])
    refusal: str | None = None
    admitted: list[str] = field(default_factory=list[str])
    error: Exception | None = None
    record_error: Exception | None = None

    async def authenticate(self, token: str) -> Caller | None:
        if self.error:
            raise self.error
        return Caller("agent-1") if token == TOKEN else None

    async def admit(self, caller: Caller, model: str) -> str | None:
        self.admitted.append(model)
        return self.refusal

    async def record(self, caller: Caller, row: UsageRow) -> None:
        assert caller.agent_id == row.agent_id
        self.rows.append(row)
        if self.record_error:
            raise self.record_error


@asynccontextmanager
async def listening(app: FastAPI) -> AsyncIterator[str]:
    """The app on a real uvicorn server on loopback: its URL."""
    sock = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve([sock]))
    try:
        await eventually(lambda: server.started)
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
        sock.close()


@dataclass
class World:
    """A provider, the gateway in front of it and an agent's connection to the gateway."""

    provider: Provider
    ports: Ports
    gateway: Gateway
    url: str
    agent: aiohttp.ClientSession

    def ask(
        self, path: str = "/v1/messages", **more: Any
    ) -> "aiohttp.client._RequestContextManager":
        headers = {"Authorization": f"Bearer {TOKEN}"} | more.pop("headers", {})
        body = {"json": {"model": MODEL, "messages": []}} | more
        if "data" in body:
            del body["json"]
        return self.agent.post(self.url + path, headers=headers, **body)

    async def asked(self, path: str = "/v1/messages", **more: Any) -> tuple[int, dict[str, Any]]:
        """Status and JSON body of a request that is answered with JSON."""
        async with self.ask(path, **more) as response:
            return response.status, await response.json()


@asynccontextmanager
async def world(
    base_url: str | None = None, credential: ApiKey | OAuthToken | None = None
) -> AsyncIterator[World]:
    async with Provider().serving() as provider:
        upstream = Upstream(base_url or provider.url, credential or ApiKey(KEY))
        gateway = Gateway(upstream, PriceTable.load())
        ports = Ports()
        app = FastAPI()
        app.include_router(create_router(ports, gateway))
        async with listening(app) as url, aiohttp.ClientSession() as agent:
            yield World(provider, ports, gateway, url, agent)
        await gateway.aclose()
