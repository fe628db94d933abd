"""A small manager for tests: takes events in order, hands inputs down, forwards to a model."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
from aiohttp import web

TOKEN = "t0ken-of-this-agent"
SESSION_ID = "11111111-2222-4333-8444-555555555555"

Events = list[dict[str, Any]]


class FakeManager:
    """Accepts one agent at a time and remembers what it sent."""

    def __init__(self, *, keep_alive_seconds: int | None = None, model_url: str = "") -> None:
        self.session: dict[str, Any] = {
            "sessionId": SESSION_ID,
            "model": "claude-opus-4-6",
            "keepAliveSeconds": keep_alive_seconds,
        }
        self.model_url = model_url
        self.betas: list[str] = []
        self.session_log: dict[str, str] = {}
        self.events: Events = []
        self.transient: list[dict[str, Any]] = []
        self.registers: list[dict[str, Any]] = []
        self.faults: list[str] = []
        self.inputs: dict[int, dict[str, Any]] = {}
        self.last_input = 0
        self.applied: list[int] = []
        self.acking = True
        self.url = ""
        self._socket: web.WebSocketResponse | None = None
        self._news = asyncio.Event()
        self.on_event: Callable[[dict[str, Any]], None] = lambda event: None

    @property
    def connected(self) -> bool:
        return self._socket is not None

    # -- what tests do ---------------------------------------------------------------------

    def give(self, frame: dict[str, Any]) -> int:
        """Queue a numbered input and deliver it when an agent is there."""
        number = max(self.inputs, default=0) + 1
        self.inputs[number] = {**frame, "input": number}
        if self._socket is not None:
            self._soon(self._socket, self.inputs[number])
        return number

    def chat(self, message: str, identity: str | None = None) -> int:
        return self.give({"type": "chat", "message": message, "id": identity})

    def send(self, frame: dict[str, Any]) -> None:
        assert self._socket is not None
        self._soon(self._socket, frame)

    def cut(self, code: int | None = None) -> None:
        """Cut the connection: without a close frame, or with that code. What is still on its way
        is lost."""
        socket, self._socket = self._socket, None
        if socket is None:
            return
        if code is not None:
            self._task = asyncio.create_task(socket.close(code=code))
        elif (transport := socket._req and socket._req.transport) is not None:
            transport.abort()

    async def until(self, condition: Callable[[], Any], seconds: float = 20.0) -> Any:
        """Wait for the condition, looked at again whenever something arrived."""
        async with asyncio.timeout(seconds):
            while not (found := condition()):
                self._news.clear()
                await self._news.wait()
        return found

    async def event(self, seconds: float = 20.0, **fields: Any) -> dict[str, Any]:
        """Wait for an event with these fields."""
        return await self.until(lambda: next(iter(self.find(**fields)), None), seconds)

    def find(self, **fields: Any) -> Events:
        return [e for e in self.events if all(e.get(k) == v for k, v in fields.items())]

    # -- serving ---------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def serve(self, port: int = 0) -> AsyncIterator["FakeManager"]:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_get("/agent", self._agent)
        app.router.add_get("/agent/session", self._session_log)
        app.router.add_post("/v1/{rest:.*}", self._model)
        runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1
        )
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    def _soon(self, socket: web.WebSocketResponse, frame: dict[str, Any]) -> None:
        async def send() -> None:
            with contextlib.suppress(ConnectionError):
                await socket.send_json(frame)

        self._task = asyncio.create_task(send())

    async def _agent(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(max_msg_size=1 << 20)
        await socket.prepare(request)
        register = await socket.receive_json()
        self.registers.append(register)
        self._news.set()
        if register["token"] != TOKEN:
            await socket.close(code=4001)
            return socket
        await socket.send_json(
            {
                "type": "registered",
                "agentId": register["agentId"],
                "protocol": 1,
                "epoch": len(self.registers),
                "lastSeq": len(self.events),
                "lastInput": self.last_input,
                "session": self.session,
            }
        )
        self._socket = socket
        for number, frame in sorted(self.inputs.items()):
            if number > self.last_input:
                await socket.send_json(frame)
        self._news.set()
        with contextlib.suppress(ConnectionError):
            async for message in socket:
                await self._frame(socket, json.loads(message.data))
        if self._socket is socket:
            self._socket = None
        self._news.set()
        return socket

    async def _frame(self, socket: web.WebSocketResponse, frame: dict[str, Any]) -> None:
        match frame["type"]:
            case "events":
                for seq, event in enumerate(frame["events"], frame["first"]):
                    if socket is not self._socket:
                        return
                    if seq == len(self.events) + 1:
                        self.events.append(event)
                        self.on_event(event)
                    elif seq > len(self.events):
                        self.faults.append(f"gap: {seq} after {len(self.events)}")
                if self.acking:
                    await socket.send_json({"type": "ack", "seq": len(self.events)})
            case "applied":
                self.last_input = frame["input"]
                self.applied.append(frame["input"])
            case _:
                self.transient.append(frame)
        self._news.set()

    async def _session_log(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise web.HTTPUnauthorized
        return web.json_response(self.session_log)

    async def _model(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise web.HTTPUnauthorized
        self.betas.append(request.headers.get("anthropic-beta", ""))
        kept = {k: v for k, v in request.headers.items() if k.lower() == "content-type"}
        async with (
            aiohttp.ClientSession() as http,
            http.post(
                self.model_url + request.path_qs, data=await request.read(), headers=kept
            ) as up,
        ):
            answer = web.StreamResponse(status=up.status)
            answer.content_type = up.content_type
            await answer.prepare(request)
            async for piece in up.content.iter_any():
                await answer.write(piece)
            await answer.write_eof()
            return answer
