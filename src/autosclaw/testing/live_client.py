"""A person's client of a live manager: REST and the socket, as anybody's program would speak.

Must not import the manager: it knows the contract only.
"""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import aiohttp

POLL_SECONDS = 0.05
DEADLINE_SECONDS = 60.0
PAGE = 500
ENDED = ("completed", "failed", "lost", "stopped")

Json = dict[str, Any]
T = TypeVar("T")


class Refused(Exception):
    """The manager said no: the status (0 on the socket) and its sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(f"{status} {sentence}")
        self.status = status
        self.sentence = sentence


async def eventually(
    look: Callable[[], Awaitable[T]], what: str, seconds: float = DEADLINE_SECONDS
) -> T:
    """Poll `look` until its result is true; fails with `what` and the last result."""
    end = time.monotonic() + seconds
    while True:
        last = await look()
        if last:
            return last
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:.0f} s: {what} (last: {last!r})")
        await asyncio.sleep(POLL_SECONDS)


def script(*steps: object, text: str = "") -> str:
    """A prompt that makes the rehearsal model play `steps`."""
    return f"{text} SCRIPT:{json.dumps(steps)}".strip()


def bash(command: str, **more: object) -> Json:
    """A step that runs a command."""
    return {"tool": "Bash", "input": {"command": command, "description": "test"}, **more}


class LiveClient:
    """Signed in once; works on over restarts of the manager, as JWTs do."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.token = ""
        self._http = aiohttp.ClientSession(base_url=url)

    async def close(self) -> None:
        """Close its connections."""
        await self._http.close()

    async def sign_in(self, username: str, password: str) -> None:
        """Raises Refused."""
        told = {"username": username, "password": password}
        self.token = (await self.call("POST", "/auth/login", told))["token"]

    async def call(self, method: str, path: str, body: Json | None = None, **headers: str) -> Any:
        """The answer's JSON. Raises Refused, aiohttp.ClientError."""
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self._http.request(method, path, json=body, headers=named) as answer:
            document = await answer.json()
            if answer.status >= 400:
                raise Refused(answer.status, str(document.get("error")))
            return document

    async def spawn(self, prompt: str, *, key: str | None = None, **fields: object) -> str:
        """A new agent's id."""
        body = {"name": "tested", "systemPrompt": prompt, **fields}
        headers = {"Idempotency_Key": key} if key else {}
        return str((await self.call("POST", "/api/spawn", body, **headers))["agentId"])

    async def stop(self, agent_id: str) -> None:
        """Raises Refused."""
        await self.call("POST", "/api/despawn", {"agentId": agent_id})

    async def agent(self, agent_id: str) -> Json:
        """The agent object."""
        return await self.call("GET", f"/api/agents/{agent_id}")

    async def until(
        self,
        agent_id: str,
        holds: Callable[[Json], object],
        what: str,
        seconds: float = DEADLINE_SECONDS,
    ) -> Json:
        """The agent object once `holds` is true of it; unanswered looks count as not yet."""
        last: Json = {}

        async def look() -> Json:
            nonlocal last
            try:
                last = await self.agent(agent_id)
            except aiohttp.ClientError:
                return {}
            return last if holds(last) else {}

        try:
            return await eventually(look, what, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}; agent: {last}") from None

    async def ended(self, agent_id: str, seconds: float = DEADLINE_SECONDS) -> Json:
        """The agent object once it has ended."""
        return await self.until(agent_id, lambda a: a["state"] in ENDED, "it ends", seconds)

    async def events(self, agent_id: str) -> list[Json]:
        """The whole transcript; the event at index i has the number i + 1."""
        found: list[Json] = []
        while True:
            query = f"after={len(found)}&limit={PAGE}"
            page = await self.call("GET", f"/api/agents/{agent_id}/events?{query}")
            assert page["first"] == len(found) + 1
            found += page["events"]
            if not page["hasAfter"]:
                return found

    async def said(
        self,
        agent_id: str,
        holds: Callable[[Json], object],
        what: str,
        seconds: float = DEADLINE_SECONDS,
    ) -> Json:
        """The first event of the transcript of which `holds` is true, once there is one."""

        async def look() -> Json | None:
            return next((e for e in await self.events(agent_id) if holds(e)), None)

        found = await eventually(look, what, seconds)
        assert found is not None
        return found

    async def send(self, kind: str, agent_id: str, **fields: object) -> None:
        """One frame over a socket of its own, until it is acknowledged. Raises Refused."""
        async with self.page() as page:
            await page.ask({"type": kind, "agentId": agent_id, **fields})

    async def chat(self, agent_id: str, message: str) -> None:
        """Say something to an agent. Raises Refused."""
        await self.send("chat", agent_id, message=message)

    @asynccontextmanager
    async def page(self) -> AsyncGenerator["LivePage", None]:
        """An open page in the acknowledged form."""
        async with self._http.ws_connect(
            f"/ws?protocol=1&token={self.token}", max_msg_size=0
        ) as socket:
            yield LivePage(socket)


class LivePage:
    """A page's socket; frames that nobody waits for are kept in `frames`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self.frames: list[Json] = []

    async def ask(self, frame: Json) -> Json:
        """Send and wait for `ok`. Raises Refused."""
        request_id = uuid.uuid4().hex
        await self._socket.send_json({**frame, "requestId": request_id})
        answer = await self.next(lambda f: f.get("requestId") == request_id)
        if answer["type"] == "error":
            raise Refused(0, answer["message"])
        return answer

    async def next(
        self, holds: Callable[[Json], object], seconds: float = DEADLINE_SECONDS
    ) -> Json:
        """The next frame of which `holds` is true. Raises TimeoutError; fails when closed."""
        async with asyncio.timeout(seconds):
            while True:
                message = await self._socket.receive()
                assert message.type is aiohttp.WSMsgType.TEXT, message
                frame: Json = json.loads(message.data)
                self.frames.append(frame)
                if holds(frame):
                    return frame
