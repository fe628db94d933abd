"""The tap on a CLI's pipes, with a program that stands in for the CLI."""

import asyncio
import contextlib
import json
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import ClaudeAgentOptions

from autosclaw.runner.transport import ControlRefused, TapTransport

# Answers control requests by their subtype; "flood" writes numbered lines until it is stopped.
_CLI = """
import json, sys
if "-v" in sys.argv or "--version" in sys.argv:
    print("9.9.9 (Claude Code)")
    sys.exit()
for line in sys.stdin:
    frame = json.loads(line)
    request = frame["request"]
    answer = {"subtype": "success", "request_id": frame["request_id"], "response": request}
    if request["subtype"] == "refuse":
        answer = {"subtype": "error", "request_id": frame["request_id"], "error": "not now"}
    if request["subtype"] == "flood":
        for number in range(request["lines"]):
            print(json.dumps({"type": "line", "number": number, "text": "x" * 1000}))
    if request["subtype"] != "ignore":
        print(json.dumps({"type": "control_response", "response": answer}), flush=True)
"""


class Tap:
    """A transport that is being read, and what was seen on it."""

    def __init__(self, path: Path) -> None:
        self.seen: list[dict[str, Any]] = []
        self.delivered: list[dict[str, Any]] = []
        self.room = asyncio.Event()
        self.room.set()
        options = ClaudeAgentOptions(cli_path=path)
        self.transport = TapTransport(options, self.seen.append, self.room.wait)

    async def read(self) -> None:
        async for line in self.transport.read_messages():
            self.delivered.append(line)


@pytest.fixture
async def tap(tmp_path: Path) -> AsyncIterator[Tap]:
    path = tmp_path / "cli"
    path.write_text(f"#!{sys.executable}\n{_CLI}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    tap = Tap(path)
    await tap.transport.connect()
    reading = asyncio.create_task(tap.read())
    try:
        yield tap
    finally:
        tap.room.set()
        await tap.transport.end_input()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(reading, 10)
        await tap.transport.close()


async def test_control_requests_are_answered_and_kept_from_the_sdk(tap: Tap) -> None:
    assert await tap.transport.control({"subtype": "echo", "n": 1}, 10) == {
        "subtype": "echo",
        "n": 1,
    }
    with pytest.raises(ControlRefused, match="not now"):
        await tap.transport.control({"subtype": "refuse"}, 10)
    with pytest.raises(TimeoutError):
        await tap.transport.control({"subtype": "ignore"}, 0.01)
    assert tap.delivered == []
    # An answer to the SDK's own request goes on to the SDK.
    own = {"type": "control_request", "request_id": "req_1", "request": {"subtype": "echo"}}
    await tap.transport.write(json.dumps(own) + "\n")
    await tap.transport.control({"subtype": "echo"}, 10)
    assert [line["response"]["request_id"] for line in tap.delivered] == ["req_1"]
    assert isinstance(tap.transport.pid, int)


async def test_without_room_the_cli_has_to_wait(tap: Tap) -> None:
    """Its pipe fills up; nothing is read ahead, nothing lost."""
    tap.room.clear()
    flooding = asyncio.create_task(tap.transport.control({"subtype": "flood", "lines": 5_000}, 30))
    async with asyncio.timeout(10):
        while not tap.seen:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(tap.seen) == 1
    assert not flooding.done()
    tap.room.set()
    await flooding
    assert [line["number"] for line in tap.delivered] == list(range(5_000))
    assert tap.seen == tap.delivered
