"""Every event once and in order, every input once, whatever happens to the connection."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from autosclaw.protocol.link import CLOSE_BAD_TOKEN, CLOSE_ENDED, Chat, Delta, Registered
from autosclaw.protocol.spool import SPOOL_FILE, input_line
from autosclaw.runner.link import Input, Link, LinkEnded, backoff, websocket_url
from autosclaw.runner.spool import Spool

from .fake_manager import SESSION_ID, TOKEN, FakeManager


class Agent:
    """Records what the link hands over."""

    def __init__(self) -> None:
        self.answers: list[Registered] = []
        self.taken: list[Input] = []
        self.closed: list[str | None] = []
        self.refusing = False
        self.waiting = False
        self.gate = asyncio.Event()
        self.gate.set()
        self.news = asyncio.Event()

    def registered(self, answer: Registered) -> None:
        self.answers.append(answer)
        self.news.set()

    async def take(self, frame: Input) -> None:
        self.waiting = True
        self.news.set()
        await self.gate.wait()
        self.taken.append(frame)
        self.news.set()

    def refuses(self) -> bool:
        return self.refusing

    def close(self, reason: str | None) -> None:
        self.closed.append(reason)
        self.news.set()

    async def until(self, condition: Any) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self.news.clear()
                await self.news.wait()


@pytest.fixture(autouse=True)
def no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autosclaw.runner.link.BACKOFF_FIRST_SECONDS", 0.001)
    monkeypatch.setattr("autosclaw.runner.link.BACKOFF_LAST_SECONDS", 0.01)


@contextlib.asynccontextmanager
async def running(
    url: str, spool: Spool, agent: Agent, token: str = TOKEN
) -> AsyncIterator[tuple[Link, "asyncio.Task[None]"]]:
    link = Link(url, "agent-1", token, spool, agent)
    task = asyncio.create_task(link.run())
    try:
        yield link, task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def event(number: int) -> bytes:
    return b'{"type":"output","content":"%d"}' % number


def contents(manager: FakeManager) -> list[int]:
    return [int(e["content"]) for e in manager.events]


async def test_registers_and_sends_in_order(tmp_path: Path) -> None:
    spool, agent, manager = Spool.open(tmp_path), Agent(), FakeManager()
    async with manager.serve(), running(manager.url, spool, agent):
        for number in range(1, 1_001):
            spool.append(event(number))
        await asyncio.wait_for(spool.drained(), 10)
    assert contents(manager) == list(range(1, 1_001))
    assert manager.registers[0]["protocol"] == 1
    assert agent.answers[0].session.session_id == SESSION_ID


async def test_a_cut_connection_loses_and_repeats_nothing(tmp_path: Path) -> None:
    chance = random.Random(20)
    spool, agent, manager = Spool.open(tmp_path), Agent(), FakeManager()
    cuts = [chance.randrange(5, 60) for _ in range(20)]
    due = cuts.pop()

    def maybe_cut(_: dict[str, Any]) -> None:
        nonlocal due
        # In the middle of a frame: its rest, and the acknowledgement, are lost.
        if len(manager.events) >= due and cuts:
            due = len(manager.events) + cuts.pop()
            manager.cut(chance.choice([None, 1001]))

    manager.on_event = maybe_cut
    async with manager.serve(), running(manager.url, spool, agent):
        for number in range(1, 2_001):
            spool.append(event(number))
            if number % 7 == 0:
                await asyncio.sleep(chance.random() * 0.002)
            if number % 100 == 0:
                manager.chat(f"message {number}")
        async with asyncio.timeout(30):
            await spool.drained()
            await manager.until(lambda: manager.last_input == 20)
    assert len(manager.registers) > 10
    assert contents(manager) == list(range(1, 2_001))
    assert manager.faults == []
    assert [frame.input for frame in agent.taken] == list(range(1, 21))


async def test_a_restarted_runner_goes_on_with_its_spool(tmp_path: Path) -> None:
    manager, agent = FakeManager(), Agent()
    spool = Spool.open(tmp_path)
    for number in range(1, 6):
        spool.append(event(number))
    await spool.close()
    async with manager.serve():
        again = Spool.open(tmp_path)
        async with running(manager.url, again, agent):
            again.append(event(6))
            await asyncio.wait_for(again.drained(), 10)
    assert contents(manager) == [1, 2, 3, 4, 5, 6]


async def test_a_new_container_numbers_after_what_the_manager_holds(tmp_path: Path) -> None:
    manager, agent = FakeManager(), Agent()
    manager.events = [{"content": "1"}, {"content": "2"}]
    manager.last_input = 4
    spool = Spool.open(tmp_path)
    async with manager.serve(), running(manager.url, spool, agent):
        await agent.until(lambda: agent.answers)
        assert spool.append(event(3)) == 3
        await asyncio.wait_for(spool.drained(), 10)
    assert contents(manager) == [1, 2, 3]


async def test_an_input_is_on_disk_before_it_is_handed_over(tmp_path: Path) -> None:
    manager, agent, spool = FakeManager(), Agent(), Spool.open(tmp_path)
    agent.gate.clear()
    async with manager.serve(), running(manager.url, spool, agent) as (link, _):
        manager.chat("first")
        await agent.until(lambda: agent.answers)
        await agent.until(lambda: agent.waiting)
        assert (link.has_inputs, spool.last_input) == (True, 1)
        assert input_line(1) in (tmp_path / SPOOL_FILE).read_bytes()
        assert (agent.taken, manager.applied) == ([], [])
        # A reconnect delivers it again, but it is taken already.
        manager.cut()
        await agent.until(lambda: len(agent.answers) == 2)
        agent.gate.set()
        await manager.until(lambda: manager.applied)
        assert not link.has_inputs
    assert agent.taken == [Chat(message="first", input=1)]


async def test_an_input_that_was_applied_is_only_confirmed_again(tmp_path: Path) -> None:
    manager, agent, spool = FakeManager(), Agent(), Spool.open(tmp_path)
    await spool.record_input(1)
    async with manager.serve(), running(manager.url, spool, agent):
        manager.chat("old")
        await manager.until(lambda: manager.last_input == 1)
        manager.chat("new")
        await manager.until(lambda: manager.last_input == 2)
    assert agent.taken == [Chat(message="new", input=2)]


async def test_an_agent_that_stops_takes_nothing_more(tmp_path: Path) -> None:
    manager, agent, spool = FakeManager(), Agent(), Spool.open(tmp_path)
    async with manager.serve(), running(manager.url, spool, agent):
        await agent.until(lambda: agent.answers)
        agent.refusing = True
        manager.chat("too late")
        manager.send({"type": "close", "reason": "bye"})
        await agent.until(lambda: agent.closed)
        spool.append(event(1))
        await asyncio.wait_for(spool.drained(), 10)
    assert (agent.taken, manager.applied, spool.last_input) == ([], [], 0)


@pytest.mark.parametrize("code", [CLOSE_BAD_TOKEN, CLOSE_ENDED])
async def test_some_closes_are_final(tmp_path: Path, code: int) -> None:
    manager, agent, spool = FakeManager(), Agent(), Spool.open(tmp_path)
    async with manager.serve(), running(manager.url, spool, agent) as (_, task):
        await agent.until(lambda: agent.answers)
        manager.cut(code)
        with pytest.raises(LinkEnded) as ended:
            await asyncio.wait_for(task, 10)
    assert ended.value.code == code


async def test_a_refused_token_is_final(tmp_path: Path) -> None:
    manager, spool = FakeManager(), Spool.open(tmp_path)
    async with manager.serve(), running(manager.url, spool, Agent(), "wrong") as (_, task):
        with pytest.raises(LinkEnded):
            await asyncio.wait_for(task, 10)


async def test_waits_for_a_manager_that_is_not_there_yet(tmp_path: Path) -> None:
    manager, agent, spool = FakeManager(), Agent(), Spool.open(tmp_path)
    async with manager.serve():
        port = int(manager.url.rsplit(":", 1)[1])
    spool.append(event(1))
    async with running(f"http://127.0.0.1:{port}", spool, agent) as (_, task):
        # Long enough for a few refused attempts.
        await asyncio.wait((task,), timeout=0.05)
        assert not task.done()
        async with manager.serve(port):
            await asyncio.wait_for(spool.drained(), 10)
    assert contents(manager) == [1]


async def test_the_status_is_told_again_after_a_reconnect(tmp_path: Path) -> None:
    manager, agent, spool = FakeManager(), Agent(), Spool.open(tmp_path)

    def statuses() -> list[str]:
        return [frame["status"] for frame in manager.transient]

    async with manager.serve(), running(manager.url, spool, agent) as (link, _):
        await agent.until(lambda: agent.answers)
        link.status("thinking")
        link.status("thinking")
        await manager.until(lambda: statuses() == ["thinking"])
        manager.cut()
        await manager.until(lambda: statuses() == ["thinking", "thinking"])
        link.status("idle")
        await manager.until(lambda: statuses()[2:] == ["idle"])


async def test_deltas_are_merged_and_void_after_the_final_event(tmp_path: Path) -> None:
    manager, agent, spool = FakeManager(), Agent(), Spool.open(tmp_path)
    async with manager.serve(), running(manager.url, spool, agent) as (link, _):
        await agent.until(lambda: agent.answers)
        for letter in "abc":
            link.delta(Delta(message_id="m", block=0, kind="text", text=letter))
        link.delta(Delta(message_id="m", block=1, kind="text", text="void"))
        link.finished("m", 1)
        await manager.until(lambda: manager.transient)
    expected = {"type": "delta", "messageId": "m", "block": 0, "kind": "text", "text": "abc"}
    assert manager.transient == [expected]


async def test_a_block_that_missed_a_delta_stays_quiet(tmp_path: Path) -> None:
    manager, agent, spool = FakeManager(), Agent(), Spool.open(tmp_path)
    async with manager.serve(), running(manager.url, spool, agent) as (link, _):
        await agent.until(lambda: agent.answers)
        link.delta(Delta(message_id="m", block=0, kind="text", text="be"))
        await manager.until(lambda: manager.transient)
        manager.cut()
        link.delta(Delta(message_id="m", block=0, kind="text", text="lost"))
        await agent.until(lambda: len(agent.answers) == 2)
        link.delta(Delta(message_id="m", block=0, kind="text", text="end"))
        link.delta(Delta(message_id="n", block=0, kind="text", text="whole"))
        await manager.until(lambda: manager.transient[-1]["messageId"] == "n")
    assert [frame["text"] for frame in manager.transient] == ["be", "whole"]


async def test_frames_that_are_not_understood_are_passed_over(tmp_path: Path) -> None:
    manager, agent, spool = FakeManager(), Agent(), Spool.open(tmp_path)
    async with manager.serve(), running(manager.url, spool, agent):
        await agent.until(lambda: agent.answers)
        manager.send({"type": "from the future"})
        manager.send({"type": "error", "message": "refused"})
        manager.chat("after")
        await agent.until(lambda: agent.taken)
    assert len(agent.answers) == 1


def test_addresses() -> None:
    assert websocket_url("http://10.0.0.1:4001") == "ws://10.0.0.1:4001/agent"
    assert websocket_url("https://host/base/") == "wss://host/base/agent"


def test_waits_grow_and_stay_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert [backoff(n, 0.0) for n in (0, 3, 50)] == [0.1, 0.1, 0.1]
    assert [backoff(n, 1.0) for n in (0, 1, 2, 9, 50)] == [0.1, 0.2, 0.4, 5.0, 5.0]
