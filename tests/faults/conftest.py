"""Where faults are tried: a manager of its own for each test, agents in containers or not."""

import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from autosclaw.testing.image import agent_image
from autosclaw.testing.rig import Rig, rig

MakeRig = Callable[..., Awaitable[Rig]]
IN_CONTAINERS = pytest.param("docker", marks=pytest.mark.docker)

SLOW_CONTAINERS = pytest.param("docker", marks=[pytest.mark.docker, pytest.mark.slow])
SLOW_PROCESSES = pytest.param("process", marks=pytest.mark.slow)


@pytest.fixture
async def contained(tmp_path: Path) -> AsyncIterator[MakeRig]:
    """Makes a rig with agents in containers: `await contained(SETTING="…")`, once a test."""
    async with AsyncExitStack() as stack:
        yield _maker(stack, tmp_path, agent_image(os.environ))


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[MakeRig]:
    """Makes a rig with agents as processes: `await local(SETTING="…")`, once a test."""
    async with AsyncExitStack() as stack:
        yield _maker(stack, tmp_path, None)


@pytest.fixture(params=[IN_CONTAINERS, "process"])
async def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MakeRig]:
    """Makes a rig over each runtime in turn."""
    async with AsyncExitStack() as stack:
        image = agent_image(os.environ) if request.param == "docker" else None
        yield _maker(stack, tmp_path, image)


def _maker(stack: AsyncExitStack, folder: Path, image: str | None) -> MakeRig:
    async def make(**settings: str) -> Rig:
        return await stack.enter_async_context(rig(folder, image, **settings))

    return make


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """Seeded: AUTOSCLAW_SEED replays another run. The seed is printed with a failure."""
    seed = os.environ.get("AUTOSCLAW_SEED", "1")
    print(f"AUTOSCLAW_SEED={seed}")
    return random.Random(f"{seed} {request.node.name}")
