"""Real runners with the real CLI, the rehearsal model and a small manager."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from autosclaw.rehearsal import server as rehearsal

# The manager for tests stands with the runner's unit tests.
sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
from agent_runner import Runner
from runner.fake_manager import FakeManager


@pytest.fixture
async def manager() -> AsyncIterator[FakeManager]:
    model = await rehearsal.serve(tempo=1_000)
    manager = FakeManager(model_url=model.url)
    try:
        async with manager.serve():
            yield manager
    finally:
        await model.aclose()


@pytest.fixture
async def runner(tmp_path: Path, manager: FakeManager) -> AsyncIterator[Runner]:
    runner = Runner(tmp_path, manager)
    try:
        yield runner
    finally:
        await runner.end()
