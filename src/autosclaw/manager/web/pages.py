"""All connected pages: what changed in the fleet, encoded once for all of them.

At most four times a second: acknowledged pages get the agents that changed, plain ones the whole
list, as the contract says. Must not know what a page asked.
"""

import asyncio

import structlog

from autosclaw.manager.services.fleet import Fleet
from autosclaw.manager.store.database import StoreUnavailable
from autosclaw.manager.web.page_connection import PageConnection
from autosclaw.protocol import live
from autosclaw.protocol.agents import ENDED

_SECONDS = 0.25
log = structlog.get_logger()


class Pages:
    """The set of pages and the news they get."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._pages: set[PageConnection] = set()
        self._changed: set[str] = set()
        self._news = asyncio.Event()
        fleet.listen(self._on_change, self._on_question)

    def __len__(self) -> int:
        return len(self._pages)

    def add(self, page: PageConnection) -> None:
        """This page is told from now on."""
        self._pages.add(page)

    def remove(self, page: PageConnection) -> None:
        """Twice is safe."""
        self._pages.discard(page)
        for agent_id in list(page.watches):
            page.unfollow(agent_id)

    def close_all(self, code: int, reason: str) -> None:
        """The manager goes away."""
        for page in self._pages:
            page.close(code, reason)

    def resync(self, agent_id: str) -> None:
        """A transcript has to be read anew: pages that follow it come back from its cursor."""
        for page in self._pages:
            if agent_id in page.watches:
                page.close(1012, "this transcript has to be read anew")

    def _on_change(self, agent_id: str) -> None:
        self._changed.add(agent_id)
        self._news.set()

    def _on_question(self, agent_id: str, name: str) -> None:
        told = live.AskNotification(agent_id=agent_id, agent_name=name)
        frame = live.encode(told).decode()
        for page in tuple(self._pages):
            page.tell(frame)

    async def run(self) -> None:
        """Tell pages what changed, until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            changed, self._changed = self._changed, set()
            try:
                if self._pages and changed:
                    await self._tell(changed)
            except StoreUnavailable as error:
                log.warning("pages_not_told", error=str(error))
                self._changed |= changed
            await asyncio.sleep(_SECONDS)

    async def _tell(self, changed: set[str]) -> None:
        agents = await self._fleet.some(changed)
        news = live.AgentsChanged(
            changed=agents, removed=sorted(changed - {agent.id for agent in agents})
        )
        frame = live.encode(news).decode()
        ended = {agent.id for agent in agents if agent.state in ENDED}
        plain_pages = [page for page in self._pages if page.plain]
        whole = ""
        if plain_pages:
            whole = live.encode(live.AgentList(agents=await self._fleet.current())).decode()
        for page in tuple(self._pages):
            page.tell(whole if page.plain else frame)
            for agent_id in ended & page.watches.keys():
                page.push(live.encode(live.AgentStopped(agent_id=agent_id)).decode())
