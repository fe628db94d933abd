from collections.abc import AsyncIterator

import pytest

from .fakes import World, world


@pytest.fixture
async def gate() -> AsyncIterator[World]:
    async with world() as made:
        yield made
