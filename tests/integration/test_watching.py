"""Pages that follow an agent in the acknowledged form: no gaps, nothing twice, nobody slowed."""

import asyncio
import json
import random
import socket as sockets
from typing import Any

import pytest
import websockets

from autosclaw.protocol import limits

from .clients import Frame, Socket
from .conftest import World

pytestmark = pytest.mark.asyncio(loop_scope="module")
ACKNOWLEDGED = "&protocol=1"


class Agent:
    """An agent of the acknowledged form that numbers what it says."""

    def __init__(self, link: Socket) -> None:
        self.link = link
        self.last = 0

    async def say(self, count: int, size: int = 0, **fields: Any) -> None:
        events = []
        for number in range(self.last + 1, self.last + count + 1):
            events.append({"type": "output", "content": f"{number} " + "x" * size, **fields})
        await self.link.send({"type": "events", "first": self.last + 1, "events": events})
        self.last += count

    async def acked(self) -> None:
        await self.link.until(lambda: self.link.all("ack", seq=self.last))


async def talking(world: World, link: Socket, name: str) -> tuple[str, Agent]:
    agent_id = await world.member.spawn(name=name)
    await world.register(link, agent_id, protocol=1)
    await link.next("registered")
    await world.online(agent_id)
    return agent_id, Agent(link)


def numbered(page: Socket, agent_id: str) -> dict[int, Frame]:
    """Events by number; fails when one came twice or out of order."""
    found: dict[int, Frame] = {}
    for frame in page.all("events", agentId=agent_id):
        for number, event in enumerate(frame["events"], frame["first"]):
            assert number == max(found, default=number - 1) + 1, "a gap or a repetition"
            found[number] = event
    return found


async def test_welcome_names_this_run(world: World) -> None:
    async with world.viewer.page(ACKNOWLEDGED) as page, world.admin.page(ACKNOWLEDGED) as other:
        told = await page.next("welcome")
        assert told["user"] == {"username": "viewer", "role": "viewer"}
        assert told["epoch"] == (await other.next("welcome"))["epoch"]
        await page.next("project_list")
        kinds = [frame["type"] for frame in page.got]
        assert kinds == ["welcome", "agent_list", "schedule_list", "project_list"]


async def test_only_what_changed_is_sent(world: World) -> None:
    async with world.viewer.page(ACKNOWLEDGED) as page:
        await page.next("project_list")
        agent_id = await world.admin.spawn(name="fresh")
        changed = await page.next("agents_changed")
        assert [agent["id"] for agent in changed["changed"]] == [agent_id]
        assert len(page.all("agent_list")) == 1


async def test_watch_after_and_tail(world: World) -> None:
    async with world.raw_link() as link:
        agent_id, agent = await talking(world, link, "followed")
        await agent.say(600)
        await agent.acked()
        last = (await world.admin.agent(agent_id))["lastSeq"]
        whole = await world.admin.transcript(agent_id)
        for ask in ({"after": 0}, {"after": 17}, {"after": 10**6}, {"tail": 5}, {"tail": 0}, {}):
            first = min(ask.get("after", last - ask.get("tail", 200)), last) + 1
            async with world.viewer.page(ACKNOWLEDGED) as page:
                await page.send({"type": "watch", "agentId": agent_id, **ask})
                told = await page.next("watching")
                assert (told["first"], told["last"], told["committed"]) == (first, last, last), ask
                await agent.say(1)
                last += 1
                await page.until(lambda page=page, n=last: n in numbered(page, agent_id))
                await agent.acked()
                whole = await world.admin.transcript(agent_id)
                expected = {number: whole[number - 1] for number in range(first, last + 1)}
                assert numbered(page, agent_id) == expected
        assert page.all("events")[-1]["committed"] <= last


