"""The agents' socket in its acknowledged form: every event once and in order, whatever is cut."""

import asyncio
import random
from typing import Any

import pytest

from .clients import Frame, Socket
from .conftest import World

pytestmark = pytest.mark.asyncio(loop_scope="module")
FENCED = 4408
GAP = 4409


def text(number: int) -> Frame:
    return {"type": "output", "msgType": "text", "content": f"event {number}"}


def batch(first: int, last: int) -> Frame:
    return {"type": "events", "first": first, "events": [text(n) for n in range(first, last + 1)]}


async def greet(world: World, link: Socket, agent_id: str) -> Frame:
    await world.register(link, agent_id, protocol=1)
    return await link.next("registered")


async def contents(world: World, agent_id: str, kind: str = "text") -> list[str]:
    events = await world.admin.transcript(agent_id)
    return [e["content"] for e in events if e["type"] == "output" and e["msgType"] == kind]


async def test_registered_says_where_the_manager_stands(world: World) -> None:
    agent_id = await world.member.spawn(name="new", systemPrompt="Go.", model="claude-x-1")
    async with world.raw_link() as link:
        told = await greet(world, link, agent_id)
        assert (told["agentId"], told["lastSeq"], told["lastInput"]) == (agent_id, 0, 0)
        assert told["session"]["model"] == "claude-x-1"
        assert told["session"]["keepAliveSeconds"] == 0
        chat = await link.next("chat")
        assert (chat["message"], chat["input"]) == ("Go.", 1)
        assert len(chat["id"]) == 36


async def test_an_acknowledgement_means_it_is_durable(world: World) -> None:
    agent_id = await world.member.spawn(name="durable")
    async with world.raw_link() as link:
        await greet(world, link, agent_id)
        done = 0
        for size in (1, 7, 300, 1_000):
            await link.send(batch(done + 1, done + size))
            done += size
            await link.until(lambda n=done: link.all("ack", seq=n))
            assert await contents(world, agent_id) == [f"event {n}" for n in range(1, done + 1)]
        assert [ack["seq"] for ack in link.all("ack")] == sorted(
            {ack["seq"] for ack in link.all("ack")}
        )
        await link.send({"type": "events", "first": done + 1, "events": [text(0)] * 1_001})
        assert "1000" in (await link.next("error"))["message"]


async def test_repeated_events_are_skipped_and_a_gap_closes(world: World) -> None:
    agent_id = await world.member.spawn(name="repeating")
    async with world.raw_link() as link:
        await greet(world, link, agent_id)
        for first, last in ((1, 5), (1, 5), (3, 8), (8, 8), (9, 9), (2, 4)):
            await link.send(batch(first, last))
        await link.next("ack", seq=9)
        await link.send({**text(10), "seq": 10})
        await link.send({**text(10), "seq": 10})
        await link.send({**text(11), "seq": 11})
        await link.next("ack", seq=11)
        await link.send(batch(13, 14))
        assert await link.closed() == GAP
    async with world.raw_link() as link:
        assert (await greet(world, link, agent_id))["lastSeq"] == 11
        await link.send({**text(14), "seq": 14})
        assert await link.closed() == GAP
    assert await contents(world, agent_id) == [f"event {n}" for n in range(1, 12)]


async def test_a_bad_event_takes_nothing_of_its_batch(world: World) -> None:
    agent_id = await world.member.spawn(name="mixed")
    async with world.raw_link() as link:
        await greet(world, link, agent_id)
        frame = batch(1, 3)
        frame["events"][1] = {"type": "state_changed", "state": "completed"}
        await link.send(frame)
        await link.next("error")
        await link.send(batch(1, 3))
        await link.next("ack", seq=3)
    assert await contents(world, agent_id) == ["event 1", "event 2", "event 3"]


@pytest.mark.parametrize("seed", range(4))
async def test_every_event_once_and_in_order_over_cuts_anywhere(world: World, seed: int) -> None:
    """An agent that is cut at random, resends at random, and is talked to meanwhile."""
    chance = random.Random(seed)
    agent_id = await world.member.spawn(name=f"cut {seed}")
    total, cuts = 400, 0
    said: list[str] = []
    done = False

    async def talk() -> None:
        async with world.member.page() as page:
            while not done:
                message = f"remark {len(said)}"
                request = f"{seed}-{len(said)}"
                order = {"type": "chat", "agentId": agent_id, "message": message}
                await page.send({**order, "requestId": request})
                await page.next("ok", requestId=request)
                said.append(message)

    talking = asyncio.create_task(talk())
    while not done:
        async with world.raw_link() as link:
            told = await greet(world, link, agent_id)
            at = told["lastSeq"]
            assert at <= total
            if at == total:
                done = True
                break
            at = max(0, at - chance.randrange(3))
            for _ in range(chance.randrange(1, 8)):
                if at >= total:
                    break
                last = min(total, at + chance.randrange(1, 40))
                await link.send(batch(at + 1, last))
                at = max(at, last - chance.randrange(2))
                if chance.random() < 0.3:
                    await link.until(lambda: link.all("ack"))
            if chance.random() < 0.5:
                link.cut()
            cuts += 1
    await talking
    assert await contents(world, agent_id) == [f"event {n}" for n in range(1, total + 1)]
    assert await contents(world, agent_id, "user_input") == said
    assert cuts > 3
    assert said


