"""The supervisor over a fake engine: agents' lives, and the manager killed in any step of them."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from autosclaw.manager.runtimes.base import BoxSpec
from autosclaw.manager.store.database import Database, StoreUnavailable
from autosclaw.testing.fake_runtime import FakeEngine, FakeRuntime
from autosclaw.testing.manager import PASSWORD, RunningManager

from .bots import bot, mute
from .clients import Frame, Person, eventually, sign_in
from .mortal import Mortal, mortal

START_SECONDS = 120
SIGHTINGS_SECONDS = 30


class Clock:
    """The time, which can be moved on."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def pass_(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)


class Stage:
    """A mortal manager, its engine, its clock and its admin."""

    def __init__(self, managers: Mortal, clock: Clock) -> None:
        self.managers = managers
        self.engine = managers.engine
        self.clock = clock
        self.admin = Person("")

    @property
    def manager(self) -> RunningManager:
        assert self.managers.now is not None
        return self.managers.now

    async def up(self, **options: Any) -> None:
        manager = await self.managers.start(**options)
        await self.admin.close()
        self.admin = await sign_in(manager.url, "admin", PASSWORD)

    async def restart(self) -> None:
        """Killed, and started again."""
        await self.managers.kill()
        await self.up()

    async def spawn(self, *orders: str, **fields: Any) -> str:
        agent_id = await self.admin.spawn(systemPrompt=orders[0] if orders else "", **fields)
        for order in orders[1:]:
            await self.say(agent_id, order)
        return agent_id

    async def say(self, agent_id: str, message: str) -> None:
        async with self.admin.page() as page:
            order = {"type": "chat", "agentId": agent_id, "message": message, "requestId": "r"}
            await page.send(order)
            await page.next("ok")

    async def stop(self, agent_id: str) -> None:
        answer = await self.admin.post("/api/despawn", {"agentId": agent_id})
        assert answer.status_code == 200, answer.text

    async def running(self, agent_id: str, said: int = 0) -> Frame:
        """It is connected, and what it was told to say is in the transcript."""
        agent = await self.admin.becomes(agent_id, state="running", connected=True)
        await eventually(lambda: self._said_enough(agent_id, said))
        return agent

    async def _said_enough(self, agent_id: str, said: int) -> bool:
        return len(await self.said(agent_id)) >= said

    async def ended(self, agent_id: str, **fields: Any) -> Frame:
        agent = await self.admin.becomes(agent_id, status="stopped", **fields)
        await eventually(lambda: self.manager.box(agent_id) is None)
        assert agent["exitReason"]
        return agent

    def look(self, agent_id: str) -> None:
        """The engine hints at this agent."""
        self.engine.hint((self.manager.installation, agent_id))

    def boxes(self, agent_id: str) -> int:
        """How many boxes of the agent run now."""
        return sum(
            key[1] == agent_id and not box.ended.is_set() for key, box in self.engine.boxes.items()
        )

    def starts(self, agent_id: str) -> int:
        return self.engine.calls.count(f"start {agent_id}")

    async def said(self, agent_id: str) -> list[str]:
        events = await self.admin.transcript(agent_id)
        return [e["content"] for e in events if e.get("msgType") == "text"]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    clock = Clock()
    async with mortal(tmp_path, FakeEngine(bot), clock=clock) as managers:
        made = Stage(managers, clock)
        await made.up()
        yield made
        await made.admin.close()


def numbered(count: int) -> list[str]:
    return [f"event {number}" for number in range(1, count + 1)]


# -- a life ------------------------------------------------------------------------------------


async def test_a_whole_life(stage: Stage) -> None:
    agent_id = await stage.spawn("say 3", name="worker")
    await stage.running(agent_id)
    assert stage.boxes(agent_id) == 1
    await stage.say(agent_id, "finish")
    agent = await stage.ended(agent_id)
    assert (agent["state"], agent["exitReason"]) == ("completed", "All done.")
    assert agent["startedAt"]
    assert agent["endedAt"]
    assert await stage.said(agent_id) == numbered(3)
    states = [e["state"] for e in await stage.admin.transcript(agent_id) if "state" in e]
    assert states == ["starting", "completed"]
    assert stage.starts(agent_id) == 1


