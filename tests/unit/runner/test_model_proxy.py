"""The loopback proxy: who may use it, what passes through, what happens when either side goes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
from aiohttp import web

from autosclaw.runner.model_proxy import ModelProxy

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@contextlib.asynccontextmanager
async def upstream(handler: Handler) -> AsyncIterator[str]:
    app = web.Application(client_max_size=64 << 20)
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def proxy(manager_url: str) -> AsyncIterator[tuple[str, ModelProxy, aiohttp.ClientSession]]:
    proxy = ModelProxy(manager_url, "agent-token")
    url = await proxy.start()
    try:
        async with aiohttp.ClientSession() as http:
            yield url, proxy, http
    finally:
        await proxy.close()


async def test_adds_the_token_and_passes_the_rest() -> None:
    seen: list[web.Request] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request)
        assert await request.read() == b'{"model":"m"}'
        headers = {
            "request-id": "r1",
            "anthropic-ratelimit-requests-remaining": "3",
            "retry-after": "7",
            "x-should-retry": "false",
            "set-cookie": "a=b",
            "server": "manager",
        }
        return web.json_response({"ok": 1}, status=429, headers=headers)

    async with upstream(handler) as url, proxy(url) as (base, model, http):
        headers = {
            "x-api-key": model.key,
            "anthropic-version": "2023-06-01",
            "anthropic-beta": "b",
            "x-claude-code-agent-id": "sub",
            "content-type": "application/json",
            "cookie": "c=d",
        }
        target = base + "/v1/messages?beta=true"
        async with http.post(target, data=b'{"model":"m"}', headers=headers) as answer:
            assert (answer.status, await answer.json()) == (429, {"ok": 1})
            assert answer.headers["request-id"] == "r1"
            assert answer.headers["retry-after"] == "7"
            assert answer.headers["x-should-retry"] == "false"
            assert answer.headers["anthropic-ratelimit-requests-remaining"] == "3"
            assert "set-cookie" not in answer.headers
    [request] = seen
    assert request.path_qs == "/v1/messages?beta=true"
    assert request.headers["Authorization"] == "Bearer agent-token"
    assert request.headers["anthropic-version"] == "2023-06-01"
    assert request.headers["x-claude-code-agent-id"] == "sub"
    for name in ("x-api-key", "cookie"):
        assert name not in request.headers
    assert model.key not in str(request.headers)


async def test_only_the_cli_may_use_it() -> None:
    async def handler(request: web.Request) -> web.Response:
        raise AssertionError("must not be reached")

    async with upstream(handler) as url, proxy(url) as (base, model, http):
        tries = [
            {},
            {"x-api-key": "guess"},
            {"Authorization": "Bearer agent-token"},
            {"x-api-key": "guess", "Authorization": f"Bearer {model.key}"},
        ]
        for headers in tries:
            async with http.post(base + "/v1/messages", data=b"{}", headers=headers) as answer:
                assert answer.status == 403
                assert answer.headers["x-should-retry"] == "false"
        for method, path in (("GET", "/v1/models"), ("POST", "/agent"), ("GET", "/agent/session")):
            async with http.request(method, base + path, headers={"x-api-key": model.key}) as a:
                assert a.status == 404
        async with http.head(base + "/") as answer:
            assert answer.status == 200


async def test_a_bearer_key_will_do() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=request.path)

    async with upstream(handler) as url, proxy(url) as (base, model, http):
        headers = {"Authorization": f"Bearer {model.key}"}
        target = base + "/v1/messages/count_tokens"
        async with http.post(target, data=b"{}", headers=headers) as answer:
            assert await answer.text() == "/v1/messages/count_tokens"


async def test_streams_piece_by_piece() -> None:
    go_on = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await answer.prepare(request)
        await answer.write(b"data: 1\n\n")
        await go_on.wait()
        await answer.write(b"data: 2\n\n")
        return answer

    async with (
        upstream(handler) as url,
        proxy(url) as (base, model, http),
        asyncio.timeout(10),
        http.post(base + "/v1/messages", headers={"x-api-key": model.key}) as answer,
    ):
        assert await answer.content.readany() == b"data: 1\n\n"
        go_on.set()
        assert await answer.content.read() == b"data: 2\n\n"


async def test_a_client_that_hangs_up_ends_the_request() -> None:
    ended = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(b"begin")
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return answer

    async with upstream(handler) as url, proxy(url) as (base, model, http):
        answer = await http.post(base + "/v1/messages", headers={"x-api-key": model.key})
        assert await answer.content.readany() == b"begin"
        answer.close()
        await asyncio.wait_for(ended.wait(), 10)


async def test_a_broken_answer_is_not_passed_on_as_a_short_one() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(b"begin")
        assert request.transport is not None
        request.transport.abort()
        return answer

    async with upstream(handler) as url, proxy(url) as (base, model, http):
        answer = await http.post(base + "/v1/messages", headers={"x-api-key": model.key})
        async with answer:
            with pytest.raises(aiohttp.ClientError):
                await answer.read()


async def test_no_manager_is_worth_another_try() -> None:
    async with proxy("http://127.0.0.1:9") as (base, model, http):
        answer = await http.post(base + "/v1/messages", headers={"x-api-key": model.key})
        async with answer:
            assert answer.status == 502
            assert (await answer.json())["error"]["type"] == "api_error"
            assert "x-should-retry" not in answer.headers
