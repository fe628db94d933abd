"""One runner process with the real CLI, and the words to script its model with."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runner.fake_manager import TOKEN, FakeManager


class Runner:
    """One runner process of one agent; started again it keeps its directories."""

    def __init__(self, base: Path, manager: FakeManager) -> None:
        self.base = base
        self.work = base / "work"
        self.manager = manager
        self.process: asyncio.subprocess.Process | None = None
        for name in ("work", "home", "spool"):
            (base / name).mkdir()

    async def start(self, **bootstrap: Any) -> None:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "autosclaw.runner"),
            *("--work", self.work, "--spool", self.base / "spool", "--home", self.base / "home"),
            stdin=asyncio.subprocess.PIPE,
            # As in a container, where `python -m` would look for modules first.
            cwd=self.work,
            start_new_session=True,
            env={**os.environ, "CANARY": "must not reach the agent"},
        )
        assert self.process.stdin is not None
        document = {"manager_url": self.manager.url, "agent_id": "agent-1", "agent_token": TOKEN}
        self.process.stdin.write(json.dumps(document | bootstrap).encode() + b"\n")
        self.process.stdin.close()

    async def exit_code(self, seconds: float = 30) -> int:
        assert self.process is not None
        return await asyncio.wait_for(self.process.wait(), seconds)

    def cli_pid(self) -> int:
        """The CLI is the runner's child that is called claude."""
        assert self.process is not None
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                name, rest = (entry / "stat").read_text().rsplit(") ", 1)
                if "(claude" in name and int(rest.split()[1]) == self.process.pid:
                    return int(entry.name)
        raise AssertionError("there is no CLI")

    async def end(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self.process.wait(), 12)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()


def script(*steps: Any) -> str:
    """A message that makes the rehearsal model play these steps."""
    return "SCRIPT:" + json.dumps(steps)


def bash(command: str, **more: Any) -> dict[str, Any]:
    return {"tool": "Bash", "input": {"command": command, **more}}


async def eventually(condition: Callable[[], Any], seconds: float = 10) -> Any:
    """What the condition gives once it gives something."""
    for _ in range(round(seconds / 0.02)):
        if found := condition():
            return found
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come about in time")
