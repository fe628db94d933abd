"""Podman's compatible API keeps the runtimes' promises, where PODMAN_SOCKET names one."""

import os
from collections.abc import AsyncIterator

import pytest

from autosclaw.testing.conformance import RuntimeConformance
from autosclaw.testing.runtime_harness import DockerHarness

from .engines import podman_engine

pytestmark = pytest.mark.docker


@pytest.fixture
async def harness() -> AsyncIterator[DockerHarness]:
    harness = DockerHarness(*podman_engine(os.environ))
    yield harness
    await harness.close()


class TestPodman(RuntimeConformance):
    """All of the suite."""
