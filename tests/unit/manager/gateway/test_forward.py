"""The gateway on real sockets: streaming, hygiene, refusals, and one usage row a request."""

import asyncio
import io
import json
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from autosclaw.manager.domain.usage import Outcome, PriceTable, TokenCounts, UsageRow
from autosclaw.manager.gateway.upstream import OAuthToken
from autosclaw.protocol import errors, limits

from .fakes import KEY, MODEL, TOKEN, World, delta, end, event, eventually, start, world


def only(rows: list[UsageRow]) -> UsageRow:
    assert len(rows) == 1, rows
    return rows[0]


def priced(row: UsageRow) -> int | None:
    return PriceTable.load().cost_nano_usd(row.model, row.counts, row.started_at)


async def test_a_stream_passes_unchanged_and_is_metered_exactly(gate: World) -> None:
    async with gate.ask(headers={"X-Claude-Code-Agent-Id": "sub-7"}) as response:
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        body = await response.read()
    assert body == start(input_tokens=1000, cache_read_input_tokens=200) + delta("hello") + end(42)
    row = only(gate.ports.rows)
    assert row.counts == TokenCounts(input=1000, output=42, cache_read=200)
    assert row.cost_nano_usd == 1000 * 5_000 + 42 * 25_000 + 200 * 500
    assert (row.outcome, row.status, row.model) == (Outcome.COMPLETE, 200, MODEL)
    assert (row.agent_id, row.subagent_id, row.message_id) == ("agent-1", "sub-7", "msg_1")
    assert row.first_byte_ms is not None
    assert row.first_byte_ms <= row.duration_ms
    assert gate.ports.admitted == [MODEL]


async def test_each_chunk_arrives_while_the_provider_still_holds_the_next(gate: World) -> None:
    steps: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def play(request: web.Request) -> web.StreamResponse:
        async with gate.provider.streaming(request) as response:
            while (step := await steps.get()) is not None:
                await response.write(step)
        return response

    gate.provider.play = play
    # The answer itself begins before the provider has said a word.
    async with asyncio.timeout(20), gate.ask() as response:
        for chunk in (start(input_tokens=5), delta("a"), delta("b"), end(2)):
            await steps.put(chunk)
            assert await response.content.readexactly(len(chunk)) == chunk
        assert not gate.ports.rows
        await steps.put(None)
        assert await response.read() == b""
    assert only(gate.ports.rows).counts == TokenCounts(input=5, output=2)


async def test_a_plain_json_answer_is_metered_too(gate: World) -> None:
    usage = {
        "input_tokens": 10,
        "output_tokens": 20,
        "cache_creation_input_tokens": 30,
        "cache_creation": {"ephemeral_1h_input_tokens": 5, "ephemeral_5m_input_tokens": 25},
        "server_tool_use": {"web_search_requests": 2},
    }
    answer = {"id": "msg_2", "model": MODEL, "usage": usage, "content": []}

    async def play(_: web.Request) -> web.StreamResponse:
        return web.json_response(answer)

    gate.provider.play = play
    assert await gate.asked() == (200, answer)
    row = only(gate.ports.rows)
    assert row.counts == TokenCounts(10, 20, 0, 25, 5, 2)
    assert row.cost_nano_usd == priced(row)
    assert row.outcome is Outcome.COMPLETE


