"""The contract's REST, asked by clients that know nothing else."""

import json

import pytest

from autosclaw.testing.manager import PASSWORD

from .clients import Person
from .conftest import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_health_needs_no_sign_in(world: World) -> None:
    answer = await world.nobody.get("/api/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    on_agents_port = Person(world.manager.agents_url)
    assert (await on_agents_port.get("/api/health")).json() == {"status": "ok"}
    await on_agents_port.close()


async def test_login_and_me(world: World) -> None:
    answer = await world.nobody.post("/auth/login", {"username": "member", "password": PASSWORD})
    assert answer.status_code == 200
    body = answer.json()
    assert (body["username"], body["role"]) == ("member", "member")
    assert body["token"].count(".") == 2
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    world.nobody.http.cookies.clear()
    me = await world.member.get("/auth/me")
    assert (me.status_code, me.json()) == (200, {"username": "member", "role": "member"})


async def test_a_wrong_pair_is_refused_with_the_same_words_whatever_was_wrong(
    world: World,
) -> None:
    wrong = [
        {"username": "member", "password": "not it"},
        {"username": "nobody-of-this-name", "password": PASSWORD},
        {"username": "", "password": ""},
    ]
    answers = [await world.nobody.post("/auth/login", pair) for pair in wrong]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert "token" not in answers[0].text


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Bearer a.b.c", "Basic YTpi"])
async def test_without_a_good_token_there_is_nothing(world: World, header: str) -> None:
    headers = {"Authorization": header} if header else {}
    for method, path in (
        ("GET", "/auth/me"),
        ("GET", "/api/agents"),
        ("POST", "/api/spawn"),
        ("POST", "/api/despawn"),
        ("GET", "/api/agents/x"),
        ("GET", "/api/agents/x/events"),
    ):
        answer = await world.nobody.http.request(method, path, headers=headers, json={})
        assert answer.status_code == 401, (method, path)
        assert_error(answer)


async def test_errors_are_one_sentence_and_every_answer_has_a_request_id(world: World) -> None:
    admin = world.admin.http
    answers = {
        404: await admin.get("/api/nothing/here"),
        405: await admin.delete("/api/spawn"),
        400: await admin.post("/api/spawn", json={"name": 5}),
        401: await world.nobody.get("/api/agents"),
        403: await world.viewer.post("/api/spawn", {}),
        413: await admin.post("/api/spawn", content=b"x" * (1 << 20) + b"xx"),
    }
    for status, answer in answers.items():
        assert answer.status_code == status, answer.text
        assert_error(answer)
    good = await admin.get("/api/agents")
    assert good.headers["X-Request-Id"] != answers[404].headers["X-Request-Id"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b'{"name":"\\ud800"}', b"[" * 60_000],
)
async def test_what_is_no_object_is_bad_input(world: World, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await world.admin.http.post("/api/spawn", content=body, headers=headers)
    assert answer.status_code == 400, answer.text
    assert_error(answer)


async def test_a_large_body_in_chunks_is_too_large_as_well(world: World) -> None:
    async def chunks():
        for _ in range(20):
            yield b" " * (64 << 10)

    answer = await world.admin.http.post("/api/spawn", content=chunks())
    assert answer.status_code == 413, answer.text
    assert_error(answer)


@pytest.mark.parametrize("path", ["?after=", "?before=", "?limit="])
async def test_numbers_beyond_all_bounds_are_bad_input(world: World, path: str) -> None:
    agent_id = await world.admin.spawn(name="numbers")
    answer = await world.admin.http.get(f"/api/agents/{agent_id}/events{path}{10**30}")
    assert answer.status_code == 400, answer.text
    assert_error(answer)


async def test_a_failure_on_our_side_says_so_without_its_text(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_args: object, **_named: object) -> None:
        raise RuntimeError("the inner words")

    monkeypatch.setattr("autosclaw.manager.services.agents.AgentService.listing", broken)
    answer = await world.admin.get("/api/agents")
    assert answer.status_code == 500
    assert "inner words" not in answer.text
    assert_error(answer)


async def test_spawn_despawn_and_what_the_listing_says(world: World) -> None:
    answer = await world.member.post(
        "/api/spawn",
        {"name": "worker", "purpose": "to work", "systemPrompt": "Work.", "unknown": [1]},
    )
    assert answer.status_code == 200
    agent_id = answer.json()["agentId"]
    assert answer.json() == {"agentId": agent_id, "name": "worker"}
    agent = await world.admin.agent(agent_id)
    assert agent["status"] == "starting"
    assert (agent["name"], agent["purpose"]) == ("worker", "to work")
    assert (agent["createdBy"], agent["isSelf"], agent["projectId"]) == ("member", False, None)
    assert "systemPrompt" not in agent

    gone = await world.member.post("/api/despawn", {"agentId": agent_id})
    assert (gone.status_code, gone.json()) == (200, {"agentId": agent_id, "name": "worker"})
    ended = await world.admin.becomes(agent_id, status="stopped")
    assert ended["exitReason"] == "Stopped by member."
    assert world.manager.box(agent_id) is None
    again = await world.member.post("/api/despawn", {"agentId": agent_id})
    assert again.status_code == 409
    assert_error(again)
    unknown = await world.member.post("/api/despawn", {"agentId": "no-such-agent"})
    assert unknown.status_code == 404


async def test_an_empty_name_becomes_untitled_agent(world: World) -> None:
    for name in ("", "   "):
        answer = await world.admin.post("/api/spawn", {"name": name})
        assert answer.json()["name"] == "Untitled Agent"
    assert (await world.admin.post("/api/spawn", {})).json()["name"] == "Untitled Agent"


@pytest.mark.parametrize(
    ("field", "limit"), [("name", 255), ("purpose", 1_000), ("systemPrompt", 100_000)]
)
async def test_limits_hold_at_their_edge(world: World, field: str, limit: int) -> None:
    for length in (limit - 1, limit):
        taken = await world.admin.post("/api/spawn", {field: "ä" * length})
        assert taken.status_code == 200, taken.text
        await world.admin.post("/api/despawn", {"agentId": taken.json()["agentId"]})
    refused = await world.admin.post("/api/spawn", {field: "ä" * (limit + 1)})
    assert refused.status_code == 400
    assert_error(refused)
    assert field in refused.json()["error"]
    assert str(limit) in refused.json()["error"].replace(",", "")


async def test_one_idempotency_key_makes_one_agent(world: World) -> None:
    headers = {"Idempotency-Key": "the-same"}
    first = await world.member.post("/api/spawn", {"name": "once"}, headers=headers)
    second = await world.member.post("/api/spawn", {"name": "twice"}, headers=headers)
    other = await world.neighbour.post("/api/spawn", {"name": "mine"}, headers=headers)
    assert first.json() == second.json()
    assert other.json()["agentId"] != first.json()["agentId"]


async def test_roles(world: World) -> None:
    agent_id = await world.member.spawn(name="owned")
    assert (await world.viewer.post("/api/spawn", {"name": "x"})).status_code == 403
    body = {"agentId": agent_id}
    for person in (world.viewer, world.neighbour):
        refused = await person.post("/api/despawn", body)
        assert refused.status_code == 403
        assert_error(refused)
    assert agent_id in await world.viewer.agents()
    assert (await world.admin.agent(agent_id))["status"] == "starting"
    assert (await world.admin.post("/api/despawn", body)).status_code == 200


async def test_an_agents_own_token(world: World) -> None:
    granted = {"permissions": ["agent:spawn"]}
    parent = await world.member.spawn(name="parent", **granted)
    loner = await world.member.spawn(name="loner")
    foreign = await world.neighbour.spawn(name="foreign")
    with_permission = await world.as_agent(parent)
    without = await world.as_agent(loner)

    for method, path in (("GET", "/api/agents"), ("POST", "/api/spawn"), ("POST", "/api/despawn")):
        answer = await without.http.request(method, path, json={"agentId": parent})
        assert answer.status_code == 403, (method, path)
        assert_error(answer)
    assert (await with_permission.get("/auth/me")).status_code in (403, 404)
    on_main_port = Person(world.manager.url, with_permission.token)
    assert (await on_main_port.get("/auth/me")).status_code == 403

    child = (await with_permission.post("/api/spawn", {"name": "child"})).json()["agentId"]
    seen = await with_permission.agents()
    assert {parent, loner, child} <= seen.keys()
    assert foreign not in seen
    assert [a for a in seen.values() if a["isSelf"]] == [seen[parent]]
    assert seen[child]["permissions"] == ["agent:spawn"]
    assert seen[child]["createdBy"] == "member"
    own = (await with_permission.http.get("/api/agents?self=true")).json()["agents"]
    assert [agent["id"] for agent in own] == [parent]

    more = await with_permission.post("/api/spawn", {"permissions": ["agent:schedule"]})
    assert more.status_code == 403
    assert (await with_permission.post("/api/despawn", {"agentId": parent})).status_code == 403
    assert (await with_permission.post("/api/despawn", {"agentId": foreign})).status_code == 403
    assert (await with_permission.post("/api/despawn", {"agentId": child})).status_code == 200
    await world.admin.post("/api/despawn", {"agentId": parent})
    await world.admin.becomes(parent, status="stopped")
    assert (await with_permission.get("/api/agents")).status_code == 401
    for agent in (with_permission, without, on_main_port):
        await agent.close()


async def test_agent_objects_have_every_field_of_the_contract(world: World) -> None:
    agent_id = await world.admin.spawn(name="whole")
    fields = {
        "id", "name", "purpose", "status", "processing", "waitingForAskUser", "costUSD",
        "inputTokens", "outputTokens", "cacheReadInputTokens", "cacheCreationInputTokens",
        "createdBy", "permissions", "projectId",
    }  # fmt: skip
    listed = await world.admin.agent(agent_id)
    assert fields | {"isSelf"} <= listed.keys()
    for query in ("", "&protocol=1"):
        async with world.admin.page(query) as page:
            agents = (await page.next("agent_list"))["agents"]
            shown = next(agent for agent in agents if agent["id"] == agent_id)
            assert fields <= shown.keys(), fields - shown.keys()


async def test_the_document_describes_what_is_served(world: World) -> None:
    document = (await world.nobody.get("/api/openapi.json")).json()
    served = {"/api/health", "/api/spawn", "/api/despawn", "/api/agents", "/auth/login", "/auth/me"}
    assert served <= document["paths"].keys()


def assert_error(answer) -> None:
    body = answer.json()
    assert list(body) == ["error"], body
    assert body["error"][:1].isalpha(), body
    assert body["error"].endswith((".", "!", "?")), body
    assert "Traceback" not in json.dumps(body)
    assert len(answer.headers["X-Request-Id"]) >= 16
