"""The agents' socket in the contract's plain form, and the page's view of it."""

import asyncio
import json
import time
from contextlib import suppress

import pytest
import websockets

from .conftest import World

pytestmark = pytest.mark.asyncio(loop_scope="module")
BAD_TOKEN = 4001


async def test_a_wrong_token_closes_with_4001(world: World) -> None:
    agent_id = await world.admin.spawn(name="a")
    other = await world.admin.spawn(name="b")
    for token in ("", "0" * 64, await world.token(other)):
        async with world.raw_link() as link:
            await link.send({"type": "register", "agentId": agent_id, "token": token})
            assert await link.closed() == BAD_TOKEN
    assert (await world.admin.agent(agent_id))["connected"] is False


@pytest.mark.parametrize(
    "first",
    [
        '{"type":"output","agentId":"x","msgType":"text","content":"hi"}',
        '{"type":"register"}',
        '{"type":"register","agentId":5,"token":[]}',
        "not json",
        "[" * 4_000,
        '{"type":"register","agentId":' + "[" * 3_000,
        '{"type":"register","agentId":"x","token":"' + "y" * 5_000 + '"}',
        b"\x00\x01",
    ],
)
async def test_nothing_but_a_registration_is_accepted_first(
    world: World, first: str | bytes
) -> None:
    async with world.raw_link() as link:
        await link.connection.send(first)
        assert await link.closed() == BAD_TOKEN


async def test_what_was_sent_behind_a_wrong_registration_changes_nothing(world: World) -> None:
    agent_id = await world.admin.spawn(name="victim")
    token = await world.token(agent_id)
    await world.admin.becomes(agent_id, state="starting")
    before = await world.admin.transcript(agent_id)
    async with world.raw_link() as link:
        said = {"type": "output", "agentId": agent_id, "msgType": "text", "content": "forged"}
        with suppress(websockets.ConnectionClosed):
            await link.send({"type": "register", "agentId": agent_id, "token": "f" * 64})
            await link.send(said)
            await link.send({"type": "register", "agentId": agent_id, "token": token})
            await link.send(said)
        assert await link.closed() == BAD_TOKEN
    assert await world.admin.transcript(agent_id) == before
    assert (await world.admin.agent(agent_id))["status"] == "starting"


async def test_a_connection_that_does_not_register_is_closed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autosclaw.protocol.limits.REGISTER_SECONDS", 0.05)
    async with world.raw_link() as link:
        assert await link.closed() == BAD_TOKEN


async def test_browsers_are_refused(world: World) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with world.raw_link(origin="http://somewhere.example"):
            pass
    assert refused.value.response.status_code == 403


async def test_the_door_is_on_the_main_port_as_well(world: World) -> None:
    agent_id = await world.admin.spawn(systemPrompt="Work.")
    async with world.raw_link(main=True) as link:
        await world.register(link, agent_id)
        await link.next("chat", message="Work.")


async def test_the_prompt_is_the_first_chat_once_in_a_life(world: World) -> None:
    agent_id = await world.member.spawn(name="prompted", systemPrompt="Do the thing.")
    async with world.raw_link() as link:
        await world.register(link, agent_id)
        first = await link.next("chat")
        assert first["message"] == "Do the thing."
        await world.online(agent_id)
    for number in range(3):
        await world.admin.becomes(agent_id, connected=False)
        async with world.raw_link() as link:
            await world.register(link, agent_id)
            async with world.member.page() as page:
                message = f"marker {number}"
                await page.send({"type": "chat", "agentId": agent_id, "message": message})
                assert (await link.next("chat"))["message"] == message
            link.cut()


