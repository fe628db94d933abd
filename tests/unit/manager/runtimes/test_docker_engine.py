"""The engine's address, its silence, and answers that no engine gives."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from autosclaw.manager.runtimes import docker_engine
from autosclaw.manager.runtimes.base import RuntimeRejected, RuntimeUnavailable
from autosclaw.manager.runtimes.docker_engine import Engine, engine_url
from autosclaw.manager.runtimes.docker_failures import EngineError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def engine(path: Path, handler: Handler, oldest: str = "1.12") -> AsyncIterator[Engine]:
    async def version(_request: web.Request) -> web.Response:
        return web.json_response({"MinAPIVersion": oldest})

    app = web.Application()
    app.router.add_get("/version", version)
    app.router.add_route("*", "/{rest:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.UnixSite(runner, str(path / "engine.sock")).start()
    client = Engine(f"unix://{path}/engine.sock")
    try:
        yield client
    finally:
        await client.close()
        await runner.cleanup()


def test_the_address_is_docker_host_or_a_socket_that_is_there() -> None:
    assert engine_url({"DOCKER_HOST": "tcp://127.0.0.1:1"}) == "tcp://127.0.0.1:1"
    assert engine_url({"HOME": "/nowhere"}).startswith("unix:///")


@pytest.mark.parametrize("url", ["ssh://host", "https://host:2376", "nonsense", "npipe:////./x"])
def test_an_address_nobody_can_speak_to_is_refused_in_words(url: str) -> None:
    with pytest.raises(RuntimeRejected, match="unix:///path"):
        Engine(url)


@pytest.mark.parametrize(
    ("oldest", "spoken"), [("1.12", "v1.41"), ("1.44", "v1.44"), ("", "v1.41"), ("x.y", "v1.41")]
)
async def test_an_engine_is_spoken_to_in_a_version_it_knows(
    tmp_path: Path, oldest: str, spoken: str
) -> None:
    paths: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        paths.append(request.path)
        return web.json_response({})

    async with engine(tmp_path, handler, oldest) as client:
        await client.call("look", "GET", "/info")
    assert paths == [f"/{spoken}/info"]


async def test_refusals_carry_the_engines_words(tmp_path: Path) -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.json_response({"message": "not today"}, status=409)

    async with engine(tmp_path, handler) as client:
        with pytest.raises(EngineError, match="not today") as caught:
            await client.call("look", "GET", "/info")
    assert caught.value.status == 409


async def test_an_engine_that_never_answers_is_unavailable(tmp_path: Path) -> None:
    stuck = asyncio.Event()

    async def handler(_request: web.Request) -> web.Response:
        await stuck.wait()
        return web.Response()

    async with engine(tmp_path, handler) as client:
        with pytest.raises(RuntimeUnavailable, match="did not look"):
            await client.call("look", "GET", "/info", seconds=0.05)
        stuck.set()


@pytest.mark.parametrize("body", [b"<html>hello</html>", b"{", b"[" * 10])
async def test_what_speaks_no_json_is_no_engine(tmp_path: Path, body: bytes) -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response(body=body)

    async with engine(tmp_path, handler) as client:
        with pytest.raises(RuntimeUnavailable):
            await client.call("look", "GET", "/info")


async def test_an_endless_answer_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker_engine, "ANSWER_BYTES", 1000)

    async def handler(_request: web.Request) -> web.Response:
        return web.Response(body=json.dumps(["x"] * 1000).encode())

    async with engine(tmp_path, handler) as client:
        with pytest.raises(RuntimeUnavailable, match="larger than"):
            await client.call("look", "GET", "/info")


async def test_a_refused_attach_is_the_engines_refusal(tmp_path: Path) -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.json_response({"message": "No such container: x"}, status=404)

    async with engine(tmp_path, handler) as client:
        with pytest.raises(EngineError) as caught:
            await client.attach("x")
    assert caught.value.gone
