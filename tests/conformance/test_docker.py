"""Containers of a real Docker engine keep the runtimes' promises."""

from collections.abc import AsyncIterator

import pytest

from autosclaw.testing.conformance import RuntimeConformance
from autosclaw.testing.runtime_harness import DockerHarness

from .engines import docker_engine

pytestmark = pytest.mark.docker


@pytest.fixture
async def harness() -> AsyncIterator[DockerHarness]:
    harness = DockerHarness(*docker_engine())
    yield harness
    await harness.close()


class TestDockerRuntime(RuntimeConformance):
    """All of the suite."""