async def test_an_agent_that_crashes_has_failed_with_its_exit_code(stage: Stage) -> None:
    agent_id = await stage.spawn("say 2", "crash")
    agent = await stage.ended(agent_id)
    assert agent["state"] == "failed"
    assert "7" in agent["exitReason"]
    assert await stage.said(agent_id) == numbered(2)


@pytest.mark.parametrize("oom", [False, True])
async def test_a_killed_box_is_named_so(stage: Stage, oom: bool) -> None:
    agent_id = await stage.spawn("say 1")
    await stage.running(agent_id, 1)
    stage.engine.kill((stage.manager.installation, agent_id), oom=oom)
    agent = await stage.ended(agent_id, state="failed")
    assert ("memory" if oom else "killed") in agent["exitReason"]


async def test_the_tail_of_a_dead_box_is_read_before_it_is_removed(stage: Stage) -> None:
    """900 events that only the spool holds, and a line that was being written."""
    agent_id = await stage.spawn("say 2", "silence 900")
    box = await eventually(lambda: stage.manager.box(agent_id))
    await eventually(lambda: (box.spool and box.spool.count(b"\n") >= 902) or box.ended.is_set())
    await stage.ended(agent_id, state="failed")
    assert await stage.said(agent_id) == numbered(902)


@pytest.mark.parametrize(
    "strange",
    [
        b'{"seq":4,"event":{"type":"state_changed","state":"completed"}}',
        b'{"seq":4,"event":{"type":"output","content":"\xff"}}',
        b"\xff\x00",
        b'{"seq":4,"event":' + b"[" * 50_000,
        b'{"seq":4,"event":{"type":"tool_use","input":' + b"[" * 5_000 + b"]" * 5_000 + b"}}",
        b'{"seq":99,"event":{"type":"output","content":"a gap"}}',
        b'{"seq":1e400,"event":{}}',
        b"x" * (2 << 20),
    ],
)
async def test_a_spool_with_a_strange_line_spoils_nothing_before_it(
    stage: Stage, strange: bytes
) -> None:
    agent_id = await stage.spawn("say 2")
    await stage.running(agent_id, 2)
    box = stage.manager.box(agent_id)
    assert box is not None
    event = {"type": "output", "msgType": "text", "content": "event 3"}
    box.write_spool(json.dumps({"seq": 3, "event": event}).encode() + b'\n{"ack": 1}\n')
    box.write_spool(strange + b'\n{"seq": 5, "ev')
    stage.engine.kill((stage.manager.installation, agent_id))
    await stage.ended(agent_id, state="failed")
    assert await stage.said(agent_id) == numbered(3)


# -- what engines do ---------------------------------------------------------------------------


async def test_a_refused_start_is_a_failure_with_the_engines_words(stage: Stage) -> None:
    stage.engine.faults.refusal = "there is no such image"
    agent_id = await stage.spawn("say 1")
    agent = await stage.ended(agent_id, state="failed")
    assert "there is no such image" in agent["exitReason"]


async def test_an_engine_that_never_answers_is_a_failure_within_its_time(stage: Stage) -> None:
    stage.engine.faults.unavailable = -1
    agent_id = await stage.spawn("say 1")
    await eventually(lambda: f"inspect {agent_id}" in stage.engine.calls)
    assert (await stage.admin.agent(agent_id))["state"] == "requested"
    stage.clock.pass_(START_SECONDS + 1)
    stage.look(agent_id)
    agent = await stage.admin.becomes(agent_id, state="failed")
    assert "120 s" in agent["exitReason"]


async def test_an_engine_that_comes_back_starts_what_waited(stage: Stage) -> None:
    stage.engine.faults.unavailable = 2
    agent_id = await stage.spawn("say 1")
    await eventually(lambda: f"inspect {agent_id}" in stage.engine.calls)
    stage.look(agent_id)
    stage.look(agent_id)
    await stage.running(agent_id, 1)
    assert stage.starts(agent_id) == 1


async def test_an_agent_that_never_reports_has_failed_within_its_time(stage: Stage) -> None:
    stage.engine.program = mute
    agent_id = await stage.spawn("say 1")
    await stage.admin.becomes(agent_id, state="starting")
    stage.clock.pass_(START_SECONDS + 2)
    stage.look(agent_id)
    agent = await stage.ended(agent_id, state="failed")
    assert "120 s" in agent["exitReason"]


