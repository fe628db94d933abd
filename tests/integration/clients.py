"""Clients written from the public contract alone: dicts, JSON, httpx and websockets.

Must not import what the manager speaks with: they would agree on the same mistake.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import websockets

Frame = dict[str, Any]
SECONDS = 8.0


class Socket:
    """A connection that remembers every frame it got, oldest first."""

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self.connection = connection
        self.got: list[Frame] = []
        self._news = asyncio.Condition()
        self._reader = asyncio.create_task(self._read())
        self._seen = 0

    async def _read(self) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            async for data in self.connection:
                async with self._news:
                    self.got.append(json.loads(data))
                    self._news.notify_all()
        async with self._news:
            self._news.notify_all()

    async def send(self, frame: Frame) -> None:
        await self.connection.send(json.dumps(frame))

    async def until(self, true: Callable[[], Any], seconds: float = SECONDS) -> Any:
        """Wait until `true()` is, and return what it gave. Fails when the socket ends first."""

        def reached() -> Any:
            return true() or self._reader.done()

        try:
            async with self._news, asyncio.timeout(seconds):
                await self._news.wait_for(reached)
        except TimeoutError:
            last = str(self.got[-6:])[-1500:]
            raise AssertionError(f"waited in vain; the last frames: {last}") from None
        found = true()
        assert found, f"closed with {self.connection.close_code}; {self.got[-6:]}"
        return found

    async def next(self, kind: str, seconds: float = SECONDS, **fields: Any) -> Frame:
        """The next frame of this type and with these fields; what came before it is passed."""

        def find() -> tuple[int, Frame] | None:
            for index in range(self._seen, len(self.got)):
                frame = self.got[index]
                if frame["type"] == kind and fields.items() <= frame.items():
                    return index, frame
            return None

        index, frame = await self.until(find, seconds)
        self._seen = index + 1
        return frame

    def all(self, kind: str, **fields: Any) -> list[Frame]:
        return [f for f in self.got if f["type"] == kind and fields.items() <= f.items()]

    async def closed(self, seconds: float = SECONDS) -> int | None:
        """Wait for the end; the close code."""
        async with asyncio.timeout(seconds):
            await self._reader
            await self.connection.wait_closed()
        return self.connection.close_code

    async def close(self) -> None:
        await self.connection.close()
        await self._reader

    def cut(self) -> None:
        """End without a word, as a cable does."""
        self.connection.transport.abort()


@contextlib.asynccontextmanager
async def connect(url: str, **options: Any) -> AsyncIterator[Socket]:
    options.setdefault("max_size", None)
    options.setdefault("proxy", None)
    async with websockets.connect(url, compression=None, **options) as connection:
        socket = Socket(connection)
        try:
            yield socket
        finally:
            await socket.close()


def client(url: str, **options: Any) -> httpx.AsyncClient:
    """There is no TLS here; reading its certificates would take most of a test's time."""
    return httpx.AsyncClient(base_url=url, trust_env=False, verify=False, **options)


class Person:
    """Somebody signed in (or not): REST with a token, and the page's socket."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url
        self.token = token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.http = client(url, headers=headers, timeout=15)

    async def get(self, path: str, **params: Any) -> httpx.Response:
        return await self.http.get(path, params=params)

    async def post(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        return await self.http.post(path, json=body, **options)

    async def agents(self, **params: Any) -> dict[str, Frame]:
        answer = await self.get("/api/agents", **params)
        assert answer.status_code == 200, answer.text
        return {agent["id"]: agent for agent in answer.json()["agents"]}

    async def agent(self, agent_id: str) -> Frame:
        return (await self.agents(include_deleted="true"))[agent_id]

    async def spawn(self, **fields: Any) -> str:
        answer = await self.post("/api/spawn", fields)
        assert answer.status_code == 200, answer.text
        return answer.json()["agentId"]

    async def becomes(self, agent_id: str, seconds: float = SECONDS, **fields: Any) -> Frame:
        """Wait until the agent has these fields."""
        return await eventually(lambda: self._matching(agent_id, fields), seconds)

    async def _matching(self, agent_id: str, fields: Frame) -> Frame | None:
        agent = await self.agent(agent_id)
        return agent if fields.items() <= agent.items() else None

    async def transcript(self, agent_id: str) -> list[Frame]:
        """Every event, oldest first; fails when the numbers have gaps."""
        events: list[Frame] = []
        while True:
            path = f"/api/agents/{agent_id}/events"
            page = (await self.get(path, after=len(events), limit=500)).json()
            assert page["first"] == len(events) + 1, page
            events += page["events"]
            if not page["hasAfter"]:
                return events

    def page(
        self, query: str = "", **options: Any
    ) -> "contextlib.AbstractAsyncContextManager[Socket]":
        address = self.url.replace("http", "ws", 1)
        return connect(f"{address}/ws?token={self.token}{query}", **options)

    async def close(self) -> None:
        await self.http.aclose()


async def eventually(check: Callable[[], Any], seconds: float = SECONDS) -> Any:
    """What `check` gives (a value or an awaitable) once that is true."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        found = check()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return found
        assert asyncio.get_running_loop().time() < deadline, "waited in vain"
        await asyncio.sleep(0.01)


async def sign_in(url: str, username: str, password: str) -> Person:
    async with client(url) as http:
        answer = await http.post("/auth/login", json={"username": username, "password": password})
    assert answer.status_code == 200, answer.text
    return Person(url, answer.json()["token"])
