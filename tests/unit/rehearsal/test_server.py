"""The server over real sockets: answers, streams, failures, keys, bounds."""

import asyncio
import json
import math
import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from autosclaw.rehearsal import server as module
from autosclaw.rehearsal.server import RunningServer, create_app, serve

from .bodies import Json, body, said, script, user

KEY = "the-key"
DEADLINE = 20


@pytest.fixture
async def server() -> AsyncIterator[RunningServer]:
    running = await serve(expected_key=KEY, tempo=math.inf)
    yield running
    await running.aclose()


@pytest.fixture
async def client(server: RunningServer) -> AsyncIterator[aiohttp.ClientSession]:
    timeout = aiohttp.ClientTimeout(total=DEADLINE)
    headers = {"x-api-key": KEY}
    async with aiohttp.ClientSession(server.url, headers=headers, timeout=timeout) as session:
        yield session


async def post(client: aiohttp.ClientSession, *steps: object, **more: object) -> tuple[int, Json]:
    sent = body(user(script(*steps)), **more)
    async with client.post("/v1/messages?beta=true", json=sent) as response:
        return response.status, await response.json()


async def stream(client: aiohttp.ClientSession, *steps: object) -> list[tuple[str, Json]]:
    sent = body(user(script(*steps)), stream=True)
    async with client.post("/v1/messages", json=sent) as response:
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        text = await response.text()
    frames = [frame.split("\n", 1) for frame in text.split("\n\n") if frame]
    return [
        (name.removeprefix("event: "), json.loads(data.removeprefix("data: ")))
        for name, data in frames
    ]


async def test_a_whole_answer(client: aiohttp.ClientSession) -> None:
    status, message = await post(client, {"text": "hi", "usage": {"output_tokens": 3}})
    assert status == 200
    assert message["content"] == [{"type": "text", "text": "hi"}]
    assert (message["role"], message["model"], message["stop_reason"]) == (
        "assistant",
        "claude-x",
        "end_turn",
    )
    assert message["usage"]["output_tokens"] == 3


async def test_a_streamed_answer(client: aiohttp.ClientSession) -> None:
    events = await stream(client, {"blocks": ["hi ‘there’", {"tool": "Bash", "input": {"a": 1}}]})
    assert all(name == data["type"] for name, data in events)
    deltas = [data["delta"] for name, data in events if name == "content_block_delta"]
    assert "".join(delta.get("text", "") for delta in deltas) == "hi ‘there’"
    assert json.loads("".join(delta.get("partial_json", "") for delta in deltas)) == {"a": 1}
    assert events[-1][0] == "message_stop"


async def test_headers_of_a_step_are_sent(client: aiohttp.ClientSession) -> None:
    sent = body(user(script({"headers": {"x-mine": "1"}})))
    async with client.post("/v1/messages", json=sent) as response:
        assert response.headers["x-mine"] == "1"
        assert response.headers["request-id"].startswith("req_")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (402, "billing_error"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (529, "overloaded_error"),
    ],
)
async def test_a_failure_comes_as_often_as_said(
    client: aiohttp.ClientSession, status: int, kind: str
) -> None:
    steps = [{"text": "at last", "fail": [{"status": status, "times": 2}]}]
    for _ in range(2):
        got, fault = await post(client, *steps)
        assert (got, fault["type"], fault["error"]["type"]) == (status, "error", kind)
        assert fault["error"]["message"]
    got, message = await post(client, *steps)
    assert (got, message["content"][0]["text"]) == (200, "at last")


async def test_failures_come_in_order_and_each_session_has_its_own(
    client: aiohttp.ClientSession,
) -> None:
    fails = [{"status": 529, "message": "busy"}, {"status": 429, "headers": {"retry-after": "7"}}]
    step = {"text": "ok", "fail": fails}
    other = {"metadata": {"user_id": "session-2"}}
    seen = [(await post(client, step))[0], (await post(client, step, **other))[0]]
    async with client.post("/v1/messages", json=body(user(script(step)))) as response:
        assert response.headers["retry-after"] == "7"
        seen.append(response.status)
    seen += [(await post(client, step))[0], (await post(client, step, **other))[0]]
    assert seen == [529, 529, 429, 200, 429]