async def test_what_goes_up_is_ours_and_what_comes_down_names_no_account(gate: World) -> None:
    async def play(_: web.Request) -> web.StreamResponse:
        down = {
            "request-id": "req_1",
            "anthropic-ratelimit-requests-remaining": "7",
            "anthropic-organization-id": "org-1",
            "set-cookie": "a=b",
            "server": "provider",
        }
        return web.json_response({"usage": {"input_tokens": 1}}, headers=down)

    gate.provider.play = play
    mine = {
        "x-api-key": "dummy",
        "cookie": "c=d",
        "host": "evil.example",
        "x-forwarded-host": "evil.example",
        "proxy-authorization": "Basic eA==",
        "connection": "keep-alive, x-hop",
        "x-hop": "1",
        "te": "trailers",
        "anthropic-beta": "oauth-2025-04-20,other",
        "user-agent": "claude-cli/2",
    }
    async with gate.ask("/v1/messages?beta=true&host=evil&x=%2F..", headers=mine) as response:
        down = response.headers
    (up,) = gate.provider.seen
    assert up.path_qs == "/v1/messages?beta=true"
    assert up.headers["x-api-key"] == KEY
    assert up.headers["host"] in gate.provider.url
    assert up.headers["anthropic-beta"] == "oauth-2025-04-20,other"
    assert up.headers["user-agent"] == "claude-cli/2"
    assert up.headers["accept-encoding"] == "identity"
    for name in (
        "authorization",
        "cookie",
        "x-forwarded-host",
        "proxy-authorization",
        "x-hop",
        "te",
    ):
        assert name not in up.headers, name
    assert TOKEN not in str(up.raw_headers)
    assert down["request-id"] == "req_1"
    assert down["anthropic-ratelimit-requests-remaining"] == "7"
    assert "set-cookie" not in down
    assert "anthropic-organization-id" not in down
    assert KEY not in str(down)


async def test_a_subscription_token_goes_up_as_a_bearer() -> None:
    async with world(credential=OAuthToken(KEY)) as gate:
        async with gate.ask(headers={"x-api-key": "dummy"}) as response:
            assert response.status == 200
        (up,) = gate.provider.seen
        assert up.headers["authorization"] == f"Bearer {KEY}"
        assert "x-api-key" not in up.headers


async def test_the_body_goes_up_byte_for_byte(gate: World) -> None:
    body = b'{ "messages": ["%b"],\n"model":"%b" }' % (b"x" * (3 << 20), MODEL.encode())
    async with gate.ask(data=io.BytesIO(body)) as response:
        assert response.status == 200
    assert gate.provider.bodies == [body]
    (up,) = gate.provider.seen
    assert up.headers["content-length"] == str(len(body))


@pytest.mark.parametrize(
    "headers", [{"Authorization": "Bearer nobody"}, {"Authorization": "Basic x"}]
)
async def test_an_unknown_token_is_refused_for_good(gate: World, headers: dict[str, str]) -> None:
    async with gate.ask(headers=headers) as response:
        assert response.status == 403
        assert response.headers["x-should-retry"] == "false"
        assert (await response.json())["error"]["type"] == "permission_error"
    assert not gate.provider.seen
    assert not gate.ports.rows


async def test_the_agents_token_may_come_as_an_api_key(gate: World) -> None:
    async with gate.ask(headers={"Authorization": "", "x-api-key": TOKEN}) as response:
        assert response.status == 200


async def test_who_is_not_admitted_gets_the_sentence_and_nothing_goes_up(gate: World) -> None:
    gate.ports.refusal = "The budget of this agent is used up."
    async with gate.ask() as response:
        assert response.status == 402
        assert response.headers["x-should-retry"] == "false"
        answer = await response.json()
    assert answer == {
        "type": "error",
        "error": {"type": "billing_error", "message": "The budget of this agent is used up."},
    }
    assert not gate.provider.seen
    assert not gate.ports.rows