async def test_watching_goes_on_after_another_page_left(world: World) -> None:
    """Pages come and go while an agent speaks; each sees all of it, and the agent is not cut."""
    async with world.raw_link() as link:
        agent_id, agent = await talking(world, link, "visited")
        watch = {"type": "watch", "agentId": agent_id, "after": 0}
        for _ in range(3):
            async with world.viewer.page(ACKNOWLEDGED) as page:
                await page.send(watch)
                await page.next("watching")
                await page.send({"type": "unwatch", "agentId": agent_id, "requestId": "away"})
                await page.next("ok", requestId="away")
                await agent.say(2)
                await agent.acked()
                await page.send(watch)
                last = (await world.admin.agent(agent_id))["lastSeq"]
                await page.until(lambda p=page, n=last: len(numbered_last(p, agent_id)) == n)
                await agent.say(1)
                await page.until(lambda p=page, n=last + 1: n in numbered_last(p, agent_id))
        chat = {"type": "chat", "agentId": agent_id, "message": "hi", "requestId": "c"}
        async with world.member.page() as page:
            await page.send(chat)
            await page.next("ok", requestId="c")
        await agent.say(5)
        await agent.acked()
        await link.next("chat", message="hi")


def numbered_last(page: Socket, agent_id: str) -> dict[int, Frame]:
    """As `numbered`, since the newest watch."""
    start = max(i for i, frame in enumerate(page.got) if frame["type"] == "watching")
    since = object.__new__(Socket)
    since.got = page.got[start:]
    return numbered(since, agent_id)


async def test_partial_text_is_shown_and_a_late_page_gets_what_is_there(world: World) -> None:
    async with world.raw_link() as link:
        agent_id, agent = await talking(world, link, "writer")

        async def write(text: str, block: int = 0, kind: str = "text") -> None:
            delta = {"type": "delta", "messageId": "m1", "block": block, "kind": kind}
            await link.send({**delta, "text": text})

        def shown(page: Socket) -> dict[int, str]:
            texts: dict[int, str] = {}
            for frame in page.all("deltas", agentId=agent_id):
                for delta in frame["deltas"]:
                    texts[delta["block"]] = texts.get(delta["block"], "") + delta["text"]
            return texts

        watch = {"type": "watch", "agentId": agent_id}
        async with (
            world.viewer.page(ACKNOWLEDGED) as early,
            world.viewer.page() as plain,
        ):
            for page in (early, plain):
                await page.send(watch)
            await early.next("watching")
            await plain.next("text_history")
            await write("hm", 0, "thinking")
            await write("Hel", 1)
            await early.until(lambda: shown(early) == {0: "hm", 1: "Hel"})
            async with world.viewer.page(ACKNOWLEDGED) as late:
                await late.send(watch)
                await late.until(lambda: shown(late) == {0: "hm", 1: "Hel"})
                await write("lo", 1)
                for page in (early, late):
                    await page.until(lambda p=page: shown(p) == {0: "hm", 1: "Hello"})
            await agent.say(1, messageId="m1", block=0, msgType="thinking")
            await agent.acked()
            async with world.viewer.page(ACKNOWLEDGED) as later:
                await later.send(watch)
                await later.until(lambda: shown(later) == {1: "Hello"})
            await agent.say(1, messageId="m1", block=1)
            await agent.acked()
            async with world.viewer.page(ACKNOWLEDGED) as last:
                await last.send(watch)
                await last.until(
                    lambda: (
                        agent.last
                        in [
                            int(e["content"].split()[0])
                            for e in numbered(last, agent_id).values()
                            if e["type"] == "output"
                        ]
                    )
                )
                assert not shown(last)
            assert not plain.all("deltas")
    assert "Hello" not in str(await world.admin.transcript(agent_id))


