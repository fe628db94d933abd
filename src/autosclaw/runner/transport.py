"""The SDK's own subprocess transport with a tap: we see every line the CLI writes, and its pid.

Must not interpret lines, except for answers to the control requests it sent itself.

The SDK drops lines and fields that it does not know, and hides the process. `Transport` is its
public seam; the wrapped class is not, so the SDK's version is pinned and tests drive it.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from itertools import count
from typing import Any

from claude_agent_sdk import ClaudeAgentOptions, Transport
from claude_agent_sdk._internal.transport.subprocess_cli import SubprocessCLITransport


class ControlRefused(Exception):
    """The CLI answered a control request with an error."""


class TapTransport(Transport):
    """`on_line` gets each decoded line before the SDK does; `room` is awaited before the next
    one is read, so that the CLI waits with us."""

    def __init__(
        self,
        options: ClaudeAgentOptions,
        on_line: Callable[[dict[str, Any]], None],
        room: Callable[[], Awaitable[None]],
    ) -> None:
        if options.can_use_tool is not None:
            # What the client sets on the transport it makes itself.
            options = replace(options, permission_prompt_tool_name="stdio")
        self._inner = SubprocessCLITransport(prompt=_nothing(), options=options)
        self._on_line = on_line
        self._room = room
        self._numbers = count(1)
        self._controls: dict[str, asyncio.Future[dict[str, Any]]] = {}

    @property
    def pid(self) -> int | None:
        """The CLI's process, while there is one."""
        process = self._inner._process  # pyright: ignore[reportPrivateUsage]
        return None if process is None else process.pid

    async def control(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Send a control request and return the answer. Raises TimeoutError, ControlRefused."""
        identity = f"runner-{next(self._numbers)}"
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._controls[identity] = answer
        line = {"type": "control_request", "request_id": identity, "request": request}
        try:
            async with asyncio.timeout(seconds):
                await self.write(json.dumps(line) + "\n")
                return await answer
        finally:
            del self._controls[identity]

    async def connect(self) -> None:
        """Start the CLI."""
        await self._inner.connect()

    async def write(self, data: str) -> None:
        """Write a line to the CLI."""
        await self._inner.write(data)

    async def close(self) -> None:
        """End the CLI: end of input, then SIGTERM, then SIGKILL."""
        await self._inner.close()

    async def end_input(self) -> None:
        """The CLI finishes its turn and exits."""
        await self._inner.end_input()

    def is_ready(self) -> bool:
        """Can lines be written?"""
        return self._inner.is_ready()

    def read_messages(self) -> AsyncIterator[dict[str, Any]]:
        """The CLI's lines."""
        return self._read()

    async def _read(self) -> AsyncIterator[dict[str, Any]]:
        async for line in self._inner.read_messages():
            if not self._answered(line):
                self._on_line(line)
                yield line
            await self._room()

    def _answered(self, line: dict[str, Any]) -> bool:
        if line.get("type") != "control_response":
            return False
        response: dict[str, Any] = line.get("response") or {}
        waiting = self._controls.get(str(response.get("request_id")))
        if waiting is None or waiting.done():
            return False
        if response.get("subtype") == "success":
            waiting.set_result(response.get("response") or {})
        else:
            waiting.set_exception(ControlRefused(str(response.get("error", ""))[:500]))
        return True


async def _nothing() -> AsyncIterator[dict[str, Any]]:
    return
    yield {}