async def test_a_vanished_container_is_lost_after_two_sightings(stage: Stage) -> None:
    agent_id = await stage.spawn("say 2")
    await stage.running(agent_id, 2)
    stage.engine.lose((stage.manager.installation, agent_id))
    await stage.admin.becomes(agent_id, connected=False)
    await seen_again(stage, agent_id)
    stage.clock.pass_(SIGHTINGS_SECONDS - 10)
    await seen_again(stage, agent_id)
    assert (await stage.admin.agent(agent_id))["state"] == "disconnected"
    stage.clock.pass_(11)
    stage.look(agent_id)
    agent = await stage.admin.becomes(agent_id, state="lost")
    assert agent["exitReason"]
    assert stage.starts(agent_id) == 1


async def seen_again(stage: Stage, agent_id: str) -> None:
    """The supervisor looks twice more."""
    for _ in range(2):
        before = stage.engine.calls.count(f"inspect {agent_id}")
        stage.look(agent_id)
        await eventually(lambda n=before: stage.engine.calls.count(f"inspect {agent_id}") > n)


async def test_a_listing_that_fails_changes_nothing(stage: Stage) -> None:
    agent_id = await stage.spawn("say 2")
    await stage.running(agent_id, 2)
    stage.engine.faults.unavailable = -1
    await seen_again(stage, agent_id)
    stage.clock.pass_(10 * SIGHTINGS_SECONDS)
    await seen_again(stage, agent_id)
    assert (await stage.admin.agent(agent_id))["state"] == "running"
    await stage.managers.kill()
    stage.clock.ahead = timedelta()
    stage.engine.faults.unavailable = 0
    await stage.up()
    await stage.running(agent_id)
    assert stage.boxes(agent_id) == 1
    assert stage.starts(agent_id) == 1


async def test_a_box_nobody_knows_is_removed_and_a_foreign_one_is_not(stage: Stage) -> None:
    ours = FakeRuntime(stage.engine, stage.manager.installation)
    foreign = FakeRuntime(stage.engine, "another")
    stranger = "00000000-0000-4000-8000-000000000000"
    await stage.managers.kill()
    stage.engine.program = mute
    await ours.start(BoxSpec(stranger, 1, b"{}\n"))
    await foreign.start(BoxSpec(stranger, 1, b"{}\n"))
    await stage.up()
    await eventually(lambda: (ours.installation, stranger) not in stage.engine.boxes)
    assert not stage.engine.boxes["another", stranger].ended.is_set()
    while_up = stranger.replace("8000", "9000")
    await ours.start(BoxSpec(while_up, 1, b"{}\n"))
    await eventually(lambda: (ours.installation, while_up) not in stage.engine.boxes)


async def test_the_supervisor_outlives_a_database_that_fails_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = asyncio.Event()

    async def read(_database: Database, _job: Any) -> Any:
        monkeypatch.undo()
        failed.set()
        raise StoreUnavailable("locked")

    monkeypatch.setattr(Database, "read", read)
    runtime = FakeRuntime(stage.engine, stage.manager.installation)
    stage.engine.hints[runtime.installation].publish(None)  # type: ignore[arg-type]
    await asyncio.wait_for(failed.wait(), 5)
    stranger = "00000000-0000-4000-8000-000000000000"
    stage.engine.program = mute
    stage.engine.faults.lost_events = True
    await runtime.start(BoxSpec(stranger, 1, b"{}\n"))
    stage.engine.faults.lost_events = False
    await eventually(
        lambda: (
            stage.engine.hints[runtime.installation].publish(None)  # type: ignore[arg-type]
            or (runtime.installation, stranger) not in stage.engine.boxes
        )
    )


# -- the manager is killed ---------------------------------------------------------------------


def hang(monkeypatch: pytest.MonkeyPatch, verb: str, when: str, nth: int = 1) -> asyncio.Event:
    """Let the n-th call of a runtime's verb never return; tells when it is reached."""
    reached = asyncio.Event()
    original: Callable[..., Any] = getattr(FakeRuntime, verb)
    calls = 0

    async def for_ever() -> None:
        reached.set()
        await asyncio.get_running_loop().create_future()

    async def call(self: FakeRuntime, *args: Any) -> Any:
        nonlocal calls
        calls += 1
        mine = calls == nth
        if mine and when == "before":
            await for_ever()
        answer = await original(self, *args)
        if mine:
            await for_ever()
        return answer

    async def stream(self: FakeRuntime, *args: Any) -> AsyncIterator[bytes]:
        await for_ever()
        async for chunk in original(self, *args):
            yield chunk

    monkeypatch.setattr(FakeRuntime, verb, stream if verb == "read_spool" else call)
    return reached