@pytest.mark.parametrize(
    ("error", "status"),
    [(errors.unavailable("Starting."), 503), (errors.forbidden("This agent has ended."), 402)],
)
async def test_an_error_of_the_manager_becomes_the_answer(
    gate: World, error: errors.DomainError, status: int
) -> None:
    gate.ports.error = error
    got, answer = await gate.asked()
    assert (got, answer["error"]["message"]) == (status, error.message)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_bad_key_of_ours_stops_the_agent_and_is_told_to_nobody(
    gate: World, status: int, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    async def play(request: web.Request) -> web.StreamResponse:
        return web.json_response({"error": {"message": f"invalid {KEY}"}}, status=status)

    gate.provider.play = play
    async with gate.ask() as response:
        text = await response.text()
        assert response.status == 402
        assert response.headers["x-should-retry"] == "false"
    assert "credential" in text
    logged = caplog.text + "".join(capsys.readouterr())
    assert "refused the manager's credential" in logged
    assert KEY not in text + logged
    row = only(gate.ports.rows)
    assert (row.outcome, row.status, row.cost_nano_usd) == (Outcome.REFUSED, status, 0)


@pytest.mark.parametrize("status", [400, 404, 429, 500, 529])
async def test_other_errors_pass_with_what_the_cli_needs_and_without_the_key(
    gate: World, status: int
) -> None:
    async def play(request: web.Request) -> web.StreamResponse:
        quoted = request.headers["x-api-key"]
        return web.json_response(
            {"error": {"message": f"you sent {quoted}"}},
            status=status,
            headers={"retry-after": "3"},
        )

    gate.provider.play = play
    async with gate.ask() as response:
        assert response.status == status
        assert response.headers["retry-after"] == "3"
        assert await response.json() == {"error": {"message": "you sent [removed]"}}
    row = only(gate.ports.rows)
    assert (row.outcome, row.status, row.cost_nano_usd) == (Outcome.REFUSED, status, 0)


async def test_an_endless_error_page_is_replaced(gate: World) -> None:
    async def play(_: web.Request) -> web.StreamResponse:
        return web.Response(status=500, body=b"<p>" * limits.GATEWAY_ERROR_BYTES)

    gate.provider.play = play
    status, answer = await gate.asked()
    assert (status, answer["error"]["type"]) == (500, "api_error")


async def test_a_redirect_is_not_followed(gate: World) -> None:
    async def play(_: web.Request) -> web.StreamResponse:
        return web.Response(status=307, headers={"location": gate.provider.url + "/elsewhere"})

    gate.provider.play = play
    status, answer = await gate.asked()
    assert (status, answer["error"]["type"]) == (502, "api_error")
    assert len(gate.provider.seen) == 1


async def test_a_provider_that_is_not_there_is_a_502_that_cost_nothing() -> None:
    async with world(base_url="http://127.0.0.1:1") as gate:
        status, answer = await gate.asked()
        assert (status, answer["error"]["type"]) == (502, "api_error")
        row = only(gate.ports.rows)
        assert (row.outcome, row.status, row.cost_nano_usd) == (Outcome.REFUSED, None, 0)


async def test_a_connection_dropped_before_the_answer_has_an_unknown_cost(gate: World) -> None:
    async def play(request: web.Request) -> web.StreamResponse:
        assert request.transport
        request.transport.abort()
        return web.Response()

    gate.provider.play = play
    status, answer = await gate.asked()
    assert (status, answer["error"]["type"]) == (502, "api_error")
    row = only(gate.ports.rows)
    assert (row.outcome, row.cost_nano_usd) == (Outcome.UNCOUNTED, None)


async def test_a_drop_in_the_middle_drops_the_client_and_is_estimated(gate: World) -> None:
    async def play(request: web.Request) -> web.StreamResponse:
        async with gate.provider.streaming(request) as response:
            await response.write(start(input_tokens=9) + delta("x" * 401))
            assert request.transport
            request.transport.close()
        return response

    gate.provider.play = play
    with pytest.raises(aiohttp.ClientError):
        async with gate.ask() as response:
            await response.read()
    row = only(gate.ports.rows)
    assert (row.outcome, row.counts) == (Outcome.CUT, TokenCounts(input=9, output=101))
    assert row.cost_nano_usd == 9 * 5_000 + 101 * 25_000


@pytest.mark.parametrize("before", ["first byte", "end"])
async def test_a_client_that_hangs_up_ends_the_request_upstream(gate: World, before: str) -> None:
    async def play(request: web.Request) -> web.StreamResponse:
        if before == "first byte":
            await asyncio.Event().wait()
        async with gate.provider.streaming(request) as response:
            await response.write(start(input_tokens=9) + delta("word"))
            await asyncio.Event().wait()
        return response

    gate.provider.play = play
    asking = asyncio.create_task(_read_some(gate))
    await eventually(lambda: len(gate.provider.bodies) == 1)
    if before == "end":
        assert await asking
    else:
        asking.cancel()
    await eventually(lambda: gate.provider.hung_up == 1)
    await eventually(lambda: len(gate.ports.rows) == 1)
    row = only(gate.ports.rows)
    if before == "end":
        assert (row.outcome, row.counts) == (Outcome.CUT, TokenCounts(input=9, output=1))
    else:
        assert (row.outcome, row.cost_nano_usd) == (Outcome.UNCOUNTED, None)


async def _read_some(gate: World) -> bytes:
    """The first bytes of an answer; then the connection is dropped."""
    async with gate.ask() as response:
        some = await response.content.readany()
        response.close()
        return some


async def test_a_client_that_hangs_up_in_its_own_body_goes_unnoticed_upstream(gate: World) -> None:
    host, port = gate.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = (
        f"POST /v1/messages HTTP/1.1\r\nHost: x\r\nx-api-key: {TOKEN}\r\nContent-Length: 99\r\n\r\n"
    )
    writer.write(head.encode() + b'{"model"')
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await gate.asked("/v1/messages/count_tokens", data=b"no"))[0] == 400
    assert not gate.provider.seen
    assert not gate.ports.rows