async def test_used_failures_are_forgotten_beyond_a_bound(
    client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_FAILS_REMEMBERED", 2)
    step = {"fail": [{"status": 529}]}
    sessions = [{"metadata": {"user_id": str(n)}} for n in range(3)]
    for session in sessions:
        assert (await post(client, step, **session))[0] == 529
    assert (await post(client, step, **sessions[2]))[0] == 200
    assert (await post(client, step, **sessions[0]))[0] == 529


async def test_an_error_in_mid_stream(client: aiohttp.ClientSession) -> None:
    step = {"text": "abcdefghi", "fail": [{"status": 529, "mid": 2}]}
    names = [name for name, _ in await stream(client, step)]
    assert names.count("content_block_delta") == 2
    assert names[-1] == "error"
    assert (await stream(client, step))[-1][0] == "message_stop"


async def test_a_drop_in_mid_stream_and_before(client: aiohttp.ClientSession) -> None:
    step = {"text": "abc", "fail": [{"status": 0, "mid": 1}]}
    with pytest.raises(aiohttp.ClientPayloadError):
        await stream(client, step)
    assert (await stream(client, step))[-1][0] == "message_stop"
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await post(client, {"text": "abc", "fail": [{"status": 0}]})


async def test_a_delay_comes_before_the_first_byte_and_a_gap_between_deltas(
    client: aiohttp.ClientSession,
) -> None:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await post(client, {"delay": 0.3})
    assert loop.time() - begun >= 0.3
    begun = loop.time()
    await stream(client, {"text": "abcdef", "gap": 0.1})
    assert loop.time() - begun >= 0.2


async def test_answers_do_not_wait_for_each_other(client: aiohttp.ClientSession) -> None:
    slow = asyncio.create_task(post(client, {"text": "slow", "delay": 300}))
    quick = await asyncio.gather(*(post(client, f"quick {n}") for n in range(20)))
    assert [message["content"][0]["text"] for _, message in quick] == [
        f"quick {n}" for n in range(20)
    ]
    assert not slow.done()
    slow.cancel()


async def test_a_client_that_leaves_ends_its_answer(
    client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_IN_FLIGHT", 1)
    sent = body(user(script({"text": "abc", "gap": 60})), stream=True)
    response = await client.post("/v1/messages", json=sent)
    assert (await post(client, "hi"))[0] == 529
    response.close()
    async with asyncio.timeout(DEADLINE):
        while (await post(client, "hi"))[0] != 200:
            pass


async def test_many_events_in_one_message(client: aiohttp.ClientSession) -> None:
    events = await stream(client, {"blocks": [{"repeat": 2_000, "text": "event <<i>>"}]})
    assert sum(name == "content_block_stop" for name, _ in events) == 2_000


@pytest.mark.parametrize("headers", [{}, {"x-api-key": "other"}, {"authorization": "Bearer other"}])
async def test_a_wrong_key_is_refused(server: RunningServer, headers: dict[str, str]) -> None:
    async with aiohttp.ClientSession(server.url, headers=headers) as client:
        status, fault = await post(client, "hi")
        assert (status, fault["error"]["type"]) == (401, "authentication_error")


async def test_the_key_may_come_as_a_bearer(server: RunningServer) -> None:
    headers = {"authorization": f"Bearer {KEY}"}
    async with aiohttp.ClientSession(server.url, headers=headers) as client:
        assert (await post(client, "hi"))[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "data", "status"),
    [
        ("POST", "/v1/messages", b"{", 400),
        ("POST", "/v1/messages", b'{"model": "m", "messages": []}', 400),
        ("GET", "/v1/messages", b"", 405),
        ("GET", "/v1/nothing", b"", 404),
        ("GET", "/", b"", 200),
        ("HEAD", "/", b"", 200),
    ],
)
async def test_other_requests(
    client: aiohttp.ClientSession, method: str, path: str, data: bytes, status: int
) -> None:
    async with client.request(method, path, data=data) as response:
        assert response.status == status
        if status >= 400:
            assert (await response.json())["type"] == "error"


async def test_a_body_beyond_the_limit_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_BODY_BYTES", 1_000)
    running = await serve()
    async with aiohttp.ClientSession(running.url) as client:
        status, fault = await post(client, "a" * 2_000)
    await running.aclose()
    assert (status, fault["error"]["type"]) == (413, "request_too_large")


async def test_requests_beyond_the_limit_are_told_to_come_back(
    client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_IN_FLIGHT", 0)
    assert (await post(client, "a"))[0] == 529


async def test_tokens_are_counted(client: aiohttp.ClientSession) -> None:
    counts: list[Any] = []
    for text in ("a", "a" * 4_000):
        async with client.post("/v1/messages/count_tokens", json=body(user(text))) as response:
            counts.append((await response.json())["input_tokens"])
    assert counts[1] - counts[0] == pytest.approx(1_000, abs=1)


async def test_tempo_changes_the_demo_but_never_a_script(client: aiohttp.ClientSession) -> None:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    async with client.post("/v1/messages", json=body(user("hello"), stream=True)) as response:
        assert "message_stop" in await response.text()
    # At its natural pace the demo's first turn takes more than ten seconds.
    assert loop.time() - begun < 5
    begun = loop.time()
    await post(client, {"text": "x", "delay": 0.3})
    assert loop.time() - begun >= 0.3


async def test_a_taken_port_is_an_error_and_closing_twice_is_safe(server: RunningServer) -> None:
    with pytest.raises(OSError, match="address already in use"):
        await serve(port=server.port)
    await server.aclose()
    await server.aclose()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", server.port)) != 0


def test_a_tempo_must_be_above_zero() -> None:
    with pytest.raises(ValueError, match="tempo"):
        create_app(tempo=0)


async def test_a_later_turn_over_the_wire(client: aiohttp.ClientSession) -> None:
    sent = body(user(script("one", "two")), said("one"), user("more"))
    async with client.post("/v1/messages", json=sent) as response:
        assert (await response.json())["content"][0]["text"] == "two"