@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize(
    ("verb", "when"), [("inspect", "before"), ("start", "before"), ("start", "after")]
)
async def test_killed_in_any_step_of_a_start(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, verb: str, when: str, nth: int
) -> None:
    """One box at most, and the agent runs in the end. nth = 2: killed again after the restart."""
    reached = hang(monkeypatch, verb, when)
    agent_id = await stage.spawn("say 2")
    await asyncio.wait_for(reached.wait(), 5)
    await stage.managers.kill()
    monkeypatch.undo()
    assert stage.boxes(agent_id) <= 1
    if nth == 2:
        reached = hang(monkeypatch, "list", "before")
        await stage.up()
        await asyncio.wait_for(reached.wait(), 5)
        await stage.managers.kill()
        monkeypatch.undo()
    await stage.up()
    await stage.running(agent_id, 2)
    assert stage.boxes(agent_id) == 1
    await stage.say(agent_id, "finish")
    await stage.ended(agent_id, state="completed")
    assert await stage.said(agent_id) == numbered(2)
    told = [e for e in await stage.admin.transcript(agent_id) if e.get("msgType") == "user_input"]
    assert [e["content"] for e in told] == ["say 2", "finish"]


async def test_a_manager_killed_at_every_start_gives_up_with_a_name(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.engine.program = mute
    agent_id = ""
    for attempt in range(3):
        reached = hang(monkeypatch, "start", "before")
        if attempt:
            await stage.up()
        else:
            agent_id = await stage.spawn("say 1")
        await asyncio.wait_for(reached.wait(), 5)
        await stage.managers.kill()
        monkeypatch.undo()
    await stage.up()
    agent = await stage.ended(agent_id, state="failed")
    assert agent["exitReason"]


@pytest.mark.parametrize(
    ("verb", "when"),
    [("stop", "before"), ("stop", "after"), ("read_spool", "before"), ("remove", "before"),
     ("remove", "after")],
)  # fmt: skip
async def test_killed_in_any_step_of_a_stop(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, verb: str, when: str
) -> None:
    """A stop that was accepted is never forgotten, and the tail is kept."""
    agent_id = await stage.spawn("say 4")
    await stage.running(agent_id, 4)
    reached = hang(monkeypatch, verb, when)
    await stage.stop(agent_id)
    await asyncio.wait_for(reached.wait(), 5)
    await stage.managers.kill()
    monkeypatch.undo()
    await stage.up()
    agent = await stage.ended(agent_id, state="stopped")
    assert agent["exitReason"] == "Stopped by admin."
    assert await stage.said(agent_id) == numbered(4)
    assert stage.starts(agent_id) == 1


@pytest.mark.parametrize(
    ("verb", "when"), [("read_spool", "before"), ("remove", "before"), ("remove", "after")]
)
async def test_killed_while_it_drains(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, verb: str, when: str
) -> None:
    reached = hang(monkeypatch, verb, when)
    agent_id = await stage.spawn("say 1", "silence 30")
    await asyncio.wait_for(reached.wait(), 5)
    await stage.managers.kill()
    monkeypatch.undo()
    await stage.up()
    agent = await stage.ended(agent_id, state="failed")
    assert "3" in agent["exitReason"]
    assert await stage.said(agent_id) == numbered(31)


async def test_agents_go_on_over_a_manager_that_is_killed_again_and_again(stage: Stage) -> None:
    agents = [await stage.spawn("say 5", name=f"a{i}") for i in range(3)]
    for agent_id in agents:
        await stage.running(agent_id)
    for _ in range(3):
        for agent_id in agents:
            await stage.say(agent_id, "say 20")
        await stage.restart()
    for agent_id in agents:
        await stage.running(agent_id)
        await stage.say(agent_id, "finish")
    for agent_id in agents:
        await stage.ended(agent_id, state="completed")
        assert await stage.said(agent_id) == numbered(65)
        assert stage.starts(agent_id) == 1


async def test_what_ended_while_nobody_looked_is_known_afterwards(stage: Stage) -> None:
    agent_id = await stage.spawn("say 2")
    await stage.running(agent_id, 2)
    await stage.managers.kill()
    key = next(key for key in stage.engine.boxes if key[1] == agent_id)
    event = {"type": "output", "msgType": "text", "content": "event 3"}
    stage.engine.boxes[key].write_spool(json.dumps({"seq": 3, "event": event}).encode() + b"\n")
    stage.engine.kill(key, oom=True)
    await stage.up()
    agent = await stage.ended(agent_id, state="failed")
    assert "memory" in agent["exitReason"]
    assert await stage.said(agent_id) == numbered(3)


# -- stops and shutdowns -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "state", ["requested", "creating", "starting", "running", "waiting", "disconnected"]
)
async def test_stopped_in_every_state(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    if state == "requested":
        stage.engine.faults.unavailable = -1
    if state in ("creating", "starting"):
        stage.engine.program = mute
    if state == "creating":
        stage.engine.faults.delay_seconds = 0.3
    agent_id = await stage.spawn("ask" if state == "waiting" else "say 1")
    if state == "disconnected":
        await stage.running(agent_id)
        await cut_off(stage, agent_id)
    await stage.admin.becomes(agent_id, state=state)
    await stage.stop(agent_id)
    assert (await stage.admin.agent(agent_id))["status"] in ("stopping", "stopped")
    stage.engine.faults.unavailable = 0
    stage.engine.faults.delay_seconds = 0.0
    stage.look(agent_id)
    agent = await stage.ended(agent_id, state="stopped")
    assert agent["exitReason"] == "Stopped by admin."
    assert agent["waitingForAskUser"] is False
    with sqlite3.connect(stage.manager.folder / "autosclaw.db") as connection:
        questions = connection.execute("select state from questions").fetchall()
    connection.close()
    assert questions == ([("ended",)] if state == "waiting" else [])
    again = await stage.admin.post("/api/despawn", {"agentId": agent_id})
    assert again.status_code == 409


async def cut_off(stage: Stage, agent_id: str) -> None:
    """The box runs on and cannot reach the manager any more."""
    box = stage.manager.box(agent_id)
    assert box is not None
    assert box.task is not None
    stage.engine._end = lambda *_args: None  # type: ignore[method-assign]
    box.task.cancel()
    await asyncio.gather(box.task, return_exceptions=True)
    del stage.engine._end
    key = (stage.manager.installation, agent_id)
    box.task = asyncio.get_running_loop().create_task(mute(box))
    box.task.add_done_callback(lambda _task: stage.engine._end(key, box, 0))


async def test_shutdown_stops_agents(stage: Stage) -> None:
    agents = [await stage.spawn("say 2") for _ in range(3)]
    for agent_id in agents:
        await stage.running(agent_id, 2)
    left = await asyncio.wait_for(stage.managers.stop(), 10)
    assert left == 0
    assert not stage.engine.boxes
    await stage.up()
    for agent_id in agents:
        agent = await stage.admin.agent(agent_id)
        assert (agent["state"], agent["exitReason"]) == ("stopped", "Stopped by shutdown.")
        assert await stage.said(agent_id) == numbered(2)


async def test_shutdown_keeps_agents_when_told_so(tmp_path: Path) -> None:
    async with mortal(tmp_path, FakeEngine(bot), agents_on_shutdown="keep") as managers:
        stage = Stage(managers, Clock())
        await stage.up()
        agent_id = await stage.spawn("say 2")
        await stage.running(agent_id, 2)
        assert await asyncio.wait_for(stage.managers.stop(), 10) == 1
        assert stage.boxes(agent_id) == 1
        await stage.up()
        await stage.running(agent_id)
        await stage.say(agent_id, "say 3")
        await stage.say(agent_id, "finish")
        await stage.ended(agent_id, state="completed")
        assert await stage.said(agent_id) == numbered(5)
        assert stage.starts(agent_id) == 1
        await stage.admin.close()


async def test_while_it_shuts_down_nothing_new_is_taken(stage: Stage) -> None:
    agent_id = await stage.spawn("say 1")
    await stage.running(agent_id, 1)
    stage.engine.faults.delay_seconds = 0.2
    stopping = asyncio.ensure_future(stage.managers.stop())
    await eventually(lambda: f"stop {agent_id}" in stage.engine.calls)
    refused = await stage.admin.post("/api/spawn", {"name": "late"})
    assert refused.status_code == 503
    assert await stopping == 0
