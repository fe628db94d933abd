"""A real `autosclaw up` as a process of its own, to be killed and started again by tests.

Every manager has its own data directory, ports and installation. Must not reach into the
manager's memory: what it knows comes from its ports, its files and the engine.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp

from autosclaw.protocol import limits

USERNAME = "admin"
PASSWORD = "admin-password-of-tests"  # noqa: S105
START_SECONDS = 60.0
POLL_SECONDS = 0.02
_INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "DOCKER_HOST", "SSL_CERT_FILE", "SSL_CERT_DIR")


class ManagerFailed(AssertionError):
    """It ended although it was not told to; the text is the end of what it printed."""


def free_port() -> int:
    """A port that nobody listens on right now, on any address."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


class LiveManager:
    """One installation. `start`, then `kill` or `terminate`, and `start` again, as often as wanted.

    settings: environment variables over those chosen here.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        self.output = folder / "manager.log"
        self.port = free_port()
        self.agent_port = free_port()
        self.settings = {
            "HOME": str(folder),
            "DATA_DIR": str(self.data_dir),
            "PORT": str(self.port),
            "AGENT_PORT": str(self.agent_port),
            "ADMIN_USERNAME": USERNAME,
            "ADMIN_PASSWORD": PASSWORD,
            **settings,
        }
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Where people reach it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> Path:
        """Its SQLite file."""
        return self.data_dir / "autosclaw.db"

    @property
    def pid(self) -> int:
        """The running process. Raises ManagerFailed when there is none."""
        if self._process is None:
            raise ManagerFailed("the manager does not run")
        return self._process.pid

    @property
    def runs(self) -> bool:
        """It was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> float:
        """Start it and wait until it answers; seconds that took. Raises ManagerFailed."""
        began = time.monotonic()
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        with self.output.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "autosclaw.cli", "up"),
                env={**inherited, **self.settings},
                cwd=self.folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            async with asyncio.timeout(START_SECONDS), aiohttp.ClientSession() as http:
                while not await self._answers(http):
                    if self._process.returncode is not None:
                        raise ManagerFailed(self.said())
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            raise ManagerFailed(f"no answer in {START_SECONDS} s: {self.said()}") from None
        return time.monotonic() - began

    async def _answers(self, http: aiohttp.ClientSession) -> bool:
        try:
            async with http.get(f"{self.url}/api/health") as answer:
                return answer.status == 200
        except (aiohttp.ClientError, OSError):
            return False

    async def kill(self) -> None:
        """SIGKILL, as a crash or the kernel would; returns when it is gone."""
        process = self._process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
            await process.wait()
        self._process = None

    async def terminate(self) -> tuple[int, float]:
        """SIGTERM; its exit code and the seconds it took. Raises TimeoutError after twice the
        time it is allowed."""
        process, began = self._process, time.monotonic()
        if process is None:
            raise ManagerFailed("the manager does not run")
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(2 * limits.SHUTDOWN_SECONDS):
            code = await process.wait()
        self._process = None
        return code, time.monotonic() - began

    def said(self) -> str:
        """The end of what it printed and logged."""
        return self.output.read_text(errors="replace")[-4_000:] if self.output.exists() else ""

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Its log records with this message, oldest first."""
        found: list[dict[str, Any]] = []
        for line in self.output.read_text(errors="replace").splitlines():
            if line.startswith("{") and event in line:
                record: dict[str, Any] = json.loads(line)
                if event in (record.get("message"), record.get("event")):
                    found.append(record)
        return found

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """Rows of its database, read beside it."""
        link = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
        link.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in link.execute(query, values)]
        finally:
            link.close()

    def installation(self) -> str:
        """The id on all its boxes; empty before the first start."""
        if not self.database.exists():
            return ""
        found = self.rows("SELECT value FROM config WHERE key = 'installation'")
        return str(found[0]["value"]).strip('"') if found else ""
