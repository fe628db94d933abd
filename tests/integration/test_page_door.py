"""The page's socket in the contract's plain form."""

import pytest
import websockets

from .clients import Socket, connect
from .conftest import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_on_connection_unasked_three_lists(world: World) -> None:
    agent_id = await world.admin.spawn(name="listed")
    async with world.viewer.page() as page:
        await page.next("project_list")
        kinds = [frame["type"] for frame in page.got]
        assert kinds[:3] == ["agent_list", "schedule_list", "project_list"]
        assert agent_id in [agent["id"] for agent in page.got[0]["agents"]]
        assert (page.got[1]["schedules"], page.got[2]["projects"]) == ([], [])
        other = await world.admin.spawn(name="new")
        await page.until(lambda: other in str(page.all("agent_list")[-1:]))


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "agent"])
async def test_without_a_persons_token_there_is_no_socket(world: World, token: str) -> None:
    if token == "agent":
        token = await world.token(await world.admin.spawn(permissions=["agent:spawn"]))
    with pytest.raises(websockets.InvalidStatus):
        async with connect(f"{world.manager.url.replace('http', 'ws')}/ws?token={token}"):
            pass


async def test_another_sites_page_is_refused(world: World) -> None:
    with pytest.raises(websockets.InvalidStatus):
        async with world.admin.page(origin="http://somewhere.example"):
            pass
    async with world.admin.page(origin=world.manager.url) as page:
        await page.next("agent_list")


async def test_the_pages_cookie_opens_it_for_our_own_origin_only(world: World) -> None:
    url = world.manager.url.replace("http", "ws") + "/ws"
    cookie = {"Cookie": f"autosclaw_session={world.member.token}"}
    async with connect(url, additional_headers=cookie, origin=world.manager.url) as page:
        await page.next("agent_list")
    for origin in (None, "http://somewhere.example"):
        with pytest.raises(websockets.InvalidStatus):
            async with connect(url, additional_headers=cookie, origin=origin):
                pass


async def test_start_talk_stop(world: World) -> None:
    """An agent's whole life from one page that knows the contract only."""
    async with world.member.page() as page, world.viewer.page() as idle:
        await page.send(
            {
                "type": "start_agent",
                "name": "from the page",
                "purpose": "to talk",
                "systemPrompt": "Begin.",
                "permissions": ["agent:spawn", "agent:schedule"],
            }
        )
        agent = await started(page, "from the page")
        assert agent["permissions"] == ["agent:schedule", "agent:spawn"]
        assert (agent["createdBy"], agent["status"]) == ("member", "starting")
        async with world.raw_link() as link:
            await world.register(link, agent["id"])
            assert (await link.next("chat"))["message"] == "Begin."
            await page.send({"type": "watch", "agentId": agent["id"]})
            await page.next("text_history")
            await page.send({"type": "stop_agent", "agentId": agent["id"]})
            await link.next("close")
            stopped = await page.next("agent_stopped")
            assert stopped["agentId"] == agent["id"]
            assert await link.closed() is not None
        ended = await world.admin.becomes(agent["id"], status="stopped")
        assert ended["state"] == "stopped"
        await page.send({"type": "chat", "agentId": agent["id"], "message": "Still there?"})
        assert "ended" in (await page.next("error"))["message"]
        another = await world.member.spawn(name="news")
        await page.until(lambda: another in str(page.all("agent_list")[-1:]))
        await idle.until(lambda: another in str(idle.all("agent_list")[-1:]))
        assert len(page.all("agent_stopped")) == 1
        assert not idle.all("agent_stopped")


async def test_stop_several(world: World) -> None:
    mine = [await world.member.spawn(name=f"m{i}") for i in range(3)]
    foreign = await world.neighbour.spawn(name="foreign")
    async with world.member.page() as page:
        await page.send({"type": "stop_agents", "agentIds": [mine[0], foreign, "nobody", mine[1]]})
        assert (await page.next("error"))["message"].startswith("2 of 4")
        for agent_id in mine[:2]:
            await world.admin.becomes(agent_id, status="stopped")
        assert (await world.admin.agent(foreign))["status"] != "stopped"
        assert (await world.admin.agent(mine[2]))["status"] != "stopped"


async def test_a_viewer_only_reads_and_a_member_only_touches_its_own(world: World) -> None:
    agent_id = await world.member.spawn(name="owned")
    orders = [
        {"type": "start_agent", "name": "forbidden fruit"},
        {"type": "chat", "agentId": agent_id, "message": "hi"},
        {"type": "ask_user_response", "agentId": agent_id, "answers": {"q": "a"}},
        {"type": "stop_agent", "agentId": agent_id},
        {"type": "stop_agents", "agentIds": [agent_id]},
        {"type": "interrupt_agent", "agentId": agent_id},
    ]
    async with world.raw_link() as link:
        await world.register(link, agent_id)
        await world.online(agent_id)
        before = await world.admin.transcript(agent_id)
        async with world.viewer.page() as viewer, world.neighbour.page() as neighbour:
            for order in orders:
                await viewer.send(order)
                assert (await viewer.next("error"))["message"]
            for order in orders[1:]:
                await neighbour.send(order)
                assert (await neighbour.next("error"))["message"]
            await viewer.send({"type": "watch", "agentId": agent_id})
            assert (await viewer.next("text_history"))["agentId"] == agent_id
        assert await world.admin.transcript(agent_id) == before
        assert (await world.admin.agent(agent_id))["status"] == "running"
        names = [agent["name"] for agent in (await world.admin.agents()).values()]
        assert "forbidden fruit" not in names
        assert not link.got


async def test_mistakes_are_answered_and_the_page_stays(world: World) -> None:
    mistakes = [
        "not json", "[]", "5", '{"type":"nothing"}', '{"type":"watch"}', '{"no":"type"}',
        '{"type":"watch","agentId":"unknown"}', '{"type":"chat","agentId":"unknown","message":"x"}',
        '{"type":"stop_agent","agentId":"unknown"}', "[" * 100_000, '{"type":' * 50_000,
        '{"type":"start_agent","name":"' + "n" * 256 + '"}',
        '{"type":"start_agent","projectId":"nowhere"}',
        '{"type":"start_agent","permissions":["root"]}',
    ]  # fmt: skip
    async with world.admin.page() as page:
        for mistake in mistakes:
            await page.connection.send(mistake)
            message = (await page.next("error"))["message"]
            assert message.endswith("."), message
            assert len(message) < 400
        await page.send({"type": "start_agent", "name": "after the mistakes"})
        await started(page, "after the mistakes")


async def test_a_request_id_is_answered_and_a_key_makes_it_once(world: World) -> None:
    async with world.admin.page() as page:
        order = {"type": "start_agent", "name": "once only", "requestId": "r1", "key": "intent-1"}
        await page.send(order)
        await page.send(order)
        first = await page.next("ok", requestId="r1")
        second = await page.next("ok", requestId="r1")
        assert first["agentId"] == second["agentId"]
        async with world.raw_link() as link:
            await world.register(link, first["agentId"])
            said = {"type": "chat", "agentId": first["agentId"], "message": "hi"}
            for _ in range(3):
                await page.send({**said, "requestId": "c1", "key": "intent-2"})
                await page.next("ok", requestId="c1")
            await page.send({**said, "message": "end"})
            await link.next("chat", message="end")
            assert [frame["message"] for frame in link.all("chat")] == ["hi", "end"]


async def started(page: Socket, name: str) -> dict:
    def find() -> dict | None:
        newest = page.all("agent_list")[-1:]
        return next((a for told in newest for a in told["agents"] if a["name"] == name), None)

    return await page.until(find)
