"""Hints inside this process: who watches, and what changed since they last looked.

Must not lose a hint, and holds at most one for each agent and watcher.
"""

import asyncio
from collections.abc import AsyncGenerator
from weakref import WeakSet

from autosclaw.manager.runtimes.base import BoxEvent


class _Watcher:
    def __init__(self) -> None:
        # Insertion order is kept, so that nobody is overtaken for ever.
        self.changed: dict[str, None] = {}
        self.woken = asyncio.Event()


class Hints:
    """Fan-out of changed agent ids to any number of watchers, on one event loop."""

    def __init__(self) -> None:
        self._watchers: WeakSet[_Watcher] = WeakSet()

    def publish(self, agent_id: str) -> None:
        """Tell every watcher; equal hints that were not read yet become one."""
        for watcher in self._watchers:
            watcher.changed[agent_id] = None
            watcher.woken.set()

    async def watch(self) -> AsyncGenerator[BoxEvent, None]:
        """BoxEvent(None) first, then one for each change; never ends."""
        watcher = _Watcher()
        self._watchers.add(watcher)
        yield BoxEvent(None)
        while True:
            await watcher.woken.wait()
            watcher.woken.clear()
            changed, watcher.changed = watcher.changed, {}
            for agent_id in changed:
                yield BoxEvent(agent_id)
