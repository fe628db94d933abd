"""One running manager a module, and people who are signed in there."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
import pytest_asyncio
import structlog

from autosclaw.testing.manager import PASSWORD, PEOPLE, RunningManager, running_manager

from .clients import Frame, Person, Socket, connect, eventually, sign_in


@pytest.fixture(autouse=True, scope="package")
def _silence() -> Iterator[None]:
    """What the manager logs is not looked at here, and rendering it is slow."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@pytest.fixture(autouse=True, scope="package")
def _quick_hashes() -> Iterator[None]:
    """Passwords are hashed as in production by the tests of accounts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("autosclaw.manager.services.accounts.BCRYPT_ROUNDS", 4)
        yield


class World:
    """The manager, its people and its agents."""

    def __init__(self, manager: RunningManager, people: dict[str, Person]) -> None:
        self.manager = manager
        self.people = people
        self.admin = people["admin"]
        self.member = people["member"]
        self.neighbour = people["neighbour"]
        self.viewer = people["viewer"]
        self.nobody = people["nobody"]

    async def token(self, agent_id: str) -> str:
        """The agent's token, from what its box was told."""
        await eventually(lambda: self.manager.box(agent_id) is not None)
        return self.manager.bootstrap(agent_id)["agent_token"]

    def raw_link(
        self, *, main: bool = False, **options: Any
    ) -> AbstractAsyncContextManager[Socket]:
        """A connection to the agents' door that has not said anything."""
        url = self.manager.url if main else self.manager.agents_url
        return connect(url.replace("http", "ws", 1) + "/agent", **options)

    async def as_agent(self, agent_id: str) -> Person:
        """The agent's REST."""
        return Person(self.manager.agents_url, await self.token(agent_id))

    async def register(self, socket: Socket, agent_id: str, **more: Any) -> None:
        token = await self.token(agent_id)
        await socket.send({"type": "register", "agentId": agent_id, "token": token, **more})

    async def said(self, agent_id: str, content: str) -> None:
        """Wait until the transcript holds this text."""

        async def found() -> bool:
            events = await self.admin.transcript(agent_id)
            return any(event.get("content") == content for event in events)

        await eventually(found)

    async def online(self, agent_id: str) -> Frame:
        return await self.admin.becomes(agent_id, status="running", connected=True)


async def _world(manager: RunningManager) -> World:
    names = list(PEOPLE)
    signed = await asyncio.gather(*(sign_in(manager.url, name, PASSWORD) for name in names))
    return World(manager, dict(zip(names, signed, strict=True)) | {"nobody": Person(manager.url)})


async def _close(world: World) -> None:
    for person in world.people.values():
        await person.close()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with running_manager(tmp_path_factory.mktemp("manager")) as manager:
        made = await _world(manager)
        yield made
        await _close(made)
