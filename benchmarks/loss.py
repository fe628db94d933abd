"""What is lost, doubled or misordered when sockets are cut and the manager is killed with -9.

The agent is the product's own link and spool; the page follows the rule of the acknowledged
form (drop what was not committed when the epoch differs, watch from there). Must not pass over
an event that is missing in either place.
"""

import asyncio
import contextlib
import json
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import uvloop

from autosclaw.protocol.link import Registered
from autosclaw.runner.link import Input, Link
from autosclaw.runner.spool import Spool
from benchmarks.figures import Figure
from benchmarks.page import Page
from benchmarks.speed import Effort
from benchmarks.stand import Stand, manager

_RATE = 500
_TICK_SECONDS = 0.01
_PROMPT = "Begin."
_CATCH_UP_SECONDS = 60.0


class _Wire:
    """A loopback proxy whose connections can be cut without a word."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            there = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            writer.transport.abort()
            return
        self._writers.add(there[1])
        await asyncio.gather(_pump(reader, there[1]), _pump(there[0], writer))
        self._writers -= {writer, there[1]}

    def cut(self) -> None:
        """Abort every connection: what is under way is gone."""
        for writer in self._writers:
            writer.transport.abort()

    def close(self) -> None:
        self.cut()
        if self._server is not None:
            self._server.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, RuntimeError):  # uvloop: RuntimeError once it is aborted
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()


class _Session:
    """Receives what the manager sends down; counts the prompt."""

    def __init__(self) -> None:
        self.prompts = 0

    def registered(self, answer: Registered) -> None:
        return

    async def take(self, frame: Input) -> None:
        self.prompts += getattr(frame, "message", None) == _PROMPT

    def refuses(self) -> bool:
        return False

    def close(self, reason: str | None) -> None:
        return


@dataclass(slots=True)
class _Reader:
    """A page's transcript: event i has the number i + 1."""

    contents: list[str] = field(default_factory=list[str])
    committed: int = 0
    epoch: str = ""

    async def follow(self, stand: Stand, agent_id: str) -> None:
        """Read for ever, connecting again when the connection goes."""
        while True:
            with contextlib.suppress(OSError, ConnectionError):
                async with Page(stand.url, stand.jwt) as page:
                    await self._connection(page, agent_id)
            await asyncio.sleep(0.05)

    async def _connection(self, page: Page, agent_id: str) -> None:
        epoch = (await page.until("welcome"))["epoch"]
        if epoch != self.epoch:
            del self.contents[self.committed :]
        self.epoch = epoch
        await page.send(type="watch", agentId=agent_id, after=len(self.contents))
        while (frame := await page.receive()) is not None:
            if frame["type"] != "events":
                continue
            if frame["first"] != len(self.contents) + 1:
                raise SystemExit(f"a page got {frame['first']} after {len(self.contents)}")
            self.contents += [event.get("content", "") for event in frame["events"]]
            self.committed = max(self.committed, frame["committed"])


@dataclass(frozen=True, slots=True)
class _Outcome:
    sent: int
    lost: int
    doubled: int
    misordered: int
    prompts: int


def loss(effort: Effort) -> list[Figure]:
    """Events lost, doubled or out of order, in the database and on the page, at 500/s."""
    found: list[Figure] = []
    for name, killed in (("cut sockets", False), ("kill -9", True)):
        with manager(live=1, prompt=_PROMPT) as stand:
            got = uvloop.run(_trial(stand, effort.seconds * 2.5, killed=killed))
        wrong = got.lost + got.doubled + got.misordered
        found.append(
            Figure(
                f"{name}: lost or doubled of {got.sent:,}", "events", wrong, None, "0", not wrong
            )
        )
        once = got.prompts == 1
        found.append(Figure(f"{name}: the prompt arrived", "times", got.prompts, None, "1", once))
    return found


async def _trial(stand: Stand, seconds: float, *, killed: bool) -> _Outcome:
    agent_id, token = stand.seeded.agents[0]
    wire = _Wire(stand.server.port)
    folder = stand.folder / "spool"
    folder.mkdir()
    spool = Spool.open(folder)
    spool.start()
    session = _Session()
    link = Link(f"http://127.0.0.1:{await wire.start()}", agent_id, token, spool, session)
    reader = _Reader()
    tasks = [
        asyncio.create_task(link.run()),
        asyncio.create_task(reader.follow(stand, agent_id)),
    ]
    try:
        sent = await _speak(spool, seconds, stand, wire, killed=killed)
        await asyncio.wait_for(_until(lambda: spool.acked >= sent), _CATCH_UP_SECONDS)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(_until(lambda: len(reader.contents) >= sent), _CATCH_UP_SECONDS)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        wire.close()
        await spool.close()
    kept = _kept(stand.folder / "data" / "autosclaw.db", agent_id)
    wanted = [_content(number) for number in range(1, sent + 1)]
    lost, doubled, behind = (
        max(one) for one in zip(_judge(wanted, kept), _judge(wanted, reader.contents), strict=True)
    )
    return _Outcome(sent, lost, doubled, behind, session.prompts)


async def _speak(spool: Spool, seconds: float, stand: Stand, wire: _Wire, *, killed: bool) -> int:
    """Events at a fixed rate; in the middle three cuts, or one kill -9."""
    began = time.monotonic()
    sent = 0
    blows = [seconds * share for share in ((0.5,) if killed else (0.3, 0.5, 0.7))]
    blow: asyncio.Task[None] | None = None
    while (now := time.monotonic() - began) < seconds:
        while sent < int(now * _RATE):
            sent += 1
            event = {"type": "output", "at": "2026-01-01T00:00:00.000Z", "content": _content(sent)}
            spool.append(json.dumps(event).encode())
        if blows and now > blows[0]:
            del blows[0]
            if killed:
                blow = asyncio.create_task(asyncio.to_thread(stand.kill_and_restart))
            else:
                wire.cut()
        await asyncio.sleep(_TICK_SECONDS)
    if blow is not None:
        await blow
    return sent


async def _until(done: Callable[[], bool]) -> None:
    while not done():  # noqa: ASYNC110 - what is waited for belongs to the product
        await asyncio.sleep(0.02)


def _content(number: int) -> str:
    return f"event {number:010d} " + "x" * 184


def _kept(path: Path, agent_id: str) -> list[str]:
    query = "SELECT text FROM messages WHERE agent_id = ? AND type = 'output' ORDER BY seq"
    with contextlib.closing(sqlite3.connect(path)) as database:
        return [row[0] for row in database.execute(query, (agent_id,))]


def _judge(wanted: list[str], found: list[str]) -> tuple[int, int, int]:
    """How many are lost, doubled, and behind one they should precede."""
    there = set(found)
    behind = sum(a > b for a, b in pairwise(found))
    return len(set(wanted) - there), len(found) - len(there), behind
