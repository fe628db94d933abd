"""Agents as local processes keep the runtimes' promises."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from autosclaw.testing.conformance import RuntimeConformance
from autosclaw.testing.runtime_harness import ProcessHarness


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[ProcessHarness]:
    harness = ProcessHarness(tmp_path, sys.executable)
    yield harness
    await harness.close()


class TestProcessRuntime(RuntimeConformance):
    """All of the suite."""