async def test_an_error_inside_the_stream_passes_and_counts_as_cut(gate: World) -> None:
    error = event("error", error={"type": "overloaded_error", "message": "busy"})

    async def play(request: web.Request) -> web.StreamResponse:
        async with gate.provider.streaming(request) as response:
            await response.write(start(input_tokens=9) + error)
        return response

    gate.provider.play = play
    async with gate.ask() as response:
        assert (await response.read()).endswith(error)
    row = only(gate.ports.rows)
    assert (row.outcome, row.counts) == (Outcome.CUT, TokenCounts(input=9, output=1))


async def test_an_unknown_model_has_no_cost_rather_than_none_at_all(gate: World) -> None:
    async def play(_: web.Request) -> web.StreamResponse:
        return web.json_response({"model": "other-1", "usage": {"input_tokens": 1}})

    gate.provider.play = play
    await gate.asked()
    row = only(gate.ports.rows)
    assert (row.model, row.counts.input, row.cost_nano_usd) == ("other-1", 1, None)


async def test_a_surcharged_answer_has_no_list_price(gate: World) -> None:
    async def play(_: web.Request) -> web.StreamResponse:
        usage = {"input_tokens": 1, "speed": "fast"}
        return web.json_response({"model": MODEL, "usage": usage})

    gate.provider.play = play
    await gate.asked()
    assert only(gate.ports.rows).cost_nano_usd is None


async def test_counting_tokens_is_neither_admitted_nor_metered(gate: World) -> None:
    async def play(_: web.Request) -> web.StreamResponse:
        return web.json_response({"input_tokens": 3})

    gate.provider.play = play
    gate.ports.refusal = "no"
    assert await gate.asked("/v1/messages/count_tokens?beta=true") == (200, {"input_tokens": 3})
    assert gate.provider.seen[0].path_qs == "/v1/messages/count_tokens?beta=true"
    assert not gate.ports.admitted
    assert not gate.ports.rows


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no",
        b"[]",
        b'{"model":7}',
        b'{"messages":[]}',
        b'{"model":"a b"}',
        b'{"model":"a\\n"}',
        json.dumps({"model": "m" * 101}).encode(),
        b'{"model":"\xff"}',
        b"[" * 100000,
    ],
)
async def test_what_is_no_request_is_refused_here(gate: World, body: bytes) -> None:
    status, answer = await gate.asked(data=body)
    assert (status, answer["error"]["type"]) == (400, "invalid_request_error")
    assert not gate.provider.seen


