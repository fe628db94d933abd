"""Links from the inside: what a cancelled or very quick agent leaves behind."""

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from autosclaw.manager.domain.policy import UserActor
from autosclaw.manager.web.context import Context
from autosclaw.protocol import link
from autosclaw.protocol.agents import SpawnRequest, State
from autosclaw.protocol.people import Role
from autosclaw.testing.manager import RunningManager, running_manager

from .clients import eventually

ADMIN = UserActor("u", "admin", Role.ADMIN)


class World:
    """A manager's services and one agent whose box has started."""

    def __init__(self, manager: RunningManager) -> None:
        inner: Any = manager.manager
        self.here: Context = inner._context
        self.manager = manager
        self.agent_id = ""

    async def spawn(self, prompt: str = "") -> None:
        wanted = SpawnRequest(system_prompt=prompt)
        self.agent_id = (await self.here.agents.spawn(ADMIN, wanted)).agent_id
        await eventually(lambda: self._is(State.STARTING))

    async def _is(self, state: State) -> bool:
        return await self.state() is state

    async def state(self) -> State:
        return (await self.here.agents.get(ADMIN, self.agent_id)).state

    def register(self) -> link.Register:
        token = self.manager.bootstrap(self.agent_id)["agent_token"]
        return link.Register(self.agent_id, token, protocol=1)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with running_manager(tmp_path) as manager:
        yield World(manager)


async def test_an_agent_quicker_than_our_own_loop_may_apply_what_it_got(world: World) -> None:
    await world.spawn("Go.")
    session = await world.here.links.open(world.register())
    frames = world.here.links.outgoing(session)
    while json.loads(frame := await anext(frames))["type"] != "chat":
        pass
    await world.here.links.feed(session, '{"type":"applied","input":1}')
    assert json.loads(frame)["input"] == 1
    await world.here.links.closed(session)


async def test_nothing_is_acknowledged_before_it_is_durable(world: World) -> None:
    await world.spawn()
    session = await world.here.links.open(world.register())
    frames = world.here.links.outgoing(session)
    assert json.loads(await anext(frames))["type"] == "registered"
    held = threading.Event()
    holding = world.here.database.submit(lambda _tx: held.wait(10))
    await world.here.links.feed(session, '{"type":"events","first":1,"events":[{"type":"output"}]}')
    session.push(b'{"type":"marker"}')
    assert json.loads(await anext(frames))["type"] == "marker"
    coming = asyncio.ensure_future(anext(frames))
    await world.here.transcripts.page(
        world.agent_id, before=None, after=0, limit=9, max_bytes=99
    )  # time enough for a read of the database
    session.wake.set()
    assert session.transcript.acked == 0
    assert session.transcript.channel.last > session.transcript.channel.committed
    assert not coming.done()
    held.set()
    await holding
    assert json.loads(await coming) == {"type": "ack", "seq": 1}
    assert session.transcript.channel.last == session.transcript.channel.committed
    await world.here.links.closed(session)


async def test_a_registration_that_is_given_up_leaves_nothing(world: World) -> None:
    """Cancelled after any number of steps: not connected, and the next one is served."""
    await world.spawn()
    given_up = 0
    for step in range(40):
        opening = asyncio.create_task(world.here.links.open(world.register()))
        for _ in range(step):
            await asyncio.sleep(0.0002)
        opening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            session = await opening
            await world.here.links.closed(session)
            given_up -= 1
        given_up += 1
        assert not world.here.fleet.is_connected(world.agent_id)
    assert given_up > 3
    session = await world.here.links.open(world.register())
    assert world.here.fleet.is_connected(world.agent_id)
    await eventually(lambda: world._is(State.RUNNING))
    await world.here.links.feed(session, '{"type":"events","first":1,"events":[{"type":"output"}]}')
    await eventually(lambda: session.transcript.acked == 1)
    await world.here.links.closed(session)
    assert await world.state() is State.DISCONNECTED


async def test_a_chat_that_is_given_up_while_it_is_written_is_taken_in_whole(
    world: World,
) -> None:
    await world.spawn()
    session = await world.here.links.open(world.register())
    for number in range(1, 4):
        held = threading.Event()
        holding = world.here.database.submit(lambda _tx, held=held: held.wait(10))
        said = asyncio.create_task(
            world.here.conversations.chat(ADMIN, world.agent_id, f"{number}")
        )
        transcript = session.transcript
        await eventually(transcript.lock.locked)
        said.cancel()
        await asyncio.gather(said, return_exceptions=True)
        held.set()
        await holding
        frame = {"type": "events", "first": number, "events": [{"type": "output"}]}
        await world.here.links.feed(session, json.dumps(frame))
        await eventually(lambda n=number: session.transcript.acked == n)
    assert session.closing is None
    rows, last = await world.here.transcripts.page(
        world.agent_id, before=None, after=0, limit=500, max_bytes=10**6
    )
    assert [number for number, _ in rows] == list(range(1, last + 1))
    typed = [json.loads(text)["content"] for _, text in rows if '"user_input"' in text]
    assert typed == ["1", "2", "3"]
    await world.here.links.closed(session)