async def test_a_page_that_does_not_read_gets_everything_later_and_slows_nobody(
    world: World,
) -> None:
    async with world.raw_link() as link, world.admin.page(ACKNOWLEDGED) as quick:
        agent_id, agent = await talking(world, link, "loud")
        watch = {"type": "watch", "agentId": agent_id, "after": 0}
        await quick.send(watch)
        await quick.next("watching")
        narrow = sockets.socket()
        narrow.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        narrow.setblocking(False)
        host, port = world.manager.url.removeprefix("http://").split(":")
        await asyncio.get_running_loop().sock_connect(narrow, (host, int(port)))
        url = f"ws://{host}:{port}/ws?token={world.viewer.token}&protocol=1"
        async with websockets.connect(
            url, sock=narrow, compression=None, max_size=None, max_queue=1, proxy=None
        ) as slow:
            await slow.send(json.dumps(watch))
            rounds = 40
            for _ in range(rounds):
                await agent.say(100, size=2_000)
                await quick.until(lambda: has(quick, agent_id, agent.last))
            await agent.acked()
            last = (await world.admin.agent(agent_id))["lastSeq"]
            numbers: list[int] = []
            async with asyncio.timeout(20):
                while not numbers or numbers[-1] < last:
                    frame = json.loads(await slow.recv())
                    if frame["type"] == "events":
                        numbers += range(frame["first"], frame["first"] + len(frame["events"]))
        assert numbers == list(range(1, last + 1))
        assert list(numbered(quick, agent_id)) == numbers
        assert last > rounds * 100


def has(page: Socket, agent_id: str, content: int) -> bool:
    last = page.all("events", agentId=agent_id)[-1:]
    return bool(last) and str(last[0]["events"][-1].get("content", "")).startswith(f"{content} ")


async def test_pages_that_watch_again_in_the_middle_of_catching_up(world: World) -> None:
    chance = random.Random(7)
    async with world.raw_link() as link:
        agent_id, agent = await talking(world, link, "rewatched")
        for _ in range(10):
            await agent.say(400, size=300)
            await agent.acked()
        last = (await world.admin.agent(agent_id))["lastSeq"]
        async with world.viewer.page(ACKNOWLEDGED) as page:
            for _ in range(25):
                after = chance.randrange(last)
                seen = len(page.all("watching"))
                await page.send({"type": "watch", "agentId": agent_id, "after": after})
                await page.until(lambda n=seen: len(page.all("watching")) > n)
                for _ in range(chance.randrange(4)):
                    await asyncio.sleep(0)
            await page.send({"type": "watch", "agentId": agent_id, "after": 0})
            await page.until(lambda: page.got and watched_to_the_end(page, agent_id, last))


def watched_to_the_end(page: Socket, agent_id: str, last: int) -> bool:
    """Behind each `watching` come its own events only, in order and without gaps."""
    expected = 0
    for frame in page.got:
        if frame["type"] == "watching":
            expected = frame["first"]
        elif frame["type"] == "events" and frame["agentId"] == agent_id:
            assert frame["first"] == expected, "events of an older watch, or a gap"
            expected += len(frame["events"])
    newest = [frame for frame in page.got if frame["type"] == "watching"][-1]
    return newest["first"] == 1 and expected == last + 1


async def test_a_page_that_leaves_in_the_middle_of_its_chat_disturbs_nobody(world: World) -> None:
    """Whether or not the chat was taken in, the agent's connection and numbers are untouched."""
    async with world.raw_link() as link:
        agent_id, agent = await talking(world, link, "steady")
        for number in range(15):
            async with world.member.page() as page:
                for part in range(3):
                    message = f"{number}/{part}"
                    await page.send({"type": "chat", "agentId": agent_id, "message": message})
                page.cut()
            await agent.say(3)
        await agent.acked()
        assert not link.all("error")
        heard = [frame["message"] for frame in link.all("chat")]
        assert len(heard) == len(set(heard))
        events = await world.admin.transcript(agent_id)
        spoken = [e["content"] for e in events if e["type"] == "output" and "by" not in e]
        assert [int(c.split()[0]) for c in spoken] == list(range(1, agent.last + 1))


async def test_silence_is_broken_by_a_beat(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PING_SECONDS", 0.2)
    async with world.viewer.page(ACKNOWLEDGED) as page, world.viewer.page("") as plain:
        await page.next("beat")
        await page.next("beat")
        assert "beat" not in [frame["type"] for frame in plain.got]