async def test_what_an_agent_says_reaches_those_who_watch_as_it_was_sent(world: World) -> None:
    agent_id = await world.member.spawn(name="speaker")
    frames = [
        {"type": "output", "agentId": agent_id, "msgType": "text", "content": "Hällo \U0001f600"},
        {"type": "output", "agentId": agent_id, "msgType": "thinking", "content": "hm"},
        {
            "type": "tool_use",
            "agentId": agent_id,
            "toolType": "mcp_tool_use",
            "name": "mcp__x__y",
            "input": {"deep": [{"a": None}], "n": 1.5},
        },
        {"type": "output", "agentId": agent_id, "msgType": "tool_progress", "content": "1/2"},
        {"type": "output", "agentId": agent_id, "msgType": "something_new", "content": "?"},
        {"type": "output", "agentId": agent_id, "msgType": "result_success", "content": "done"},
    ]
    totals = {
        "inputTokens": 1, "outputTokens": 2, "cacheReadInputTokens": 3,
        "cacheCreationInputTokens": 4, "costUSD": 0.25,
    }  # fmt: skip
    async with world.raw_link() as link, world.member.page() as page, world.viewer.page() as idle:
        await world.register(link, agent_id)
        await world.online(agent_id)
        await page.send({"type": "watch", "agentId": agent_id})
        await page.next("text_history", agentId=agent_id)
        for frame in frames:
            await link.send(frame)
            await link.send({**frame, "agentId": ""})
            assert at_least(await page.next(frame["type"]), frame)
            assert at_least(await page.next(frame["type"]), frame)
        await link.send({"type": "status", "agentId": agent_id, "status": "thinking hard"})
        assert (await page.next("status"))["status"] == "thinking hard"
        await world.admin.becomes(agent_id, processing=True)
        await link.send({"type": "status", "agentId": agent_id, "status": "idle"})
        await world.admin.becomes(agent_id, processing=False)
        await link.send({"type": "tokens", "agentId": agent_id, "tokens": totals})
        assert (await page.next("tokens", agentId=agent_id))["tokens"] == totals
        agent = await world.admin.becomes(agent_id, inputTokens=1)
        assert totals.items() <= agent.items()
        await page.send({"type": "watch", "agentId": agent_id})
        entries = (await page.next("text_history"))["entries"]
        assert next(e for e in entries if e["role"] == "tool") == {
            "role": "tool", "type": "tool_use", "toolType": "mcp_tool_use",
            "name": "mcp__x__y", "input": {"deep": [{"a": None}], "n": 1.5},
        }  # fmt: skip
        texts = [e["text"] for e in entries if e["role"] == "assistant"]
        assert texts == [f["content"] for f in frames if "content" in f for _ in range(2)]
        for kind in ("output", "tool_use", "tokens", "status"):
            assert not idle.all(kind)


async def test_an_agent_speaks_for_itself_only(world: World) -> None:
    liar = await world.member.spawn(name="liar")
    victim = await world.member.spawn(name="victim")
    async with world.raw_link() as link:
        await world.register(link, liar)
        await world.online(liar)
        before = await world.admin.transcript(victim)
        for kind in ("output", "ask_user", "tool_use"):
            await link.send({"type": kind, "agentId": victim})
            assert "agentId" in (await link.next("error"))["message"]
        await link.send({"type": "output", "agentId": liar, "content": "still here"})
        await world.said(liar, "still here")
        assert await world.admin.transcript(victim) == before
        for forged in ("answered", "state_changed", "registered"):
            await link.send({"type": forged, "agentId": liar})
            await link.next("error")


@pytest.mark.parametrize(
    "tokens",
    [
        {"costUSD": 1e300},
        {"inputTokens": 2**63},
        {"outputTokens": 2**70},
        {"inputTokens": -5, "costUSD": -1.0},
    ],
)
async def test_absurd_totals_do_not_end_the_connection(world: World, tokens: dict) -> None:
    agent_id = await world.member.spawn(name="absurd")
    async with world.raw_link() as link:
        await world.register(link, agent_id)
        await world.online(agent_id)
        await link.send({"type": "tokens", "agentId": agent_id, "tokens": tokens})
        await link.send({"type": "output", "agentId": agent_id, "content": "after"})
        await world.said(agent_id, "after")
    agent = await world.admin.agent(agent_id)
    assert 0 <= agent["costUSD"] <= 1_000_000
    assert 0 <= agent["inputTokens"] < 2**63


