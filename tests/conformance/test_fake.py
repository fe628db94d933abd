"""The fake runtime is as good as what it stands for."""

from collections.abc import AsyncIterator

import pytest

from autosclaw.testing.conformance import RuntimeConformance
from autosclaw.testing.runtime_harness import FakeHarness


@pytest.fixture
async def harness() -> AsyncIterator[FakeHarness]:
    harness = FakeHarness()
    yield harness
    await harness.close()


class TestFakeRuntime(RuntimeConformance):
    """All of the suite."""
