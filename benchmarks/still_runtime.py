"""A runtime without boxes: it says that every seeded agent's box runs, and starts none.

Must not touch processes or containers; the load generator plays the agents.
"""

import asyncio
from collections.abc import AsyncIterator

from autosclaw.manager.domain.boxes import Box, BoxState
from autosclaw.manager.runtimes.base import BoxEvent, BoxSpec

BOOT = 1


class StillRuntime:
    """`runtimes.base.Runtime` for agents that the load generator plays."""

    name = "process"
    isolated = False

    async def check(self) -> None:
        return

    async def manager_host(self) -> str:
        return "127.0.0.1"

    async def start(self, spec: BoxSpec) -> None:
        return

    async def list(self) -> list[Box]:
        return []

    async def inspect(self, agent_id: str) -> Box:
        return Box(agent_id, BOOT, BoxState.RUNNING)

    async def stop(self, agent_id: str, grace_seconds: float) -> None:
        return

    async def read_spool(self, agent_id: str) -> AsyncIterator[bytes]:
        for chunk in ():
            yield chunk

    async def remove(self, agent_id: str) -> None:
        return

    async def watch(self) -> AsyncIterator[BoxEvent]:
        await asyncio.Event().wait()
        yield BoxEvent(None)

    async def tidy(self) -> None:
        return

    async def close(self) -> None:
        return