async def test_a_question_and_its_answer(world: World) -> None:
    agent_id = await world.member.spawn(name="asker")
    questions = [
        {
            "header": "Colour",
            "question": "Which colour?",
            "options": [{"label": "red", "description": "warm"}, {"label": "blue"}],
            "multiSelect": True,
        }
    ]
    asked = {"type": "ask_user", "agentId": agent_id, "questions": questions}
    async with (
        world.raw_link() as link,
        world.member.page() as page,
        world.viewer.page() as bystander,
    ):
        await world.register(link, agent_id)
        await world.online(agent_id)
        await page.send({"type": "watch", "agentId": agent_id})
        await page.next("text_history")
        await link.send(asked)
        assert (await page.next("ask_user"))["questions"] == questions
        told = await bystander.next("ask_user_notification")
        assert (told["agentId"], told["agentName"]) == (agent_id, "asker")
        waiting = await world.admin.becomes(agent_id, waitingForAskUser=True)
        assert waiting["status"] == "running"
        async with world.admin.page() as late:
            await late.send({"type": "watch", "agentId": agent_id})
            await late.next("text_history")
            again = await late.next("ask_user")
            assert again["questions"][0]["question"] == "Which colour?"
            assert again["questions"][0]["options"] == questions[0]["options"]
            answer = {"Which colour?": ["red", "blue"]}
            reply = {"type": "ask_user_response", "agentId": agent_id}
            await late.send({**reply, "answers": answer})
            got = await link.next("ask_user_response")
            assert got["answers"] == answer
            await world.admin.becomes(agent_id, waitingForAskUser=False)
            await page.send({**reply, "answers": {"Which colour?": "green"}})
            assert (await page.next("error"))["message"]
        assert len(link.all("ask_user_response")) == 1


async def test_of_many_answers_at_once_the_first_wins(world: World) -> None:
    agent_id = await world.admin.spawn(name="racer")
    async with world.raw_link() as link, world.admin.page() as one, world.admin.page() as two:
        await world.register(link, agent_id)
        for round_number in range(5):
            question = f"Round {round_number}?"
            ask = {"type": "ask_user", "agentId": agent_id, "questions": [{"question": question}]}
            await link.send(ask)
            await world.admin.becomes(agent_id, waitingForAskUser=True)
            reply = {"type": "ask_user_response", "agentId": agent_id}
            await asyncio.gather(
                one.send({**reply, "answers": {question: "one"}}),
                two.send({**reply, "answers": {question: "two"}}),
            )
            await link.next("ask_user_response")
            await world.admin.becomes(agent_id, waitingForAskUser=False)
        assert len(link.all("ask_user_response")) == 5


async def test_what_a_person_types_is_echoed_to_all_who_watch(world: World) -> None:
    agent_id = await world.member.spawn(name="listener")
    async with (
        world.raw_link() as link,
        world.member.page() as page,
        world.viewer.page() as reader,
        world.admin.page() as elsewhere,
    ):
        await world.register(link, agent_id)
        await world.online(agent_id)
        for watcher in (page, reader):
            await watcher.send({"type": "watch", "agentId": agent_id})
            await watcher.next("text_history")
        await page.send({"type": "chat", "agentId": agent_id, "message": "Hello there"})
        assert (await link.next("chat"))["message"] == "Hello there"
        for watcher in (page, reader):
            echo = await watcher.next("output", msgType="user_input")
            assert echo["content"] == "Hello there"
        assert not elsewhere.all("output")
        await page.send({"type": "watch", "agentId": agent_id})
        entries = (await page.next("text_history"))["entries"]
        assert entries[-1]["role"] == "user"
        assert entries[-1]["text"] == "Hello there"


async def test_chat_has_a_limit(world: World) -> None:
    agent_id = await world.member.spawn(name="reader")
    async with world.raw_link() as link, world.member.page() as page:
        await world.register(link, agent_id)
        for length in (49_999, 50_000):
            text = "ö" * length
            await page.send({"type": "chat", "agentId": agent_id, "message": text})
            assert (await link.next("chat"))["message"] == text
        for text in ("ö" * 50_001, "", "   "):
            await page.send({"type": "chat", "agentId": agent_id, "message": text})
            assert "message" in (await page.next("error"))["message"]
        await page.send({"type": "chat", "agentId": agent_id, "message": "last"})
        assert (await link.next("chat"))["message"] == "last"