async def test_inputs_are_delivered_until_they_are_applied(world: World) -> None:
    agent_id = await world.member.spawn(name="inputs", systemPrompt="first")

    async def say(message: str) -> None:
        async with world.member.page() as page:
            order = {"type": "chat", "agentId": agent_id, "message": message, "requestId": message}
            await page.send(order)
            await page.next("ok", requestId=message)

    await say("second")
    async with world.raw_link() as link:
        await greet(world, link, agent_id)
        second = await link.next("chat", input=2)
        ids = [frame["id"] for frame in link.all("chat")]
    async with world.raw_link() as link:
        assert (await greet(world, link, agent_id))["lastInput"] == 0
        await link.next("chat", input=2)
        assert [frame["id"] for frame in link.all("chat")] == ids
        await link.send({"type": "applied", "input": 1})
        await link.send({"type": "events", "first": 1, "events": [text(1)]})
        await link.next("ack", seq=1)
    async with world.raw_link() as link:
        assert (await greet(world, link, agent_id))["lastInput"] == 1
        assert (await link.next("chat"))["id"] == second["id"]
        await link.send({"type": "applied", "input": 2})
        await link.send({"type": "applied", "input": 3})
        assert "3" in (await link.next("error"))["message"]
        await say("third")
        assert (await link.next("chat"))["message"] == "third"
    async with world.raw_link() as link:
        assert (await greet(world, link, agent_id))["lastInput"] == 2
        assert [(await link.next("chat"))["input"]] == [3]


async def test_a_newer_connection_fences_the_older(world: World) -> None:
    agent_id = await world.member.spawn(name="twins")
    async with world.raw_link() as old:
        first = await greet(world, old, agent_id)
        await old.send(batch(1, 2))
        await old.next("ack", seq=2)
        async with world.raw_link() as new:
            second = await greet(world, new, agent_id)
            assert second["epoch"] > first["epoch"]
            assert second["lastSeq"] == 2
            assert await old.closed() == FENCED
            await new.send(batch(3, 4))
            await new.next("ack", seq=4)
            agent = await world.admin.agent(agent_id)
            assert (agent["state"], agent["connected"]) == ("running", True)
        await world.admin.becomes(agent_id, connected=False, state="disconnected")


async def test_many_registrations_at_once_leave_one(world: World) -> None:
    agent_id = await world.member.spawn(name="storm")

    async def one(index: int) -> int | None:
        async with world.raw_link() as link:
            await world.register(link, agent_id, protocol=1)
            if index % 3 == 0:
                link.cut()
            return await link.closed()

    storm = [asyncio.create_task(one(index)) for index in range(12)]
    await world.admin.becomes(agent_id, state="running")
    async with world.raw_link() as last:
        await greet(world, last, agent_id)
        codes = await asyncio.gather(*storm)
        assert set(codes) <= {FENCED, 1006, 1000}
        await last.send(batch(1, 3))
        await last.next("ack", seq=3)
        agent = await world.admin.agent(agent_id)
        assert (agent["state"], agent["connected"]) == ("running", True)


async def test_the_clis_own_log_is_kept_but_not_shown(world: World) -> None:
    agent_id = await world.member.spawn(name="logged")
    agent = await world.as_agent(agent_id)

    def log(part: str, subpath: str = "") -> Frame:
        return {"type": "session_log", "subpath": subpath, "text": part}

    async with world.raw_link() as link:
        await greet(world, link, agent_id)
        events = [log("one\n"), text(2), log("a\n", "sub/x"), log("two\n"), text(5)]
        await link.send({"type": "events", "first": 1, "events": events})
        await link.next("ack", seq=5)
        assert await contents(world, agent_id) == ["event 2", "event 5"]
        files = (await agent.get("/agent/session")).json()
        assert files == {"": "one\ntwo\n", "sub/x": "a\n"}
    assert (await world.admin.get("/agent/session")).status_code == 403
    await agent.close()


async def test_the_agents_last_word_and_life(world: World) -> None:
    agent_id = await world.member.spawn(name="finisher")
    async with world.raw_link() as link:
        await greet(world, link, agent_id)
        events: list[Any] = [text(1), {"type": "exited", "outcome": "completed", "reason": "Fin."}]
        await link.send({"type": "events", "first": 1, "events": events})
        await link.next("ack", seq=2)
        box = world.manager.box(agent_id)
        assert box is not None
        box.terminated.set()
        ended = await world.admin.becomes(agent_id, status="stopped")
        assert (ended["state"], ended["exitReason"]) == ("completed", "Fin.")
        assert await link.closed() == 4410
