"""The runtime that was asked for, the best there is, or one clear sentence."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from autosclaw.manager.runtimes.base import RuntimeRejected
from autosclaw.manager.runtimes.registry import Place, choose


def place(tmp_path: Path, socket: str) -> Place:
    return Place("installation", "image:1", tmp_path, {"DOCKER_HOST": f"unix://{socket}"})


@pytest.fixture
async def answering(tmp_path: Path) -> AsyncIterator[str]:
    async def version(_request: web.Request) -> web.Response:
        return web.json_response({"MinAPIVersion": "1.12", "Components": None})

    app = web.Application()
    app.router.add_get("/version", version)
    app.router.add_get("/v1.41/version", version)
    runner = web.AppRunner(app)
    await runner.setup()
    socket = str(tmp_path / "engine.sock")
    await web.UnixSite(runner, socket).start()
    yield socket
    await runner.cleanup()


@pytest.mark.parametrize("wanted", ["docker", None])
async def test_docker_where_an_engine_answers(
    tmp_path: Path, answering: str, wanted: str | None
) -> None:
    choice = await choose(wanted, place(tmp_path, answering))
    await choice.runtime.close()
    assert (choice.runtime.name, choice.warning) == ("docker", None)


async def test_processes_where_none_answers_and_a_plain_warning(tmp_path: Path) -> None:
    choice = await choose(None, place(tmp_path, "/nowhere/engine.sock"))
    assert choice.runtime.name == "process"
    assert not choice.runtime.isolated
    assert choice.warning is not None
    assert "unix:///nowhere/engine.sock" in choice.warning
    assert "no such file or directory" in choice.warning
    assert "nothing between them and your files" in choice.warning


async def test_processes_when_asked_for_say_that_they_do_not_isolate(
    tmp_path: Path, answering: str
) -> None:
    choice = await choose("process", place(tmp_path, answering))
    assert choice.runtime.name == "process"
    assert choice.warning is not None


async def test_docker_without_an_engine_says_which_socket_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RuntimeRejected) as caught:
        await choose("docker", place(tmp_path, "/nowhere/engine.sock"))
    sentence = str(caught.value)
    assert "unix:///nowhere/engine.sock" in sentence
    assert "RUNTIME=process" in sentence
    assert "\n" not in sentence


async def test_something_else_on_the_socket_is_no_engine(tmp_path: Path) -> None:
    async def mumble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"220 mail ready\r\n")
        writer.close()

    socket = tmp_path / "mail.sock"
    server = await asyncio.start_unix_server(mumble, socket)
    with pytest.raises(RuntimeRejected, match="no Docker engine answers"):
        await choose("docker", place(tmp_path, str(socket)))
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("wanted", ["kubernetes", "swarm", ""])
async def test_what_this_version_has_not_is_refused_in_words(tmp_path: Path, wanted: str) -> None:
    with pytest.raises(RuntimeRejected, match="docker or process"):
        await choose(wanted, place(tmp_path, "/nowhere"))


async def test_an_address_nobody_can_speak_to_is_refused(tmp_path: Path) -> None:
    somewhere = Place("installation", "image:1", tmp_path, {"DOCKER_HOST": "ssh://host"})
    with pytest.raises(RuntimeRejected, match="DOCKER_HOST=ssh"):
        await choose(None, somewhere)