async def test_an_agent_spawns_another(world: World) -> None:
    agent_id = await world.member.spawn(name="parent", permissions=["agent:spawn"])
    async with world.raw_link() as link:
        await world.register(link, agent_id)
        wish = {"type": "spawn_agent", "agentId": agent_id, "purpose": "p", "systemPrompt": "s"}
        await link.send({**wish, "name": "child"})
        made = await link.next("agent_spawned")
        assert made["name"] == "child"
        child = await world.admin.agent(made["agentId"])
        assert (child["createdBy"], child["permissions"]) == ("member", ["agent:spawn"])
        assert child["parentId"] == agent_id
        await link.send({**wish, "name": "n" * 256})
        refused = (await link.next("spawn_error"))["error"]
        assert "name" in refused
        assert "255" in refused
    lacking = await world.member.spawn(name="without")
    async with world.raw_link() as link:
        await world.register(link, lacking)
        await link.send({**wish, "agentId": lacking, "name": "child"})
        assert "agent:spawn" in (await link.next("spawn_error"))["error"]


async def test_a_mistake_is_answered_and_the_connection_stays(world: World) -> None:
    agent_id = await world.member.spawn(name="clumsy")
    deep = "[" * 50_000
    mistakes = [
        "not json", "[]", '{"type":"nothing"}', '{"type":"output","content":5}', deep,
        '{"type":"tool_use","input":' + deep, '{"type":"applied","input":7}',
        '{"type":"events","first":1,"events":[' + deep + "]}",
        '{"type":"register","agentId":"x","token":"y"}',
    ]  # fmt: skip
    async with world.raw_link() as link:
        await world.register(link, agent_id)
        for mistake in mistakes:
            await link.connection.send(mistake)
            assert len((await link.next("error"))["message"]) < 400
        await link.send({"type": "output", "agentId": agent_id, "content": "after"})
        await world.said(agent_id, "after")


async def test_ten_thousand_malformed_frames_hurt_nobody_else(world: World) -> None:
    """Both sockets; the last connections are still served while it goes on."""
    agent_id = await world.member.spawn(name="calm")
    flooded = await world.member.spawn(name="flooded")
    bad = [
        "", "{", "[]", "null", "5", '"x"', "{}", '{"type":5}', '{"type":"nothing"}',
        '{"type":"watch"}', '{"type":"events","first":1}', '{"type":"events","first":1,"events":5}',
        '{"type":"events","first":1,"events":[[]]}', '{"type":"delta"}', "[" * 50_000,
        '{"type":"chat","agentId":' + "[" * 20_000, '{"type":"applied","input":9}',
        '{"type":"output","content":5}', '{"type":"watch","agentId":"x","after":-1}',
        '{"type":"tokens","tokens":{"inputTokens":1e400}}', "\u0000", '{"type":"\\ud800"}',
    ]  # fmt: skip
    slowest = 0.0

    async def flood(kind: str) -> int:
        sent = 0
        while sent < 5_000:
            opened = world.raw_link() if kind == "agent" else world.member.page()
            async with opened as socket:
                if kind == "agent":
                    await world.register(socket, flooded)
                with suppress(websockets.ConnectionClosed):
                    for index in range(200):
                        await socket.connection.send(bad[(sent + index) % len(bad)])
                sent += 200
                await socket.closed()
        return sent

    async with world.raw_link() as link, world.member.page() as page:
        await world.register(link, agent_id)
        await world.online(agent_id)
        await page.send({"type": "watch", "agentId": agent_id})
        await page.next("text_history")
        floods = asyncio.gather(flood("agent"), flood("page"))
        beats = 0
        while not floods.done():
            began = time.monotonic()
            assert (await world.nobody.get("/api/health")).status_code == 200
            await link.send({"type": "output", "agentId": agent_id, "content": f"beat {beats}"})
            await page.next("output", content=f"beat {beats}")
            slowest = max(slowest, time.monotonic() - began)
            beats += 1
        assert sum(await floods) >= 10_000
    assert beats > 3
    assert slowest < 2.0
    print(f"10,000 malformed frames; slowest answer to others {slowest * 1000:.0f} ms")


def at_least(got: dict, sent: dict) -> bool:
    assert sent.items() <= got.items(), json.dumps(got)
    return True
