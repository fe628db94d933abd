"""The runner begins with one line on standard input, or says why not without repeating it."""

import asyncio
import contextlib
import json
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from autosclaw.protocol.link import CLOSE_ENDED
from autosclaw.protocol.spool import SPOOL_FILE

from .fake_manager import TOKEN, FakeManager


def start(tmp_path: Path, line: bytes) -> "subprocess.CompletedProcess[bytes]":
    places = ("--work", tmp_path, "--spool", tmp_path / "spool", "--home", tmp_path)
    return subprocess.run(
        [sys.executable, "-m", "autosclaw.runner", *places],
        input=line,
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"not json s3cret\n",
        b'{"manager_url":"http://h","agent_id":"a","agent_token":"s3cret","extra":1}\n',
        b'{"manager_url":"http://h","agent_id":"a","agent_token":5,"git_token":"s3cret"}\n',
        b'{"manager_url":"http://h","agent_id":"a","agent_token":"s3cret","version":99}\n',
        b'{"agent_token":"' + b"s3cret" * 200_000 + b'"}\n',
    ],
)
def test_a_faulty_bootstrap_is_refused_without_quoting_it(tmp_path: Path, line: bytes) -> None:
    done = start(tmp_path, line)
    assert done.returncode == 2
    assert b"s3cret" not in done.stderr + done.stdout
    last = json.loads(done.stderr.splitlines()[-1])
    assert last["level"] == "error"
    assert "bootstrap" in last["message"]


def test_a_spool_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("in the way")
    line = b'{"manager_url":"http://127.0.0.1:9","agent_id":"a","agent_token":"s3cret"}\n'
    done = start(tmp_path, line)
    assert done.returncode == 2
    assert "cannot open the spool" in json.loads(done.stderr.splitlines()[-1])["message"]


@contextlib.asynccontextmanager
async def running(tmp_path: Path, url: str, token: str) -> AsyncIterator[Process]:
    places = ("--work", tmp_path, "--spool", tmp_path / "spool", "--home", tmp_path)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "autosclaw.runner", *places, stdin=PIPE, stderr=PIPE
    )
    assert process.stdin is not None
    document = {"manager_url": url, "agent_id": "a", "agent_token": token}
    process.stdin.write(json.dumps(document).encode() + b"\n")
    process.stdin.close()
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_a_stop_before_there_is_a_manager(tmp_path: Path) -> None:
    async with running(tmp_path, "http://127.0.0.1:9", TOKEN) as process:
        assert process.stderr is not None
        # It lives when it complains about the manager.
        assert b"connection to the manager lost" in await process.stderr.readline()
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 9) == 0
    assert '"outcome":"stopped"' in (tmp_path / "spool" / SPOOL_FILE).read_text()


@pytest.mark.parametrize(("token", "code"), [("wrong", 1), (TOKEN, 0)])
async def test_a_manager_that_lets_go_of_the_agent(tmp_path: Path, token: str, code: int) -> None:
    manager = FakeManager()
    async with manager.serve(), running(tmp_path, manager.url, token) as process:
        await manager.until(lambda: manager.registers)
        if token == TOKEN:
            await manager.until(lambda: manager.connected)
            manager.cut(CLOSE_ENDED)
        assert await asyncio.wait_for(process.wait(), 20) == code
        assert process.stderr is not None
        assert token.encode() not in await process.stderr.read()
