"""A live manager over each runtime: the engine with the real image, and plain processes."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from autosclaw.testing.image import agent_image
from autosclaw.testing.rig import Rig, rig

IN_CONTAINERS = pytest.param("docker", marks=pytest.mark.docker)


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=[IN_CONTAINERS, "process"])
async def live(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Rig]:
    """Whatever runs agents, one manager for a whole file."""
    image = agent_image(os.environ) if request.param == "docker" else None
    async with rig(tmp_path_factory.mktemp("live"), image) as made:
        yield made


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[Rig]:
    """Agents in containers of 512 MiB."""
    async with rig(tmp_path, agent_image(os.environ), AGENT_MEMORY_MB="512") as made:
        yield made


@pytest.fixture
async def contained(tmp_path: Path) -> AsyncIterator[Rig]:
    """Agents in containers."""
    async with rig(tmp_path, agent_image(os.environ)) as made:
        yield made
