"""The order of the engine's calls where it cannot be seen from outside."""

import asyncio

from autosclaw.manager.runtimes.base import BoxSpec
from autosclaw.manager.runtimes.docker import DockerRuntime


class Overlaps(DockerRuntime):
    """Counts how many starts are going on at once."""

    def __init__(self) -> None:
        super().__init__("installation", "image:1", url="unix:///nowhere")
        self.now = 0
        self.most = 0

    async def _start(self, spec: BoxSpec) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0)
        self.now -= 1


async def test_starts_of_one_agent_wait_for_each_other() -> None:
    runtime = Overlaps()
    await asyncio.gather(*(runtime.start(BoxSpec("a1", 1, b"{}\n")) for _ in range(5)))
    assert runtime.most == 1


async def test_starts_of_different_agents_do_not() -> None:
    runtime = Overlaps()
    await asyncio.gather(*(runtime.start(BoxSpec(f"a{n}", 1, b"{}\n")) for n in range(5)))
    assert runtime.most == 5