@pytest.mark.parametrize("declared", ["declared", "chunked"])
async def test_a_body_over_the_limit_is_refused(
    gate: World, declared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "GATEWAY_BODY_BYTES", 100_000)

    async def pieces() -> Any:
        for _ in range(11):
            yield b"x" * 10_000

    status, answer = await gate.asked(data=b"x" * 100_001 if declared == "declared" else pieces())
    assert (status, answer["error"]["type"]) == (413, "request_too_large")
    assert not gate.provider.seen


async def test_a_body_that_never_ends_is_given_up(
    gate: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "GATEWAY_BODY_SECONDS", 0.05)

    async def pieces() -> Any:
        yield b"{"
        await asyncio.Event().wait()

    status, answer = await gate.asked(data=pieces())
    assert (status, answer["error"]["type"]) == (408, "timeout_error")


async def test_a_client_that_takes_nothing_is_given_up(
    gate: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SEND_SECONDS", 0.2)

    async def play(request: web.Request) -> web.StreamResponse:
        async with gate.provider.streaming(request) as response:
            while True:
                await response.write(delta("x" * 100_000))
        return response

    gate.provider.play = play
    async with gate.ask() as response:
        assert response.status == 200
        await eventually(lambda: len(gate.ports.rows) == 1)
        await eventually(lambda: gate.provider.hung_up == 1)


async def test_an_agent_has_so_many_requests_at_once_and_another_its_own(gate: World) -> None:
    release = asyncio.Event()

    async def play(_: web.Request) -> web.StreamResponse:
        await release.wait()
        return web.json_response({"usage": {"input_tokens": 1}})

    gate.provider.play = play
    bound = limits.GATEWAY_REQUESTS_PER_AGENT
    running = [asyncio.create_task(gate.asked()) for _ in range(bound)]
    await eventually(lambda: gate.provider.running == bound)
    async with gate.ask() as response:
        assert response.status == 429
        assert response.headers["retry-after"] == "1"
        assert (await response.json())["error"]["type"] == "rate_limit_error"
    counting = asyncio.create_task(gate.asked("/v1/messages/count_tokens"))
    await eventually(lambda: gate.provider.running == bound + 1)
    release.set()
    assert {status for status, _ in await asyncio.gather(*running, counting)} == {200}
    assert (await gate.asked())[0] == 200
    assert len(gate.ports.rows) == bound + 1
    assert len({row.request_id for row in gate.ports.rows}) == bound + 1


async def test_a_row_that_cannot_be_stored_is_logged_and_the_answer_stands(
    gate: World, capsys: pytest.CaptureFixture[str]
) -> None:
    gate.ports.record_error = errors.unavailable("The disk is full.")
    async with gate.ask() as response:
        assert (await response.read()).endswith(end(42))
    logged = "".join(capsys.readouterr())
    assert "usage row was not stored" in logged
    assert "output=42" in logged
    assert KEY not in logged


async def test_only_the_base_and_the_two_calls_are_there(gate: World) -> None:
    for method, path, status in [
        ("HEAD", "/", 200),
        ("GET", "/", 200),
        ("POST", "/", 405),
        ("GET", "/v1/messages", 405),
        ("POST", "/v1/models", 404),
        ("POST", "/v1/messages/../files", 404),
        ("HEAD", "/api/hello", 404),
    ]:
        async with gate.agent.request(method, gate.url + path) as response:
            assert response.status == status, (method, path)
    assert not gate.provider.seen


async def test_connections_to_the_provider_are_kept(gate: World) -> None:
    for _ in range(5):
        async with gate.ask() as response:
            await response.read()
    assert len(gate.provider.peers) == 5
    assert len(set(gate.provider.peers)) == 1
